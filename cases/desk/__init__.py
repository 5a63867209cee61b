"""The gestor's screen: its reads, its forms and its views."""
