"""Sessions as a deployment has them: two workers that read from Redis, or one that reads from the database."""

import json
import re
import secrets
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from tests import serving

pytestmark = pytest.mark.deployment
PASSWORD = secrets.token_urlsafe(12)
CSRF = "a" * 32
# Of its own in each run: Redis remembers for an hour how often an address has asked.
ADDRESS = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
MAKE = "from accounts.models import User; User.objects.create_user('vera', password='{}', role='gestor')"


class Browser:
    def __init__(self, port: int) -> None:
        self.port, self.session = port, ""

    def send(self, method: str, path: str, body: str = "", kind: str = "application/x-www-form-urlencoded") -> tuple:
        """Status and text."""
        cookies = f"csrftoken={CSRF}; sessionid={self.session}"
        headers = {"Content-Type": kind, "Cookie": cookies, "X-CSRFToken": CSRF, "X-Forwarded-For": ADDRESS}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                if found := re.match(r'sessionid="?(\w*)', cookie):
                    self.session = found[1]
            return answer.status, answer.read().decode()

    def log_in(self) -> None:
        body = json.dumps({"username": "vera", "password": PASSWORD})
        status, _ = self.send("POST", "/api/login", body, "application/json")
        assert status == 200

    def is_in(self) -> bool:
        """Asked often enough that each of the workers answers."""
        answers = {self.send("GET", "/cuenta")[0] for _ in range(8)}
        assert len(answers) == 1  # and they agree
        return answers == {200}


@pytest.fixture(
    params=[
        pytest.param("redis_site", marks=pytest.mark.redis, id="redis, 2 workers"),
        pytest.param("database_site", id="database"),
    ]
)
def port(request: pytest.FixtureRequest) -> int:
    site: serving.Site = request.getfixturevalue(request.param)
    serving.manage(site.env, "shell", "-v0", "--no-imports", "-c", MAKE.format(PASSWORD))
    return site.port


def test_what_is_ended_in_one_process_is_over_in_all(port: int) -> None:
    one, other, third = Browser(port), Browser(port), Browser(port)
    for browser in (one, other, third):
        browser.log_in()
    assert all(browser.is_in() for browser in (one, other, third))

    numbers = re.findall(r'name="session" value="(\w+)"', one.send("GET", "/cuenta")[1])
    assert len(numbers) == 2
    form = [("session", number) for number in numbers] + [("password", PASSWORD)]
    assert one.send("POST", "/cuenta/sesiones", urlencode(form))[0] == 302
    assert [browser.is_in() for browser in (one, other, third)] == [True, False, False]

    other.log_in()
    new = secrets.token_urlsafe(12)
    form = [("old_password", PASSWORD), ("new_password1", new), ("new_password2", new)]
    assert one.send("POST", "/cuenta/clave", urlencode(form))[0] == 302
    assert [browser.is_in() for browser in (one, other)] == [True, False]

    one.send("POST", "/logout")
    assert not one.is_in()
