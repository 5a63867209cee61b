"""The places from which a user has logged in: browsers, by a signed cookie, and addresses (DESIGN §8).

A known place has counters of its own for that user, so that whoever guesses a password from elsewhere keeps nobody out
(accounts.limits). It opens nothing: the password is asked for as everywhere.

The cookie holds a random id for each user who logged in with that browser. The id of one user is never that of another:
whoever has planted or copied a cookie before a log-in has nothing of the user who logs in after.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import KnownPlace, User
from nova.lib.ip import ip_of, site_of

SALT = "accounts.places"
ID_BYTES = 16
# After the last log-in from there.
KNOWN_FOR = timedelta(days=90)
USERS_PER_BROWSER = 10
PLACES_PER_USER = 50


def known_place(request: HttpRequest, username: str) -> KnownPlace | None:
    """The browser of the request, else its address, if the user has logged in from there. Runs a query."""
    digests = _digests(request)
    found = KnownPlace.objects.filter(
        user__username=username, digest__in=digests, seen_at__gt=timezone.now() - KNOWN_FOR
    )
    return min(found, key=lambda place: digests.index(place.digest), default=None)


def remember(request: HttpRequest, user: User) -> list[str]:
    """Note that the user has logged in from here. Returns the ids for the cookie of the answer."""
    ids = _ids(request)
    own = user.known_places.filter(digest__in=map(_of_browser, ids)).values_list("digest", flat=True)
    id = next((id for id in ids if _of_browser(id) in own), None) or secrets.token_urlsafe(ID_BYTES)
    for digest in [_of_browser(id), *_of_address(request)]:
        KnownPlace.objects.update_or_create(user=user, digest=digest, defaults={"seen_at": timezone.now()})
    kept = user.known_places.order_by("-seen_at", "-pk").values_list("pk", flat=True)[:PLACES_PER_USER]
    user.known_places.exclude(pk__in=list(kept)).delete()
    return [id, *(other for other in ids if other != id)][:USERS_PER_BROWSER]


def give_cookie(response: HttpResponse, ids: list[str]) -> None:
    response.set_signed_cookie(
        settings.PLACE_COOKIE_NAME,
        ".".join(ids),
        salt=SALT,
        max_age=KNOWN_FOR,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def forget_old(now: datetime) -> None:
    KnownPlace.objects.filter(seen_at__lte=now - KNOWN_FOR).delete()


def _ids(request: HttpRequest) -> list[str]:
    """The ids in the cookie; none when it is not ours, or too old."""
    cookie: Any = request.get_signed_cookie(settings.PLACE_COOKIE_NAME, "", salt=SALT, max_age=KNOWN_FOR)
    return cookie.split(".") if cookie else []


def _digests(request: HttpRequest) -> list[str]:
    """Of the browser first: an address may be that of a whole office."""
    return [*map(_of_browser, _ids(request)), *_of_address(request)]


def _of_browser(id: str) -> str:
    return hashlib.sha256(f"browser {id}".encode()).hexdigest()


def _of_address(request: HttpRequest) -> list[str]:
    ip = ip_of(request)
    return [hashlib.sha256(f"address {site_of(ip)}".encode()).hexdigest()] if ip else []
