"""The log-in between password and code: the session knows the user, but nobody is signed in yet."""

import time

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts.models import User

PAGE = "login-code"
KEY = "half_way"
PATIENCE_SECONDS = 300


def begin(request: HttpRequest, user: User, *, target: str) -> None:
    """Start the second step, with a new session key: this prevents session fixation, as after a log-in."""
    if SESSION_KEY in request.session:
        request.session.flush()
    request.session.cycle_key()
    request.session[KEY] = {
        "user": user.pk,
        HASH_SESSION_KEY: user.get_session_auth_hash(),
        "since": int(time.time()),
        "target": target,
    }


def user_of(request: HttpRequest) -> User | None:
    """The user who gave the password, unless it has changed since or they are no longer active."""
    kept = request.session.get(KEY)
    if not kept or time.time() - kept["since"] > PATIENCE_SECONDS:
        request.session.pop(KEY, None)
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or not constant_time_compare(kept[HASH_SESSION_KEY], user.get_session_auth_hash()):
        request.session.pop(KEY, None)
        return None
    return user


def end(request: HttpRequest) -> str:
    """End the second step and return the URL to go on to."""
    return request.session.pop(KEY, {}).get("target", "")
