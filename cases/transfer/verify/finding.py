"""Shared code of the checks: a finding, rows streamed from the database, and texts for cases, money and dates."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from nova.lib.money import format_money

FETCH = 2000


class Finding(NamedTuple):
    """One line in Spanish. A notice is not an error: the data are right, but a person should look at them.

    `case` is the id of the case whose derived columns are wrong, for `cases.repair`.
    """

    text: str
    is_notice: bool = False
    case: int | None = None


def rows(sql: str, params: Sequence[Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of one statement, streamed: on PostgreSQL with a server-side cursor.

    One statement has one snapshot, so concurrent changes cause no false findings.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while chunk := cursor.fetchmany(FETCH):
            yield from chunk


def case_label(pk: int, nro_cliente: str | None) -> str:
    return f"Caso {pk} (nro. de cliente {nro_cliente})" if nro_cliente else f"Caso {pk}"


def money(amount: Decimal | float | None) -> str:
    """An amount in ARS as text, rounded to cents (SQLite returns sums as floats); no number: as it is."""
    if amount is None:
        return "nada"
    try:
        return format_money(amount)
    except ArithmeticError:
        return f"$ {amount}"


def day(value: date | str | None) -> str:
    """A date in Argentine format; `value` is text for dates that SQLite computed."""
    if value is None:
        return "ninguna"
    return f"{value if isinstance(value, date) else date.fromisoformat(value[:10]):%d/%m/%Y}"
