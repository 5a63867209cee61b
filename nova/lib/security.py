"""What the log is told of refusals: who and what for; never what was sent (ASVS 5.0, 16.3.2).

From where is in the proxy's own log, under the number of the request: an address is personal data."""

import logging
from typing import Any

logger = logging.getLogger("nova.security")


def log_refusal(request: Any, status: int) -> None:
    """A request that was refused. Its path is written so that no line break in it starts a line of the log."""
    user = getattr(getattr(request, "user", None), "pk", None)
    logger.warning("refused %d %s %r user=%s", status, request.method, request.path, user)
