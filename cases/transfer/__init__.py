"""Data as a whole: what moves between installations, and whether it is right (DESIGN §10)."""
