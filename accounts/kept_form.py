"""Keeps a form that a user submitted after their session had ended, or from a page older than their log-in.

It is stored in the session, which the log-in keeps. Nothing is submitted automatically: another user may log
in, and a page first shows what would be saved.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest

from nova.lib.links import page_of
from nova.lib.rates import waits

KEY = "resume"
ENDED, OLD_PAGE = "ended", "old page"
MAX_CHARACTERS = 200_000
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Each form adds a row to the session table, which may never be used again.
RATE = "20/m"


def keep(request: HttpRequest, *, why: str = ENDED) -> bool:
    """Keep the form of a request that a page of this site sent: by its CSRF token, or by its Origin. Whether it was."""
    if request.method != "POST" or request.content_type not in FORMS:
        return False
    fields = fields_of(request)
    if not fields and not request.FILES:
        return False
    if sum(len(name) + len(str(value)) for name, value in fields) > MAX_CHARACTERS:
        return False
    if max(waits(request, group="resume", key="ip", rates=[RATE])):
        return False
    request.session[KEY] = {
        "why": why,
        "path": request.get_full_path(),
        "page": page_to_return_to(request),
        "fields": fields,
        "has_files": bool(request.FILES),
    }
    return True


def fields_of(request: HttpRequest) -> list[tuple[str, str]]:
    """(name, value) of what was typed, without passwords."""
    return [
        (name, str(value))
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken" and not _is_password(name)
        for value in values
    ]


def has_password(request: HttpRequest) -> bool:
    return any(_is_password(name) for name in request.POST)


def _is_password(name: str) -> bool:
    return "password" in name


def is_from_here(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this site sent the request."""
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def texts_of(fields: Iterable[Sequence[str]]) -> list[str]:
    """What to show of a kept form, so that the person knows it again."""
    return [value for name, value in fields if name.endswith(("notes", "message")) and value.strip()]


def kept(request: HttpRequest) -> dict[str, Any] | None:
    return request.session.get(KEY)


def forget(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def page_to_return_to(request: HttpRequest) -> str:
    """The page of the form, to return to without saving."""
    otherwise = "/" if request.htmx else request.get_full_path()  # type: ignore[attr-defined]
    return page_of(request) or otherwise
