"""The limits of the API as a deployment has them: gunicorn with two workers that count together in Redis."""

import secrets
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from django_ratelimit.core import _get_window

from tests import serving

pytestmark = [pytest.mark.redis, pytest.mark.deployment]
A_TOKEN = """
from accounts.models import User
from accounts.tokens import issue_token
admin = User.objects.create_user(pk={pk}, username="limites{pk}", role="admin")
print(issue_token(user=admin, name="limites", by=admin)[1])
"""


def ask(port: int, headers: dict[str, str]) -> tuple[int, str | None]:
    """Status and Retry-After."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/api/v1/case-statuses", headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.getheader("Retry-After")


def ask_at_once(port: int, headers: dict[str, str], times: int) -> list[tuple[int, str | None]]:
    with ThreadPoolExecutor(12) as pool:
        return list(pool.map(lambda _: ask(port, headers), range(times)))


def somebody(new: Callable[[], str], seconds: int, *, needed: int) -> str:
    """Somebody new, because Redis still counts who asked in the run before, and whose window has just begun.

    The limit counts in fixed windows, which begin at another moment for each person: nobody has to wait for one.
    """
    return next(who for who in iter(new, "") if _get_window(who, seconds) - time.time() > needed)


def test_fifty_of_a_stranger_pass_whichever_worker_answers(redis_site: serving.Site) -> None:
    address = somebody(lambda: f"198.51.{secrets.randbelow(250)}.{secrets.randbelow(250)}", 3600, needed=60)
    stranger = {"X-Forwarded-For": address}
    answers = ask_at_once(redis_site.port, stranger, 80)
    other = ask(redis_site.port, {"X-Forwarded-For": f"203.0.113.{secrets.randbelow(250)}"})
    assert Counter(status for status, _ in answers) == {401: 50, 429: 30}
    assert all(1 <= int(wait or 0) <= 3600 for status, wait in answers if status == 429)  # honest: 30 of them
    assert other[0] == 401


def test_six_hundred_a_minute_of_a_user_pass_whichever_worker_answers(redis_site: serving.Site) -> None:
    pk = somebody(lambda: str(secrets.randbelow(2**40)), 60, needed=50)
    token = serving.manage(redis_site.env, "shell", "-v0", "--no-imports", "-c", A_TOKEN.format(pk=pk)).strip()
    answers = ask_at_once(redis_site.port, {"Authorization": f"Token {token}"}, 640)
    assert Counter(status for status, _ in answers) == {200: 600, 429: 40}
    assert all(1 <= int(wait or 0) <= 60 for status, wait in answers if status == 429)  # honest: 40 of them
