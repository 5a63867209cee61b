"""Generated files that combine every kind of mess, against who was really meant and what is really owed."""

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.models import Cartera, Case, Debtor, DebtorPhone, ImportBatch, LedgerEntry
from tests.cases.importing.command import import_cases

pytestmark = pytest.mark.django_db(transaction=False)

SURNAMES = ("MUÑOZ", "NÚÑEZ", "GÜEMES", "PÉREZ", "D'AMICO", "ÁLVAREZ", "IBÁÑEZ", "GÓMEZ")
NAMES = ("JOSÉ", "BEGOÑA", "RAÚL", "INÉS", "ÁNGEL")
FILLINGS = ("11111111", "99999999", "12345678", "0", "S/D", "", "2,01E+07", "30-00000000-7")
COLUMNS = ("Nro. Cliente", "Apellido y Nombre", "DNI", "Saldo", "Tel", "Localidad")


class Meant(NamedTuple):
    """A row: whose debt it is (their place in a list of people), what is owed, and how each is written."""

    surname: str
    name: str
    dni: str
    total: Decimal
    cells: tuple[str, ...]


def grouped(amount: Decimal, thousands: str, decimal: str) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", thousands + decimal))


AMOUNTS = {
    "plain": lambda amount: f"{amount:.2f}",
    "argentine": lambda amount: f"$ {grouped(amount, '.', ',')}",
    "english": lambda amount: grouped(amount, ",", "."),
    "words": lambda amount: f"{grouped(amount, '.', ',')} pesos",
    "wrapped": lambda amount: f'="{grouped(amount, ".", ",")}"',
}
DOCUMENTS = {
    "plain": str,
    "dotted": lambda dni: f"{int(dni):,}".replace(",", "."),
    "spaced": lambda dni: f"{int(dni):,}".replace(",", " "),
    "labelled": lambda dni: f"DNI {dni}",
    "padded": lambda dni: dni.zfill(12),
    "quoted": lambda dni: f"'{dni}",
}


@st.composite
def rows(draw) -> Meant:
    surname, name = draw(st.sampled_from(SURNAMES)), draw(st.sampled_from(NAMES))
    # Few documents for many names: two people are often typed with the same one.
    dni = draw(st.sampled_from(("20111222", "23456123", "31882007", "27999123")))
    document = draw(st.sampled_from(FILLINGS)) if draw(st.booleans()) else None
    total = Decimal(draw(st.integers(100, 999_999_999))) / 100
    style = draw(st.sampled_from(sorted(AMOUNTS)))
    written = DOCUMENTS[draw(st.sampled_from(sorted(DOCUMENTS)))](dni) if document is None else document
    phone = draw(st.sampled_from(("", "2914551234 / 2915551234", "0291-4551234 int. 23", "NO TIENE", "2,9E+09")))
    city = draw(st.sampled_from(("BAHÍA BLANCA", "NULL", "-", "#N/A", "")))
    cells = (f"{surname}, {name}", written, AMOUNTS[style](total), phone, city)
    return Meant(surname, name, dni if document is None else "", total, cells)


def twice(text: str) -> bytes:
    return "".join(
        bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
        for byte in text.encode()
    ).encode()


ENCODINGS = {
    "utf-8": str.encode,
    "utf-16": lambda text: text.encode("utf-16"),
    "cp1252": lambda text: text.encode("cp1252"),
    "cp850": lambda text: text.encode("cp850"),
    "twice": twice,
    "mixed": lambda text: b"\n".join(
        line.encode("cp1252" if number % 4 == 3 else "utf-8") for number, line in enumerate(text.split("\n"))
    ),
}


def line_of(number: int, row: Meant, separator: str) -> str:
    """The row as text; separated by commas without quotes, an English amount falls apart."""
    cells = [f"{number:06d}", *row.cells]
    if separator == ",":
        return ",".join(f'"{cell}"' if place == 1 else cell for place, cell in enumerate(cells)).rstrip(",")
    return separator.join(cells)


@settings(max_examples=12)
@given(
    meant=st.lists(rows(), min_size=1, max_size=12),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    separator=st.sampled_from(";\t,"),
)
def test_nobody_is_joined_to_a_stranger_and_no_amount_is_smaller(tmp_path_factory, meant, encoding, separator):
    """Honest by its counts: every row is created, or is one whose amount fell apart."""
    for model in (LedgerEntry, Case, DebtorPhone, Debtor, ImportBatch, Cartera):
        model.objects.all()._raw_delete(using="default")
    # Where the separator is a comma, one outside quotes shifts the cells: such a row is never read by halves.
    falls_apart = [separator == "," and any("," in cell for cell in row.cells[1:]) for row in meant]
    text = "\n".join([separator.join(COLUMNS), *(line_of(at, row, separator) for at, row in enumerate(meant, 1)), ""])
    file = Path(tmp_path_factory.mktemp("messy")) / "cartera.csv"
    file.write_bytes(ENCODINGS[encoding](text))

    ran = import_cases(file)

    created, rejected = ran.counts("created", "rejected")
    assert created + rejected == len(meant)
    assert rejected == sum(falls_apart)
    kept = [(at, row) for at, (row, lost) in enumerate(zip(meant, falls_apart, strict=True), 1) if not lost]
    cases = list(Case.objects.select_related("debtor").order_by("nro_cliente"))
    # Whose debt it is, in their own letters: a case that joined a stranger would show the stranger's surname.
    assert [(int(case.nro_cliente), case.debtor.last_name, case.balance) for case in cases] == [
        (at, row.surname, row.total) for at, row in kept
    ]
    documents = [(case.debtor.dni, row.dni) for case, (_, row) in zip(cases, kept, strict=True) if case.debtor.dni]
    assert documents == [(dni, dni) for _, dni in documents]
    assert sum((row.total for _, row in kept), Decimal(0)) == Decimal(ran.summary["total"])
    report = list(csv.DictReader(io.StringIO(ImportBatch.objects.get().report)))
    assert {line["row"] for line in report if line["severity"] == "rejected"} == {
        str(at + 1) for at, lost in enumerate(falls_apart, 1) if lost
    }
    assert len({line["row"] for line in report if line["severity"] == "warning"}) == int(ran.summary["warnings"])

    again = import_cases(file)
    assert again.counts("created", "updated", "unchanged", "rejected") == (0, 0, created, rejected)
    assert again.summary.get("missing") == ("0" if created else None)
