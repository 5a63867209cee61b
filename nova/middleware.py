"""Middleware of the whole site."""

import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.cache import patch_cache_control
from django_htmx.http import HttpResponseClientRedirect
from django_ratelimit import UNSAFE

from accounts import access, kept_form, session_life
from accounts.limits import TooManyAttempts
from cases.services import AnotherSubmission, StaleVersion
from nova.lib import databases, envelope, health
from nova.lib.errors import conflict, gone, method_not_allowed, too_many_requests
from nova.lib.ip import client_ip
from nova.lib.links import page_of
from nova.lib.rates import waits

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

# Browser features that our pages never use.
REFUSED_FEATURES = [
    "accelerometer",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "payment",
    "usb",
]
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in REFUSED_FEATURES)


class ClientIpMiddleware:
    """Sets REMOTE_ADDR to the client's IP and removes X-Forwarded-For, so that no library reads a forged header."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        ip = client_ip(request, trusted_hops=settings.TRUSTED_PROXY_HOPS)
        request.META["REMOTE_ADDR"] = ip or ""
        request.META.pop("HTTP_X_FORWARDED_FOR", None)
        return self.get_response(request)


class PermissionsPolicyMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response


PROBES = {"/healthz": health.liveness, "/readyz": health.readiness}


class HealthMiddleware:
    """Answers the probes before the host is checked: probes use neither our host name nor TLS (DESIGN §8)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path)
        if probe is None or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        result = probe()
        status = HTTPStatus.OK if result["status"] == health.OK else HTTPStatus.SERVICE_UNAVAILABLE
        return JsonResponse(result, status=status, headers={"Cache-Control": "no-store"})


class NoCopiesMiddleware:
    """No browser and no proxy keeps an answer that may hold personal data: `private, no-store` (DESIGN §8).

    Those are the answers of private views and of the API, and all answers to whoever has a session or a token, errors
    included. A public view that says `public` itself (images) is left alone.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "is_private", False) or (
            _may_know_somebody(request, response) and "public" not in response.headers.get("Cache-Control", "")
        ):
            patch_cache_control(response, private=True, no_store=True)
        return response


def _may_know_somebody(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether the request came with a session or a token, begins a session, or asks the API. Runs no query."""
    session = settings.SESSION_COOKIE_NAME
    return (
        session in request.COOKIES
        or session in response.cookies
        or "Authorization" in request.headers
        or request.path.startswith("/api/")
    )


class SecureApiMiddleware:
    """Refuses the API over plain HTTP: a redirect would hide that the token was exposed (ASVS 5.0, 4.1.2)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and request.path.startswith("/api/"):
            return envelope.failure("La API se usa solo por https.", status=HTTPStatus.FORBIDDEN)
        return self.get_response(request)


class PrivateByDefaultMiddleware(LoginRequiredMiddleware):
    """Every view requires a log-in unless marked otherwise."""

    def process_view(self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any) -> Any:
        # For NoCopiesMiddleware.
        request.is_private = getattr(view_func, "login_required", True)  # type: ignore[attr-defined]
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        """Redirect to the log-in. For htmx the whole page moves there, and comes back to the page the user was on.

        A submitted form is kept (accounts.kept_form).
        """
        if access.is_background(view_func):
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        if not envelope.wants_json(request):
            kept_form.keep(request)
        if not request.htmx:  # type: ignore[attr-defined]
            return super().handle_no_permission(request, view_func)
        return HttpResponseClientRedirect(redirect_to_login(page_of(request) or "/", settings.LOGIN_URL).url)


class SessionLifeMiddleware:
    """Ends sessions past their lifetime: the request continues as anonymous (accounts.session_life)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session and session_life.is_over(request.session):
            request.session.flush()
            request.user = AnonymousUser()
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view_func: Any, *args: Any) -> None:
        if SESSION_KEY in request.session and not access.is_background(view_func):
            session_life.touch(request.session)


class UnfinishedAccountMiddleware:
    """Enforces the steps that come before anything else: a new password, and a second factor where it is required."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view_func: Any, *args: Any) -> HttpResponse | None:
        step = access.required_step(request)
        if step is None or request.path.startswith(step.url):
            return None
        if request.path.startswith(envelope.API_PREFIX):
            return envelope.failure(step.message, status=403)
        if not getattr(view_func, "login_required", True):
            return None
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(step.url)
        return HttpResponseRedirect(step.url)


class ErrorPagesMiddleware:
    """Error pages that Django lacks: conflicting edits, deleted rows, too many attempts, a GET of a POST-only URL."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.streaming and not response.content:
            return method_not_allowed(request, response.headers.get("Allow", ""))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, StaleVersion):
            return conflict(request, "Otra persona cambió el caso mientras usted lo tenía abierto.")
        if isinstance(exception, AnotherSubmission):
            return conflict(request, "Este formulario ya se había enviado, con otros datos.")
        if isinstance(exception, databases.Gone):
            return gone(request)
        if databases.is_collision(exception):
            logger.warning("two writers collided", exc_info=exception)
            return conflict(request, envelope.COLLISION)
        if isinstance(exception, TooManyAttempts):
            return too_many_requests(request, wait=exception.wait)
        return None


class FormRateMiddleware:
    """Limits how many forms per minute a signed-in user sends (DESIGN §8); the API has its own limit."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and not request.path.startswith(envelope.API_PREFIX):
            wait = max(waits(request, group="forms", key="user", rates=[settings.SIGNED_IN_FORM_RATE], method=UNSAFE))
            if wait:
                return too_many_requests(request, wait=wait)
        return self.get_response(request)


class ReplicaMiddleware:
    """Views marked with `reads_from_replica` read from the replica while it is usable (DESIGN §9).

    After a write a client reads from the database for a few seconds, to see the change. When the replica fails during a
    request, the request is repeated on the database.
    """

    PIN, PIN_SECONDS = "recent", 5

    def __init__(self, get_response: GetResponse) -> None:
        if databases.REPLICA not in settings.DATABASES:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return self._read(request)
        response = self.get_response(request)
        response.set_cookie(
            self.PIN, "1", max_age=self.PIN_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure()
        )
        return response

    def _read(self, request: HttpRequest) -> HttpResponse:
        if self.PIN in request.COOKIES or not self._is_for_the_replica(request):
            return self.get_response(request)
        with databases.reading_from(databases.REPLICA):
            response = self.get_response(request)
        if getattr(request, "replica_failed", False):
            return self.get_response(request)
        if response.streaming:
            response.streaming_content = _streamed(response.streaming_content)  # type: ignore[attr-defined]
        return response

    def _is_for_the_replica(self, request: HttpRequest) -> bool:
        try:
            view = resolve(request.path_info).func
        except Resolver404:
            return False
        return databases.may_read_from_replica(view) and databases.replica_is_good(settings.REPLICA_MAX_LAG_SECONDS)


def _streamed(chunks: Any) -> Iterator[bytes]:
    """The chunks of a streamed response, read from the replica as well."""
    rest = iter(chunks)
    while True:
        with databases.reading_from(databases.REPLICA):
            chunk = next(rest, None)
        if chunk is None:
            return
        yield chunk
