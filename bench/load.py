"""What a working day does to the site: `.venv/bin/python bench/load.py [--cases N] [--seconds N] [--people N]`.

gunicorn under production's settings, with PostgreSQL and Redis, for both databases of `bench/desk.py` in turn: gestores
who read a case, think and save a gestión, and an admin whose dashboard stands open beside them. Then requests without a
pause, for the memory of the workers. The clients run on the same machine and are measured with it. Each run saves
gestiones in those databases. Exit code 1: a figure is past its limit.
"""

import argparse
import json
import os
import random
import re
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from databases import ROOT, environment
from desk import WORK
from timing import databases_of

LIMIT_MS = 500  # of p95, at a think time of ten seconds
HELD = ("the queue", "the next case", "saving a gestión")
GROWTH = 1.1  # of the memory of a worker, from a quarter of the requests until the last
KEPT_SECONDS = 4  # by gunicorn five, of a connection without requests
CSRF = "a" * 32

SESSIONS = """
import json, sys, time
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from importlib import import_module
from django.conf import settings
from accounts.models import User
from cases.models import ActivityResult
from accounts.sessions import SEEN, STARTED
engine = import_module(settings.SESSION_ENGINE)
keys = {}
for user in User.objects.filter(role__in=["gestor", "admin"], is_active=True).order_by("pk"):
    session = engine.SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[STARTED] = session[SEEN] = int(time.time())
    session.create()
    keys[user.username] = session.session_key
print(json.dumps([keys, ActivityResult.objects.get(code="NC").pk]))
"""


@dataclass
class Figures:
    """Seconds of each action, and what was not as it should be."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)

    def show(self) -> bool:
        """Prints them; whether they are within the limits."""
        good = not self.errors
        print(f"{'':<28} {'times':>6} {'p50':>8} {'p95':>8} {'p99':>8} {'most':>8}")
        for name, seconds in self.seconds.items():
            cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
            shown = [1000 * value for value in (cuts[49], cuts[94], cuts[98], max(seconds))]
            late = name in HELD and shown[1] > LIMIT_MS
            good = good and not late
            print(f"{name:<28} {len(seconds):>6}", *(f"{value:5.0f} ms" for value in shown), "*" if late else "")
        for what, times in self.errors.items():
            print(f"  {times} × {what}")
        return good


class Person:
    """A browser with a session."""

    def __init__(self, port: int, session: str, figures: Figures) -> None:
        self.figures, self.asked_at = figures, 0.0
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Cookie": f"csrftoken={CSRF}; sessionid={session}", "X-CSRFToken": CSRF, "Host": "127.0.0.1"}

    def ask(self, name: str, path: str, part: str = "", form: dict[str, Any] | None = None) -> tuple[str, str]:
        """The text, and where it leads. Follows no redirect, as the next request is an action of its own."""
        headers = self.headers | ({"HX-Request": "true", "HX-Target": part, "Rows-Shown": "25"} if part else {})
        content = None
        if form is not None:
            content, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        started = time.monotonic()
        if started - self.asked_at > KEPT_SECONDS:
            self.connection.close()
        try:
            self.connection.request("POST" if form is not None else "GET", path, content, headers)
            answer = self.connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException) as error:
            self.figures.errors[f"{name}: {type(error).__name__}"] += 1
            self.connection.close()
            return "", ""
        self.asked_at = time.monotonic()
        self.figures.seconds[name].append(self.asked_at - started)
        if answer.status not in (200, 302) or "/login" in answer.headers.get("Location", ""):
            self.figures.errors[f"{name}: {answer.status}"] += 1
        return text, answer.headers.get("Location", "")


class Gestor(Person):
    result: int
    case = ""

    def open_queue(self) -> None:
        text, _ = self.ask("the queue", "/dashboard-gestor")
        self.case = next(iter(re.findall(r"/cases/(\d+)", text)), "")

    def save_and_go_on(self) -> None:
        form = {"token": uuid4().hex, "type": "call", "result": self.result, "notes": "No contesta.", "then": "next"}
        text, _ = self.ask("saving a gestión", f"/cases/{self.case}/activities", "desk", form)
        self.arrive(text)

    def step_on(self) -> None:
        text, _ = self.ask("the next case", f"/dashboard-gestor/next?from={self.case}", "case")
        self.arrive(text)

    def arrive(self, text: str) -> None:
        """The person who came with the answer is the one at work; nobody, and the queue is opened next."""
        self.case = next(iter(re.findall(r"/cases/(\d+)/activities", text)), "")

    def search(self) -> None:
        self.ask("a search", "/dashboard-gestor?search=maria+nunez", "queue")

    def work(self, until: float, think: float) -> None:
        """Half of the cases end in a gestión; now and then somebody calls, or the whole queue is looked at again."""
        time.sleep(random.uniform(0, think))
        while time.monotonic() < until:
            action = random.choices([self.save_and_go_on, self.step_on, self.search, self.open_queue], [5, 3, 1, 1])[0]
            (action if self.case else self.open_queue)()
            time.sleep(random.uniform(0.5, 1.5) * think)


class Boss(Person):
    def look(self, until: float, think: float) -> None:
        pages = ("/dashboard-admin", "/dashboard-admin?period=month", "/dashboard-admin/casos", "/submissions")
        while time.monotonic() < until:
            self.ask("the dashboard and its pages", random.choice(pages))
            time.sleep(random.uniform(0.5, 1.5) * think)


# --- The site -------------------------------------------------------------------------------------------
def production(url: str, folder: str, redis_url: str) -> dict[str, str]:
    return environment(url) | {
        "DJANGO_SETTINGS_MODULE": "nova.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "127.0.0.1",
        "DEBUG": "False",
        "REDIS_URL": redis_url,
        "SESSION_COOKIE_SECURE": "False",
        "TRUSTED_PROXY_HOPS": "0",
        "STATIC_ROOT": folder,
        "LOG_LEVEL": "INFO",
        "WEB_CONCURRENCY": os.environ.get("WEB_CONCURRENCY", "2"),
        "GUNICORN_MAX_REQUESTS": "0",  # memory is looked at for longer than that
    }


def manage(env: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def site(env: dict[str, str], folder: str) -> Any:
    """(port, process) of a gunicorn, its log in the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("gunicorn")), "--bind", f"127.0.0.1:{port}", "nova.wsgi"]
    with (Path(folder) / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port, server
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def workers_of(server: subprocess.Popen) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()]


def memory_of(pid: int) -> float:
    """MB that would be free without that worker: what it shares with the others counts in part."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(found[1]) / 1024 if found else 0


def at_once(actions: list[Any]) -> None:
    threads = [Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def working(port: int, sessions: dict[str, str], arguments: argparse.Namespace) -> bool:
    figures, until = Figures(), time.monotonic() + arguments.seconds
    names = [name for name in sessions if name != "admin"][: arguments.people]
    people = [Gestor(port, sessions[name], figures) for name in names]
    boss = Boss(port, sessions["admin"], figures)
    watching = [lambda: boss.look(until, arguments.think / 2)]
    at_once(watching + [lambda person=person: person.work(until, arguments.think) for person in people])
    return figures.show()


def remembering(port: int, server: subprocess.Popen, sessions: dict[str, str], requests: int) -> bool:
    """Whether the workers are no larger after so many requests than after a quarter of them."""
    figures, workers, sizes = Figures(), workers_of(server), []
    people = [Gestor(port, session, figures) for name, session in list(sessions.items())[:9] if name != "admin"]

    def hurry(person: Gestor, times: int) -> None:
        for turn in range(times):
            if turn % 20 == 0 or not person.case:
                person.open_queue()
            elif turn % 20 == 1:
                person.search()
            else:
                person.step_on()

    started = time.monotonic()
    for _ in range(4):
        before, asked = sum(map(len, figures.seconds.values())), 0
        while asked < requests / 4:
            at_once([lambda person=person: hurry(person, 100) for person in people])
            asked = sum(map(len, figures.seconds.values())) - before
        sizes.append([round(memory_of(pid), 1) for pid in workers])
    number = sum(map(len, figures.seconds.values()))
    print(f"{number:,} requests without a pause: {number / (time.monotonic() - started):.0f} a second; "
          f"MB of each worker after every quarter: {sizes}")  # fmt: skip
    grew = any(last > GROWTH * first for first, last in zip(sizes[0], sizes[-1], strict=True))
    figures.seconds.clear()
    return figures.show() and not grew


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--database", help="the address of another one, made by bench/agency.py, instead of those two")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--think", type=float, default=10, help="seconds between two actions of a person")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--requests", type=int, default=20_000, help="without a pause, for the memory")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/14")
    arguments = parser.parse_args()
    good = True
    for url in [arguments.database] if arguments.database else databases_of(arguments, "desk", WORK):
        with tempfile.TemporaryDirectory() as folder:
            env = production(url, folder, arguments.redis)
            manage(env, "collectstatic", "--no-input", "-v0", "--ignore=drf_spectacular_sidecar", "--ignore=admin")
            sessions, Gestor.result = json.loads(manage(env, "shell", "-v0", "--no-imports", "-c", SESSIONS))
            with site(env, folder) as (port, server):
                print(f"{url.rsplit('/', 1)[1]}, {arguments.people} people who think for {arguments.think:g} s")
                good = working(port, sessions, arguments) and good
                if arguments.requests:
                    good = remembering(port, server, sessions, arguments.requests) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
