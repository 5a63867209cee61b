"""Each sample of tests/data/payments says what is written here, and nothing else."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from nova.lib.documents import Document
from payments.reading.reader import Reading, find_layout, read_payments
from payments.reading.rows import Kind, Row
from payments.reading.seeds import seeded_layouts
from tests.serving import ROOT

DATA = ROOT / "tests/data/payments"
LAYOUTS = seeded_layouts()
P, V, R, I = Kind.PAYMENT, Kind.REVERSAL, Kind.REJECTED, Kind.IGNORED  # noqa: E741
D1, D2, D3, D4 = (date(2026, 12, day) for day in range(1, 5))

# (line, kind, amount, day): the account of the file, then its rows.
EXPECTED: dict[str, tuple[str, list[tuple[int, Kind, str | None, date | None]]]] = {
    "pago_mis_cuentas.txt": ("7788", [
        (2, P, "15250.00", D1), (3, P, "5000.00", D1), (4, P, "86666.66", D2), (5, R, "300.50", D2),
        (6, P, "1234567.89", D2), (7, P, "5000.00", D1), (8, R, "750.00", None),
    ]),
    "rapipago.txt": ("", [
        (2, P, "15250.00", D1), (3, P, "5000.00", D1), (4, P, "5000.00", D2), (5, P, "99.99", D2),
        (6, R, "410.00", None), (7, R, None, D2),
    ]),
    "pago_facil.txt": ("", [
        (3, P, "15250.00", D1), (6, P, "5000.00", D1), (9, P, "5000.00", D1), (14, P, "86666.66", D2),
        (17, R, "120.00", D2), (20, P, "2500.75", D2),
    ]),
    "siro.txt": ("", [
        (1, P, "15250.00", D1), (2, P, "5000.00", D1), (3, P, "5000.00", D1), (4, I, "7200.00", D2),
        (5, I, "980.10", D2), (6, P, "3100.00", D2), (7, V, "6400.00", D2), (8, I, "3100.00", D2),
    ]),
    # Half past eleven at night in the zone of Mercado Pago is the day after in Buenos Aires.
    "mercado_pago.csv": ("", [
        (2, I, "1000.00", D3), (3, P, "15250.00", D1), (4, P, "5000.00", D2), (5, P, "5000.00", D1),
        (6, V, "5000.00", D4), (7, V, "8000.00", D4), (8, I, "9000.00", D4), (9, I, "70.00", D4), (10, R, None, D4),
    ]),
    "galicia.xlsx": ("", [
        (5, P, "15250.00", D3), (6, P, "5000.50", D3), (7, P, "5000.00", D2), (8, P, "7000.00", D2),
        (9, I, "1200.00", D2), (10, I, "42.00", D2), (11, I, None, None), (12, I, None, None),
    ]),
    "extract.csv": ("", [
        (5, P, "15250.00", D1), (6, P, "5000.00", D1), (7, P, "5000.00", D1), (8, I, "3200.40", D1),
        (9, I, "91.50", D2), (10, I, None, None), (11, P, "86666.66", D2), (12, R, "10.00", None), (13, I, None, None),
    ]),
    "generic.csv": ("", [
        (2, P, "15250.00", D1), (3, P, "5000.00", D1), (4, P, "5000.00", D1), (5, P, "86666.66", D2), (6, R, None, D2),
        (7, R, "1000.00", None), (8, R, "300.00", D2), (9, R, None, D2), (10, I, "111916.66", None),
    ]),
}  # fmt: skip


def reading(name: str) -> Reading:
    return read_payments(DATA / name, LAYOUTS[name.partition(".")[0]])


def row(name: str, line: int) -> Row:
    return next(row for row in reading(name) if row.line == line)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_sample_says_what_it_says(name: str) -> None:
    account, expected = EXPECTED[name]
    read = reading(name)
    assert [(row.line, row.kind, row.amount and str(row.amount), row.value_date) for row in read] == expected
    assert (read.account, read.count, read.size) == (account, len(expected), (DATA / name).stat().st_size)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_layout_of_a_file_is_found(name: str) -> None:
    assert find_layout(DATA / name, LAYOUTS.values()).code == name.partition(".")[0]


def test_every_layout_that_is_seeded_has_a_sample() -> None:
    assert {name.partition(".")[0] for name in EXPECTED} == set(LAYOUTS)
    assert {path.name for path in DATA.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_payment_has_an_identity_and_nothing_else_has_and_what_is_no_payment_says_why(name: str) -> None:
    rows = list(reading(name))
    assert rows
    assert [bool(row.identity) for row in rows] == [row.kind in (P, V) for row in rows]
    assert [bool(row.why) for row in rows] == [row.kind in (R, I) for row in rows]
    identities = [row.identity for row in rows if row.identity]
    assert len(set(identities)) == len(identities)
    assert [row.identity for row in reading(name)] == [row.identity for row in rows]


# From 0, the end left out: where the design says that the networks write, whatever the layouts say.
@pytest.mark.parametrize(
    ("name", "line", "places"),
    [
        ("pago_mis_cuentas.txt", 1, {(0, 4): "0400", (4, 8): "7788", (8, 16): "20261203"}),
        (
            "pago_mis_cuentas.txt",
            2,
            {
                (0, 1): "5",
                (1, 20): "000451",
                (20, 40): "FC0001",
                (40, 48): "20261210",
                (48, 49): "0",
                (49, 57): "20261201",
                (57, 68): "00001525000",
                (68, 69): "2",
                (69, 77): "20261203",
                (77, 79): "PC",
                (79, 83): "0071",
                (83, 100): "",
            },
        ),
        ("pago_mis_cuentas.txt", 9, {(0, 4): "9400", (16, 23): "0000007", (30, 41): "00134753505"}),
        ("rapipago.txt", 1, {(0, 1): "0", (28, 36): "20261203"}),
        (
            "rapipago.txt",
            2,
            {(0, 8): "20261201", (8, 23): "000000001525000", (23, 99): "0447000045100000152500026121000012"},
        ),
        ("rapipago.txt", 8, {(0, 1): "9", (8, 16): "00000006", (16, 34): "000000000002575999"}),
        (
            "pago_facil.txt",
            3,
            {
                (0, 1): "5",
                (24, 45): "000451",
                (45, 48): "PES",
                (48, 58): "0001525000",
                (64, 72): "20261201",
                (72, 76): "0915",
            },
        ),
        ("pago_facil.txt", 4, {(0, 1): "6", (1, 81): "81230000451000015250002612100"}),
        ("pago_facil.txt", 12, {(0, 1): "8", (15, 22): "0000003", (22, 34): "000002525000"}),
        (
            "siro.txt",
            8,
            {
                (0, 8): "20261202",
                (8, 16): "20261204",
                (24, 35): "00000310000",
                (35, 43): "00000458",
                (103, 123): "20261201000000045801",
                (123, 126): "LK",
                (126, 129): "R10",
            },
        ),
    ],
)
def test_the_samples_are_written_where_the_networks_write(
    name: str, line: int, places: dict[tuple[int, int], str]
) -> None:
    text = (DATA / name).read_text().splitlines()[line - 1]
    assert {place: text[slice(*place)].strip() for place in places} == places


# --- What only one of them has ---------------------------------------------------------------------------------


def test_pago_mis_cuentas() -> None:
    first = row("pago_mis_cuentas.txt", 2)
    assert (first.key, first.nro_cliente, first.channel, first.credited_on) == ("000451", "000451", "PC", D3)
    assert first.raw.startswith("5000451             FC0001")
    assert "No está en pesos (moneda «2»)" in row("pago_mis_cuentas.txt", 5).why
    assert row("pago_mis_cuentas.txt", 8).why == "«20261332» no es una fecha: revise la línea."


def test_rapipago_has_a_barcode_alone() -> None:
    first = row("rapipago.txt", 2)
    assert (first.key, first.nro_cliente, first.own_id) == ("0447000045100000152500026121000012", "", "")


def test_a_transaction_of_pago_facil_is_three_lines() -> None:
    first = row("pago_facil.txt", 3)
    assert (first.key, first.nro_cliente) == ("81230000451000015250002612100", "000451")
    assert [line[0] for line in first.raw.split("\n")] == ["5", "6", "7"]


def test_siro_says_what_was_not_paid_and_what_was_sent_back() -> None:
    paid, sent_back = row("siro.txt", 1), row("siro.txt", 7)
    assert (paid.own_id, paid.key, paid.nro_cliente) == ("20261201000000045101", "20261201000000045101", "00000451")
    assert (paid.identity, paid.channel, paid.credited_on) == ("20261201000000045101", "PF", D3)
    assert row("siro.txt", 4).why == "No es un pago: el cobro fue rechazado («DDR»)."
    assert row("siro.txt", 8).why == "No es un pago: el cobro fue rechazado («R10»)."
    assert (sent_back.reverses, sent_back.own_id) == ("20261101000000045701", "")


def test_mercado_pago_credits_the_gross_and_names_what_is_reversed() -> None:
    paid, refund, chargeback = (row("mercado_pago.csv", line) for line in (4, 6, 7))
    assert (paid.identity, paid.key, paid.amount) == ("90100200302", "CUOTA-452-1", Decimal("5000.00"))
    assert (refund.reverses, refund.own_id) == ("90100200302", "")
    assert chargeback.reverses == "90100200155"


def test_who_paid_is_read_from_the_legends_of_an_extract() -> None:
    names = [(row.payer_name, row.payer) for row in reading("galicia.xlsx") if row.kind is P]
    assert names == [
        ("ROSSI MARTA INES", Document("27654310", "20276543106")),
        ("GOMEZ LUIS", Document("31842765", "27318427653")),
        ("LOPEZ ANA", Document("18345921", "23183459219")),
        ("TRANSPORTES DEL SUR SRL", Document("", "30709123846")),
    ]


def test_a_cuit_in_the_concept_is_the_payers() -> None:
    assert row("extract.csv", 5).payer == Document("27654310", "20276543106")
    assert row("extract.csv", 11).payer == Document("31842765", "27318427653")
    assert row("extract.csv", 6).payer == Document()


def test_a_document_column_of_a_list_is_the_debtors() -> None:
    first = row("generic.csv", 2)
    assert (first.debtor, first.payer, first.payer_name) == (Document("27654310"), Document(), "Marta Rossi")
    assert (first.nro_cliente, first.channel, first.own_id) == ("000451", "Transferencia", "R-000101")


def test_a_reference_is_the_key_and_where_nothing_else_says_it_the_clients_number(tmp_path: Path) -> None:
    file = tmp_path / "pagos.csv"
    file.write_text("Fecha;Referencia;Importe\n01/12/2026;000451;100\n")
    [read] = read_payments(file, LAYOUTS["generic"])
    assert (read.key, read.nro_cliente) == ("000451", "000451")


# --- What is the same when it comes again (E4, E5) --------------------------------------------------------------

Identities = Callable[[str], list[str]]


@pytest.fixture
def extract(tmp_path: Path) -> Identities:
    """The identities of the payments of an extract with these lines."""

    def identities(lines: str) -> list[str]:
        file = tmp_path / "extracto.csv"
        file.write_text(f"Fecha;Concepto;Comprobante;Importe;Saldo\n{lines}")
        return [row.identity for row in read_payments(file, LAYOUTS["extract"]) if row.kind is P]

    return identities


DAY = (
    "01/12/2026;Deposito;EFECTIVO;5.000,00;\n"
    "01/12/2026;Deposito;EFECTIVO;5.000,00;\n"
    "01/12/2026;Deposito;1;700,00;\n"
    "01/12/2026;Transferencia;884512;900,00;\n"
)


def test_the_same_extract_with_one_more_day_has_the_same_old_rows(extract: Identities) -> None:
    old = extract(DAY)
    assert len(set(old)) == 4
    later = "02/12/2026;Deposito;EFECTIVO;5.000,00;\n02/12/2026;Deposito;1;700,00;\n"
    after, before = extract(DAY + later), extract(later + DAY)
    assert after[:4] == old
    assert before[2:] == old
    assert len(set(after)) == len(set(before)) == 6


def test_a_word_or_a_small_number_is_no_identity_even_where_it_stands_once(extract: Identities) -> None:
    monday = extract("01/12/2026;Deposito;EFECTIVO;10,00;\n01/12/2026;Deposito;1;20,00;\n")
    tuesday = extract("02/12/2026;Deposito;EFECTIVO;30,00;\n02/12/2026;Deposito;1;40,00;\n")
    assert len({*monday, *tuesday}) == 4


def test_an_id_on_two_rows_is_the_identity_of_neither(extract: Identities) -> None:
    twice = extract("01/12/2026;A;884512;10,00;\n01/12/2026;B;884512;20,00;\n")
    assert len(set(twice)) == 2
    assert "884512" not in twice
    assert extract("01/12/2026;A;884512;10,00;\n") == ["884512"]


def test_a_tax_with_the_number_of_the_payment_leaves_it_the_payments(extract: Identities) -> None:
    lines = "01/12/2026;Transferencia;884512;10,00;\n01/12/2026;Impuesto ley 25413;884512;1,00;\n"
    assert extract(lines) == ["884512"]


@pytest.mark.parametrize(
    "other",
    [
        "02/12/2026;Deposito;EFECTIVO;5.000,00;",
        "01/12/2026;Deposito caja;EFECTIVO;5.000,00;",
        "01/12/2026;Deposito;EFECTIVO;5.000,01;",
        "01/12/2026;Deposito;EFECTIVO;5.000,00;1,00",
    ],
)
def test_day_text_amount_and_balance_tell_rows_apart(extract: Identities, other: str) -> None:
    assert extract(other) != extract("01/12/2026;Deposito;EFECTIVO;5.000,00;")


def test_a_spelling_does_not_tell_rows_apart(extract: Identities) -> None:
    assert extract("01/12/2026;Depósito;EFECTIVO;$ 5.000,00;9,00") == extract("2026-12-01;DEPOSITO;Efectivo;5000;9")
