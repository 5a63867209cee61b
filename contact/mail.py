"""The mail to the agency about a submission, and errors of mail servers as sentences."""

import smtplib
import socket
import ssl
from contextlib import suppress
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from contact.models import ContactSubmission
from nova.lib.dates import wait_in_words


def notice(submission: ContactSubmission) -> EmailMultiAlternatives:
    """The message to CONTACT_RECIPIENTS, with the visitor as Reply-To.

    A second copy, if a sender died between sending and storing that, has the same Message-ID, so that mail readers show
    one.
    """
    who = f"{submission.name} ({submission.entity})" if submission.entity else submission.name
    context = {"submission": submission, "agency": settings.AGENCY_NAME}
    mail = EmailMultiAlternatives(
        subject=one_line(f"Consulta de {who}"),
        body=render_to_string("contact/notice.txt", context),
        to=settings.CONTACT_RECIPIENTS,
        reply_to=[one_line(submission.email)],
        headers={"Message-ID": f"<contacto-{submission.key}@{_sender_domain()}>"},
    )
    mail.attach_alternative(render_to_string("contact/notice.html", context), "text/html")
    return mail


def trial(*, to: list[str], by: str) -> EmailMultiAlternatives:
    body = f"Este es un mensaje de prueba de {settings.AGENCY_NAME}, pedido por {by}.\n\nSi lo lee, el correo funciona."
    return EmailMultiAlternatives(subject=one_line(f"Prueba de correo · {settings.AGENCY_NAME}"), body=body, to=to)


def deliver(message: EmailMultiAlternatives) -> None:
    """Send a message. Raises the error of the connection or server; `in_words` turns it into a sentence.

    Django leaves a connection open when STARTTLS or the log-in failed; in a process that runs for weeks they would add
    up.
    """
    message.connection = get_connection()
    try:
        message.send()
    finally:
        with suppress(OSError):
            message.connection.close()


def one_line(text: str) -> str:
    """The text as one line for a header: line breaks and other control characters become spaces."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _sender_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


# --- What went wrong -----------------------------------------------------------------------------------------
def is_unreachable(error: Exception) -> bool:
    """Whether the server cannot be reached: the next message would fail in the same way."""
    return isinstance(error, OSError) and not isinstance(
        error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused
    )


def in_words(error: Exception) -> str:
    """What failed with the mail server, and which setting to check. Names settings, never a secret."""
    return one_line(f"{_reason(error)}{_reply(error)}")


# From specific to general: SMTPException and the errors of ssl and socket are all OSErrors.
REASONS: list[tuple[type[Exception], str]] = [
    (
        smtplib.SMTPAuthenticationError,
        "{server} no aceptó el usuario o la contraseña: revise MAIL_USERNAME y MAIL_PASSWORD.",
    ),
    (smtplib.SMTPSenderRefused, "{server} no acepta el remitente: revise MAIL_DEFAULT_SENDER."),
    (smtplib.SMTPRecipientsRefused, "{server} no acepta a ningún destinatario: revise CONTACT_RECIPIENTS."),
    (smtplib.SMTPDataError, "{server} rechazó el mensaje."),
    (
        smtplib.SMTPNotSupportedError,
        "{server} no ofrece lo que se le pide: revise MAIL_USE_TLS, y si exige usuario y contraseña.",
    ),
    (
        smtplib.SMTPServerDisconnected,
        "{server} cortó la conversación: revise que MAIL_USE_SSL y MAIL_USE_TLS sean los de MAIL_PORT.",
    ),
    (smtplib.SMTPException, "{server} no aceptó el mensaje."),
    (ssl.SSLCertVerificationError, "El certificado de {server} no es válido para ese nombre: revise MAIL_SERVER."),
    (
        ssl.SSLError,
        "No hubo acuerdo de cifrado con {server}: el puerto 465 va con MAIL_USE_SSL, el 587 con MAIL_USE_TLS.",
    ),
    (socket.gaierror, "No se encuentra el servidor {host}: revise MAIL_SERVER."),
    (TimeoutError, "{server} no respondió en {patience}: revise MAIL_PORT y el cortafuegos."),
    (ConnectionRefusedError, "{server} no atiende: revise MAIL_SERVER y MAIL_PORT."),
    (OSError, "No se pudo llegar a {server}: revise MAIL_SERVER, MAIL_PORT y la red."),
]


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, TimeoutError):
        error = error.__context__  # smtplib reports a timeout as a disconnection
    host, patience = settings.EMAIL_HOST, wait_in_words(settings.EMAIL_TIMEOUT)
    for kind, words in REASONS:
        if isinstance(error, kind):
            return words.format(server=f"{host}:{settings.EMAIL_PORT}", host=host, patience=patience)
    return f"El mensaje no se pudo armar ({type(error).__name__})."


def _reply(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "".join(f" Respondió por {who}: {_said(code, text)}" for who, (code, text) in error.recipients.items())
    if isinstance(error, smtplib.SMTPResponseException):
        return f" Respondió: {_said(error.smtp_code, error.smtp_error)}"
    return ""


def _said(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"[:200]
