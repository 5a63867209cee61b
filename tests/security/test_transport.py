"""What protects the way: TLS, cookies that leave it never, methods that nobody uses, and what the log is told."""

import logging

import pytest
from django.test import Client

from accounts.models import User
from tests.nova.test_production import manage

pytestmark = pytest.mark.django_db


@pytest.fixture
def behind_tls(settings) -> None:
    """As production is set, behind a proxy that says how the visitor came."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^api/"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True


@pytest.mark.usefixtures("behind_tls")
def test_people_are_led_to_https_and_programs_are_refused(client: Client) -> None:
    assert client.get("/login").url == "https://testserver/login"
    for path in ("/api/v1/cases", "/api/login"):
        answer = client.post(path, {"username": "a", "password": "b"}, headers={"Authorization": "Token nova_x"})
        assert (answer.status_code, answer.json()["error"]) == (403, "La API se usa solo por https.")
        assert answer["X-Content-Type-Options"] == "nosniff"
    assert client.get("/healthz").status_code == 200
    answer = client.get("/api/v1/cases", secure=True)
    assert answer.status_code == 401
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_cookies_of_production_are_bound_to_the_host_and_to_tls() -> None:
    code = "from django.conf import settings as s; print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, "
    code += "s.PLACE_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
    code += "s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH)"
    shell = ("shell", "--no-imports", "-c", code)
    names = ["__Host-sessionid", "__Host-csrftoken", "__Host-place"]
    assert manage(*shell).stdout.split() == [*names, "True", "True", "None", "/"]
    plain = manage(*shell, SESSION_COOKIE_SECURE="False").stdout.split()
    assert plain[:5] == ["sessionid", "csrftoken", "place", "False", "False"]


@pytest.mark.parametrize(
    ("path", "to_a_stranger", "to_a_gestor"),
    [
        ("/", 405, 405),
        ("/login", 405, 405),
        ("/cuenta", 302, 405),
        ("/api/v1/cases", 401, 405),
        ("/healthz", 404, 404),
        ("/robots.txt", 405, 405),
    ],
)
def test_trace_echoes_nothing(
    client: Client, gestor_client: Client, path: str, to_a_stranger: int, to_a_gestor: int
) -> None:
    for who, status in ((client, to_a_stranger), (gestor_client, to_a_gestor)):
        answer = who.trace(path, headers={"X-Secret": "eco-del-secreto"})
        assert answer.status_code == status
        assert "eco-del-secreto" not in answer.text


def test_other_origins_are_offered_nothing(gestor_client: Client) -> None:
    answer = gestor_client.get("/api/v1/cases", headers={"Origin": "https://evil.example"})
    assert "Content-Type" in answer.headers
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_refusals_are_in_the_log_without_what_was_sent(
    gestor_client: Client, gestor_user: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "nova.security"):
        gestor_client.get("/admin/accounts/user/?q=secreto")
        gestor_client.post("/api/v1/cases", {"notes": "secreto"}, content_type="application/json")
        strict = Client(enforce_csrf_checks=True)
        strict.post("/contact\n2026 INFO forged%0aline", {"message": "secreto"})
        strict.post("/contact", {"message": "secreto"})
    lines = [record.getMessage() for record in caplog.records if record.name == "nova.security"]
    assert f"refused 403 POST '/api/v1/cases' user={gestor_user.pk}" in lines
    assert any(line.startswith("refused 403 POST '/contact'") for line in lines)
    assert not [line for line in lines if "secreto" in line or "\n" in line]


def test_there_is_no_base_to_move_relative_addresses(client: Client) -> None:
    policy = client.get("/")["Content-Security-Policy"]
    for directive in ("base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert directive in policy
