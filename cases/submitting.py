"""Requests that may be sent twice, by a form with a token or an API call with a key, are done once (DESIGN §3.7)."""

from collections.abc import Callable, Mapping
from typing import Any

from cases import services

# Fields of a form that do not affect what it does, so they are not part of its content.
IGNORED = {"csrfmiddlewaretoken", "then"}


def once(request: Any, key: str, content: Mapping[str, Any], action: Callable[[], services.Answer]) -> services.Answer:
    """Run `action` once for each user and key; return its answer, or the stored one of the first time.

    `request` is Django's or the API's, of an authenticated user. Raises AnotherSubmission for other content.
    """
    return services.submit_once(by=request.user, key=_key(request, key), content=content, action=action)


def was_sent(request: Any, token: str) -> bool:
    """Whether this very form was done already: what it did may be why it is not valid any more. Runs a query."""
    return services.was_submitted(by=request.user, key=_key(request, token), content=_content(request))


def form_once(request: Any, token: str, action: Callable[[], str | None]) -> str | None:
    """`once` for a posted form whose page was rendered with `token`; `action` returns a message or None."""
    return once(request, token, _content(request), lambda: {"done": action()})["done"]


def _content(request: Any) -> dict[str, list[str]]:
    return {name: request.POST.getlist(name) for name in request.POST if name not in IGNORED}


def _key(request: Any, key: str) -> str:
    return f"{request.method} {request.path} {key}"[:200]
