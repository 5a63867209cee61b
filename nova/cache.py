"""Caches that never take the site down with them."""
