"""A request that may come twice, a form with its token or a call with its key, is done once (DESIGN §3.7)."""

from collections.abc import Callable, Mapping
from typing import Any

from cases import services

# What a form carries that says nothing of what it does.
IGNORED = {"csrfmiddlewaretoken", "then"}


def once(request: Any, key: str, content: Mapping[str, Any], action: Callable[[], services.Answer]) -> services.Answer:
    """What `action` answers, or what it answered the first time. Raises AnotherSubmission for another content.

    `request` is Django's or the API's, of somebody signed in.
    """
    return services.submit_once(
        by=request.user, key=f"{request.method} {request.path} {key}"[:200], content=content, action=action
    )


def form_once(request: Any, token: str, action: Callable[[], str | None]) -> str | None:
    """The same for a posted form, whose page was made with `token`; `action` answers a sentence, or nothing."""
    content = {name: request.POST.getlist(name) for name in request.POST if name not in IGNORED}
    return once(request, token, content, lambda: {"done": action()})["done"]
