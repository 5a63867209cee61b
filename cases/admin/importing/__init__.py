"""Importing a portfolio in the administration: the upload pages, the imports that were made, the links to both."""
