"""The tests' database without its migrations run each time: a copy of the one that an earlier run migrated.

On SQLite the copy is a file of pytest's cache, on PostgreSQL a template database of the same server. Its name holds a
hash of the migrations, so that a changed migration makes another one. Django still runs `migrate` on the copy, which
then finds nothing to do. `--create-db` does without it.

On a fresh clone the first worker makes it, and the others wait and copy it; who has waited too long migrates itself.
"""

import ast
import fcntl
import hashlib
import importlib.util
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import django
import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from psycopg import sql

LONGEST_WAIT = 120  # seconds: the worker that makes it may have died


def key() -> str:
    """Changes with every migration of an installed app, and with the modules of ours that a migration imports."""
    found = hashlib.sha256(f"{django.get_version()} {connection.settings_dict['ENGINE']}".encode())
    for app in apps.get_app_configs():
        for migration in sorted(Path(app.path).glob("migrations/*.py")):
            source = migration.read_bytes()
            found.update(source)
            for path in _imported(source):
                found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _imported(source: bytes) -> list[Path]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    paths = []
    for name in sorted(names):
        if (Path(settings.BASE_DIR) / name.split(".")[0]).is_dir():
            with suppress(ImportError):  # a name in a module is no module
                spec = importlib.util.find_spec(name)
                paths += [Path(spec.origin)] if spec and spec.origin else []
    return paths


def is_there(made: Callable[[], bool], my_turn: Callable[[], bool]) -> bool:
    """Whether it has been made; else this worker makes it. At most one does at a time, and the others wait for it."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not made():
        if my_turn():
            return made()  # by whom had the turn until now
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


class SQLite:
    """In the memory of this process; `kept` is the file."""

    def __init__(self, config: pytest.Config) -> None:
        self.kept = Path(config.cache.mkdir("databases")) / f"{key()}.sqlite3"
        self.held: sqlite3.Connection | None = None
        self.turn = self.kept.with_name("turn").open("w")

    def restore(self) -> None:
        if not is_there(self.kept.exists, self._take_the_turn):
            return
        self.turn.close()
        # A database in memory lasts as long as a connection to it: this one until Django has its own.
        self.held = sqlite3.connect(connection.creation._get_test_db_name(), uri=True)
        kept = sqlite3.connect(self.kept)
        kept.backup(self.held)
        kept.close()

    def keep(self) -> None:
        if self.held is not None:
            self.held.close()
            return
        unfinished = self.kept.with_suffix(f".{os.getpid()}")
        copy = sqlite3.connect(unfinished)
        connection.ensure_connection()
        connection.connection.backup(copy)
        copy.close()
        for old in self.kept.parent.glob("*.sqlite3"):
            old.unlink(missing_ok=True)
        unfinished.replace(self.kept)  # whole or not at all: another worker may do the same at this moment
        self.turn.close()

    def _take_the_turn(self) -> bool:
        try:
            fcntl.flock(self.turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Nothing to end: the database goes with this process."""


def kept_file(config: pytest.Config) -> Path | None:
    """The database that an earlier run migrated, where it is a file."""
    kept = database(config)
    if not isinstance(kept, SQLite):
        return None
    kept.turn.close()
    return kept.kept if kept.kept.exists() else None


class PostgreSQL:
    """`kept` is a database that nobody can connect to; those of earlier migrations of this checkout go."""

    def __init__(self, config: pytest.Config) -> None:
        base = hashlib.sha256(config.rootpath.as_posix().encode()).hexdigest()[:8]
        self.family = f"nova_tests_{base}_"
        self.kept = self.family + key()
        self.found = False
        self.turn: psycopg.Connection | None = None  # a lock of its session, until it is closed

    def restore(self) -> None:
        self.turn = self._server()
        self.found = is_there(self._is_kept, self._take_the_turn)
        if self.found:
            self.turn.close()
            connection.settings_dict["TEST"]["TEMPLATE"] = self.kept

    def _is_kept(self) -> bool:
        return bool(self.turn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.kept]).fetchall())

    def _take_the_turn(self) -> bool:
        ((mine,),) = self.turn.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [self.kept]).fetchall()
        return mine

    def keep(self) -> None:
        if self.found:
            return
        connection.close()  # a database with sessions cannot be copied
        with self._server() as server:
            for (old,) in server.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname <> %s",
                [self.family, self.kept],
            ).fetchall():
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(old)))
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):  # another worker was first
                server.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {} ALLOW_CONNECTIONS false").format(
                        sql.Identifier(self.kept), sql.Identifier(connection.settings_dict["NAME"])
                    )
                )
        self.turn.close()

    def close(self) -> None:
        """A thread of the live server may hold its connection a moment longer than its test: nothing uses it now."""
        with self._server() as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [connection.settings_dict["NAME"]],
            )

    def _server(self) -> psycopg.Connection:
        given = connection.settings_dict
        return psycopg.connect(
            dbname="postgres",
            user=given["USER"] or None,
            password=given["PASSWORD"] or None,
            host=given["HOST"] or None,
            port=given["PORT"] or None,
            autocommit=True,
        )


def database(config: pytest.Config) -> SQLite | PostgreSQL | None:
    """What prepares the database of this run; None where nothing is kept (a file of SQLite, `--create-db`)."""
    if config.getoption("create_db") or config.getoption("nomigrations"):
        return None
    if connection.vendor == "postgresql":
        return PostgreSQL(config)
    in_memory = connection.creation.is_in_memory_db(connection.creation._get_test_db_name())
    return SQLite(config) if in_memory and hasattr(config, "cache") else None
