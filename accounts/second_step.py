"""Between the password and the code: the session knows who it was, and is nobody's yet."""

import time

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts.models import User

PAGE = "login-code"
KEY = "half_way"
PATIENCE_SECONDS = 300


def begin(request: HttpRequest, user: User, *, target: str) -> None:
    """Under a new key, as after a log-in: whoever fixed the old one does not come along."""
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
    """Who gave their password a moment ago, unless it has changed since, or they may not enter any more."""
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
    """Where they wanted to go."""
    return request.session.pop(KEY, {}).get("target", "")
