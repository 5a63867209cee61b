"""Authentication and rate limits of the API (DESIGN §8)."""

from typing import Any

from django.conf import settings
from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication as DRFSessionAuthentication
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from nova.lib.rates import waits


class SessionAuthentication(DRFSessionAuthentication):
    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise exceptions.PermissionDenied("Falta el token CSRF, o venció: envíelo en X-CSRFToken.") from error


class RateThrottle(BaseThrottle):
    """Counts in the shared cache, atomically, so that a limit holds for all processes where Redis is."""

    left = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        is_known = bool(request.user and request.user.is_authenticated)
        key, rates = ("user", settings.SIGNED_IN_API_RATES) if is_known else ("ip", settings.ANONYMOUS_API_RATES)
        self.left = next(filter(None, waits(request, group="api", key=key, rates=rates)), 0)
        return not self.left

    def wait(self) -> float:
        return self.left
