"""GET and POST /test-email-config, against real mail servers."""

import gc
import ssl

import pytest
from aiosmtpd.smtp import AuthResult
from django.core import mail
from django.test import Client

from accounts.models import AuditEvent
from tests.mailing import Inbox, MailTo, free_port, silent_server, smtp_server
from tests.serving import ROOT

pytestmark = pytest.mark.django_db


def test_it_shows_the_settings_and_no_secret(admin_client: Client, settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_HOST_USER = "smtp.agencia.example", "sitio@agencia.example"
    settings.EMAIL_HOST_PASSWORD = "no-debe-verse"
    page = admin_client.get("/test-email-config").text
    assert "smtp.agencia.example" in page
    assert "sitio@agencia.example" in page
    assert "configurada" in page
    assert "no-debe-verse" not in page


def test_a_message_is_sent_and_the_trail_says_by_whom(admin_client: Client, mail_to: MailTo) -> None:
    with smtp_server(inbox := Inbox()) as port:
        mail_to(port)
        answer = admin_client.post("/test-email-config", {"to": "prueba@example.com"})
    assert answer.status_code == 200
    assert "El servidor aceptó el mensaje para prueba@example.com" in answer.text
    assert inbox.recipients == ["prueba@example.com"]
    assert inbox.messages[0]["Subject"] == "Prueba de correo · NOVA Gestión de Cobranzas"
    assert AuditEvent.objects.get(action="mail_test").after == {"to": "prueba@example.com"}


def test_without_real_mail_it_does_not_claim_to_have_sent(admin_client: Client) -> None:
    assert "no envía correo de verdad" in admin_client.post("/test-email-config", {"to": "a@example.com"}).text
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("inbox", "reason"),
    [
        (Inbox("550 5.1.1 no such user", "RCPT"), "Respondió por a@example.com: 550 5.1.1 no such user"),
        (Inbox("554 5.7.1 <b>spam</b>", "DATA"), "rechazó el mensaje. Respondió: 554 5.7.1 &lt;b&gt;spam&lt;/b&gt;"),
    ],
)
def test_a_refusal_is_told_in_words(admin_client: Client, mail_to: MailTo, inbox: Inbox, reason: str) -> None:
    with smtp_server(inbox) as port:
        mail_to(port)
        answer = admin_client.post("/test-email-config", {"to": "a@example.com"})
    assert answer.status_code == 502
    assert reason in answer.text


def test_a_server_that_is_down_or_silent(admin_client: Client, mail_to: MailTo) -> None:
    mail_to(free_port())
    assert (
        "no atiende: revise MAIL_SERVER y MAIL_PORT" in admin_client.post("/test-email-config", {"to": "a@b.co"}).text
    )
    with silent_server() as port:
        mail_to(port)
        assert "no respondió en 1 segundo" in admin_client.post("/test-email-config", {"to": "a@b.co"}).text


def test_a_name_that_does_not_exist(admin_client: Client, mail_to: MailTo, settings) -> None:
    mail_to(25)
    settings.EMAIL_HOST = "smtp.invalid"
    answer = admin_client.post("/test-email-config", {"to": "a@b.co"})
    assert "No se encuentra el servidor smtp.invalid: revise MAIL_SERVER." in answer.text


def test_the_wrong_kind_of_encryption(admin_client: Client, mail_to: MailTo, settings) -> None:
    with smtp_server(Inbox()) as port:
        mail_to(port)
        settings.EMAIL_USE_SSL = True
        assert "No hubo acuerdo de cifrado" in admin_client.post("/test-email-config", {"to": "a@b.co"}).text
        settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = False, True
        assert "revise MAIL_USE_TLS" in admin_client.post("/test-email-config", {"to": "a@b.co"}).text
    gc.collect()  # a socket that was left open would say so here


def test_a_certificate_that_nobody_vouches_for_is_refused(admin_client: Client, mail_to: MailTo, settings) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ROOT / "tests" / "contact" / "self_signed.pem")
    with smtp_server(inbox := Inbox(), ssl_context=context) as port:
        mail_to(port)
        settings.EMAIL_USE_SSL = True
        answer = admin_client.post("/test-email-config", {"to": "a@b.co"})
    assert "El certificado de 127.0.0.1" in answer.text
    assert inbox.messages == []


def test_a_wrong_password_is_told_without_showing_it(admin_client: Client, mail_to: MailTo, settings) -> None:
    def refuse(*args) -> AuthResult:
        return AuthResult(success=False, handled=False, message="535 5.7.8 bad credentials")

    with smtp_server(Inbox(), authenticator=refuse, auth_require_tls=False) as port:
        mail_to(port)
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "sitio", "no-debe-verse"
        answer = admin_client.post("/test-email-config", {"to": "a@b.co"})
    assert "no aceptó el usuario o la contraseña: revise MAIL_USERNAME y MAIL_PASSWORD" in answer.text
    assert "535" in answer.text
    assert "no-debe-verse" not in answer.text


@pytest.mark.parametrize("to", ["", "nadie", "a@b.co\nBcc: victima@example.com", "a@b.co, c@d.co"])
def test_a_bad_address_sends_nothing(admin_client: Client, to: str) -> None:
    answer = admin_client.post("/test-email-config", {"to": to})
    assert answer.status_code == 422
    assert "Escriba a qué dirección" in answer.text
    assert mail.outbox == []


def test_programs_get_json(admin_client: Client) -> None:
    answer = admin_client.post("/test-email-config", {"to": "a@b.co"}, headers={"Accept": "application/json"})
    assert answer.json()["data"]["sent_to"] == "a@b.co"
    answer = admin_client.post("/test-email-config", {"to": "x"}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["success"]) == (422, False)


def test_for_admins_alone(gestor_client: Client, client: Client) -> None:
    assert gestor_client.post("/test-email-config", {"to": "a@b.co"}).url == "/dashboard-gestor"
    assert client.post("/test-email-config", {"to": "a@b.co"}).url.startswith("/login")
    assert mail.outbox == []
