"""A realistic agency to try the system: a year of work up to today, recorded through the services.

The same seed on the same day gives the same agency. For demonstrations only: its passwords are public.
"""

from cases.sample_data.agency import LOGINS
from cases.sample_data.build import Summary, create

__all__ = ["LOGINS", "Summary", "create"]
