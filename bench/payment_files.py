"""How long `import_payments --post` takes against a floor of the same run: `bench/payment_files.py [--rows N]`.

The floor reads the same CSV with the csv module and COPYs the very same entries, gestiones, rows and postings into the
same indexed tables. Every round begins with cases that nobody has paid anything on, and with statistics that know of no
payment. A fifth of the cases has a promise, a tenth of the rows names a document alone. Half as many rows as well: the
time of a row must not grow. Needs PostgreSQL (BENCH_DATABASE_URL, default
postgres://postgres@127.0.0.1:5432/nova_bench_payments); the database is made anew.
"""

import argparse
import csv
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from databases import copy, fresh_database, manage
from portfolio import write_portfolio

DEFAULT_URL = "postgres://postgres@127.0.0.1:5432/nova_bench_payments"
TABLES = ("cases_activity", "cases_ledgerentry", "payments_paymentrow", "payments_paymentposting")
LIMIT_SECONDS, LIMIT_MB = 60, 200
PROMISES = """
INSERT INTO cases_promise (case_id, amount, promise_date, status, paid_amount, notes, is_historic, imported_author,
                           created_at, updated_at)
SELECT id, round(balance / 10, 2), current_date, 'pending', 0, '', false, '', now() - interval '9 days', now()
FROM cases_case WHERE id % 5 = 0
"""


def prepare(url: str, cases: int) -> None:
    fresh_database(url)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "portfolio.csv"
        write_portfolio(source, cases)
        manage(url, "import_cases", source, "--cartera", "Bench", "--create-cartera")
    with psycopg.connect(url, autocommit=True) as connection:
        # Else all would be too early: nothing is paid before it was placed.
        connection.execute("UPDATE cases_case SET placed_on = current_date - 60")
        connection.execute(PROMISES)
        connection.execute("VACUUM ANALYZE")


def write_payments(url: str, path: Path, rows: int) -> None:
    """A tenth of each balance; a tenth of the rows says whose it is by the document alone."""
    day = f"{datetime.now(UTC) - timedelta(days=2):%d/%m/%Y}"
    with psycopg.connect(url) as connection, path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(("Nro. Cliente", "DNI", "Fecha", "Importe", "Comprobante", "Nombre"))
        found = connection.execute(
            "SELECT c.nro_cliente, d.dni, c.balance, c.id FROM cases_case c JOIN cases_debtor d ON d.id = c.debtor_id"
            " ORDER BY md5(c.id::text) LIMIT %s",
            [rows],
        )
        for number, dni, balance, pk in found:
            key = ("", dni) if pk % 10 == 3 else (number, "")
            writer.writerow((*key, day, f"{balance / 10:.2f}".replace(".", ","), f"C{pk}", "Gómez, Ana"))


def floor(url: str, source: Path, folder: Path) -> float:
    """Read the file and insert what the command wrote, which is taken out of `url` first, into an empty copy."""
    saved = {}
    with psycopg.connect(url) as connection:
        for table in TABLES:
            kept = "WHERE kind = 'payment'" if table == "cases_ledgerentry" else ""
            path = folder / table
            rows = f"COPY (SELECT * FROM {table} {kept}) TO STDOUT"  # noqa: S608
            with path.open("wb") as stream, connection.cursor().copy(rows) as out:
                for block in out:
                    stream.write(block)
            saved[table] = path
        connection.execute("TRUNCATE payments_paymentrow, payments_paymentposting")
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM cases_ledgerentry WHERE kind = 'payment'")
        connection.execute("DELETE FROM cases_activity")
        connection.commit()
    before = time.perf_counter()
    with source.open(encoding="utf-8", newline="") as stream:
        sum(1 for _ in csv.reader(stream, delimiter=";"))
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # without the checks and sums of the application
        for table, path in saved.items():
            with path.open("rb") as stream, connection.cursor().copy(f"COPY {table} FROM STDIN") as into:
                while block := stream.read(1 << 20):
                    into.write(block)
    return time.perf_counter() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    url = os.environ.get("BENCH_DATABASE_URL", DEFAULT_URL)
    fresh = f"{url}_fresh"
    prepare(fresh, arguments.rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rows in (arguments.rows // 2, arguments.rows):
            source = folder / f"{rows}.csv"
            write_payments(fresh, source, rows)
            times, floors, peak, line = [], [], 0, ""
            for _ in range(arguments.rounds):
                drop(url)
                copy(fresh, url.rsplit("/", 1)[1])
                seconds, line, peak = manage(url, "import_payments", source, "--layout", "generic", "--post")
                times.append(seconds)
                floors.append(floor(url, source, folder))
            median, base = statistics.median(times), statistics.median(floors)
            print(f"{rows:>9,} rows  {median:6.1f} s  {median / base:5.1f} × floor ({base:.1f} s)  peak {peak} MB")
            print(f"           {line}")
    print(f"held to {LIMIT_SECONDS} s and {LIMIT_MB} MB for 100,000 rows")


def drop(url: str) -> None:
    server, name = url.rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


if __name__ == "__main__":
    main()
