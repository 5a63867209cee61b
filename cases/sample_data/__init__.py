"""A believable agency to try the system on: a year of work on today's calendar, made by the services themselves.

The same seed on the same day gives the same agency. For demonstrations only: its passwords are public.
"""

from cases.sample_data.agency import LOGINS
from cases.sample_data.build import Summary, create

__all__ = ["LOGINS", "Summary", "create"]
