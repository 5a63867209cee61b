"""What every endpoint of the JSON API is made of (DESIGN §7). It knows no app."""
