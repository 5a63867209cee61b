"""Who asks, and how often (DESIGN §8)."""

from typing import Any

from django.conf import settings
from django_ratelimit.core import get_usage
from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication as DRFSessionAuthentication
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle


class SessionAuthentication(DRFSessionAuthentication):
    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise exceptions.PermissionDenied("Falta el token CSRF, o venció: envíelo en X-CSRFToken.") from error


class _RateThrottle(BaseThrottle):
    """Counts in the shared cache, atomically, so that a limit holds for all processes where Redis is."""

    rates: tuple[str, ...] = ()
    key = ""
    left = 0

    def applies_to(self, request: Request) -> bool:
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:
        if not self.applies_to(request):
            return True
        for rate in self.rates:
            usage = get_usage(request, group=f"api {rate}", key=self.key, rate=rate, increment=True)
            if usage and usage["should_limit"]:
                self.left = max(1, usage["time_left"])
                return False
        return True

    def wait(self) -> float:
        return self.left


class AnonymousThrottle(_RateThrottle):
    rates = settings.ANONYMOUS_API_RATES
    key = "ip"

    def applies_to(self, request: Request) -> bool:
        return not request.user or not request.user.is_authenticated


class SignedInThrottle(_RateThrottle):
    rates = settings.SIGNED_IN_API_RATES
    key = "user"

    def applies_to(self, request: Request) -> bool:
        return bool(request.user and request.user.is_authenticated)
