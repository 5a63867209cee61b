"""Cases in the JSON API: the rules and the services of the screens (DESIGN §7)."""
