"""The site as visitors have it: behind the deployed proxy, with TLS, under production's settings."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage, HTTPSConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests import serving
from tests.operations import proxy
from tests.operations.proxy import Proxy

pytestmark = [pytest.mark.deployment, pytest.mark.skipif(bool(proxy.missing()), reason=proxy.missing())]
PASSWORD = "laClaveDeLaTarde"
SEED = f"""
from accounts.models import User
User.objects.create_user("gabriela", password="{PASSWORD}", role="gestor")
"""


@dataclass
class Site:
    proxy: Proxy
    port: int

    def ask(
        self, method: str, path: str, form: dict[str, str] | None = None, *, over: str = "https", **headers: str
    ) -> tuple[int, HTTPMessage, str]:
        """Status, headers and text; `over` is `https`, `http`, or `inside`: to gunicorn, past the proxy."""
        if over == "https":
            connection: HTTPConnection = HTTPSConnection(
                "localhost", self.proxy.https_port, timeout=20, context=self.proxy.trust()
            )
        else:
            port = self.port if over == "inside" else self.proxy.http_port
            connection = HTTPConnection("localhost" if over == "http" else "127.0.0.1", port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if form:
            named["Content-Type"] = "application/x-www-form-urlencoded"
        with closing(connection):
            connection.request(method, path, urlencode(form) if form else None, named)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.proxy.https_port}"


@pytest.fixture(scope="module")
def site(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("tls")
    env = serving.installation(prepared, folder, redis_url="", workers=1) | serving.QUICK_HASHES
    env |= {"ALLOWED_HOSTS": "localhost", "SESSION_COOKIE_SECURE": "True"}
    serving.manage(env, "shell", "-v0", "--no-imports", "-c", SEED)
    with serving.gunicorn(env) as port, proxy.caddy(folder, port) as front:
        yield Site(front, port)


def cookies(headers: HTTPMessage) -> SimpleCookie:
    return SimpleCookie("\r\n".join(headers.get_all("Set-Cookie") or []))


def log_in(site: Site, **headers: str) -> tuple[int, HTTPMessage, str]:
    token = cookies(site.ask("GET", "/login")[1])["__Host-csrftoken"].value
    form = {"username": "gabriela", "password": PASSWORD, "csrfmiddlewaretoken": token}
    return site.ask("POST", "/api/login", form, Cookie=f"__Host-csrftoken={token}", **headers)


def test_who_logs_in_has_cookies_that_never_leave_tls(site: Site):
    status, headers, _ = log_in(site, Origin=site.origin)

    assert status == 302
    made = cookies(headers)
    assert {"__Host-sessionid", "__Host-csrftoken"} <= made.keys()
    for name, cookie in made.items():
        assert (cookie["secure"], cookie["path"], cookie["domain"], cookie["samesite"]) == (True, "/", "", "Lax"), name
    assert made["__Host-sessionid"]["httponly"]
    session = f"__Host-sessionid={made['__Host-sessionid'].value}"
    assert site.ask("GET", "/cuenta", Cookie=session)[0] == 200
    # A cookie under the name that it has without TLS is another's.
    assert site.ask("GET", "/cuenta", Cookie=session.removeprefix("__Host-"))[0] == 302


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost"}, {"Referer": "http://localhost/login"}])
def test_a_form_of_a_page_without_tls_is_refused(site: Site, headers: dict[str, str]):
    assert log_in(site, **headers)[0] == 403


@pytest.mark.parametrize("path", ["/", "/login", "/static/css/app.css", "/no-existe", "/api/v1/cases", "/healthz"])
def test_browsers_are_told_to_come_by_tls_alone(site: Site, path: str):
    headers = site.ask("GET", path)[1]

    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


def test_people_without_tls_are_led_to_it_and_nothing_of_them_goes_on(site: Site):
    status, headers, text = site.ask("GET", "/login?next=/cuenta", over="http")

    assert status == 308
    assert headers["Location"] == "https://localhost/login?next=/cuenta"
    assert (headers.get_all("Set-Cookie"), text) == (None, "")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("over", ["http", "inside"])
@pytest.mark.parametrize("headers", [{}, {"X_Forwarded_Proto": "http"}])
def test_programs_without_tls_are_refused(site: Site, method: str, over: str, headers: dict[str, str]):
    status, answered, text = site.ask(method, "/api/v1/cases", over=over, Authorization="Token nova_x", **headers)

    assert (status, answered["Content-Type"]) == (403, "application/json")
    assert json.loads(text) == {
        "success": False, "error": "La API se usa solo por https.", "details": {}, "status_code": 403,
    }  # fmt: skip


def test_what_a_visitor_says_of_the_way_counts_for_nothing(site: Site):
    assert site.ask("GET", "/login", X_Forwarded_Proto="http")[0] == 200  # no redirect for ever
    status, answered, _ = site.ask("GET", "/api/v1/cases", over="http", X_Forwarded_Proto="https")
    assert (status, answered["Set-Cookie"]) == (403, None)


def test_past_the_proxy_pages_are_led_to_tls(site: Site):
    status, headers, _ = site.ask("GET", "/login", over="inside", Host="localhost")

    assert (status, headers["Location"]) == (301, "https://localhost/login")
