"""What the benchmarks share: `manage.py` on a database of their own, made anew."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent


def environment(url: str) -> dict[str, str]:
    """What a process needs to work on the database of that address."""
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "nova.settings.dev", "PYTHONPATH": str(ROOT)}


def manage(url: str, *arguments: object) -> tuple[float, str, int]:
    """Seconds, last line and peak memory in MB of one `manage.py` command."""
    before = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)],
        cwd=ROOT,
        env=environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - before
    if done.returncode > 1:
        sys.exit(done.stderr)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return seconds, done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "", peak


def exists(url: str) -> bool:
    server, name = url.rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres") as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def fresh_database(url: str) -> None:
    server, name = url.rsplit("/", 1)
    drop(url)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    manage(url, "migrate", "-v0")


def drop(url: str) -> None:
    server, name = url.rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def copy(url: str, name: str) -> None:
    """The same database under another name, with the statistics that it has."""
    server, source = url.rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')


def rename(url: str, name: str) -> None:
    server, former = url.rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{former}" RENAME TO "{name}"')
