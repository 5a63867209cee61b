"""What a visitor writes into the headers that proxies write: believed of nobody but the proxies of the settings."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import serving

pytestmark = pytest.mark.deployment


@pytest.fixture(scope="module", params=["0", "1"], ids=["no proxy", "one proxy"])
def tls_site(request: pytest.FixtureRequest, prepared: Path, tmp_path_factory) -> Iterator[tuple[int, bool]]:
    """The port of a site that is visited by https, and whether a proxy of ours stands in front."""
    env = serving.installation(prepared, tmp_path_factory.mktemp("tls_site"), redis_url="", workers=1)
    with serving.gunicorn(env | {"SESSION_COOKIE_SECURE": "True", "TRUSTED_PROXY_HOPS": request.param}) as port:
        yield port, request.param == "1"


def get(port: int, path: str, *headers: str) -> tuple[int, str]:
    """Status and whole text of the answer, as sent on the wire: a client would tidy the names of headers."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    return int(answer.split(" ", 2)[1]), answer


OF_GUNICORN = ["SCRIPT_NAME: /x", "SCRIPT_NAME: /", "PATH_INFO: /admin/", "PATH_INFO: x", "REMOTE_USER: jefa", "_: _"]


@pytest.mark.parametrize("header", OF_GUNICORN)
def test_no_header_moves_the_site_or_names_a_user(tls_site: tuple[int, bool], header: str) -> None:
    port, has_proxy = tls_site
    for path in ("/healthz", "/login"):
        plain, forged = get(port, path), get(port, path, header)
        assert forged[0] == plain[0]
    status, text = get(port, "/login", header, "X-Forwarded-Proto: https")
    assert status == (200 if has_proxy else 301)
    assert "/x/" not in text


SCHEMES = ["X-Forwarded-Proto: https", "X-Forwarded-Protocol: ssl", "X-Forwarded-Ssl: on", "X_FORWARDED_PROTO: https"]


@pytest.mark.parametrize("header", SCHEMES)
def test_only_our_proxy_says_that_the_visitor_came_by_https(tls_site: tuple[int, bool], header: str) -> None:
    port, has_proxy = tls_site
    status, text = get(port, "/login", header)
    if has_proxy and header == SCHEMES[0]:
        assert status == 200
        assert "__Host-csrftoken" in text
    else:
        assert status == 301
        assert "Location: https://127.0.0.1/login\r\n" in text


def test_schemes_that_disagree_are_no_error(tls_site: tuple[int, bool]) -> None:
    port, has_proxy = tls_site
    assert get(port, "/login", "X-Forwarded-Proto: http", "X-Forwarded-Ssl: on")[0] == 301
    assert get(port, "/login", "X-Forwarded-Proto: https", "X-Forwarded-Ssl: off")[0] == (200 if has_proxy else 301)
