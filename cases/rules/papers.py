"""The texts of papers and what they may name, the verification code, and when a debt is cleared (DESIGN §3.9). Pure."""

import string
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum


class Kind(StrEnum):
    AGREEMENT = "agreement"
    RECEIPT = "receipt"
    CLEARANCE = "clearance"
    STATEMENT = "statement"


class Text(StrEnum):
    """What an administrator writes of a paper."""

    AGENCY_NAME = "agency_name"
    AGENCY_CUIT = "agency_cuit"
    AGENCY_ADDRESS = "agency_address"
    AGENCY_CONTACT = "agency_contact"
    PAYMENT_MEANS = "payment_means"
    RECEIPT = "receipt"
    RECEIPT_COMPLETES = "receipt_completes"
    CLEARANCE = "clearance"
    STATEMENT = "statement"
    AGREEMENT = "agreement"
    AGREEMENT_DEFAULT = "agreement_default"


# What every text of a paper may name, and what those of one kind may.
_PARTIES = {
    *("deudor", "documento", "domicilio", "acreedor", "nro_cliente", "fecha"),
    *("agencia", "cuit_agencia", "domicilio_agencia"),
}
_PAYMENT = {"importe", "importe_en_letras", "fecha_pago"}
_ARRANGEMENT = {"convenio", "deuda", "total", "total_en_letras", "cuotas", "caducidad"}
PLACEHOLDERS: Mapping[Text, frozenset[str]] = {
    **{text: frozenset() for text in Text if text.startswith("agency_")},
    Text.PAYMENT_MEANS: frozenset(_PARTIES),
    Text.RECEIPT: frozenset(_PARTIES | _PAYMENT),
    Text.RECEIPT_COMPLETES: frozenset(_PARTIES | _PAYMENT | {"convenio"}),
    Text.CLEARANCE: frozenset(_PARTIES | {"fecha_pago"}),
    Text.STATEMENT: frozenset(_PARTIES | {"saldo", "saldo_en_letras", "capital", "interes"}),
    Text.AGREEMENT: frozenset(_PARTIES | _ARRANGEMENT),
    Text.AGREEMENT_DEFAULT: frozenset(_PARTIES | _ARRANGEMENT),
}

# --- Texts -------------------------------------------------------------------------------------------------
BRACES = "Hay una llave { o } sin su par. Para escribir una llave, póngala dos veces."


def check(text: str, allowed: frozenset[str]) -> list[str]:
    """What is wrong with a text, as Spanish sentences; none when it can be filled in."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return [BRACES]
    wrong = []
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if form or conversion:
            wrong.append(f"«{{{name}}}» lleva solo el nombre, sin «:» ni «!».")
        elif name not in allowed:
            wrong.append(f"«{{{name}}}» no se puede usar aquí. {offered(allowed)}")
    return list(dict.fromkeys(wrong))


def offered(allowed: frozenset[str]) -> str:
    if not allowed:
        return "Este texto no lleva datos entre llaves."
    return f"Se puede usar: {', '.join(f'{{{name}}}' for name in sorted(allowed))}."


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its data. Values are data: what they contain is not filled in again."""
    return "".join(
        literal + (values[name] if name is not None else "") for literal, name, _, _ in string.Formatter().parse(text)
    )


# --- Numbers and codes -------------------------------------------------------------------------------------
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that is read as another: 0 O, 1 I L
CODE_LENGTH = 16  # 79 bits
_READ_AS = str.maketrans("", "", "- ")


def number_label(number: int) -> str:
    """`N° 00000012`."""
    return f"N° {number:08d}"


def code_label(code: str) -> str:
    """`ABCD-EFGH-JKMN-PQRS`, for people to type."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def code_in(text: str) -> str:
    """The code that somebody typed; empty when it can be none."""
    if len(text) > 2 * CODE_LENGTH:
        return ""
    code = text.upper().translate(_READ_AS)
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_LETTERS) else ""


# --- When a debt is cleared --------------------------------------------------------------------------------
def clears_on(last_payment: date, clearing_days: int) -> date:
    """The first day on which the last payment is older than `clearing_days` calendar days."""
    return last_payment + timedelta(days=clearing_days + 1)
