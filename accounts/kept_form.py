"""What somebody had typed when their session ended: kept until they are back, on whatever form it was.

It waits in the session of the visitor, which the log-in keeps. Nothing is sent again by itself: whoever logs in may be
somebody else, and sees first what would be saved.
"""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest

from nova.lib.rates import waits

KEY = "resume"
MAX_CHARACTERS = 200_000
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Each is a row of the session table that nobody may ever come back for.
RATE = "20/m"


def keep(request: HttpRequest) -> None:
    """Remember the form of a request that came without a session. Its CSRF token was checked already."""
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
    """The page the form was on, to go back to without saving."""
    if request.htmx:  # type: ignore[attr-defined]
        return request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc == request.get_host():
        return came_from._replace(scheme="", netloc="").geturl()
    return request.get_full_path()
