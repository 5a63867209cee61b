"""Fields that accept exactly the types of the schema: no text for a number, no number for a text."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from django.core.validators import MinValueValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nova.lib.money import CENT, MAX_MONEY

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MAX_ID = 2**63 - 1


class TextField(serializers.CharField):
    """A JSON string; `max_length` is a required argument."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeField(serializers.IntegerField):
    """A JSON integer that fits the database."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 1)
        kwargs.setdefault("max_value", MAX_ID)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | Decimal):
            self.fail("invalid")
        if isinstance(data, Decimal):
            if data != data.to_integral_value() or abs(data) > MAX_ID:
                self.fail("invalid")
            return int(data)
        return data


@extend_schema_field(
    {
        "oneOf": [
            {"type": "integer", "minimum": 1, "maximum": MAX_ID},
            {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
        ]
    }
)
class IdField(WholeField):
    """A whole number that scripts and forms may send as text."""

    TEXT = re.compile(r"[0-9]{1,18}")

    def to_internal_value(self, data: Any) -> int:
        return super().to_internal_value(int(data) if isinstance(data, str) and self.TEXT.fullmatch(data) else data)


class FlagField(serializers.BooleanField):
    """true or false, not words."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class DecimalTextField(serializers.DecimalField):
    """A number with two decimals: text with a point, written as `TEXT` says, or a JSON number."""

    TEXT: re.Pattern[str]

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | Decimal):
            self.fail("invalid")
        if isinstance(data, str) and not self.TEXT.fullmatch(data):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "pattern": r"^(?=.*[1-9])[0-9]{1,13}(\.[0-9]{1,2})?$"},
            {"type": "number", "minimum": 0.01, "maximum": 9999999999999.99, "multipleOf": 0.01},
        ],
        "description": "ARS, hasta dos decimales, mayor que cero. Texto; también se acepta un número.",
        "example": "10000.50",
    }
)
class MoneyField(DecimalTextField):
    """A positive amount in ARS: text with a point, or a JSON number."""

    TEXT = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=15, decimal_places=2, min_value=CENT, max_value=MAX_MONEY, **kwargs)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "pattern": r"^[0-9]{1,13}(\.[0-9]{1,2})?$"},
            {"type": "number", "minimum": 0, "maximum": 9999999999999.99, "multipleOf": 0.01},
        ],
        "description": "ARS, hasta dos decimales; puede ser cero. Texto; también se acepta un número.",
        "example": "10000.50",
    }
)
class ZeroMoneyField(MoneyField):
    """The same where there may be nothing to pay."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.min_value = Decimal(0)
        self.validators = [rule for rule in self.validators if not isinstance(rule, MinValueValidator)]


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "pattern": r"^[0-9]{1,4}(\.[0-9]{1,2})?$"},
            {"type": "number", "minimum": 0, "maximum": 9999.99, "multipleOf": 0.01},
        ],
        "description": "Por ciento, hasta dos decimales. Texto; también se acepta un número.",
        "example": "12.50",
    }
)
class RateField(DecimalTextField):
    """A percentage, 0 or more: text with a point, or a JSON number."""

    TEXT = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=6, decimal_places=2, min_value=Decimal(0), **kwargs)


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$", "example": "12.50"})
class PercentageField(serializers.DecimalField):
    """A percentage in responses: a string with two decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=2, read_only=True, **kwargs)

    def to_representation(self, value: Any) -> str:
        return f"{value:.2f}"


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]{1,13}\.[0-9]{2}$", "example": "10000.50"})
class AmountField(serializers.DecimalField):
    """An amount in ARS in responses: a string with two decimals, negative for money given back."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=2, read_only=True, **kwargs)

    def to_representation(self, value: Any) -> str:
        return f"{value:.2f}"


class MomentField(serializers.DateTimeField):
    """A datetime, ISO 8601; without an offset it is Buenos Aires time."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or len(value) > 40 or value[4:5] != "-":
            self.fail("invalid")
        try:
            return super().to_internal_value(value)
        except OverflowError:
            self.fail("invalid")

    def fail(self, key: str, **values: Any) -> NoReturn:
        super().fail(key, **values | ({"format": "AAAA-MM-DDThh:mm:ss-03:00"} if key == "invalid" else {}))


@extend_schema_field(
    {
        "oneOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}],
        "description": "AAAA-MM-DD; de un momento entero se toma su día en Buenos Aires.",
    }
)
class DayField(serializers.DateField):
    """A local day, ISO 8601. Of a whole moment, as scripts write them, the local day."""

    def to_internal_value(self, value: Any) -> date:
        if isinstance(value, str) and len(value) > len("AAAA-MM-DD"):
            try:
                return MomentField().to_internal_value(value).date()
            except serializers.ValidationError:
                self.fail("invalid")
        if not isinstance(value, str) or not DAY.fullmatch(value):
            self.fail("invalid")
        return super().to_internal_value(value)

    def fail(self, key: str, **values: Any) -> NoReturn:
        super().fail(key, **values | ({"format": "AAAA-MM-DD"} if key == "invalid" else {}))


class StrictSerializer(serializers.Serializer):
    """Refuses every unknown key, by its name."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)  # its error: an object was expected
        unknown = {str(name): ["Este campo no existe."] for name in data if name not in self.fields}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                raise serializers.ValidationError({**error.detail, **unknown}) from error
            raise
        if unknown:
            raise serializers.ValidationError(unknown)
        return value


class QuerySerializer(StrictSerializer):
    """The parameters of a query string: texts, some of them numbers or dates."""


class QueryWholeField(WholeField):
    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or not data.isascii() or not data.isdigit() or len(data) > 19:
            self.fail("invalid")
        return super().to_internal_value(int(data))
