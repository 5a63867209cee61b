"""Money as people write it in Argentina: text to `Decimal` pesos with cents, and back (DESIGN §5 "Cells")."""

import re
from decimal import ROUND_HALF_UP, Decimal

from nova.lib.text import without_accents

CENT = Decimal("0.01")
MAX_MONEY = Decimal("9999999999999.99")  # what Decimal(15, 2) holds
_MAX_INTEGER_DIGITS = 13

_PLAIN = re.compile(r"[0-9]{1,13}\.[0-9]{2}")
_MINUS_SIGNS = "−–-"  # the hyphen last: inside [] it must not make a range
_SIGNED_AMOUNT = re.compile(rf"([+{_MINUS_SIGNS}]?)(?:AR\$|ARS|\$)?([+{_MINUS_SIGNS}]?)([0-9.,]+)\$?", re.I)

# What people write after an amount: `1.500.-`, `1.500,00 ARS`, `1500 pesos`. Another currency is no amount in pesos.
_WORDS_AFTER = re.compile(r"[.,]?[-–]{1,2}$|(?:ARS|AR\$|pesos(?:argentinos)?)\.?(?:[.,]?[-–]{1,2})?$", re.I)

NOT_AN_AMOUNT = "no es un importe"
BAD_GROUPING = "tiene mal ubicados los separadores de miles"
TOO_LARGE = "es demasiado grande"


def parse_money(text: str) -> Decimal:
    """Read an amount such as `$ 1.234.567,89`, `AR$ 1,234.5`, `-1500` or `137.628` (pesos, two decimals).

    With both separators the last one is decimal; equal separators, or one followed by exactly three digits,
    group thousands; otherwise, and after a zero alone, the separator is decimal. Beyond two decimals it rounds half up.
    Raises `ValueError` with the reason in Spanish, worded to follow the quoted text. Source: DESIGN §5.
    """
    if _PLAIN.fullmatch(text):  # as most systems write it: nothing to decide, and never above the limit
        return Decimal(text)
    text = "".join(text.split())
    match = _SIGNED_AMOUNT.fullmatch(text) or _SIGNED_AMOUNT.fullmatch(_without_words(text))
    if match is None:
        raise ValueError(NOT_AN_AMOUNT)
    sign_before, sign_after, digits = match.groups()
    if sign_before and sign_after:
        raise ValueError(NOT_AN_AMOUNT)
    integer, decimals = _split_decimals(digits)
    integer = integer.lstrip("0") or "0"
    if len(integer) > _MAX_INTEGER_DIGITS:
        raise ValueError(TOO_LARGE)
    # Cut to a length that cannot change the rounded cents: a cell of 30,000 decimals costs nothing.
    amount = Decimal(f"{integer}.{decimals[:30]}") if len(decimals) == 2 else round_money(f"{integer}.{decimals[:30]}")
    if amount > MAX_MONEY:
        raise ValueError(TOO_LARGE)
    sign = sign_before or sign_after
    return -amount if sign and sign in _MINUS_SIGNS else amount


def _without_words(text: str) -> str:
    """The amount without `.-` or a name of pesos after it; a bare minus at the end is none of ours and stays."""
    shorter = _WORDS_AFTER.sub("", text)
    return shorter if text[len(shorter) :] not in ("-", "–") else text


_SAID_AMOUNT = re.compile(r"(.*?) ?(mil|k|m|millon|millones)\.?", re.I)
_UNITS = {"mil": 1_000, "k": 1_000, "m": 1_000_000, "millon": 1_000_000, "millones": 1_000_000}


def parse_said_money(text: str) -> Decimal:
    """`parse_money`, and amounts as people say them: `50 mil`, `10k`, `1,5 M`, `2 millones`. Raises `ValueError`."""
    words = " ".join(without_accents(text).split())
    match = _SAID_AMOUNT.fullmatch(words)
    if match is None:
        return parse_money(text)
    number, unit = match[1], _UNITS[match[2].lower()]
    if not number:
        amount = Decimal(1)
    elif re.fullmatch(r"[0-9]{1,13},[0-9]{1,6}", number):
        amount = Decimal(number.replace(",", "."))  # before a unit a comma is decimal, also with three digits after it
    else:
        amount = parse_money(number)
    return round_money(amount * unit)


def _split_decimals(digits: str) -> tuple[str, str]:
    """Integer digits without grouping, and decimal digits (maybe none)."""
    dot, comma = digits.rfind("."), digits.rfind(",")
    if dot < 0 and comma < 0:
        return digits, ""
    if dot >= 0 and comma >= 0:
        last, group = (comma, ".") if comma > dot else (dot, ",")
        head, decimals = digits[:last], digits[last + 1 :]
        if not decimals or digits[last] in head:
            raise ValueError(BAD_GROUPING)
        return _ungroup(head.split(group)), decimals
    parts = digits.split("." if comma < 0 else ",")
    is_less_than_one = set(parts[0]) == {"0"}  # no thousands begin with a zero
    if len(parts) > 2 or (len(parts[1]) == 3 and not is_less_than_one):
        return _ungroup(parts), ""
    if not parts[1]:
        raise ValueError(NOT_AN_AMOUNT)
    return parts[0], parts[1]


def _ungroup(groups: list[str]) -> str:
    if not groups[0] or any(len(group) != 3 for group in groups[1:]):
        raise ValueError(BAD_GROUPING)
    return "".join(groups)


def round_money(value: Decimal | int | float | str) -> Decimal:
    """Round half up to cents; a float goes through its shortest text, so 2.675 is 2.68 as people expect.

    Raises `ValueError` for NaN, infinities and what does not fit `Decimal(15, 2)`.
    """
    amount = _as_decimal(value)
    if not amount.is_finite():
        raise ValueError(NOT_AN_AMOUNT)
    if amount.adjusted() >= _MAX_INTEGER_DIGITS:
        raise ValueError(TOO_LARGE)
    rounded = round_total(amount)
    if abs(rounded) > MAX_MONEY:
        raise ValueError(TOO_LARGE)
    return rounded


def round_total(value: Decimal | int | float | str) -> Decimal:
    """Round half up to cents a sum, which may be larger than any single amount."""
    return _as_decimal(value).quantize(CENT, rounding=ROUND_HALF_UP) + 0  # zero has no sign


def _as_decimal(value: Decimal | int | float | str) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def format_money(amount: Decimal | float, *, symbol: bool = True) -> str:
    """`$ 1.234.567,89` (es-AR); a negative amount carries its sign first: `-$ 1.234,00`."""
    rounded = round_total(amount)
    text = f"{abs(rounded):,.2f}".translate(str.maketrans(",.", ".,"))
    return f"{'-' if rounded < 0 else ''}{'$ ' if symbol else ''}{text}"


def format_percentage(value: Decimal) -> str:
    """`41,67 %`, with a space that does not break."""
    return f"{value:.2f}\N{NO-BREAK SPACE}%".replace(".", ",")
