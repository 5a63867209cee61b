"""What a payment file looks like, as data: a layout is written in JSON, so that one more needs no deploy (DESIGN §5.1).

    {"code": "red", "label": "Red de cobro", "short_code": "red", "kind": "fixed", "method": "cash",
     "counts_from": 1, "length": 100,
     "records": [{"role": "header", "starts": "0", "fields": {"account": [5, 4, "text"]}},
                 {"role": "row", "starts": "5",
                  "fields": {"value_date": [2, 8, "date"], "amount": [10, 11, "amount", 2]}},
                 {"role": "trailer", "starts": "9", "fields": {"count": [17, 7, "number"]}}],
     "rules": [{"field": "currency", "not_in": ["", "0"], "kind": "rejected", "why": "No está en pesos."}]}

A layout by header (`csv`, `xlsx`: read alike, whatever the file is) has `fields` with the headers of each, the first of
which goes before the next, and `needs`: groups of fields of which a header has one each.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import Any, Self

from cases.importing.columns import HeaderNames, normalize_header
from nova.lib.text import without_accents
from payments.reading.rows import Kind

# `LedgerEntry.Method`, which is a model's (tests/payments/test_layouts.py compares them).
METHODS = frozenset({"cash", "transfer", "card", "deposit", "creditor", "other"})
KINDS = frozenset({"fixed", "csv", "xlsx"})

DATES = frozenset({"value_date", "credited_on", "due", "file_date"})
AMOUNTS = frozenset({"amount", "credit", "debit", "balance", "total"})
NUMBERS = frozenset({"count"})
# Of these a header may have several columns, which are all read.
MANY = frozenset({"text", "legends", "debtor", "payer"})
TEXTS = MANY | {
    *("account", "key", "nro_cliente", "own_id", "channel", "payer_name"),
    *("bill", "control", "currency", "movement", "record", "reject", "time", "type"),  # for the rules, and the identity
}
ONLY_FIXED = frozenset({"account", "file_date", "total", "count", "due"})
# What a rule may look at besides: the first cell that has something, of a row without a date.
FIRST_CELL = "first_cell"

_TYPES = {
    **dict.fromkeys(DATES, frozenset({"date", "date_dmy", "date6", "date6_dmy"})),
    **dict.fromkeys(AMOUNTS, frozenset({"amount"})),
    **dict.fromkeys(NUMBERS, frozenset({"number"})),
    **dict.fromkeys(TEXTS, frozenset({"text"})),
}
_DATE_LENGTHS = {"date": 8, "date_dmy": 8, "date6": 6, "date6_dmy": 6}
_MAX_LENGTH = 4_000
_MAX_DECIMALS = 4
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SHORT_CODE = re.compile(r"[a-z][a-z0-9]{0,7}")
_CONDITIONS = ("in", "not_in", "begins")
_COMMON = frozenset({"code", "label", "short_code", "kind", "method", "rules"})
_OF_FIXED = frozenset({"counts_from", "length", "least_length", "records"})
_BY_HEADER = frozenset({"fields", "needs", "negatives"})


class Role(StrEnum):
    HEADER = "header"  # the first line
    LOT = "lot"  # begins a lot of rows
    ROW = "row"
    MORE = "more"  # more about the row above it
    LOT_TRAILER = "lot_trailer"  # ends a lot
    TRAILER = "trailer"  # the last line


_FIELDS_OF_ROLE = {
    Role.HEADER: frozenset({"account", "file_date"}),
    Role.LOT: frozenset[str](),
    Role.ROW: frozenset(_TYPES) - ONLY_FIXED | {"due"},
    Role.MORE: frozenset(_TYPES) - ONLY_FIXED | {"due"},
    Role.LOT_TRAILER: frozenset({"count", "total"}),
    Role.TRAILER: frozenset({"count", "total"}),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field of fixed width stands: from 0; `end` None is to the end of the line."""

    start: int
    end: int | None
    type: str
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    role: Role
    starts: str
    fields: Mapping[str, Place]

    @property
    def least_length(self) -> int:
        """How long a line has to be for every field to be in it."""
        return max((place.end or place.start + 1 for place in self.fields.values()), default=len(self.starts))


@dataclass(frozen=True, slots=True)
class Rule:
    """What a row is when one of its fields says so. Texts are compared without case, accents and runs of spaces.

    `why` may quote the field as «{value}».
    """

    field: str
    condition: str  # in, not_in or begins
    texts: tuple[str, ...]
    kind: Kind
    why: str

    def applies(self, value: str) -> bool:
        text = plain(value)
        if self.condition == "begins":  # whole words: «imp. ley» begins with «imp», «imputado» does not
            return text.startswith(self.texts) and any(
                text.startswith(each) and not text[len(each) : len(each) + 1].isalnum() for each in self.texts
            )
        return (text in self.texts) == (self.condition == "in")


@dataclass(frozen=True, slots=True)
class Layout:
    """`records` and `length` (of every line; None where it differs) are of fixed width, `fields` and `needs` by header.

    `least_length`: a line may be shorter than its fields, as blanks at its end are often cut, and no shorter than this.
    `negatives` says what a negative amount is: `ignored` (money that went out) or `rejected`. `rules` are asked in
    their order, and the first that applies decides.
    """

    code: str
    label: str
    short_code: str  # in the reference of a payment
    kind: str
    method: str
    records: tuple[Record, ...] = ()
    length: int | None = None
    least_length: int | None = None
    fields: Mapping[str, tuple[str, ...]] | None = None
    needs: tuple[frozenset[str], ...] = ()
    rules: tuple[Rule, ...] = ()
    negatives: Kind = Kind.REJECTED

    @property
    def is_fixed(self) -> bool:
        return self.kind == "fixed"

    def record(self, role: Role) -> Record | None:
        return next((record for record in self.records if record.role is role), None)

    @property
    def field_names(self) -> tuple[str, ...]:
        """The fields of a row, sorted."""
        of_row = (record.fields for record in self.records if record.role in (Role.ROW, Role.MORE))
        return tuple(sorted(set(chain(self.fields or (), *of_row))))

    @property
    def header_names(self) -> HeaderNames:
        """The headers of a layout by header. One that two fields share counts once, for the one that is needed."""
        needed = frozenset[str]().union(*self.needs)
        fields = sorted((self.fields or {}).items(), key=lambda field: field[0] in needed)  # the last one stays
        return HeaderNames({alias: field for field, aliases in fields for alias in aliases}, self.needs)

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> Self:
        """A layout of its JSON. Raises `ValueError`, in Spanish and naming the field, for one that makes no sense."""
        kind = _one_of(_object(spec, _COMMON | _OF_FIXED | _BY_HEADER), "kind", KINDS)
        _object(spec, _COMMON | (_OF_FIXED if kind == "fixed" else _BY_HEADER))
        label = _text(spec, "label")
        if len(label) > 80:
            raise _wrong("label", "supera los 80 caracteres")
        common: dict[str, Any] = {
            "code": _matching(spec, "code", _CODE, "letras minúsculas, números y guiones bajos, hasta 40"),
            "label": label,
            "short_code": _matching(spec, "short_code", _SHORT_CODE, "letras minúsculas y números, hasta 8"),
            "kind": kind,
            "method": _one_of(spec, "method", METHODS),
        }
        if kind == "fixed":
            records = _records(spec)
            least = spec.get("least_length")
            if least is not None and spec.get("length") is not None:
                raise _wrong("least_length", "no va con «length», que es el largo de todas las líneas")
            layout = cls(
                **common,
                records=records,
                length=_length(spec, records),
                least_length=None if least is None else _whole(least, "least_length", least=1),
            )
        else:
            fields = _headers(spec)
            negatives = Kind(_one_of({"negatives": "rejected", **spec}, "negatives", {"ignored", "rejected"}))
            layout = cls(**common, fields=fields, needs=_needs(spec, fields), negatives=negatives)
        rules = tuple(_rules(spec, {*layout.field_names, FIRST_CELL}))
        return replace(layout, rules=rules)


def plain(text: str) -> str:
    """For comparing: no case, accents or runs of spaces."""
    return " ".join(text.casefold().split()) if text.isascii() else " ".join(without_accents(text).casefold().split())


# --- Reading the JSON ---------------------------------------------------------------------------------------


def _wrong(field: str, what: str) -> ValueError:
    return ValueError(f"«{field}»: {what}.")


def _object(spec: object, known: Iterable[str], where: str = "") -> Mapping[str, Any]:
    if not isinstance(spec, Mapping):
        raise _wrong(where.rstrip(".") or "formato", "falta, o no es un objeto JSON")
    unknown = [str(name) for name in spec if name not in known]
    if unknown:
        raise _wrong(f"{where}{unknown[0]}", f"no es un dato de un formato; los que hay: {', '.join(sorted(known))}")
    return spec


def _text(spec: Mapping[str, Any], name: str, where: str = "") -> str:
    value = spec.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"{where}{name}", "falta, o no es un texto")
    return value.strip()


def _one_of(spec: Mapping[str, Any], name: str, allowed: Collection[str], where: str = "") -> str:
    value = spec.get(name)
    if not isinstance(value, str) or value not in allowed:
        raise _wrong(f"{where}{name}", f"tiene que ser uno de estos: {', '.join(sorted(allowed))}")
    return value


def _matching(spec: Mapping[str, Any], name: str, pattern: re.Pattern[str], words: str) -> str:
    value = _text(spec, name)
    if not pattern.fullmatch(value):
        raise _wrong(name, f"tiene que empezar con una letra y tener solo {words}")
    return value


def _whole(value: object, where: str, *, least: int, most: int = _MAX_LENGTH) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _wrong(where, f"tiene que ser un número entero entre {least} y {most}")
    return value


def _items(value: object, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise _wrong(where, "falta, o no es una lista con algo adentro")
    return value


def _texts(value: object, where: str) -> list[str]:
    texts = _items(value, where)
    if not all(isinstance(text, str) for text in texts):
        raise _wrong(where, "tiene que ser una lista de textos")
    return texts


def _records(spec: Mapping[str, Any]) -> tuple[Record, ...]:
    first = _whole(spec.get("counts_from", 0), "counts_from", least=0, most=1)
    records: list[Record] = []
    for number, given in enumerate(_items(spec.get("records"), "records"), start=1):
        where = f"records.{number}."
        given = _object(given, {"role", "starts", "fields"}, where)
        role = Role(_one_of(given, "role", list(Role), where))
        starts = given.get("starts", "")
        if not isinstance(starts, str):
            raise _wrong(f"{where}starts", "tiene que ser un texto")
        if not starts and role is not Role.ROW:
            raise _wrong(f"{where}starts", "falta: sin él no se sabe cuál es la línea")
        if any(other.starts == starts or other.role is role is not Role.MORE for other in records):
            raise _wrong(f"{where}role", "repite otro registro (el mismo papel, o el mismo comienzo)")
        records.append(Record(role, starts, _places(given.get("fields", {}), role, first, f"{where}fields.")))
    roles = {record.role for record in records}
    if (Role.LOT in roles) != (Role.LOT_TRAILER in roles):
        raise _wrong("records", "un lote necesita los dos registros, el que lo abre y el que lo cierra")
    named = {name for record in records if record.role in (Role.ROW, Role.MORE) for name in record.fields}
    _check_has(named, "records", money=("amount",))
    return tuple(records)


def _places(given: object, role: Role, first: int, where: str) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for name, place in _object(given, _FIELDS_OF_ROLE[role], where).items():
        here = f"{where}{name}"
        if not isinstance(place, list) or len(place) not in (3, 4):
            raise _wrong(here, "tiene que ser [desde, largo, tipo] o [desde, largo, tipo, decimales]")
        start = _whole(place[0], here, least=first) - first
        end = None if place[1] is None else start + _whole(place[1], here, least=1)
        if place[2] not in _TYPES[name]:
            raise _wrong(here, f"el tipo tiene que ser uno de estos: {', '.join(sorted(_TYPES[name]))}")
        if place[2] in _DATE_LENGTHS and (end is None or end - start != _DATE_LENGTHS[place[2]]):
            raise _wrong(here, f"el largo de una fecha «{place[2]}» es {_DATE_LENGTHS[place[2]]}")
        if (len(place) == 4) != (place[2] == "amount"):
            raise _wrong(here, "los decimales van en los importes, y solo en ellos")
        decimals = _whole(place[3], here, least=0, most=_MAX_DECIMALS) if len(place) == 4 else 0
        places[name] = Place(start, end, place[2], decimals)
    return places


def _length(spec: Mapping[str, Any], records: tuple[Record, ...]) -> int | None:
    if spec.get("length") is None:
        return None
    length = _whole(spec["length"], "length", least=1)
    too_far = next((record for record in records if record.least_length > length), None)
    if too_far:
        raise _wrong("length", f"el registro «{too_far.role}» tiene datos más allá de la columna {length}")
    return length


def _headers(spec: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for name, headers in _object(spec.get("fields"), set(_TYPES) - ONLY_FIXED, "fields.").items():
        names = [normalize_header(header) for header in _texts(headers, f"fields.{name}")]
        if not all(names):
            raise _wrong(f"fields.{name}", "tiene un encabezado sin letras ni números")
        fields[name] = tuple(dict.fromkeys(names))
    _check_has(set(fields), "fields", money=("amount", "credit"))
    return fields


def _check_has(fields: set[str], where: str, *, money: tuple[str, ...]) -> None:
    if "value_date" not in fields:
        raise _wrong(f"{where}.value_date", "falta: sin fecha no hay pago")
    if fields.isdisjoint(money):
        raise _wrong(f"{where}.{money[0]}", "falta: sin importe no hay pago")


def _needs(spec: Mapping[str, Any], fields: Mapping[str, object]) -> tuple[frozenset[str], ...]:
    groups = []
    for group in spec.get("needs", []):
        names = _texts(group, "needs")
        unknown = [name for name in names if name not in fields]
        if unknown:
            raise _wrong("needs", f"«{unknown[0]}» no está entre los datos del formato (fields)")
        groups.append(frozenset(names))
    return (frozenset({"value_date"}), frozenset({"amount", "credit"}), *groups)


def _rules(spec: Mapping[str, Any], fields: set[str]) -> Iterator[Rule]:
    given = spec.get("rules", [])
    if not isinstance(given, list):
        raise _wrong("rules", "tiene que ser una lista")
    for number, rule in enumerate(given, start=1):
        where = f"rules.{number}."
        rule = _object(rule, {"field", "kind", "why", *_CONDITIONS}, where)
        field = _one_of(rule, "field", fields, where)
        if field in AMOUNTS | DATES:
            raise _wrong(f"{where}field", "una regla mira un texto, no un importe ni una fecha")
        conditions = [name for name in _CONDITIONS if name in rule]
        if len(conditions) != 1:
            raise _wrong(f"{where}in", f"tiene que haber una condición, y una sola: {', '.join(_CONDITIONS)}")
        texts = tuple(map(plain, _texts(rule[conditions[0]], f"{where}{conditions[0]}")))
        if conditions[0] == "begins" and "" in texts:
            raise _wrong(f"{where}begins", "un comienzo vacío está en todos los textos")
        kind = Kind(_one_of(rule, "kind", list(Kind), where))
        why = _text(rule, "why", where) if kind in (Kind.IGNORED, Kind.REJECTED) else ""
        yield Rule(field, conditions[0], texts, kind, why)
