"""The log of refused requests: user, method and path, never the data sent (ASVS 5.0, 16.3.2).

The IP is only in the proxy's own log, under the number of the request: it is personal data.
"""

import logging
from typing import Any

logger = logging.getLogger("nova.security")


def log_refusal(request: Any, status: int) -> None:
    """Log a refused request. The path is escaped, so that a line break in it cannot start a new log line."""
    user = getattr(getattr(request, "user", None), "pk", None)
    logger.warning("refused %d %s %r user=%s", status, request.method, request.path, user)
