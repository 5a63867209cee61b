"""A layout as JSON: an admin writes one without a deploy, and is told what is wrong with it."""

import copy
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from cases.models import LedgerEntry
from payments.models import Layout as StoredLayout
from payments.reading.layout import METHODS, Layout
from payments.reading.seeds import SEEDS, seeded_layouts

FIXED: dict[str, Any] = {
    "code": "red",
    "label": "Red",
    "short_code": "red",
    "kind": "fixed",
    "method": "cash",
    "records": [{"role": "row", "fields": {"value_date": [0, 8, "date"], "amount": [8, 10, "amount", 2]}}],
}
HEADED: dict[str, Any] = {
    "code": "lista",
    "label": "Lista",
    "short_code": "li",
    "kind": "csv",
    "method": "creditor",
    "fields": {"value_date": ["Fecha"], "amount": ["Importe"], "key": ["Código"]},
}


def test_the_seeds_are_json_and_each_has_names_of_its_own() -> None:
    layouts = seeded_layouts()
    assert {code: layout.short_code for code, layout in layouts.items()} == {
        "generic": "gen",
        "pago_mis_cuentas": "pmc",
        "rapipago": "rp",
        "pago_facil": "pf",
        "siro": "siro",
        "mercado_pago": "mp",
        "galicia": "gal",
        "extract": "ext",
    }
    assert [Layout.from_json(spec) for spec in json.loads(json.dumps(SEEDS))] == list(layouts.values())


def test_the_methods_are_those_of_the_ledger() -> None:
    assert frozenset(LedgerEntry.Method.values) == METHODS


def test_columns_may_be_counted_from_one() -> None:
    from_one = {**FIXED, "counts_from": 1, "records": [
        {"role": "row", "fields": {"value_date": [1, 8, "date"], "amount": [9, 10, "amount", 2]}}]}  # fmt: skip
    assert Layout.from_json(from_one) == Layout.from_json(FIXED)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "Con Espacios"}, "«code»: tiene que empezar con una letra"),
        ({"label": " "}, "«label»: falta"),
        ({"short_code": "demasiadolargo"}, "«short_code»"),
        ({"kind": "pdf"}, "«kind»: tiene que ser uno de estos: csv, fixed, xlsx"),
        ({"method": "cheque"}, "«method»"),
        ({"color": "rojo"}, "«color»: no es un dato de un formato"),
        ({"fields": {}}, "«fields»: no es un dato de un formato"),
        ({"counts_from": 2}, "«counts_from»: tiene que ser un número entero entre 0 y 1"),
        ({"length": 10}, "«length»: el registro «row» tiene datos más allá de la columna 10"),
        ({"length": 20, "least_length": 10}, "«least_length»: no va con «length»"),
        ({"records": []}, "«records»: falta"),
        ({"records": [{"role": "fila"}]}, "«records.1.role»"),
        ({"records": [{"role": "header"}]}, "«records.1.starts»: falta"),
        ({"records": FIXED["records"] * 2}, "«records.2.role»: repite"),
        ({"records": [{"role": "row", "fields": {"amount": [0, 5, "amount", 2]}}]}, "«records.value_date»: falta"),
        ({"records": [{"role": "row", "fields": {"value_date": [0, 8, "date"]}}]}, "«records.amount»: falta"),
        ({"records": [*FIXED["records"], {"role": "lot", "starts": "3"}]}, "un lote necesita los dos registros"),
        ({"rules": [{"field": "amount", "in": ["0"], "kind": "ignored", "why": "x"}]}, "«rules.1.field»"),
        ({"rules": [{"field": "channel", "in": ["0"], "kind": "ignored", "why": "x"}]}, "«rules.1.field»"),
        ({"rules": {}}, "«rules»: tiene que ser una lista"),
    ],
)
def test_what_makes_no_sense_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"^«") as caught:
        Layout.from_json({**FIXED, **change})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "place", "said"),
    [
        ("amount", [8, 10, "amount"], "los decimales van en los importes"),
        ("amount", [8, 10, "text"], "el tipo tiene que ser uno de estos: amount"),
        ("amount", [-1, 10, "amount", 2], "tiene que ser un número entero"),
        ("amount", [8, 0, "amount", 2], "tiene que ser un número entero"),
        ("amount", [True, 10, "amount", 2], "tiene que ser un número entero"),
        ("amount", "8-18", "tiene que ser [desde, largo, tipo]"),
        ("value_date", [0, 6, "date"], "el largo de una fecha «date» es 8"),
        ("importe", [0, 6, "amount", 2], "no es un dato de un formato"),
    ],
)
def test_a_place_that_makes_no_sense_is_named(name: str, place: object, said: str) -> None:
    spec = copy.deepcopy(FIXED)
    spec["records"][0]["fields"][name] = place
    with pytest.raises(ValueError, match=rf"^«records.1.fields.{name}»: ") as caught:
        Layout.from_json(spec)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fields": {"value_date": ["Fecha"]}}, "«fields.amount»: falta"),
        ({"fields": {"amount": ["Importe"]}}, "«fields.value_date»: falta"),
        ({"fields": {**HEADED["fields"], "key": []}}, "«fields.key»"),
        ({"fields": {**HEADED["fields"], "key": [1]}}, "«fields.key»: tiene que ser una lista de textos"),
        ({"fields": {**HEADED["fields"], "key": ["…"]}}, "«fields.key»: tiene un encabezado sin letras"),
        ({"fields": {**HEADED["fields"], "account": ["Cuenta"]}}, "«fields.account»: no es un dato de un formato"),
        ({"fields": None}, "«fields»: falta"),
        ({"needs": [["own_id"]]}, "«needs»: «own_id» no está"),
        ({"negatives": "payment"}, "«negatives»"),
        ({"rules": [{"field": "key", "kind": "ignored", "why": "x"}]}, "tiene que haber una condición"),
        ({"rules": [{"field": "key", "in": ["a"], "begins": ["a"], "kind": "payment"}]}, "y una sola"),
        ({"rules": [{"field": "key", "begins": [" "], "kind": "payment"}]}, "«rules.1.begins»"),
        ({"rules": [{"field": "key", "in": ["a"], "kind": "rejected"}]}, "«rules.1.why»: falta"),
        ({"rules": [{"field": "key", "in": ["a"], "kind": "matched"}]}, "«rules.1.kind»"),
    ],
)
def test_what_makes_no_sense_by_header_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"^«") as caught:
        Layout.from_json({**HEADED, **change})
    assert said in str(caught.value)


@pytest.mark.parametrize("spec", [None, [], "texto", 3])
def test_what_is_no_object_is_said(spec: Any) -> None:
    with pytest.raises(ValueError, match="«formato»: falta, o no es un objeto JSON"):
        Layout.from_json(spec)


def test_the_migration_of_the_seeds_stands_by_itself() -> None:
    """What an old migration does must not change with the code of today."""
    migration = import_module("payments.migrations.0002_seed_layouts")
    code = Path(migration.__file__ or "").read_text()
    imported = [line for line in code.splitlines() if line.startswith(("import", "from"))]
    assert imported == ["import json", "from pathlib import Path", "from django.db import migrations"]


@pytest.mark.django_db
def test_a_new_installation_has_the_seeds_of_today() -> None:
    """A seed that changes needs a migration, else only new code has it."""
    stored = dict(StoredLayout.objects.values_list("code", "spec"))
    assert stored == {spec["code"]: json.loads(json.dumps(spec)) for spec in SEEDS}
