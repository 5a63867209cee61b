"""The limits of the API as a deployment has them: gunicorn with two workers that count together in Redis."""

import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.conf import settings
from django_ratelimit.core import _get_window

from tests import serving

pytestmark = [pytest.mark.redis, pytest.mark.deployment]
# Of somebody new each time: Redis still counts who asked in the run before.
A_TOKEN = """
import secrets
from accounts.models import User
from accounts.tokens import issue_token
admin = User.objects.create_user(pk=secrets.randbelow(2**40), username="limites", role="admin")
print(admin.pk, issue_token(user=admin, name="limites", by=admin)[1])
"""


@pytest.fixture
def deployment(prepared: Path, tmp_path: Path) -> dict[str, str]:
    return serving.installation(prepared, tmp_path, redis_url=settings.TEST_REDIS_URL, workers=2)


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


def wait_for_a_window_of(who: str, seconds: int, *, needed: int) -> None:
    """The limit counts in fixed windows: begin where one does not end half way."""
    left = _get_window(who, seconds) - time.time()
    if left < needed:
        time.sleep(left + 1)


def test_fifty_of_a_stranger_pass_whichever_worker_answers(deployment: dict[str, str]) -> None:
    stranger = {"X-Forwarded-For": f"198.51.{secrets.randbelow(250)}.{secrets.randbelow(250)}"}
    with serving.gunicorn(deployment) as port:
        wait_for_a_window_of(stranger["X-Forwarded-For"], 3600, needed=10)
        answers = ask_at_once(port, stranger, 80)
        other = ask(port, {"X-Forwarded-For": f"203.0.113.{secrets.randbelow(250)}"})
    assert Counter(status for status, _ in answers) == {401: 50, 429: 30}
    assert all(1 <= int(wait or 0) <= 3600 for status, wait in answers if status == 429)
    assert other[0] == 401


def test_six_hundred_a_minute_of_a_user_pass_whichever_worker_answers(deployment: dict[str, str]) -> None:
    pk, token = serving.manage(deployment, "shell", "-v0", "-c", A_TOKEN).split()
    with serving.gunicorn(deployment) as port:
        wait_for_a_window_of(pk, 60, needed=25)
        answers = ask_at_once(port, {"Authorization": f"Token {token}"}, 640)
    assert Counter(status for status, _ in answers) == {200: 600, 429: 40}
    assert all(1 <= int(wait or 0) <= 60 for status, wait in answers if status == 429)
