"""Bulk inserts and updates: COPY on PostgreSQL, one prepared statement on SQLite.

Values have types that both databases read in the same way: str (amounts, dates and times included), int or None.
"""

from collections.abc import Iterable, Sequence

from django.db import connection, models

Value = str | int | None


def columns_of(model: type[models.Model], fields: Sequence[str]) -> list[str]:
    names = {field.name: field.column or "" for field in model._meta.concrete_fields}
    return [names[field] for field in fields]


def insert(model: type[models.Model], fields: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    """Insert whole rows, primary keys included. Constraints hold as with any insert."""
    if not rows:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    columns = ", ".join(connection.ops.quote_name(column) for column in columns_of(model, fields))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The copy ends, and fails, outside of Django's cursor wrapper: its errors would be those of psycopg.
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608


def update(model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Set `fields` of the rows whose primary key is each row's last value."""
    _update(model, fields, rows, "{column} = %s")


def fill(model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """As `update`, but only for fields that are still empty: a value typed in the meantime stays."""
    _update(model, fields, rows, "{column} = COALESCE(NULLIF({column}, ''), %s)")


def _update(model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Value]], setting: str) -> None:
    rows = list(rows)
    if not rows:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    columns = map(connection.ops.quote_name, columns_of(model, fields))
    settings = ", ".join(setting.format(column=column) for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {settings} WHERE id = %s", rows)  # noqa: S608


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """Reserve `count` primary keys. On SQLite the open transaction already blocks other writers."""
    if not count:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The subquery is read once; the name alone would be looked up for every row, half a second at 200,000.
            cursor.execute(
                "SELECT nextval((SELECT pg_get_serial_sequence(%s, 'id')::regclass)) FROM generate_series(1, %s)",
                [table, count],
            )
            return [row[0] for row in cursor.fetchall()]
        quoted = connection.ops.quote_name(table)
        cursor.execute(
            f"SELECT max(coalesce((SELECT max(id) FROM {quoted}), 0),"  # noqa: S608
            " coalesce((SELECT seq FROM sqlite_sequence WHERE name = %s), 0))",
            [table],
        )
        last = cursor.fetchone()[0]
        return list(range(last + 1, last + 1 + count))
