"""URLs that a client sent, in a header or a field. Anything may be in them, so nothing here raises."""

from typing import Any
from urllib.parse import SplitResult, urlsplit  # noqa: TID251  here its errors are caught

from django.http import HttpRequest

UNREADABLE = SplitResult("", "", "", "", "")


def split(url: str) -> SplitResult:
    """The parts of a URL. All are empty when it cannot be read: `http://[` is an error of the standard library."""
    try:
        return urlsplit(url)
    except ValueError:
        return UNREADABLE


def page_here(request: HttpRequest, url: str) -> str:
    """The path and query of `url` when it is a page of this host, else an empty string."""
    parts = split(url)
    if parts.scheme not in ("http", "https") or parts.netloc != request.get_host():
        return ""
    page = parts._replace(scheme="", netloc="").geturl()
    return page if page.startswith("/") and not page.startswith("//") else ""


def page_of(request: Any) -> str:
    """The page from which the request was sent; empty when the client does not say, or names another site."""
    told = request.htmx.current_url if request.htmx else request.headers.get("Referer")
    return page_here(request, told or "")
