"""Access to pages by role, the steps a user must take first, and safe redirects after a log-in."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from accounts import second_factor
from accounts.models import User

View = Callable[..., HttpResponseBase]
# Names of URLs to which nobody is redirected after a log-in.
LOGIN_URL_NAMES = ("login", "login-code", "logout", "api-login")


class Request(HttpRequest):
    """The request of a view that requires a log-in: our user model, and htmx (for the type checker)."""

    user: User
    htmx: HtmxDetails


class RequiredStep(NamedTuple):
    """Something a user must do before any other page is available: its URL, and a message."""

    url: str
    message: str


def required_step(request: HttpRequest) -> RequiredStep | None:
    """The step this user must take first, or None.

    A password chosen by somebody else must be changed; an admin must set up a second factor where it is required.
    """
    user = request.user
    if not user.is_authenticated:
        return None
    if user.must_change_password:
        return RequiredStep(
            resolve_url(settings.PASSWORD_CHANGE_URL), "Cambie su contraseña en el sitio antes de seguir."
        )
    if second_factor.is_missing(request):
        return RequiredStep(
            resolve_url(settings.SECOND_FACTOR_URL), "Active su segundo factor en el sitio antes de seguir."
        )
    return None


def background(view: View) -> View:
    """Decorator: what a page asks by itself. It keeps no session alive, and where the session has ended it gets nothing
    instead of a log-in page: what the person was writing stays in sight."""

    @wraps(view)
    def asked(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    asked.is_background = True  # type: ignore[attr-defined]
    return asked


def is_background(view: Any) -> bool:
    return getattr(view, "is_background", False)


def for_role(role: User.Role) -> Callable[[View], View]:
    """Decorator: a page for one role. Users with another role are redirected to their own page (DESIGN §7)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.role != role:
                return redirect(request.user.home_url)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def safe_next(request: HttpRequest, target: str) -> str:
    """`target` when it is a page of this site that may follow a log-in, else an empty string."""
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not is_ours or not target.startswith("/") or target.split("?")[0].rstrip("/") in map(reverse, LOGIN_URL_NAMES):
        return ""
    return target
