"""How many requests wait for an admin, for the menu."""

from django import template
from django.db import Error
from django.utils import timezone

from cases.models import Arrangement

register = template.Library()


@register.simple_tag
def requests_waiting() -> int:
    """Runs a query, which an index answers. The pages that say that the database is gone have the menu too: then 0."""
    try:
        return Arrangement.objects.awaiting().standing(timezone.now()).count()
    except Error:
        return 0
