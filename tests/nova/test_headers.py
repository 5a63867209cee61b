"""Every answer carries the headers of DESIGN §8."""

import pytest
from django.test import Client

from tests.steps import log_in

pytestmark = pytest.mark.django_db
EXPECTED = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def check(response) -> None:
    for name, value in EXPECTED.items():
        assert response[name] == value
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "camera=()" in response["Permissions-Policy"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/login", 200),
        ("/healthz", 200),
        ("/no-existe", 404),
        ("/dashboard-admin", 302),
        ("/api/login", 405),
        ("/static/css/app.css", 200),
    ],
)
def test_headers_for_visitors(client: Client, path: str, status: int) -> None:
    response = client.get(path)

    response.close()  # a static file would stay open
    assert response.status_code == status
    check(response)


@pytest.mark.parametrize("path", ["/dashboard-admin", "/admin/", "/admin/accounts/user/add/", "/cuenta/clave"])
def test_headers_behind_the_log_in_and_no_copy_is_kept(admin_client: Client, path: str) -> None:
    response = admin_client.get(path)

    check(response)
    assert "private" in response["Cache-Control"]
    assert "no-store" in response["Cache-Control"]


def test_headers_of_errors(client: Client) -> None:
    check(client.get("/", headers={"Host": "evil.example"}))
    check(Client(enforce_csrf_checks=True).post("/api/login"))
    for _ in range(6):
        response = log_in(client, "nadie", "x")
    assert response.status_code == 429
    check(response)


def test_headers_when_something_breaks(client: Client, monkeypatch: pytest.MonkeyPatch, gestor_user) -> None:
    client.raise_request_exception = False
    monkeypatch.setattr("accounts.limits.site_of", None)

    response = log_in(client, gestor_user)

    assert response.status_code == 500
    assert "Algo falló" in response.text
    check(response)


def test_tls_headers_are_for_production_alone(client: Client, settings) -> None:
    assert "Strict-Transport-Security" not in client.get("/", secure=True)
