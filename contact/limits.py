"""How often one address may send the contact form (DESIGN §8)."""

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage


def seconds_to_wait(request: HttpRequest) -> int:
    """Counts the request. 0 while it is within the limits, else how long until it may be sent."""
    waits = [0]
    for rate in settings.CONTACT_RATES:
        usage = get_usage(request, group=f"contact {rate}", key="ip", rate=rate, method="POST", increment=True)
        if usage and usage["should_limit"]:
            waits.append(max(1, usage["time_left"]))
    return max(waits)
