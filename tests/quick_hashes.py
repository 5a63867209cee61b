"""Production's settings with the hasher of the tests: one hash of production is most of the time of a log-in.

For deployments where people log in; what is tested of hashes, settings and logs runs under production's own.
"""

from nova.settings.production import *  # noqa: F403
from nova.settings.test import PASSWORD_HASHERS  # noqa: F401
