"""How long `import_cases` takes against a floor taken in the same run: `.venv/bin/python bench/import.py [--rows N]`.

The floor parses the same CSV with the csv module and COPYs the very same rows into the same indexed tables. Needs
PostgreSQL (BENCH_DATABASE_URL, default postgres://postgres@127.0.0.1:5432/nova_bench); the database is made anew.
`--sqlite` measures rows a second on SQLite instead.
"""

import argparse
import csv
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from databases import fresh_database, manage
from portfolio import write_portfolio

DEFAULT_URL = "postgres://postgres@127.0.0.1:5432/nova_bench"
TABLES = ("cases_debtor", "cases_debtorphone", "cases_case", "cases_ledgerentry")


def empty_tables(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {', '.join(TABLES)}, cases_importbatch, cases_activity, cases_promise CASCADE")


def save_rows(url: str, folder: Path) -> dict[str, tuple[str, Path]]:
    """Every table's rows in COPY's own format, with the columns that an insert may name."""
    saved = {}
    with psycopg.connect(url) as connection:
        for table in TABLES:
            names = connection.execute(
                "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
                [table],
            ).fetchone()[0]
            path = folder / table
            with path.open("wb") as stream, connection.cursor().copy(f"COPY {table} ({names}) TO STDOUT") as copy:
                for block in copy:
                    stream.write(block)
            saved[table] = (names, path)
    return saved


def floor(url: str, source: Path, saved: dict[str, tuple[str, Path]]) -> float:
    before = time.perf_counter()
    with source.open(encoding="utf-8", newline="") as stream:
        sum(1 for _ in csv.reader(stream, delimiter=";"))
    with psycopg.connect(url) as connection:
        for table, (names, path) in saved.items():
            with path.open("rb") as stream, connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                while block := stream.read(1 << 20):
                    copy.write(block)
    return time.perf_counter() - before


def report(what: str, runs: list[float], rows: int, against: float | None = None) -> None:
    median = statistics.median(runs)
    ratio = f"  {median / against:5.2f} × floor" if against else ""
    print(f"{what:<34} {median:7.2f} s  {rows / median:9,.0f} rows/s{ratio}")


def on_postgresql(url: str, source: Path, rows: int, rounds: int, folder: Path) -> None:
    fresh_database(url)
    command: Callable[[], tuple[float, str, int]] = lambda: manage(  # noqa: E731
        url, "import_cases", source, "--cartera", "Bench", "--create-cartera"
    )
    floors, firsts, agains, lines, peak = [], [], [], [], 0
    for _ in range(rounds):
        empty_tables(url)
        seconds, line, _ = command()
        firsts.append(seconds)
        lines.append(line)
        seconds, line, peak = command()
        agains.append(seconds)
        lines.append(line)
        saved = save_rows(url, folder)
        empty_tables(url)
        floors.append(floor(url, source, saved))
    base = statistics.median(floors)
    report("floor: csv.reader + COPY", floors, rows)
    report("import_cases, first load", firsts, rows, base)
    report("import_cases, same file again", agains, rows, base)
    print(f"peak memory {peak} MB")
    print("\n".join(lines[:2]))


def on_sqlite(source: Path, rows: int, folder: Path) -> None:
    url = f"sqlite:///{folder / 'bench.db'}"
    manage(url, "migrate", "-v0")
    for what in ("SQLite, first load", "SQLite, same file again"):
        seconds, line, peak = manage(url, "import_cases", source, "--cartera", "Bench", "--create-cartera")
        report(what, [seconds], rows)
        print(f"peak memory {peak} MB\n{line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sqlite", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "portfolio.csv"
        write_portfolio(source, arguments.rows)
        if arguments.sqlite:
            on_sqlite(source, arguments.rows, folder)
        else:
            url = os.environ.get("BENCH_DATABASE_URL", DEFAULT_URL)
            on_postgresql(url, source, arguments.rows, arguments.rounds, folder)


if __name__ == "__main__":
    main()
