"""`import_cases` as a process of its own: exit codes, signals, two at once, no database (DESIGN §5 "Atomic")."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.db.models.signals import post_save

from cases.models import Case, ImportBatch
from tests.cases.importing.command import import_cases, portfolio

ROOT = Path(__file__).parents[3]
ENOUGH_ROWS = 30_000  # a few seconds of writing
TABLES = (
    "cases_case",
    "cases_debtor",
    "cases_ledgerentry",
    "cases_cartera",
    "cases_importbatch",
    "accounts_auditevent",
)

pytestmark = pytest.mark.django_db(transaction=True)


class Installation:
    """A database that other processes see: on SQLite a copy in a file, on PostgreSQL the tests' own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen] = []
        self.file = folder / "gestiones.db"
        settings = connection.settings_dict
        if connection.vendor == "sqlite":
            with contextlib.closing(sqlite3.connect(self.file)) as copy:
                connection.ensure_connection()
                connection.connection.backup(copy)
            self.url = f"sqlite:///{self.file}"
        else:
            user = (
                f"{settings['USER']}:{quote(settings['PASSWORD'])}@" if settings["PASSWORD"] else f"{settings['USER']}@"
            )
            self.url = f"postgres://{user}{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
        # A thread of an earlier test may still hold a session of its own: it is none of an import's.
        self.earlier = self.sessions()

    def start(self, file: Path, *options: str, **environment: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "import_cases", str(file), "--cartera", "Cristal Cash", *options],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": self.url,
                "DJANGO_SETTINGS_MODULE": "nova.settings.test",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Tests that run in the background of a shell ignore Ctrl+C, and so would what they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.running.append(process)
        return process

    def run(self, file: Path, *options: str, **environment: str) -> tuple[int, list[str], list[str]]:
        """Exit code, lines of stdout and of stderr."""
        return ended(self.start(file, *options, **environment))

    def ask(self, sql: str) -> object:
        """The first value of a query's answer, on what is committed."""
        if connection.vendor == "sqlite":
            with contextlib.closing(sqlite3.connect(self.file)) as database:
                return database.execute(sql).fetchone()[0]
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]

    def counts(self) -> dict[str, object]:
        return {table: self.ask(f"SELECT count(*) FROM {table}") for table in TABLES}  # noqa: S608

    def is_writing(self) -> bool:
        """Whether rows not yet committed have reached the disk."""
        if connection.vendor == "sqlite":
            log = self.file.with_name(self.file.name + "-wal")
            return log.exists() and log.stat().st_size > 1_000_000
        return self.ask("SELECT pg_relation_size('cases_case')") > 500_000

    def sessions(self) -> set[int]:
        """The processes of PostgreSQL that serve this database, but for the one that answers."""
        if connection.vendor == "sqlite":
            return set()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return {pid for (pid,) in cursor.fetchall()}

    def others_are_gone(self) -> bool:
        """Whether no session is left that began with this installation."""
        return self.sessions() <= self.earlier


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE cases_case CASCADE")  # its size on disk tells when an import has begun to write
    installed = Installation(tmp_path)
    yield installed
    for process in installed.running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process: subprocess.Popen) -> tuple[int, list[str], list[str]]:
    out, error = process.communicate(timeout=120)
    return process.returncode, out.splitlines(), error.splitlines()


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():  # honest: it is left when what is waited for has come
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    rows = (f"{n};ANA;PEREZ;{10_000_000 + n};1.500,50" for n in range(ENOUGH_ROWS))
    return portfolio(tmp_path, *rows, name="grande.csv")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return portfolio(tmp_path, "1;ANA;PÉREZ;20111222;1.500,50", name="chica.csv")


def half_way(installation: Installation, file: Path) -> subprocess.Popen:
    process = installation.start(file, "--create-cartera")
    wait_until(lambda: installation.is_writing() or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    return process


# --- Codes -------------------------------------------------------------------------------------------
def test_exit_codes_and_one_line_of_complaint(installation, small, tmp_path):
    bad = portfolio(tmp_path, "2;;;;x", name="mala.csv")

    code, out, error = installation.run(small, "--create-cartera")
    assert (code, out[-1], error) == (
        0,
        "created=1 updated=0 unchanged=0 rejected=0 warnings=0 total=1500.50",
        [],
    )
    assert installation.run(bad)[0] == 1
    code, _, error = installation.run(tmp_path / "no-esta.csv")
    assert (code, len(error)) == (2, 1)
    assert "No existe el archivo" in error[0]
    assert installation.ask("SELECT count(*) FROM cases_case") == 1


def test_an_option_that_does_not_exist_is_2(installation, small):
    assert installation.run(small, "--date-order", "ydm")[0] == 2


def test_no_database_is_one_line_and_2(tmp_path, small):
    nowhere = Installation.__new__(Installation)
    nowhere.running, nowhere.url = [], "postgres://nova@127.0.0.1:1/nova"

    code, _, error = nowhere.run(small, "--create-cartera")

    assert (code, len(error)) == (2, 1)
    assert "No se pudo abrir la base de datos" in error[0]
    assert error[0].endswith("No se guardó nada.")


# --- Stopped half way --------------------------------------------------------------------------------
def test_killed_half_way_leaves_nothing(installation, large, small):
    before = installation.counts()
    process = half_way(installation, large)

    process.kill()

    assert ended(process)[0] == -signal.SIGKILL
    wait_until(installation.others_are_gone)
    assert installation.counts() == before
    assert installation.run(small, "--create-cartera")[0] == 0, "and the next import is not kept out"


def test_interrupted_half_way_says_so_and_leaves_nothing(installation, large):
    before = installation.counts()
    process = half_way(installation, large)

    process.send_signal(signal.SIGINT)

    code, _, error = ended(process)
    assert (code, len(error)) == (2, 1), error
    assert "Importación interrumpida: no se guardó nada." in error[0]
    assert installation.counts() == before


def test_interrupted_after_the_last_word_of_the_database_says_that_it_is_done(small):
    def interrupt() -> None:
        raise KeyboardInterrupt

    def when_a_batch_is_committed(**kwargs: object) -> None:
        transaction.on_commit(interrupt)

    post_save.connect(when_a_batch_is_committed, sender=ImportBatch)
    try:
        ran = import_cases(small)
    finally:
        post_save.disconnect(when_a_batch_is_committed, sender=ImportBatch)

    assert ran.code == 1
    assert "se guardó todo" in ran.error
    assert Case.objects.count() == 1


# --- Two at once ---------------------------------------------------------------------------------------
@pytest.mark.postgres
def test_a_second_import_is_refused_in_words(installation, large, small):
    first = half_way(installation, large)
    first.send_signal(signal.SIGSTOP)

    code, _, error = installation.run(small, "--create-cartera")
    dry_code, _, _ = installation.run(small, "--create-cartera", "--dry-run")

    assert (code, dry_code, len(error)) == (2, 2, 1)
    assert "Hay otra importación en curso" in error[0]
    first.send_signal(signal.SIGCONT)
    assert ended(first)[0] == 0
    assert installation.ask("SELECT count(*) FROM cases_case") == ENOUGH_ROWS


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite makes the second wait, PostgreSQL refuses it")
def test_on_sqlite_the_second_waits_and_finds_everything_done(installation, tmp_path):
    file = portfolio(tmp_path, *(f"{n};ANA;PEREZ;{10_000_000 + n};10" for n in range(6000)))

    both = [ended(process) for process in [installation.start(file, "--create-cartera") for _ in range(2)]]

    assert [code for code, _, _ in both] == [0, 0], both
    assert sorted(out[-1].split()[0] for _, out, _ in both) == ["created=0", "created=6000"]
    assert installation.ask("SELECT count(*) FROM cases_case") == 6000


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's write lock")
def test_on_sqlite_whoever_waits_too_long_is_refused_in_words(installation, small, tmp_path):
    (tmp_path / "impatient.py").write_text(
        "from nova.settings.test import *\nDATABASES['default']['OPTIONS']['timeout'] = 0.5\n"
    )
    environment = {"PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "impatient"}
    with contextlib.closing(sqlite3.connect(installation.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        code, _, error = installation.run(small, "--create-cartera", **environment)

    assert (code, len(error)) == (2, 1)
    assert "Hay otra importación en curso" in error[0]
