"""People who pay while machines, processes and disks are taken away."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from tests.operations.cluster import BROKEN_OFF, NotSent, ask
from tests.wire import Browser

CONFIRMED = "payment_confirm_duplicate"  # the payments of a person are all alike
# What a person asks of a port with the key of their payment: whether it was taken, status, text, Retry-After.
Payer = Callable[[int, str], tuple[bool, int, str, str | None]]


def by_token(token: str, case: int) -> Payer:
    """A program that pays by the API."""

    def pay(port: int, key: str) -> tuple[bool, int, str, str | None]:
        headers = {"Authorization": f"Token {token}", "Idempotency-Key": key}
        status, text, answered = ask(
            port,
            "POST",
            f"/api/v1/cases/{case}/payments",
            body={"amount": "1.00", "confirm_duplicate": True},
            headers=headers,
        )
        return status == 201, status, text, answered.get("Retry-After")

    return pay


def by_form(browser: Browser, case: int) -> Payer:
    """A person with a session, who sends the form again that was not answered."""

    def pay(port: int, key: str) -> tuple[bool, int, str, str | None]:
        form = [
            ("token", key),
            ("payment_amount", "1,00"),
            ("payment_method", "cash"),
            ("payment_confirm_duplicate", "on"),
        ]
        status, text = browser.send(port, "POST", f"/cases/{case}/payments", form=form)
        # Saved, and where it goes on: to the case itself, or to the one that follows.
        saved = status in (302, 303)
        return saved, 303 if saved else status, text, None

    return pay


class Load:
    """People who pay $ 1 each time and try again until they are told that it was taken.

    A balancer stands before the machines: where nobody listens, another is asked. Each payment has its key, so that
    trying again is safe (DESIGN §3.7).
    """

    def __init__(self, payers: Sequence[Payer], ports: list[int], *, each: int, pause: float = 0.02) -> None:
        self.ports, self.each, self.pause = ports, each, pause
        self.answers: Counter = Counter()
        self.broken: list[float] = []
        self.texts: set[str] = set()
        self.waits: set[str | None] = set()
        self.taken = 0
        self._lock = threading.Lock()
        self._people = [threading.Thread(target=self._pay, args=(payer,)) for payer in payers]

    def __enter__(self) -> "Load":
        for person in self._people:
            person.start()
        return self

    def __exit__(self, *exception: object) -> None:
        for person in self._people:
            person.join(120)

    @property
    def wanted(self) -> int:
        return len(self._people) * self.each

    def _pay(self, payer: Payer) -> None:
        for number in range(self.each):
            key = secrets.token_hex(8)
            while not self._tried(payer, key, number):
                time.sleep(0.2)
            with self._lock:
                self.taken += 1
            time.sleep(self.pause)

    def _tried(self, payer: Payer, key: str, number: int) -> bool:
        for turn in range(len(self.ports)):
            port = self.ports[(number + turn) % len(self.ports)]
            try:
                taken, status, text, wait = payer(port, key)
            except NotSent:  # the next machine is asked
                continue
            except BROKEN_OFF:
                with self._lock:
                    self.broken.append(time.monotonic())
                return False
            with self._lock:
                self.answers[status] += 1
                if not taken:
                    self.texts.add(text)
                    self.waits.add(wait)
            return taken
        return False
