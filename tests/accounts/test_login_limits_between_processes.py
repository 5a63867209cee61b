"""The limits of log-in as a deployment has them: gunicorn, with Redis and two workers or with the database and one."""

import json
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import takewhile

import pytest

from tests import serving
from tests.wire import Browser

pytestmark = pytest.mark.deployment
CSRF = "a" * 32


def ask(port: int, username: str, address: str) -> tuple[int, str | None]:
    """One failing log-in, as a script would send it through our proxy: status and Retry-After."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {
        "Content-Type": "application/json",
        "Cookie": f"csrftoken={CSRF}",
        "X-CSRFToken": CSRF,
        "X-Forwarded-For": address,
    }
    connection.request("POST", "/api/login", json.dumps({"username": username, "password": "mala"}), headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.getheader("Retry-After")


@pytest.fixture(
    params=[
        pytest.param("redis_site", marks=pytest.mark.redis, id="redis, 2 workers"),
        pytest.param("database_site", id="database"),
    ]
)
def site(request: pytest.FixtureRequest) -> serving.Site:
    return request.getfixturevalue(request.param)


@pytest.fixture
def port(site: serving.Site) -> int:
    return site.port


def test_five_guesses_pass_however_many_are_sent_at_once(port: int) -> None:
    username, address = f"nadie-{secrets.token_hex(4)}", f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask(port, username, address), range(24)))
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) == {400, 429}
    assert statuses[400] <= 5

    # Of those in flight at once the surplus is refused, so fewer than five may have had their turn.
    further = list(takewhile(lambda status: status == 400, (ask(port, username, address)[0] for _ in range(6))))
    assert statuses[400] + len(further) <= 5
    again, wait = ask(port, username, address)
    assert again == 429
    assert 1 <= int(wait or 0) <= 60
    assert ask(port, "otra", f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1")[0] == 400


MAKE = "from accounts.models import User; User.objects.create_user('{}', password='{}', role='gestor')"


def test_a_known_browser_gets_in_while_others_guess_at_once(site: serving.Site) -> None:
    username, password = f"vera-{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    serving.manage(site.env, "shell", "-v0", "--no-imports", "-c", MAKE.format(username, password))
    browser = Browser()
    assert browser.log_in(site.port, username, password) == 200
    browser.ip = Browser().ip  # on the move

    def guess(_: int) -> int:
        return ask(site.port, username, Browser().ip)[0]

    with ThreadPoolExecutor(8) as pool:
        guesses = pool.map(guess, range(40))
        entered = [browser.log_in(site.port, username, password) for _ in range(6)]
        assert set(guesses) == {400, 429}
    assert entered == [200] * 6
    assert Browser().log_in(site.port, username, password) == 429  # a browser that nobody knows
