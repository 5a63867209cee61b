"""Who may open which page, and where everybody belongs."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from accounts.models import User

View = Callable[..., HttpResponseBase]
# Pages that are no place to go on at after a log-in.
DOORS = ("/login", "/logout", "/api/login")


class Request(HttpRequest):
    """What a view behind the log-in gets: a user of ours, and htmx (for the type checker)."""

    user: User
    htmx: HtmxDetails


def home_of(user: User) -> str:
    """The page of the user's role."""
    return f"/dashboard-{user.role}"


def for_role(role: User.Role) -> Callable[[View], View]:
    """A page of one role; whoever has another is sent to their own (DESIGN §7)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.role != role:
                return redirect(home_of(request.user))
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def safe_next(request: HttpRequest, target: str) -> str:
    """`target` when it is a page of this site to go on at, else an empty string."""
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not is_ours or not target.startswith("/") or target.split("?")[0].rstrip("/") in DOORS:
        return ""
    return target
