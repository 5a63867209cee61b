"""Converts a value of a file to the value of a column, checked in the same way for PostgreSQL and SQLite."""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.utils.dateparse import parse_datetime

Converter = Callable[[Any], Any]


class Misfit(ValueError):
    """The field cannot hold the value; the reason, in Spanish, follows the quoted value."""


def converter(field: models.Field) -> Converter:
    """A function that converts values of a file, None included, for this field. It raises Misfit."""
    convert = _of_kind(field)

    def checked(value: Any) -> Any:
        if value is None:
            if not field.null:
                raise Misfit(f"falta «{field.name}»")
            return None
        try:
            return convert(value)
        except (TypeError, ValueError, ArithmeticError) as error:
            reason = error if isinstance(error, Misfit) else "no es un valor posible"
            raise Misfit(f"«{field.name}» = «{str(value)[:80]}»: {reason}") from error

    return checked


def _of_kind(field: models.Field) -> Converter:
    for kind, make in _KINDS.items():
        if isinstance(field, kind):
            return make(field)
    raise TypeError(f"no converter for {field}")


def _text(field: models.Field) -> Converter:
    longest = field.max_length if isinstance(field, models.CharField) else None

    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise Misfit("no es un texto")
        if longest is not None and len(value) > longest:
            raise Misfit(f"supera los {longest} caracteres")
        return value.replace("\x00", "")

    return convert


def _decimal(field: Any) -> Converter:
    limit, step = Decimal(10) ** (field.max_digits - field.decimal_places), Decimal(1).scaleb(-field.decimal_places)

    def convert(value: Any) -> str:
        try:
            amount = Decimal(str(value))
            if not amount.is_finite() or abs(amount) >= limit or amount != amount.quantize(step):
                raise Misfit("no es un importe posible")
        except InvalidOperation as error:
            raise Misfit("no es un importe") from error
        return str(amount.quantize(step))

    return convert


def _moment(field: models.Field) -> Converter:
    def convert(value: Any) -> str:
        moment = value if isinstance(value, datetime) else parse_datetime(value)
        if moment is None or moment.tzinfo is None:
            raise Misfit("no es una fecha con hora y huso")
        return str(connection.ops.adapt_datetimefield_value(moment))

    return convert


def _day(field: models.Field) -> Converter:
    return lambda value: (value if isinstance(value, date) else date.fromisoformat(value)).isoformat()


def _flag(field: models.Field) -> Converter:
    def convert(value: Any) -> bool:
        if not isinstance(value, bool):
            raise Misfit("no es verdadero ni falso")
        return value

    return convert


def _whole(field: models.Field) -> Converter:
    def convert(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Misfit("no es un número entero")
        return value

    return convert


def _json(field: models.Field) -> Converter:
    return lambda value: json.dumps(value, default=float)  # the reader returns numbers with decimals as Decimal


def _uuid(field: models.Field) -> Converter:
    as_text = str if connection.features.has_native_uuid_field else lambda key: key.hex
    return lambda value: as_text(UUID(str(value)))


def _bytes(field: models.Field) -> Converter:
    """Bytes come as base64."""

    def convert(value: Any) -> Any:
        if not isinstance(value, str):
            raise Misfit("no es un archivo en base64")
        content = b64decode(value, validate=True)
        return f"\\x{content.hex()}" if connection.vendor == "postgresql" else content

    return convert


def moment_of(value: Any) -> Any:
    """An aware datetime from a text; a datetime or None is returned as it is."""
    return parse_datetime(value) if isinstance(value, str) else value


_KINDS: Mapping[type[models.Field], Callable[[Any], Converter]] = {
    models.CharField: _text,
    models.TextField: _text,
    models.DecimalField: _decimal,
    models.DateTimeField: _moment,
    models.DateField: _day,
    models.BooleanField: _flag,
    models.IntegerField: _whole,
    models.JSONField: _json,
    models.UUIDField: _uuid,
    models.BinaryField: _bytes,
    models.ForeignKey: _whole,  # resolved to an id before
    models.AutoField: _whole,
}
