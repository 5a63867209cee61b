"""How long an agency takes to move, and in how much memory: `.venv/bin/python bench/transfer.py [--cases N]`.

`export_data` of an agency of N cases with five gestiones each, `import_data` into an empty database and `export_data`
again, which must be identical; the floor is pg_dump and pg_restore of the same database, in the same run. Then an old
system's file of `--legacy` cases, twice. Needs PostgreSQL and its programs.
"""

import argparse
import filecmp
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from agency import DEFAULT_SERVER, HISTORY, prepare
from databases import exists, fresh_database, manage

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.cases.transfer import old_system

COPY_USERS = """
from accounts.models import User
import json, sys
for user in json.load(open({path!r}))["users"]:
    User.objects.create(**user)
"""
MAKE_GESTOR = "from accounts.models import User; User.objects.create(username='gestor', role='gestor')"


def peak() -> int:
    """MB that the largest process so far has had."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def seconds(command: list[str], **kwargs) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, **kwargs)
    return time.perf_counter() - started


def told(what: str, took: float, cases: int, floor: float | None = None) -> None:
    against = f"{took / floor:6.1f} × floor" if floor else ""
    print(f"{what:<34}{took:8.1f} s {cases / took:10,.0f} cases/s {against}   peak {peak()} MB", flush=True)


def users_of(path: Path) -> str:
    """The section alone: a file of gigabytes is not read whole."""
    with path.open(encoding="utf-8") as stream:
        rows, inside = [], False
        for line in stream:
            if inside and line.startswith("]"):
                return json.dumps({"users": rows})
            if inside:
                rows.append(json.loads(line.rstrip().rstrip(",")))
            inside = inside or line.startswith('"users":[')
    raise SystemExit("no users in the file")


def our_own(server: str, cases: int, folder: Path) -> None:
    source, target = f"{server}/nova_agency_{cases}", f"{server}/nova_moved"
    if not exists(source):
        prepare(source, cases, HISTORY)
    out, again, dump = folder / "out.json", folder / "again.json", folder / "floor.dump"
    dumping = seconds(["pg_dump", "-Fc", "-Z1", "-f", str(dump), source])
    fresh_database(target)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute('DROP DATABASE IF EXISTS "nova_floor" WITH (FORCE)')
        connection.execute('CREATE DATABASE "nova_floor"')
    restoring = seconds(["pg_restore", "-d", f"{server}/nova_floor", str(dump)])
    took, _, _ = manage(source, "export_data", out)
    told("export_data", took, cases, dumping)
    print(f"{'':<34}{out.stat().st_size / 2**20:8.0f} MB")
    users = folder / "users.json"
    users.write_text(users_of(out), encoding="utf-8")
    manage(target, "shell", "-v0", "--no-imports", "-c", COPY_USERS.format(path=str(users)))
    took, last, _ = manage(target, "import_data", out)
    told("import_data, empty", took, cases, restoring)
    print(f"{'':<34}{last}")
    manage(target, "export_data", again)
    print(f"{'':<34}{'identical' if filecmp.cmp(out, again, shallow=False) else 'DIFFERENT'}")
    took, last, _ = manage(target, "import_data", out)
    told("import_data, again", took, cases)
    print(f"{'':<34}{last}")
    print(f"{'':<34}verify_data: {manage(target, 'verify_data')[1]}, as there: {manage(source, 'verify_data')[1]}")


def legacy(server: str, cases: int, folder: Path) -> None:
    target = f"{server}/nova_moved"
    path = old_system.write(old_system.large(cases), folder)
    fresh_database(target)
    manage(target, "shell", "-v0", "--no-imports", "-c", MAKE_GESTOR)
    for what in ("old system's file", "the same again"):
        took, last, _ = manage(target, "import_data", path)
        told(what, took, cases)
        print(f"{'':<34}{last}")
    print(f"{'':<34}{manage(target, 'verify_data')[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--legacy", type=int, default=20_000)
    parser.add_argument("--server", default=DEFAULT_SERVER)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        legacy(arguments.server, arguments.legacy, Path(folder))
        our_own(arguments.server, arguments.cases, Path(folder))


if __name__ == "__main__":
    main()
