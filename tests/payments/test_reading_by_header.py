"""What extracts of banks and lists of creditors come with: titles, sections, columns for what came and what went."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from nova.lib.documents import Document
from payments.reading.headed import signed_amount
from payments.reading.reader import read_payments
from payments.reading.rows import Kind, Row
from payments.reading.seeds import seeded_layouts
from tests.payments.writing import workbook

LAYOUTS = seeded_layouts()
Read = Callable[..., list[Row]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def rows(content: str | bytes, code: str, **options: str) -> list[Row]:
        file = tmp_path / "archivo"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_payments(file, LAYOUTS[code], **options))  # type: ignore[arg-type]

    return rows


def said(rows: list[Row]) -> list[tuple[int, str, str]]:
    return [(row.line, row.kind, str(row.amount)) for row in rows]


def test_what_came_and_what_went_in_two_columns(read: Read) -> None:
    lines = ("Fecha|Concepto|Débito|Crédito", "01/12/26|A||10,50", "01/12/26|B|20,00|0,00", "01/12/26|C|-5,00|")
    text = "\n".join([*lines, "01/12/26|D||", ""])
    assert said(read(text, "extract")) == [
        (2, "payment", "10.50"),
        (3, "ignored", "20.00"),
        (4, "ignored", "5.00"),
        (5, "rejected", "None"),
    ]


def test_a_column_that_says_debit(read: Read) -> None:
    text = "Fecha;Concepto;Importe;Tipo Mov.\n01/12/2026;A;10;C\n01/12/2026;B;20;D\n01/12/2026;C;30;Débito\n"
    assert said(read(text, "extract")) == [(2, "payment", "10.00"), (3, "ignored", "20.00"), (4, "ignored", "30.00")]


def test_a_section_in_dollars_is_no_payment_and_the_next_one_in_pesos_is(read: Read) -> None:
    text = (
        "Fecha;Concepto;Importe Pesos\n01/12/2026;A;10\n\nCaja de ahorro en dólares;;\nFecha;Concepto;Importe Dólares\n"
        "01/12/2026;B;20\nCaja de ahorro 2;;\nConcepto;Fecha;Importe Pesos\nC;01/12/2026;30\n"
    )
    rows = read(text, "extract")
    assert said(rows) == [
        (2, "payment", "10.00"),
        (4, "ignored", "None"),
        (5, "ignored", "None"),
        (6, "ignored", "None"),
        (7, "ignored", "None"),
        (8, "ignored", "None"),
        (9, "payment", "30.00"),
    ]
    assert rows[3].why == "Está debajo de un encabezado sin fecha o sin importe en pesos."


@pytest.mark.parametrize(
    ("concept", "kind"),
    [
        ("Saldo inicial", "ignored"),
        ("SALDO AL 01/12", "ignored"),
        ("Imp. Ley 25413 s/créd.", "ignored"),
        ("I.V.A. s/comisión", "ignored"),
        ("Percepción IIBB", "ignored"),
        ("Comisión transferencia", "ignored"),
        ("Intereses ganados", "ignored"),
        ("Imputación de cobranza", "payment"),
        ("Ivana Gómez", "payment"),
        ("Transferencia IVA SRL", "payment"),
        ("Retamoso Juan", "payment"),
    ],
)
def test_taxes_and_balances_are_told_by_the_first_word(read: Read, concept: str, kind: str) -> None:
    [row] = read(f"Fecha;Concepto;Importe\n01/12/2026;{concept};10\n", "extract")
    assert row.kind == kind


@pytest.mark.parametrize(
    ("concept", "payer"),
    [
        ("TRANSF 20276543106", Document("27654310", "20276543106")),
        ("TRANSF 20-27654310-6 CUOTA", Document("27654310", "20276543106")),
        ("TRANSF DE 30709123846 A 20276543106", Document("27654310", "20276543106")),
        ("TRANSF 20276543107", Document()),
        ("CBU 0170099220000067797370", Document()),
        ("TRANSF 120276543106", Document()),
        ("TRANSF 20111111112", Document()),
    ],
)
def test_eleven_digits_with_a_good_check_digit_are_who_paid(read: Read, concept: str, payer: Document) -> None:
    [row] = read(f"Fecha;Concepto;Importe\n01/12/2026;{concept};10\n", "extract")
    assert row.payer == payer


def test_a_column_goes_before_the_concept(read: Read) -> None:
    [row] = read("Fecha;Concepto;CUIT;Importe\n01/12/2026;TRANSF 20276543106;27318427653;10\n", "extract")
    assert row.payer == Document("31842765", "27318427653")


def test_dni_and_cuit_of_a_debtor_in_two_columns(read: Read) -> None:
    text = "Fecha;DNI;CUIT;Importe;CUIT pagador\n01/12/2026;27654310;20-27654310-6;10;30-70912384-6\n"
    [row] = read(text, "generic")
    assert (row.debtor, row.payer) == (Document("27654310", "20276543106"), Document("", "30709123846"))


def test_what_is_in_dollars_is_no_payment_in_pesos(read: Read) -> None:
    lines = ("Fecha;Concepto;Moneda;Importe", "01/12/26;A;ARS;10", "01/12/26;B;USD;20", "01/12/26;C;$;30")
    text = "\n".join([*lines, "01/12/26;D;;U$S 5", ""])
    assert [row.kind for row in read(text, "extract")] == ["payment", "rejected", "payment", "rejected"]


def test_a_code_that_lost_digits_in_a_spreadsheet_is_nobodys(read: Read) -> None:
    header = ["Código de barras", "Fecha", "Importe"]
    content = workbook([header, [8123000045100001525, "01/12/2026", 10], ["8123000045100001525", "01/12/2026", 10]])
    lost, kept = read(content, "generic")
    assert (lost.kind, kept.kind, kept.key) == (Kind.REJECTED, Kind.PAYMENT, "8123000045100001525")
    assert "perdió dígitos" in lost.why
    [exponent] = read("Código de barras;Fecha;Importe\n8,12300E+18;01/12/2026;10\n", "generic")
    assert "perdió dígitos" in exponent.why


def test_the_order_of_day_and_month(read: Read) -> None:
    text = "Nro. Cliente;Fecha;Importe\n1;03/12/2026;10\n"
    assert read(text, "generic")[0].value_date.isoformat() == "2026-12-03"  # type: ignore[union-attr]
    assert read(text, "generic", date_order="mdy")[0].value_date.isoformat() == "2026-03-12"  # type: ignore[union-attr]


def test_every_sheet_that_is_asked_for(read: Read) -> None:
    content = workbook(
        [["Nro. Cliente", "Fecha", "Importe"], ["000451", "01/12/2026", 10.5], [452, "02/12/2026", "1.000"]]
    )
    rows = read(content, "generic", sheet="all")
    assert [(row.nro_cliente, row.amount) for row in rows] == [
        ("000451", Decimal("10.50")),
        ("452", Decimal("1000.00")),
    ]


def test_the_text_of_a_row_is_cut_to_what_is_kept(read: Read) -> None:
    [row] = read(f"Fecha;Concepto;Importe\n01/12/2026;{'x' * 600};10\n", "extract")
    assert len(row.raw) == 500


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("(1.234,50)", "-1234.50"),
        ("$ (1.234,50)", "-1234.50"),
        ("-$ 1.234,50", "-1234.50"),
        ("$ -1.234,50", "-1234.50"),
        ("1.234,50-", "-1234.50"),
        ("1.234,50", "1234.50"),
        (1234.5, "1234.50"),
        (-7, "-7.00"),
        ("-0,00", "0.00"),
    ],
)
def test_amounts_have_a_sign(cell: str | float, amount: str) -> None:
    assert str(signed_amount(cell)) == amount


@pytest.mark.parametrize("cell", ["", "  ", None, "-"])
def test_an_empty_cell_is_no_amount(cell: str | None) -> None:
    assert signed_amount(cell) is None


@pytest.mark.parametrize("cell", [True, "mil", "(5", "5)", "1.2.3,4"])
def test_what_is_no_amount_is_said(cell: object) -> None:
    with pytest.raises(ValueError, match=r"importe|miles"):
        signed_amount(cell)  # type: ignore[arg-type]


def test_a_rejected_row_is_of_its_kind_whatever_its_column_of_ids(read: Read) -> None:
    rows = read("Nro. Cliente;Fecha;Importe;Comprobante\n1;;10;R-900\n2;01/12/2026;10;R-900\n", "generic")
    assert [(row.kind, row.identity) for row in rows] == [(Kind.REJECTED, ""), (Kind.PAYMENT, "R-900")]


@pytest.mark.parametrize(
    ("amounts", "kept"),
    [
        (["1234,56", "10,123"], ["1234.56", None]),  # its other amounts have a comma before decimals
        (["1.234,56", "10,123", "10.123"], ["1234.56", None, "10123.00"]),
        (["1234.5", "1250.500"], ["1234.50", None]),
        (["1,234.50", "10,123"], ["1234.50", "10123.00"]),
        (["1,234,567", "10,123"], ["1234567.00", "10123.00"]),
        (["1234.50", "10,123", "10.123"], ["1234.50", "10123.00", None]),
        (["10,123"], [None]),  # nothing says which
        (["10.123", "5"], ["10123.00", "5.00"]),  # thousands, as people write them here
        (["1250.500"], [None]),  # no thousands have four digits before them
        (["1234,56", "1,5", "0,500", "12,345,678"], ["1234.56", "1.50", "0.50", "12345678.00"]),
        (["1234,56", "$ 10,123", "(10,123)", "10,123-"], ["1234.56", None, None, None]),
    ],
)
def test_three_digits_after_a_mark_are_thousands_only_where_the_file_says_so(
    read: Read, amounts: list[str], kept: list[str | None]
) -> None:
    rows = read("\n".join(["Fecha;Importe;DNI", *(f"01/12/2026;{each};20111222" for each in amounts)]), "generic")
    assert [str(row.amount) if row.kind is Kind.PAYMENT else None for row in rows] == kept


def test_an_amount_that_may_be_a_thousand_times_another_says_so(read: Read) -> None:
    rows = read(
        "Fecha;Concepto;Débito;Crédito\n01/12/2026;A;;1234,56\n01/12/2026;B;;10,123\n01/12/2026;C;10,123;\n", "extract"
    )
    assert [row.kind for row in rows] == ["payment", "rejected", "ignored"]
    assert rows[1].why == (
        "«10,123» puede ser mil veces más o menos (tiene una coma antes de tres cifras): corrija el importe."
    )
