import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cases.importing.columns import map_columns
from cases.importing.outcomes import Ignored, ParsedRow, Rejected
from cases.importing.reader import open_table
from cases.importing.rows import parse_row, parse_rows

DATA = Path(__file__).parents[2] / "data"
TODAY = date(2026, 11, 24)
HEADERS = [
    "Nro. Cliente",
    "Nombre",
    "Apellido",
    "DNI",
    "Saldo",
    "Capital",
    "Último Pago",
    "Tel",
    "Calle",
    "Email",
    "Obs",
]
GOOD = ["1", "ANA", "PÉREZ", "20.737.173", "$ 1.500,50", "1.000", "07/11/2023", "0291 15-6028887", "MITRE", "", ""]


def parse(*rows, headers=HEADERS, **options):
    return list(parse_rows(enumerate(rows, start=2), map_columns(headers), today=TODAY, **options))


def changed(**cells):
    names = {"key": 0, "name": 1, "lastname": 2, "dni": 3, "total": 4, "capital": 5, "paid": 6, "tel": 7, "street": 8}
    names |= {"email": 9, "notes": 10}
    row = list(GOOD)
    for name, value in cells.items():
        row[names[name]] = value
    return row


@pytest.mark.parametrize("name", ["cartera_cristal.csv", "cartera_favacard.xlsx", "casos_plantilla.csv"])
def test_sample_portfolios_give_what_is_expected(name):
    expected = json.loads((DATA / f"{name}.expected.json").read_text(encoding="utf-8"))
    with open_table(DATA / name) as table:
        outcomes = list(parse_rows(table, map_columns(table.headers), today=TODAY))
    accepted = {row.nro_cliente: row for row in outcomes if isinstance(row, ParsedRow)}
    rejected = Counter(row.code for row in outcomes if isinstance(row, Rejected))
    warned = sum(bool(row.problems) for row in accepted.values())
    assert len(accepted) == expected["counts"]["created"]
    assert dict(rejected) == expected["rejected"]
    assert rejected.total() == expected["counts"].get("rejected", 0)
    assert warned == expected["counts"].get("with_warnings", 0)
    assert str(sum(row.total for row in accepted.values())) == expected["sum_total"]
    assert len({row.dni for row in accepted.values() if row.dni}) == expected["debtors_with_dni"]
    assert len(expected["sample"]) == 25
    for sample in expected["sample"]:
        row = accepted[sample["nro_cliente"]]
        assert (row.first_name, row.last_name, row.dni) == (sample["name"], sample["lastname"], sample["dni"] or "")
        assert str(row.total) == sample["total"]
        assert (str(row.monto_inicial) if row.monto_inicial else None) == sample["monto_inicial"]
        paid_on = row.fecha_ultimo_pago
        assert (paid_on.isoformat() if paid_on else None) == sample["fecha_ultimo_pago"]
        assert (row.city, row.provincia) == (sample["localidad"], sample["provincia"])


def test_a_whole_row():
    (row,) = parse(changed(email="a@b.com", notes='=HYPERLINK("x")'))
    assert row == ParsedRow(
        row=2, nro_cliente="1", first_name="ANA", last_name="PÉREZ", dni="20737173", cuit="", total=Decimal("1500.50"),
        monto_inicial=Decimal("1000.00"), fecha_ultimo_pago=date(2023, 11, 7), fecha_mora=None, phone="+5492916028887",
        phone_kind="mobile", street="MITRE", street_number="", city="", postal_code="", provincia="",
        notes='=HYPERLINK("x")', email="a@b.com", entity="", source=row.source,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"key": "", "name": "", "lastname": "", "total": ""}, "nro_cliente"),
        ({"name": " ", "lastname": "S/D", "total": "x"}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"total": "s/d", "dni": "ABC"}, "total"),
        ({"key": "x" * 65}, "nro_cliente"),
    ],
)
def test_a_rejected_row_has_the_first_reason_alone(cells, code):
    (row,) = parse(
        changed(**cells),
    )
    assert (row.row, row.code) == (2, code)
    (problem,) = row.problems
    assert (problem.row, problem.severity, problem.code) == (2, "rejected", code)
    assert problem.reason.endswith(".")


def test_every_bad_optional_cell_is_dropped_with_a_warning_that_quotes_it():
    bad = changed(dni=" ABC ", capital="0", paid="31/02/2024", tel="x" * 61, street="y" * 201, email="no tiene")
    (row,) = parse(bad)
    assert (row.dni, row.monto_inicial, row.fecha_ultimo_pago, row.phone, row.street, row.email) == (
        "", None, None, "", "", "",
    )  # fmt: skip
    assert {problem.column for problem in row.problems} == {"DNI", "Capital", "Último Pago", "Tel", "Calle", "Email"}
    assert all(problem.severity == "warning" and problem.value for problem in row.problems)
    assert next(problem for problem in row.problems if problem.column == "DNI").value == " ABC "
    assert "«31/02/2024»" in next(problem.reason for problem in row.problems if problem.column == "Último Pago")


def test_a_last_payment_in_the_future_is_a_warning():
    (row,) = parse(changed(paid="25/11/2026"))
    assert row.fecha_ultimo_pago is None
    assert "futura" in row.problems[0].reason


def test_blank_cells_are_no_warning():
    (row,) = parse(["1", "ANA", "", "  ", "5", None, "\xa0", "", "", " ", "\n"])
    assert (row.problems, row.notes, row.phone) == ((), "", "")


def test_the_first_accepted_row_counts_and_later_ones_are_duplicates():
    outcomes = parse(changed(total="x"), changed(total="5"), changed(total="6"), changed(key=1.0), changed(key="01"))
    codes = [getattr(outcome, "code", "ok") for outcome in outcomes]
    assert codes == ["total", "ok", "duplicate", "duplicate", "duplicate"]
    assert outcomes[1].total == Decimal("5.00")
    assert "«1»" in outcomes[2].problems[0].reason
    assert "Posible duplicado de «1»" in outcomes[4].problems[0].reason


def test_a_duplicate_with_a_bad_total_is_told_its_total():
    assert parse(GOOD, changed(total=""))[1].code == "total"


def test_blank_rows_are_ignored():
    assert [outcome.row for outcome in parse(["", "  "], GOOD, [None], [])] == [3]


@pytest.mark.parametrize(
    "cells",
    [
        {"key": "TOTAL"},
        {"name": "TOTAL GENERAL", "total": "999.999.999,00"},
        {"total": "999.999.999,00"},
        {"total": 5e9, "capital": 4e9},
        {"lastname": "Totales:", "total": "5", "capital": "4"},
        {"name": "SUMA", "total": "1"},
        {"key": "TOTAL CARTERA MARZO", "total": "1"},
        {"name": "Total a cobrar", "total": "1"},
        {"key": "Totales generales", "total": "1"},
        {"key": "TOTAL REGISTROS: 480"},
    ],
)
def test_a_last_row_that_is_only_a_total_is_noted(cells):
    total = [""] * len(HEADERS)
    for index, value in zip((0, 1, 2, 4, 5), ("key", "name", "lastname", "total", "capital"), strict=True):
        total[index] = cells.get(value, "")
    outcomes = parse(GOOD, total, [""] * 11)
    assert isinstance(outcomes[1], Ignored)
    assert outcomes[1].problems[0].severity == "note"
    assert outcomes[1].row == 3
    # Anywhere but at the end the same row is a row like any other.
    middle = parse(total, GOOD)
    assert isinstance(middle[0], Rejected)


def test_a_last_row_that_also_counts_its_rows_makes_no_case():
    for row in (["TOTAL CLIENTES", "480", "", "", "999"], ["TOTAL", "", "", "480", "999"]):
        assert isinstance(parse(GOOD, row)[1], Ignored)


def test_a_last_row_with_anything_of_a_case_is_not_a_total():
    for row in (changed(key=""), changed(name="TOTAL", lastname=""), changed(total="")):
        assert not isinstance(parse(GOOD, row)[1], Ignored)
    for row in (["2", "", "", "", "10"], ["", "", "", "20111222", "10"], ["", "TOTALGAS SA", "", "", "10"]):
        assert not isinstance(parse(GOOD, row)[1], Ignored)
    assert isinstance(parse(GOOD, ["TOTAL", "ANA", "", "", "10"])[1], ParsedRow)


def test_an_amount_with_commas_and_no_quotes_never_passes_for_a_smaller_one():
    for amount in (["6", "326", "996"], ["1500", "50"]):
        (row,) = parse([*GOOD[:4], *amount, *GOOD[5:]])
        assert row.code == "total"
        assert "celdas" in row.problems[0].reason
    assert parse(["", *[""] * 20, "x"])[0].code == "nro_cliente"


def test_a_short_row_lacks_only_its_optional_cells():
    (row,) = parse(["1", "ANA", "PÉREZ", "", "5"])
    assert (row.total, row.phone, row.problems) == (Decimal("5.00"), "", ())
    assert parse(["1", "ANA"])[0].code == "total"


def test_date_order_is_the_one_asked_for():
    assert parse(changed(paid="3/4/2024"), date_order="mdy")[0].fecha_ultimo_pago == date(2024, 3, 4)
    assert parse(changed(paid="3/4/2024"))[0].fecha_ultimo_pago == date(2024, 4, 3)


@pytest.mark.parametrize(
    ("headers", "cells", "names"),
    [
        (["Cliente", "Saldo", "Deudor"], ["1", "5", "GODOY, ANA"], ("ANA", "GODOY")),
        (["Cliente", "Saldo", "Deudor"], ["1", "5", "LA ESQUINA SRL"], ("", "LA ESQUINA SRL")),
        (["Cliente", "Saldo", "Nombre"], ["1", "5", "GODOY, ANA"], ("ANA", "GODOY")),
        (["Cliente", "Saldo", "Nombre"], ["1", "5", "ANA GODOY"], ("ANA GODOY", "")),
        (["Cliente", "Saldo", "Apellido"], ["1", "5", "GODOY"], ("", "GODOY")),
        (["Cliente", "Saldo", "Nombre", "Apellido"], ["1", "5", "", "GODOY, H."], ("", "GODOY, H.")),
        (["Cliente", "Saldo", "Nombre", "Apellido", "Deudor"], ["1", "5", "", "", "GODOY, ANA"], ("ANA", "GODOY")),
        (["Cliente", "Saldo", "Nombre", "Apellido", "Deudor"], ["1", "5", "A", "B", "GODOY, ANA"], ("A", "B")),
    ],
)
def test_names_come_from_their_columns_or_a_full_name(headers, cells, names):
    row = parse_row(2, cells, map_columns(headers), today=TODAY)
    assert (row.first_name, row.last_name) == names


def test_numbers_of_a_workbook():
    (row,) = parse([100.0, "ANA", "PÉREZ", 20737173.0, 1234.565, 1e3, date(2024, 3, 5), 2916028887.0, 12.0, None, 5.5])
    assert (row.nro_cliente, row.dni, str(row.total), str(row.monto_inicial)) == (
        "100",
        "20737173",
        "1234.57",
        "1000.00",
    )
    assert (row.fecha_ultimo_pago, row.phone, row.street, row.notes) == (date(2024, 3, 5), "+542916028887", "12", "5.5")


CELL = (
    st.none() | st.text(max_size=20) | st.floats() | st.integers() | st.booleans() | st.dates() | st.sampled_from(GOOD)
)


ONE_CHANGED = st.builds(lambda at, cell: [*GOOD[:at], cell, *GOOD[at + 1 :]], st.integers(0, len(GOOD) - 1), CELL)


def without_source(outcome):
    if isinstance(outcome, Rejected):
        return outcome._replace(settled=outcome.settled and outcome.settled._replace(source=None))
    return outcome._replace(source=None) if isinstance(outcome, ParsedRow) else outcome


@example([GOOD])
@given(st.lists(st.lists(CELL, max_size=13) | ONE_CHANGED, max_size=8))
def test_any_rows_have_one_outcome_each_and_no_nul(rows):
    outcomes = parse(*rows)
    assert len({outcome.row for outcome in outcomes}) == len(outcomes) <= len(rows)
    accepted = [outcome for outcome in outcomes if isinstance(outcome, ParsedRow)]
    assert len({row.nro_cliente for row in accepted}) == len(accepted)
    assert all(row.total > 0 for row in accepted)  # honest: the example is one
    assert all(row.first_name or row.last_name for row in accepted)  # honest: the example is one
    # All that may be stored or reported; `source` is the file's own cells.
    said = [without_source(outcome) for outcome in outcomes]
    assert "\\x00" not in repr(said)


def test_every_field_of_a_row_has_its_own_place():
    """Each cell is unlike all others, so that two fields that change places are seen."""
    headers = [
        *("Nro. Cliente", "Nombre", "Apellido", "DNI", "Saldo", "Capital", "Último Pago", "Tel", "Calle", "Calle Nro"),
        *("Localidad", "CP", "Provincia", "Obs", "Email", "Entidad", "Fecha de Mora"),
    ]
    cells = [
        *("K-1", "ANA", "PÉREZ", "20737173", "1500,50", "1000", "07/11/2023", "0291 15-602-8887", "MITRE", "1234"),
        *("BAHÍA BLANCA", "8000", "BUENOS AIRES", "llamar de tarde", "ana@ejemplo.com", "BANCO SUR", "09/05/2022"),
    ]
    (row,) = parse(cells, headers=headers)
    assert row == ParsedRow(
        row=2,
        nro_cliente="K-1",
        first_name="ANA",
        last_name="PÉREZ",
        dni="20737173",
        cuit="",
        total=Decimal("1500.50"),
        monto_inicial=Decimal("1000.00"),
        fecha_ultimo_pago=date(2023, 11, 7),
        fecha_mora=date(2022, 5, 9),
        phone="+5492916028887",
        phone_kind="mobile",
        street="MITRE",
        street_number="1234",
        city="BAHÍA BLANCA",
        postal_code="8000",
        provincia="BUENOS AIRES",
        notes="llamar de tarde",
        email="ana@ejemplo.com",
        entity="BANCO SUR",
        source=row.source,
    )
