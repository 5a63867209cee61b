"""Amounts in words, as receipts have them: `pesos veintiún mil quinientos uno con 50/100`.

Our own, because num2words writes `treinta y uno mil`, and such words stand in legal papers.
"""

from decimal import Decimal

from nova.lib.money import round_total

_TO_29 = (
    *("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce"),
    *("trece", "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte", "veintiuno"),
    *("veintidós", "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho"),
    "veintinueve",
)
_TENS = ("treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa")
_HUNDREDS = (
    *("ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos", "seiscientos", "setecientos"),
    *("ochocientos", "novecientos"),
)
# A thousand has no plural, so it counts inside of each: 1.000.000.000 is `mil millones`.
_GROUPS = ((10**12, "billón", "billones"), (10**6, "millón", "millones"))


def pesos_in_words(amount: Decimal) -> str:
    """`pesos un millón con 00/100`, of an amount in ARS from zero on. Raises ValueError."""
    amount = round_total(amount)
    if amount < 0:
        raise ValueError("no es un importe")
    pesos, cents = divmod(int(amount * 100), 100)
    return f"pesos {cardinal(pesos)} con {cents:02d}/100"


def cardinal(number: int) -> str:
    """The cardinal of a whole number from 0 to 10¹⁸ − 1, which stands alone: 21 is `veintiuno`."""
    if number < 10**6:
        return _to_million(number)
    words = []
    for size, one, many in _GROUPS:
        count, number = divmod(number, size)
        if count:
            words.append(f"un {one}" if count == 1 else f"{_before_a_noun(_to_million(count))} {many}")
    if number:
        words.append(_to_million(number))
    return " ".join(words)


def _to_million(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _to_thousand(rest)
    start = "mil" if thousands == 1 else f"{_before_a_noun(_to_thousand(thousands))} mil"
    return f"{start} {_to_thousand(rest)}" if rest else start


def _to_thousand(number: int) -> str:
    if number == 100:
        return "cien"
    hundreds, rest = divmod(number, 100)
    if hundreds:
        return f"{_HUNDREDS[hundreds - 1]} {_to_hundred(rest)}" if rest else _HUNDREDS[hundreds - 1]
    return _to_hundred(rest)


def _to_hundred(number: int) -> str:
    if number < 30:
        return _TO_29[number]
    tens, rest = divmod(number, 10)
    return f"{_TENS[tens - 3]} y {_TO_29[rest]}" if rest else _TENS[tens - 3]


def _before_a_noun(words: str) -> str:
    """`veintiún mil`, `treinta y un millones`: the last `uno` loses its ending."""
    if words.endswith("veintiuno"):
        return f"{words.removesuffix('uno')}ún"
    return words.removesuffix("o") if words.endswith("uno") else words
