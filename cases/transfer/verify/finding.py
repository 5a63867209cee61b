"""What the checks share: a finding, rows streamed from the database, and words for cases, money and dates."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from nova.lib.money import format_money

FETCH = 2000


class Finding(NamedTuple):
    """One line in Spanish. A notice is worth knowing and no error: the data is right, somebody has work to do."""

    text: str
    is_notice: bool = False


def rows(sql: str, params: Sequence[Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of one statement, streamed: on PostgreSQL the server keeps what has not been read.

    One statement sees one moment, so people who work meanwhile cause no false alarm.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while chunk := cursor.fetchmany(FETCH):
            yield from chunk


def case_label(pk: int, nro_cliente: str | None) -> str:
    return f"Caso {pk} (nro. de cliente {nro_cliente})" if nro_cliente else f"Caso {pk}"


def money(amount: Decimal | float | None) -> str:
    """SQLite answers a sum in floating point: shown in cents all the same. What is no number is shown as it is."""
    if amount is None:
        return "nada"
    try:
        return format_money(amount)
    except ArithmeticError:
        return f"$ {amount}"


def day(value: date | str | None) -> str:
    """SQLite answers a date that it computed as text."""
    if value is None:
        return "ninguna"
    return f"{value if isinstance(value, date) else date.fromisoformat(value[:10]):%d/%m/%Y}"
