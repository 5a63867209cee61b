"""Data of a whole installation: export, import, anonymization and verification (DESIGN §10)."""
