"""Importing a portfolio in the admin: the upload pages, the list of past imports, and links to them."""
