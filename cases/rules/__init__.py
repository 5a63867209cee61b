"""The business rules of money, promises and the queue. Pure functions: no Django, no database, no clock.

The current date is always an argument.
"""
