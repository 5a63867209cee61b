"""Keeps the form that a user submitted after their session had ended, until they log in again.

It is stored in the anonymous session, which the log-in keeps. Nothing is submitted automatically: another user may log
in, and a page first shows what would be saved.
"""

from typing import Any

from django.http import HttpRequest

from nova.lib.links import page_of
from nova.lib.rates import waits

KEY = "resume"
MAX_CHARACTERS = 200_000
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Each form adds a row to the session table, which may never be used again.
RATE = "20/m"


def keep(request: HttpRequest) -> None:
    """Keep the form of a request without a session. Its CSRF token was checked already."""
    if request.method != "POST" or request.content_type not in FORMS:
        return
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken" and "password" not in name
        for value in values
    ]
    if sum(len(name) + len(str(value)) for name, value in fields) > MAX_CHARACTERS:
        return
    if max(waits(request, group="resume", key="ip", rates=[RATE])):
        return
    request.session[KEY] = {
        "path": request.get_full_path(),
        "page": _page_of(request),
        "fields": fields,
        "has_files": bool(request.FILES),
    }


def kept(request: HttpRequest) -> dict[str, Any] | None:
    return request.session.get(KEY)


def forget(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def _page_of(request: HttpRequest) -> str:
    """The page of the form, to return to without saving."""
    otherwise = "/" if request.htmx else request.get_full_path()  # type: ignore[attr-defined]
    return page_of(request) or otherwise
