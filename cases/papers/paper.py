"""A paper as it is printed: a title, and blocks of words. It is kept as JSON, so that it can be printed again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypedDict

from cases.rules.papers import Kind, Text, code_label, fill, number_label
from nova.lib.documents import format_cuit, format_dni
from nova.lib.money import format_money
from nova.lib.money_words import pesos_in_words

Block = dict[str, Any]
Texts = Mapping[str, str]


class Paper(TypedDict):
    """Words alone, as printed; `blocks` are what the functions below give."""

    title: str
    agency: list[str]
    date: str
    blocks: list[Block]
    verification: str


@dataclass(frozen=True)
class Parties:
    """Who the paper is about. `address` may be empty, `document` too where the kind allows it."""

    debtor: str
    document: str
    address: str
    creditor: str
    nro_cliente: str


@dataclass(frozen=True)
class Issue:
    """Of which number, when and where a paper is issued; `verify_at` is the address before the code."""

    kind: Kind
    number: int
    code: str
    day: date
    verify_at: str


TITLES = {
    Kind.AGREEMENT: "Convenio de pago",
    Kind.RECEIPT: "Recibo",
    Kind.CLEARANCE: "Libre deuda",
    Kind.STATEMENT: "Estado de deuda",
}


def paper(issue: Issue, texts: Texts, blocks: Sequence[Block]) -> Paper:
    cuit = texts[Text.AGENCY_CUIT]
    agency = (texts[Text.AGENCY_NAME], f"CUIT {cuit}" if cuit else "", texts[Text.AGENCY_ADDRESS])
    return Paper(
        title=f"{TITLES[issue.kind]} {number_label(issue.number)}",
        agency=[line for line in (*agency, texts[Text.AGENCY_CONTACT]) if line],
        date=f"Fecha de emisión: {show_day(issue.day)}",
        blocks=list(blocks),
        verification=f"Para comprobar este documento: {issue.verify_at}{code_label(issue.code)}",
    )


# --- Blocks ------------------------------------------------------------------------------------------------
def facts(*pairs: tuple[str, str]) -> Block:
    """Labels with their value; the ones without a value are left out."""
    return {"facts": [[label, value] for label, value in pairs if value]}


def heading(words: str) -> Block:
    return {"heading": words}


def words(text: str) -> Block:
    """A text of one or several paragraphs, a line each."""
    return {"text": [line.strip() for line in text.splitlines() if line.strip()]}


def sum_of(amount: Decimal) -> Block:
    return {"sum": [format_money(amount), in_words(amount)]}


def table(headers: Sequence[str], widths: Sequence[float], rows: Sequence[Sequence[str]], *, total: bool) -> Block:
    """Two columns of text, then numbers. `total`: the last row is a sum."""
    return {"table": {"headers": [*headers], "widths": [*widths], "rows": [[*row] for row in rows], "total": total}}


def signatures(*who: str) -> Block:
    return {"signatures": [*who]}


def about(parties: Parties) -> Block:
    return facts(
        ("Deudor", parties.debtor),
        ("Documento", parties.document),
        ("Domicilio", parties.address),
        ("Acreedor", parties.creditor),
        ("N° de cliente", parties.nro_cliente),
    )


# --- Values ------------------------------------------------------------------------------------------------
def values_of(parties: Parties, texts: Texts, day: date, **others: str) -> dict[str, str]:
    """What the placeholders of a text stand for."""
    return {
        "deudor": parties.debtor,
        "documento": parties.document or "sin documento registrado",
        "domicilio": parties.address or "sin domicilio registrado",
        "acreedor": parties.creditor,
        "nro_cliente": parties.nro_cliente or "sin número",
        "fecha": show_day(day),
        "agencia": texts[Text.AGENCY_NAME],
        "cuit_agencia": texts[Text.AGENCY_CUIT] or "no informado",
        "domicilio_agencia": texts[Text.AGENCY_ADDRESS] or "no informado",
        **others,
    }


def filled(texts: Texts, text: Text, values: Mapping[str, str]) -> Block:
    return words(fill(texts[text], values))


def in_words(amount: Decimal) -> str:
    return pesos_in_words(amount)


def show_day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def document_label(dni: str | None, cuit: str | None) -> str:
    """`DNI 20.111.222`, `DNI 20.111.222 · CUIT/CUIL 20-20111222-3`; empty without any."""
    known = (f"DNI {format_dni(dni)}" if dni else "", f"CUIT/CUIL {format_cuit(cuit)}" if cuit else "")
    return " · ".join(part for part in known if part)
