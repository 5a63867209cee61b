"""What decides: money, promises, the queue. Pure functions: no Django, no database, no clock (today is an argument)."""
