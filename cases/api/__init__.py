"""Cases in the JSON API, with the same rules and services as the screens (DESIGN §7)."""
