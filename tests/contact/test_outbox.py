"""Mail of the contact form, against real mail servers: one that takes it, and those that are down, slow or refuse."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from contact import mail, outbox
from contact.models import ContactSubmission
from tests.mailing import VISITOR, Inbox, MailTo, free_port, silent_server, smtp_server

pytestmark = pytest.mark.django_db


def stored(**changes) -> ContactSubmission:
    return ContactSubmission.objects.create(**{**VISITOR, **changes})


def test_recipients_get_text_and_html_and_answer_the_visitor(mail_to: MailTo) -> None:
    submission = stored()
    with smtp_server(inbox := Inbox()) as port:
        mail_to(port)
        assert outbox.drain() == outbox.Drained(sent=1, failed=0, left=0)

    assert inbox.recipients == ["cobranzas@agencia.example", "gerencia@agencia.example"]
    (sent,) = inbox.messages
    assert sent["Subject"] == "Consulta de Marta Núñez (Banco del Plata)"
    assert sent["From"] == "NOVA <sitio@agencia.example>"
    assert sent["Reply-To"] == VISITOR["email"]
    assert sent["Message-ID"] == f"<contacto-{submission.key}@agencia.example>"
    text, page = sent.get_body(("plain",)).get_content(), sent.get_body(("html",)).get_content()
    for part in (text, page):
        assert "011 4444-5555" in part
        assert "¿Cómo seguimos?" in part
    submission.refresh_from_db()
    assert submission.notified_at is not None
    assert (submission.attempts, submission.leased_until, submission.last_error) == (1, None, "")


def test_markup_in_a_message_stays_text(mail_to: MailTo) -> None:
    stored(message="<script>alert(1)</script> & <b>hola</b>", name="<i>Marta</i>")
    with smtp_server(inbox := Inbox()) as port:
        mail_to(port)
        outbox.drain()

    page = inbox.messages[0].get_body(("html",)).get_content()
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<i>" not in page
    assert "<script>alert(1)</script> & <b>hola</b>" in inbox.messages[0].get_body(("plain",)).get_content()


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x00"])
def test_a_row_with_line_breaks_starts_no_header(mail_to: MailTo, line_break: str) -> None:
    """The form refuses them; whatever wrote the row, the mail has the headers of ours alone."""
    submission = ContactSubmission(**VISITOR)
    submission.name = f"Marta{line_break}Bcc: victima@example.com"
    with smtp_server(inbox := Inbox()) as port:
        mail_to(port)
        mail.notice(submission).send()

    assert inbox.recipients == ["cobranzas@agencia.example", "gerencia@agencia.example"]
    assert inbox.messages[0]["Bcc"] is None
    assert inbox.messages[0]["Subject"] == "Consulta de Marta Bcc: victima@example.com (Banco del Plata)"


def test_a_server_that_is_down_loses_nothing(mail_to: MailTo) -> None:
    submission = stored()
    mail_to(free_port())
    assert outbox.drain() == outbox.Drained(sent=0, failed=1, left=1)
    submission.refresh_from_db()
    assert "no atiende: revise MAIL_SERVER y MAIL_PORT" in submission.last_error
    assert timedelta(seconds=50) < submission.next_attempt_at - timezone.now() <= timedelta(minutes=1)
    assert outbox.drain() == outbox.Drained(sent=0, failed=0, left=1)  # it waits

    with smtp_server(inbox := Inbox()) as port:
        mail_to(port)
        assert outbox.drain(impatient=True) == outbox.Drained(sent=1, failed=0, left=0)
    assert len(inbox.messages) == 1


def test_a_server_that_nobody_reaches_is_asked_once_for_all(mail_to: MailTo) -> None:
    for _ in range(3):
        stored()
    mail_to(free_port())

    assert outbox.drain() == outbox.Drained(sent=0, failed=1, left=3)
    assert sorted(ContactSubmission.objects.values_list("attempts", flat=True)) == [0, 0, 1]


def test_a_silent_server_costs_one_timeout(mail_to: MailTo) -> None:
    submission = stored()
    with silent_server() as port:
        mail_to(port)
        assert outbox.drain().failed == 1
    submission.refresh_from_db()
    assert "no respondió en 1 segundo:" in submission.last_error


@pytest.mark.parametrize(
    ("refusal", "at", "reason"),
    [
        ("550 5.1.1 no such user", "RCPT", "no acepta a ningún destinatario: revise CONTACT_RECIPIENTS"),
        ("554 5.7.1 spam", "DATA", "rechazó el mensaje. Respondió: 554 5.7.1 spam"),
        ("451 4.7.1 greylisted", "DATA", "Respondió: 451 4.7.1 greylisted"),
    ],
)
def test_a_refusal_is_told_and_the_next_one_gets_its_turn(mail_to: MailTo, refusal: str, at: str, reason: str) -> None:
    submission = stored()
    stored()
    with smtp_server(Inbox(refusal, at)) as port:
        mail_to(port)
        assert outbox.drain() == outbox.Drained(sent=0, failed=2, left=2)
    submission.refresh_from_db()
    assert reason in submission.last_error


def test_a_message_that_cannot_be_built_holds_nobody_up(mail_to: MailTo) -> None:
    broken, good = stored(email="ñandú"), stored()
    with smtp_server(inbox := Inbox()) as port:
        mail_to(port)
        outbox.drain()
    broken.refresh_from_db()
    good.refresh_from_db()
    assert good.notified_at is not None
    assert (broken.notified_at, broken.last_error) == (None, "El mensaje no se pudo armar (ValueError).")
    assert len(inbox.messages) == 1


def test_waits_double_up_to_some_hours() -> None:
    waits = [outbox.wait_after(attempts) for attempts in (1, 2, 3, 8, 9, 1_000_000)]
    assert waits == [
        timedelta(minutes=1),
        timedelta(minutes=2),
        timedelta(minutes=4),
        timedelta(minutes=128),
        timedelta(hours=4),
        timedelta(hours=4),
    ]


def test_whoever_was_killed_while_sending_frees_it_when_the_lease_ends(mail_to: MailTo) -> None:
    submission = stored(leased_until=timezone.now() + timedelta(minutes=5), attempts=1)
    with smtp_server(inbox := Inbox()) as port:
        mail_to(port)
        assert outbox.drain(impatient=True).sent == 0
        ContactSubmission.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        assert outbox.drain().sent == 1
    submission.refresh_from_db()
    assert submission.attempts == 2
    assert len(inbox.messages) == 1


def test_without_recipients_nothing_is_tried(settings) -> None:
    submission = stored()
    settings.CONTACT_RECIPIENTS = []
    assert outbox.drain() == outbox.Drained(sent=0, failed=0, left=1)
    submission.refresh_from_db()
    assert submission.attempts == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_mail_each_one_once(mail_to: MailTo) -> None:
    for _ in range(12):
        stored()

    def work(_: int) -> int:
        try:
            return outbox.drain().sent
        finally:
            connection.close()

    with smtp_server(inbox := Inbox()) as port, ThreadPoolExecutor(4) as pool:
        mail_to(port)
        assert sum(pool.map(work, range(4))) == 12
    assert len({message["Message-ID"] for message in inbox.messages}) == len(inbox.messages) == 12


def test_worker_once_says_what_it_did(mail_to: MailTo, capsys: pytest.CaptureFixture[str]) -> None:
    stored()
    mail_to(free_port())
    with pytest.raises(CommandError) as failure:
        call_command("worker", "--once")
    assert failure.value.returncode == 1
    with smtp_server(Inbox()) as port:
        mail_to(port)
        call_command("worker", "--once")
    assert "Avisos enviados: 1. Fallidos: 0. Sin enviar: 0." in capsys.readouterr().out


def test_the_log_knows_no_visitor(mail_to: MailTo, caplog: pytest.LogCaptureFixture) -> None:
    submission = stored()
    mail_to(free_port())
    outbox.drain()
    assert f"submission {submission.pk} could not be mailed" in caplog.text
    for secret in VISITOR.values():
        assert secret not in caplog.text
