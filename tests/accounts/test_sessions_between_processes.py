"""Sessions as a deployment has them: two workers that read from Redis, or one that reads from the database."""

import re
import secrets

import pytest

from tests import serving
from tests.wire import Browser

pytestmark = pytest.mark.deployment
PASSWORD = secrets.token_urlsafe(12)
MAKE = "from accounts.models import User; User.objects.create_user('vera', password='{}', role='gestor')"


class Vera(Browser):
    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        assert self.log_in(port, "vera", PASSWORD) == 200

    def is_in(self) -> bool:
        """Asked often enough that each of the workers answers."""
        answers = {self.send(self.port, "GET", "/cuenta")[0] for _ in range(8)}
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
    one, other, third = Vera(port), Vera(port), Vera(port)
    assert all(browser.is_in() for browser in (one, other, third))

    numbers = re.findall(r'name="session" value="(\w+)"', one.send(port, "GET", "/cuenta")[1])
    assert len(numbers) == 2
    form = [("session", number) for number in numbers] + [("password", PASSWORD)]
    assert one.send(port, "POST", "/cuenta/sesiones", form=form)[0] == 302
    assert [browser.is_in() for browser in (one, other, third)] == [True, False, False]

    other = Vera(port)
    new = secrets.token_urlsafe(12)
    form = [("old_password", PASSWORD), ("new_password1", new), ("new_password2", new)]
    assert one.send(port, "POST", "/cuenta/clave", form=form)[0] == 302
    assert [browser.is_in() for browser in (one, other)] == [True, False]

    one.send(port, "POST", "/logout")
    assert not one.is_in()
