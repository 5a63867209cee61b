"""The application as a deployment runs it: gunicorn under production's settings, with a database of its own."""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_WAIT = 60  # seconds, for who starts or ends: only a test that fails takes them
# Added to an environment where people log in.
QUICK_HASHES = {"DJANGO_SETTINGS_MODULE": "tests.quick_hashes"}


def environment(database: Path, *, redis_url: str, workers: int) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "nova.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "127.0.0.1",
        "DEBUG": "False",
        "DATABASE_URL": f"sqlite:///{database}",
        "REDIS_URL": redis_url,
        "WEB_CONCURRENCY": str(workers),
        "SESSION_COOKIE_SECURE": "False",
        "TRUSTED_PROXY_HOPS": "1",
        # Who does not hear that it is to stop is not killed before its test fails.
        "GUNICORN_GRACEFUL_TIMEOUT": str(2 * LONGEST_WAIT),
    }


def prepare(folder: Path, kept: Path | None) -> Path:
    """A migrated database and the collected static files, made once for all workers of a run of the tests.

    `kept`: the migrated database of an earlier run, where there is one: `migrate` then finds nothing to do.
    """
    place = folder / "serving"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            if kept:
                shutil.copy(kept, place / "nova.db")
            env = environment(place / "nova.db", redis_url="", workers=1) | {"STATIC_ROOT": str(place / "static")}
            manage(env, "migrate", "-v0")
            # Those of packages are many and compressed one by one, and no test here asks for them.
            ignored = ("admin", "drf_spectacular_sidecar", "rest_framework", "htmx-4*", "htmax-4*")
            manage(env, "collectstatic", "--no-input", "-v0", *(f"--ignore={name}" for name in ignored))
            (place / "done").touch()
    return place


def installation(prepared: Path, folder: Path, *, redis_url: str, workers: int) -> dict[str, str]:
    """The environment of a deployment in `folder`, with a database of its own."""
    shutil.copy(prepared / "nova.db", folder / "nova.db")
    env = environment(folder / "nova.db", redis_url=redis_url, workers=workers)
    return env | {"STATIC_ROOT": str(prepared / "static")}


def manage(env: dict[str, str], *arguments: str) -> str:
    """What `manage.py …` prints in that environment."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


@dataclass(frozen=True)
class Site:
    """A deployment that several tests share: each brings people, addresses and rows of its own."""

    port: int
    env: dict[str, str]


@contextmanager
def site(prepared: Path, folder: Path, *, redis_url: str, workers: int) -> Iterator[Site]:
    env = installation(prepared, folder, redis_url=redis_url, workers=workers) | QUICK_HASHES
    with gunicorn(env) as port:
        yield Site(port, env)


@contextmanager
def gunicorn(
    env: dict[str, str], log: Any = subprocess.DEVNULL, *, within: Callable[..., list[str]] | None = None
) -> Iterator[int]:
    """The port on which it answers; `log` is where it writes. `within` makes the command of one started elsewhere."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("gunicorn")), "--bind", f"127.0.0.1:{port}", "nova.wsgi"]
    command = within(*command) if within else command
    server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(LONGEST_WAIT)


def children(pid: int) -> set[int]:
    """The processes that it has started and that have not ended."""
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def process_on(port: int) -> int:
    """The process of ours that was told to listen there."""
    (found,) = [pid for pid in children(os.getpid()) if str(port) in Path(f"/proc/{pid}/cmdline").read_text()]
    return found


def wait_for(port: int) -> None:
    deadline = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("gunicorn did not start")
