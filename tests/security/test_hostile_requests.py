"""Nothing that a client sends breaks a page.

Asked through the WSGI application: an error before the middleware is a bare 500.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from io import BytesIO
from typing import Any

import pytest
from django.core import signals
from django.db import close_old_connections
from django.test import Client

from accounts.models import User
from nova.lib.links import page_here, split
from nova.lib.text import key_in
from nova.wsgi import application
from tests import factories
from tests.conftest import ClientOf
from tests.routes import all_addresses
from tests.serving import ROOT

pytestmark = pytest.mark.django_db

TOKEN = "a" * 32
URLS = [
    *("http://[", "http://[::1", "//[", "http://testserver]/", "http://[x]/", "http://testserver:port/"),
    *("https://testserver:99999999/", "http://\xe2\x84\x80.example/", "http://testserver", "javascript:", "\xff"),
    *("http://testserver//evil.example", "x" * 9000),
]
# As on the wire: each character is a byte, and gunicorn lets no control character through.
HOSTILE: dict[str, list[str]] = {
    "HX-Current-URL": URLS,
    "Referer": URLS,
    "Origin": URLS,
    "Host": ["[", "[::1", "testserver:99999999999", "testserver:abc", "\xff", ""],
    "Cookie": [
        *(
            'sessionid="\\000abcdefghij"',
            'sessionid="\\377abcdefghij"',
            "sessionid=" + "x" * 5000,
            "sessionid=",
            "a",
            "=",
        ),
        *(
            'csrftoken="\\000"',
            "csrftoken=" + "\xff" * 32,
            "recent=\xff",
            'place="\\000"',
            "place=a:b:c",
            "place=" + "\xff" * 99,
            'messages="\\000"',
            ";;;=;sessionid",
        ),
    ],
    "Content-Length": ["abc", "-1", "", "1e5", "0x10", "\xff"],
    "Content-Type": [
        *("text/plain; x*=foo'bar'baz", "text/html; charset*=foo'x'%41", "a/b; x*=idna''%41%ff", "a/b; x*=\xff''z"),
        *(f"application/x-www-form-urlencoded; charset={name}" for name in ("base64", "utf-16", "idna", "undefined")),
        *(f"application/json; charset={name}" for name in ("zlib", "rot13", "punycode", "unicode_escape", "x" * 500)),
        'text/plain; x="a;charset=utf-8"; charset=base64',
        *("multipart/form-data", "multipart/form-data; boundary=\xff", "multipart/form-data; boundary=a; charset=hex"),
        *(";;;", "=", "a/b;c", 'a/b; charset="', "a/b; *0*=x''y; *1=z", "\xff"),
    ],
    "Accept": [
        "text/html; x*=foo'bar'baz",
        "text/html; q=nan",
        "a/b; x*1=z",
        "*",
        "/",
        "," * 500,
        "\xff",
        "a;b;" * 500,
    ],
    "Accept-Language": ["x" * 9000, "es;q=abc", ";;;,,,", "\xff"],
    "Accept-Encoding": ["gzip;q=abc", ";;", "\xff"],
    "If-None-Match": ['"', "W/", '"' * 500, "\xff"],
    "If-Match": ['"', "W/", "9" * 500, "\xff"],
    "If-Modified-Since": ["abc", "Thu, 99 Foo 2020", "Sun, 06 Nov 0000 08:49:37 GMT", "9" * 500, "\xff"],
    "Range": ["bytes=abc", "bytes=5-1", "bytes=0-" + "9" * 50, "bytes=0-1,3-4", "\xff"],
    "X-Request-ID": ["x" * 9000, "\xff" * 20],
    "X-Forwarded-For": ["[", "[::1", ",,,,", "fe80::1%" + "x" * 500, "::ffff:1.2.3.4%x", "\xff"],
    "X-Forwarded-Proto": ["[", "https,http", "\xff"],
    "User-Agent": ["", "x" * 9000, "\xff\xfe"],
    "Authorization": ["Token \xff", "Token a b c", "Token " + "x" * 9000, "Basic %%%", "\xff"],
    "HX-Target": ["#[", "x" * 9000, "\xff"],
    "HX-Trigger": ["\xff"],
    "X-CSRFToken": ["\xff" * 32, "", "x" * 9000],
    "Sec-Fetch-Site": ["", "\xff"],
    "Idempotency-Key": ["", "x" * 9000, "\xff"],
}
ROUTES = ["/", "/api/login", "/cases/1/activities", "/api/v1/cases", "/static/css/app.css"]
SIGNED_IN = ["/cuenta", "/api/v1/cases/1/payments"]


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """A request ends the connection of its thread, which here is that of the test."""
    both = (signals.request_started, signals.request_finished)
    for signal in both:
        signal.disconnect(close_old_connections)
    yield
    for signal in both:
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _no_limits(settings, gestor_user: User) -> None:
    """What is refused by a limit was not read."""
    settings.SIGNED_IN_FORM_RATE, settings.ANONYMOUS_API_RATES = "9999999/m", ("9999999/m",)
    settings.SIGNED_IN_API_RATES = settings.CONTACT_RATES = ("9999999/m",)
    settings.LOGIN_FAILURES_PER_USERNAME = settings.LOGIN_FAILURES_PER_ADDRESS = settings.AXES_FAILURE_LIMIT = 10**6
    factories.CaseFactory(pk=1, assigned_to=gestor_user)
    factories.ContactSubmissionFactory(pk=1)


FORM = b"username=nadie&password=x&notes=%41&next=http%3A%2F%2F%5B"


def ask(
    method: str, path: str, headers: dict[str, str], *, session: str = "", scheme: str = "http", body: bytes = FORM
) -> int:
    """The status of a request as gunicorn hands it over. It carries a CSRF token, so that it is read to its end."""
    path, _, query = path.partition("?")
    body = body if method == "POST" else b""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query or "q=%41&search=%41&next=http%3A%2F%2F%5B",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "testserver",
        "HTTP_COOKIE": f"csrftoken={TOKEN}" + (f"; sessionid={session}" if session else ""),
        "HTTP_X_CSRFTOKEN": TOKEN,
        "wsgi.url_scheme": scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    seen: list[int] = []
    response = application(environ, lambda status, headers, info=None: seen.append(int(status.split()[0])))
    for _ in response:
        pass
    response.close()
    return seen[0]


def broken(answers: dict[Any, int]) -> dict[Any, int]:
    return {asked: status for asked, status in answers.items() if status >= HTTPStatus.INTERNAL_SERVER_ERROR}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_value_of_a_header_is_a_500(client_of: ClientOf, admin_user: User, name: str) -> None:
    session = client_of(admin_user).cookies["sessionid"].value
    more = {"HX-Request": "true"} if name.startswith("HX-") else {}
    answers = {}
    for value in HOSTILE[name]:
        for method in ("GET", "POST"):
            for path in ROUTES:
                answers[method, path, value[:40]] = ask(method, path, {name: value, **more})
        for path in SIGNED_IN if name != "Cookie" else []:
            answers["signed in", path, value[:40]] = ask("GET", path, {name: value, **more}, session=session)
    assert broken(answers) == {}
    assert len(set(answers.values())) > 1  # not all of them were refused at the door


@pytest.mark.parametrize("who", [None, "admin_user"])
def test_no_address_trusts_the_urls_that_a_browser_tells(
    client_of: ClientOf, request: pytest.FixtureRequest, who: str | None
) -> None:
    session = client_of(request.getfixturevalue(who)).cookies["sessionid"].value if who else ""
    urls = {"HX-Current-URL": "http://[", "Referer": "http://["}
    answers = {}
    for path in all_addresses():
        if path not in ("/logout", "/admin/logout/"):  # or nobody would be signed in
            answers["fragment", path] = ask("GET", path, {**urls, "HX-Request": "true"}, session=session)
            answers["form", path] = ask("POST", path, urls, session=session)
            # Over TLS a form without Origin is judged by its Referer.
            answers["form, tls", path] = ask("POST", path, urls, session=session, scheme="https")
    assert broken(answers) == {}
    assert len(answers) > 350


PARTS = [
    b"Content-Disposition: form-data; name*=foo'x'%41",
    b"Content-Disposition: form-data; name=\"file\"; filename*=base64''%41",
    b"Content-Disposition: form-data; name=\"file\"; filename*=idna''%41%ff",
    b'Content-Disposition: form-data; name="file"; filename="a\x00b.csv"\r\nContent-Type: text/plain; charset=base64',
    b'Content-Disposition: form-data; name="notes"\r\nContent-Transfer-Encoding: base64',
    b"Content-Disposition: form-data; name=\"notes\"\r\nContent-Type: a; x*=foo''z",
    b"Content-Disposition: =;;;",
    b"\xff: \xff",
]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("path", ["/api/login", "/cases/1/activities", "/admin/cases/importupload/add/"])
def test_no_part_of_a_form_is_a_500(client_of: ClientOf, admin_user: User, path: str, part: bytes) -> None:
    session = client_of(admin_user).cookies["sessionid"].value
    body = b"--a\r\n" + part + b"\r\n\r\nx\r\n--a--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=a"}
    for who in ("", session):
        assert ask("POST", path, headers, session=who, body=body) < HTTPStatus.INTERNAL_SERVER_ERROR


def test_a_value_that_no_database_takes(
    client_of: ClientOf, admin_user: User, gestor_user: User, other_gestor: User
) -> None:
    admin, gestor = client_of(admin_user), client_of(gestor_user)
    digits = "9" * 5000
    assert gestor.get("/dashboard-gestor/next", {"from": digits}).status_code == 302
    assert admin.get("/admin/cases/case/gestores/", {"term": "gab\x00z"}).json()["results"] == []
    assert admin.get("/admin/cases/case/", {"cartera__id__exact": digits}).status_code == 302
    assert admin.get(f"/admin/cases/importupload/{digits}/change/").status_code == 404
    sent = {"to": other_gestor.pk, "expected": digits}
    assert admin.post(f"/gestores/{gestor_user.pk}/reassignment", sent).status_code == 409


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("7", 7),
        ("٣", 3),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), None),
        ("9" * 20, None),
        ("-1", None),
        ("1.0", None),
        ("", None),
    ],
)
def test_the_key_of_a_row(text: str, key: int | None) -> None:
    assert key_in(text) == key


def test_what_was_typed_is_kept_with_the_page_it_was_typed_on(client: Client) -> None:
    for url, page in [
        ("http://testserver/cases/1?tab=x", "/cases/1?tab=x"),
        ("http://[", "/"),
        (f"http://x{'y' * 99}", "/"),
    ]:
        client.post("/cases/1/activities", {"notes": "hola"}, headers={"HX-Request": "true", "HX-Current-URL": url})
        assert client.session["resume"]["page"] == page
    client.post("/cases/1/activities", {"notes": "hola"}, headers={"Referer": "http://["})
    assert client.session["resume"]["page"] == "/cases/1/activities"


@pytest.mark.parametrize(
    ("url", "page"),
    [
        *(("http://testserver/cases/1?tab=x#y", "/cases/1?tab=x#y"), ("https://testserver/", "/")),
        *((url, "") for url in URLS),
        *(("http://testserver.evil.example/", ""), ("http://testserver@evil.example/", ""), ("ftp://testserver/", "")),
    ],
)
def test_a_page_of_this_site_and_nothing_else(rf, url: str, page: str) -> None:
    assert page_here(rf.get("/"), url) == page


def test_a_url_that_cannot_be_read_has_no_parts() -> None:
    assert split("http://[").geturl() == ""
    assert split("http://testserver/a?b").path == "/a"


def test_no_module_reads_such_a_url_by_itself() -> None:
    """Not by htmx's help either, which splits without a care."""
    apps = ("accounts", "cases", "contact", "dashboards", "nova", "payments")
    sources = [path for app in apps for path in (ROOT / app).rglob("*.py")]
    unsafe = re.compile(r"\b(urlsplit|urlparse|current_url_abs_path)\b")
    found = [str(path.relative_to(ROOT)) for path in sources if unsafe.search(path.read_text())]
    assert found == ["nova/lib/links.py"]
