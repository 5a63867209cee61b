"""Mail servers of our own, and forms as a visitor's browser sends them."""

import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from django.core import signing

from contact import tickets

VISITOR = {
    "name": "Marta Núñez",
    "entity": "Banco del Plata",
    "email": "marta@bancodelplata.example",
    "phone": "011 4444-5555",
    "message": "Tenemos una cartera de 3.000 casos.\n¿Cómo seguimos?",
}


def ticket_of_age(seconds: int, key: str | None = None) -> str:
    """`key` is the SECRET_KEY of who will look at it, when that is not this process."""

    class Earlier(signing.TimestampSigner):
        def timestamp(self) -> str:
            return signing.b62_encode(int(time.time()) - seconds)

    return Earlier(key=key, salt=tickets.SALT).sign(uuid.uuid4().hex)


def filled_in(**changes: str) -> dict[str, str]:
    """A form that a person had open for a minute."""
    return {**VISITOR, "ticket": ticket_of_age(60), "website": "", **changes}


class Inbox:
    """What the server took, as messages; `refusal` is what it answers with instead."""

    def __init__(self, refusal: str = "", at: str = "DATA", delay: float = 0) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refusal, self.at, self.delay = refusal, at, delay

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.refusal and self.at == "RCPT":
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusal and self.at == "DATA":
            return self.refusal
        self.recipients += envelope.rcpt_tos
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def smtp_server(inbox: Inbox, port: int | None = None, **options: Any) -> Iterator[int]:
    server = Controller(inbox, hostname="127.0.0.1", port=port or free_port(), **options)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@contextmanager
def silent_server(port: int = 0) -> Iterator[int]:
    """It takes the connection, and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen(20)
        yield listener.getsockname()[1]


MailTo = Callable[[int], None]
