"""Reads the values of the old system's rows: texts, amounts, numbers, days and moments. No database."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_datetime

from nova.lib.money import MAX_MONEY, TOO_LARGE, format_money, parse_money, round_money
from nova.lib.text import without_accents

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Refused(ValueError):
    """The row cannot be imported; the reason is in Spanish."""


def line(value: Any) -> str:
    """The text on one line, with blanks collapsed; a number as written."""
    return " ".join(text(value).split())


def text(value: Any) -> str:
    return "" if value is None else _CONTROL.sub("", str(value)).strip()


def plain(name: str) -> str:
    return without_accents(name).casefold().strip()


def number(value: Any) -> int | None:
    """A whole number, also written as text; None for anything else."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def amount(value: Any, *, what: str) -> Decimal:
    """An amount in ARS, rounded to cents. Raises Refused, with `what` it is («su total»), unless it is zero or more."""
    problem = f"{what} («{value}») no es un importe mayor que cero"
    if value is None or isinstance(value, bool):
        raise Refused(problem)
    try:
        read = parse_money(value) if isinstance(value, str) else round_money(value)
    except (ValueError, ArithmeticError) as error:
        if str(error) == TOO_LARGE:
            raise Refused(
                f"{what} («{value}») {TOO_LARGE}: lo más que se guarda es {format_money(MAX_MONEY)}"
            ) from error
        raise Refused(problem) from error
    if read < 0:
        raise Refused(problem)
    return read


def amount_or_none(value: Any) -> Decimal | None:
    """An amount greater than zero; None for anything else."""
    try:
        return amount(value, what="") or None
    except Refused:
        return None


def day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise Refused(f"su fecha («{value}») no es una fecha") from error


def moment(value: Any) -> datetime:
    """An aware moment; a time without a zone is UTC."""
    try:
        read = parse_datetime(str(value).replace(" ", "T")) or datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Refused(f"su fecha («{value}») no es una fecha") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)
