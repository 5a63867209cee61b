"""deploy/backup.sh and deploy/restore.sh on a real PostgreSQL: what they keep, refuse and put in place."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests import serving

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(shutil.which("pg_dump") is None, reason="needs PostgreSQL's client programs"),
]


class Server:
    """A database of its own beside the tests' one, and the scripts on it."""

    def __init__(self, folder: Path, *, suffix: str) -> None:
        settings = connection.settings_dict
        self.name = f"{settings['NAME']}_{suffix}"
        self.server = f"postgres://{settings['USER']}@{settings['HOST']}:{settings['PORT'] or 5432}"
        self.env = os.environ | {
            "DATABASE_URL": f"{self.server}/{self.name}",
            "DJANGO_SETTINGS_MODULE": "nova.settings.dev",
            "BACKUP_DIR": str(folder / "copias"),
            "PYTHON": serving.sys.executable,
        }
        self.folder = folder / "copias"

    def script(self, name: str, *arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
        command = [f"deploy/{name}.sh", *map(str, arguments)]
        return subprocess.run(command, cwd=serving.ROOT, env=self.env | env, capture_output=True, text=True)

    def backup(self, **env: str) -> Path:
        done = self.script("backup", **env)
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.strip())

    def sql(self, statement: str, database: str = "") -> list[tuple]:
        with psycopg.connect(f"{self.server}/{database or self.name}", autocommit=True) as own:
            cursor = own.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def databases(self) -> set[str]:
        return {
            name for (name,) in self.sql("SELECT datname FROM pg_database", "postgres") if name.startswith(self.name)
        }

    def drop(self) -> None:
        for name in self.databases():
            self.sql(f'DROP DATABASE "{name}" WITH (FORCE)', "postgres")


@pytest.fixture(scope="module")
def template(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[str]:
    """The name of a migrated database with an agency in it, of which each test gets a copy."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL=postgres://…")
    with django_db_blocker.unblock():
        made = Server(tmp_path_factory.mktemp("plantilla"), suffix="plantilla")
    made.drop()
    made.sql(f'CREATE DATABASE "{made.name}"', "postgres")
    serving.manage(made.env, "migrate", "-v0")
    serving.manage(made.env, "create_sample_data", "--cases", "30")
    yield made.name
    made.drop()


@pytest.fixture
def server(template: str, tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path, suffix="copia")
    made.drop()
    made.sql(f'CREATE DATABASE "{made.name}" TEMPLATE "{template}"', "postgres")
    yield made
    made.drop()


@pytest.mark.django_db
def test_a_drill_restores_verifies_and_leaves_nothing(server: Server):
    backup = server.backup()

    done = server.script("restore", backup)

    assert done.returncode == 0, done.stderr
    assert "errors=0" in done.stdout
    assert server.databases() == {server.name}
    assert oct(backup.stat().st_mode & 0o777) == "0o600"


@pytest.mark.django_db
def test_replace_puts_the_copy_in_place_and_keeps_the_former(server: Server):
    (cases,) = server.sql("SELECT COUNT(*) FROM cases_case")
    backup = server.backup()
    server.sql("UPDATE cases_case SET notes = 'se perdería'")

    done = server.script("restore", backup, "--replace")

    assert done.returncode == 0, done.stderr
    assert server.sql("SELECT COUNT(*) FROM cases_case WHERE notes <> 'se perdería'") == [cases]
    (former,) = server.databases() - {server.name}
    assert former.startswith(f"{server.name}_antes_")
    assert server.sql("SELECT COUNT(*) FROM cases_case WHERE notes = 'se perdería'", former) == [cases]


@pytest.mark.django_db
def test_a_damaged_copy_is_refused(server: Server):
    backup = server.backup()
    content = bytearray(backup.read_bytes())
    content[len(content) // 2] ^= 0xFF
    backup.write_bytes(content)

    done = server.script("restore", backup, "--replace")

    assert done.returncode == 1
    assert "La copia está dañada" in done.stderr
    assert server.databases() == {server.name}


@pytest.fixture
def unsound(server: Server) -> Path:
    """A backup of data that break a rule."""
    server.sql("UPDATE cases_case SET balance = balance + 1, notes = 'de la copia'")
    backup = server.backup()
    server.sql("UPDATE cases_case SET notes = 'de hoy'")
    return backup


def notes(server: Server, database: str = "") -> list[tuple]:
    return server.sql("SELECT DISTINCT notes FROM cases_case", database)


@pytest.mark.django_db
def test_data_that_break_the_rules_take_no_place_unless_they_are_accepted(server: Server, unsound: Path):
    refused = server.script("restore", unsound, "--replace")

    assert refused.returncode == 1
    assert "ATENCIÓN: los datos de la copia no respetan las reglas (errors=" in refused.stderr
    assert "--replace --accept-findings" in refused.stderr
    assert server.databases() == {server.name}
    assert notes(server) == [("de hoy",)]

    accepted = server.script("restore", unsound, "--replace", "--accept-findings")

    assert accepted.returncode == 0, accepted.stderr
    assert "ATENCIÓN: los datos de la copia no respetan las reglas (errors=" in accepted.stderr
    assert notes(server) == [("de la copia",)]
    (former,) = server.databases() - {server.name}
    assert notes(server, former) == [("de hoy",)]


@pytest.mark.django_db
def test_keep_keeps_whatever_was_found(server: Server, unsound: Path):
    done = server.script("restore", unsound, "--keep")

    assert done.returncode == 3
    assert "ATENCIÓN: los datos de la copia no respetan las reglas (errors=" in done.stderr
    kept = done.stdout.splitlines()[-1]
    assert server.databases() == {server.name, kept}
    assert notes(server, kept) == [("de la copia",)]


@pytest.mark.django_db
def test_a_copy_of_an_older_version_is_brought_up_to_date(server: Server):
    serving.manage(server.env, "migrate", "contact", "0003", "-v0")
    backup = server.backup()

    done = server.script("restore", backup, "--keep")

    assert done.returncode == 0, done.stderr
    kept = done.stdout.splitlines()[-1]
    applied = "SELECT COUNT(*) FROM django_migrations WHERE app = 'contact'"
    assert server.sql(applied, kept) > server.sql(applied)


def killing(folder: Path, program: str, *, when: str) -> dict[str, str]:
    """The environment in which a script is killed as soon as that program has done what `when` is a word of."""
    folder.mkdir(exist_ok=True)
    shim = folder / program
    shim.write_text(
        f'#!/bin/sh\n{shutil.which(program)} "$@"\ndone=$?\ncase "$*" in *"{when}"*) kill -9 $PPID;; esac\nexit $done\n'
    )
    shim.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.django_db
def test_killed_while_it_puts_the_copy_in_place_there_is_a_database(server: Server, tmp_path: Path):
    backup = server.backup()

    with psycopg.connect(f"{server.server}/{server.name}"):  # somebody works there
        done = server.script("restore", backup, "--replace", **killing(tmp_path / "bin", "psql", when="RENAME"))

    assert done.returncode == -signal.SIGKILL
    assert server.name in server.databases()
    (cases,) = server.sql("SELECT COUNT(*) FROM cases_case")
    (former,) = server.databases() - {server.name}
    assert server.sql("SELECT COUNT(*) FROM cases_case", former) == [cases]


@pytest.mark.django_db
def test_what_a_killed_restore_left_is_named_and_removed_when_asked(server: Server, tmp_path: Path):
    backup = server.backup()
    killed = server.script("restore", backup, **killing(tmp_path / "bin", "psql", when="CREATE DATABASE"))
    assert killed.returncode == -signal.SIGKILL
    (left,) = server.databases() - {server.name}

    backup.write_bytes(b"damaged")
    named = server.script("restore", backup)  # however it ends

    assert f"{left}: quedó de una restauración que se cortó" in named.stderr
    assert "deploy/restore.sh --remove" in named.stderr
    for other in (server.name, "postgres", f"{server.name}_restaurando_x"):
        refused = server.script("restore", "--remove", other)
        assert (refused.returncode, "no se borró" in refused.stderr) == (1, True)
    with psycopg.connect(f"{server.server}/{left}"):  # a program of the killed one is still at work
        removed = server.script("restore", "--remove", left)
    assert removed.returncode == 0, removed.stderr
    assert server.databases() == {server.name}


@pytest.mark.django_db
def test_rotation_keeps_the_newest_and_the_first_of_each_month(server: Server):
    server.folder.mkdir()
    names = [f"gestiones-2026{month:02}{day:02}-033000.dump" for month in (8, 9, 10) for day in (1, 2, 15, 28)]
    for name in names:
        (server.folder / name).touch()
        (server.folder / f"{name}.sha256").touch()

    newest = server.backup(KEEP_NEWEST="3", KEEP_MONTHS="3")

    kept = sorted(path.name for path in server.folder.glob("*.dump"))
    # This month's first is the one just made, beside those of the two months before.
    assert kept == [
        "gestiones-20260901-033000.dump", "gestiones-20261001-033000.dump", "gestiones-20261015-033000.dump",
        "gestiones-20261028-033000.dump", newest.name,
    ]  # fmt: skip
    assert len(list(server.folder.glob("*.sha256"))) == len(kept)


@pytest.mark.django_db
def test_a_backup_that_fails_leaves_the_others(server: Server):
    good = server.backup()

    done = server.script("backup", DATABASE_URL=f"{server.server}/no_existe_esta")

    assert done.returncode == 1
    assert "La copia falló" in done.stderr
    assert sorted(server.folder.glob("*.dump")) == [good]
    assert not list(server.folder.glob("*.part"))


@pytest.mark.django_db
def test_what_a_killed_backup_left_goes_with_the_next(server: Server, tmp_path: Path):
    killed = server.script("backup", **killing(tmp_path / "bin", "pg_dump", when="--format"))
    assert killed.returncode == -signal.SIGKILL
    (left,) = server.folder.glob(".gestiones-*.part")
    left.rename(server.folder / ".gestiones-20260101-033000.dump.part")  # the next is not of the same second

    backup = server.backup()

    assert sorted(server.folder.iterdir()) == [server.folder / ".lock", backup, Path(f"{backup}.sha256")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments",
    [[], ["x.dump", "--otra"], ["x.dump", "--keep", "--accept-findings"], ["--remove"], ["/no/existe.dump"]],
)
def test_restore_says_how_it_is_used(server: Server, arguments: list[str]):
    assert server.script("restore", *arguments).returncode == 1
