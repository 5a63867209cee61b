"""The gestor's screen: what it reads, what is typed on it, and its views."""
