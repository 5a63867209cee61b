"""Rows that are written as a layout says are read as they were, whatever the layout."""

import tracemalloc
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.importing.table import MIB
from payments.reading.layout import Layout
from payments.reading.reader import find_layout, read_payments
from payments.reading.rows import Kind, Row
from payments.reading.seeds import seeded_layouts
from tests.payments.writing import Value, fixed_file, headed_file, headed_rows, workbook

LAYOUTS = seeded_layouts()
CODES = st.text("ABCXYZ0123456789", min_size=1, max_size=8).map(lambda text: f"7{text}")
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "amount": st.decimals("0.01", "99999999.99", places=2),
    "value_date": DAYS,
    "credited_on": DAYS,
    "key": CODES,
    "nro_cliente": CODES.map(lambda code: code[:8]),
    "channel": st.sampled_from(["PF", "LK", "PC", "Efectivo"]).map(lambda text: text[:2]),
    "payer_name": st.sampled_from(["GOMEZ LUIS", 'D\'Amico, Ana "Nené"', "ÑANDÚ; SRL"]),
}
ALWAYS: dict[str, dict[str, Value]] = {
    "mercado_pago": {"type": "SETTLEMENT"},
    "extract": {"text": "Transferencia"},
    "galicia": {"text": "Transferencia", "legends": "GOMEZ LUIS"},
}
# Two fields in one column; a reader of Galicia's extract has the name in the legends.
SAME = {"pago_mis_cuentas": ("nro_cliente", "key"), "siro": ("own_id", "key"), "mercado_pago": ("nro_cliente", "key")}


@st.composite
def rows_of(draw: st.DrawFn, layout: Layout) -> list[dict[str, Value]]:
    ids = draw(st.lists(st.integers(10_000, 10**12), min_size=1, max_size=6, unique=True))
    rows = []
    for own_id in ids:
        row = {name: draw(VALUES[name]) for name in layout.field_names if name in VALUES}
        if "amount" not in layout.field_names:
            row["credit"] = draw(VALUES["amount"])
        if "credit" in row or layout.code != "galicia":
            row |= {"own_id": str(own_id)} if "own_id" in layout.field_names else {}
        row |= ALWAYS.get(layout.code, {})
        if layout.code in SAME:
            one, other = SAME[layout.code]
            row[other] = row[one]
        rows.append(row)
    return rows


def assert_same(read: list[Row], written: list[dict[str, Value]], layout: Layout) -> None:
    assert [row.kind for row in read] == [Kind.PAYMENT] * len(written)
    names = [name for name in written[0] if name in Row.__slots__]
    assert {"value_date"} < set(names)
    assert [{name: getattr(row, name) for name in names} for row in read] == [
        {name: row[name] for name in names} for row in written
    ]
    assert [row.amount for row in read] == [row.get("amount", row.get("credit")) for row in written]
    assert len({row.identity for row in read}) == len(written)


SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("code", [code for code, layout in LAYOUTS.items() if layout.is_fixed])
@SETTINGS
@given(data=st.data())
def test_fixed_width(code: str, tmp_path: Path, data: st.DataObject) -> None:
    layout = LAYOUTS[code]
    written = data.draw(rows_of(layout))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    file = tmp_path / "archivo.txt"
    file.write_text(fixed_file(layout, written, end=end), "latin-1", newline="")
    assert find_layout(file, LAYOUTS.values()) == layout
    assert_same(list(read_payments(file, layout)), written, layout)


@pytest.mark.parametrize("code", [code for code, layout in LAYOUTS.items() if not layout.is_fixed])
@SETTINGS
@given(data=st.data())
def test_by_header(code: str, tmp_path: Path, data: st.DataObject) -> None:
    layout = LAYOUTS[code]
    written = data.draw(rows_of(layout))
    file = tmp_path / "archivo.csv"
    file.write_bytes(
        headed_file(layout, written, delimiter=data.draw(st.sampled_from(",;\t|"))).encode(
            data.draw(st.sampled_from(["utf-8", "cp1252", "utf-16"]))
        )
    )
    assert find_layout(file, LAYOUTS.values()) == layout
    assert_same(list(read_payments(file, layout)), written, layout)


@pytest.mark.parametrize("code", [code for code, layout in LAYOUTS.items() if not layout.is_fixed])
def test_a_workbook_says_the_same_as_a_text(code: str, tmp_path: Path) -> None:
    layout = LAYOUTS[code]
    row: dict[str, Value] = {
        "value_date": date(2026, 12, 1),
        "credit" if "amount" not in layout.field_names else "amount": Decimal("1234.50"),
        "own_id": "884512",
        **({"key": "CUOTA-1"} if "key" in layout.field_names else {}),
        **ALWAYS.get(code, {}),
    }
    text, book = tmp_path / "archivo.csv", tmp_path / "archivo.xlsx"
    text.write_text(headed_file(layout, [row]))
    book.write_bytes(workbook(headed_rows(layout, [row])))
    [of_text], [of_book] = read_payments(text, layout), read_payments(book, layout)
    assert of_text.amount == of_book.amount == Decimal("1234.50")
    assert of_text.value_date == of_book.value_date == date(2026, 12, 1)
    assert of_text.identity == of_book.identity == "884512"


def test_many_rows_take_little_memory(tmp_path: Path) -> None:
    """Of 20,000 rows: a reading that kept them would take some 20 MB."""
    layout = LAYOUTS["pago_mis_cuentas"]
    written = [
        {
            "nro_cliente": f"{number:06}",
            "key": f"{number:06}",
            "value_date": date(2026, 12, 1),
            "amount": Decimal("10.50"),
        }
        for number in range(20_000)
    ]
    file = tmp_path / "archivo.txt"
    file.write_text(fixed_file(layout, written))
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_payments(file, layout))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 8 * MIB
