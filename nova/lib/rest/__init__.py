"""The building blocks of every endpoint of the JSON API (DESIGN §7). Imports no app."""
