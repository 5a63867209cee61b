"""Amounts in words, as receipts print them."""

from decimal import Decimal

import pytest

from nova.lib.money_words import cardinal, pesos_in_words

CARDINALS = {
    0: "cero",
    1: "uno",
    16: "dieciséis",
    21: "veintiuno",
    22: "veintidós",
    30: "treinta",
    31: "treinta y uno",
    100: "cien",
    101: "ciento uno",
    500: "quinientos",
    777: "setecientos setenta y siete",
    1_000: "mil",
    1_001: "mil uno",
    2_100: "dos mil cien",
    21_000: "veintiún mil",
    31_001: "treinta y un mil uno",
    43_000: "cuarenta y tres mil",
    100_000: "cien mil",
    101_000: "ciento un mil",
    121_143: "ciento veintiún mil ciento cuarenta y tres",
    1_000_000: "un millón",
    1_000_001: "un millón uno",
    21_000_000: "veintiún millones",
    201_000_000: "doscientos un millones",
    1_000_000_000: "mil millones",
    21_001_000_000: "veintiún mil un millones",
    1_000_000_000_000: "un billón",
    1_001_000_000_100: "un billón mil millones cien",
    9_999_999_999_999: (
        "nueve billones novecientos noventa y nueve mil novecientos noventa y nueve millones "
        "novecientos noventa y nueve mil novecientos noventa y nueve"
    ),
}


@pytest.mark.parametrize(("number", "words"), CARDINALS.items())
def test_cardinals(number: int, words: str) -> None:
    assert cardinal(number) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("43000.00", "pesos cuarenta y tres mil con 00/100"),
        ("21000.05", "pesos veintiún mil con 05/100"),
        ("1000000.00", "pesos un millón con 00/100"),
        ("0.50", "pesos cero con 50/100"),
        ("1.00", "pesos uno con 00/100"),
        ("1234567890123.45", "pesos un billón doscientos treinta y cuatro mil quinientos sesenta y siete millones "
                             "ochocientos noventa mil ciento veintitrés con 45/100"),
    ],
)  # fmt: skip
def test_pesos(amount: str, words: str) -> None:
    assert pesos_in_words(Decimal(amount)) == words


def test_no_number_has_the_words_of_another() -> None:
    """From 0 to 9,999, and each of the same before a thousand and a million."""
    numbers = [*range(10_000), *(n * 1_000 for n in range(10, 1_000)), *(n * 10**6 for n in range(1, 1_000))]
    assert len({cardinal(number) for number in numbers}) == len(set(numbers))


def test_a_negative_amount_has_no_words() -> None:
    with pytest.raises(ValueError, match="no es un importe"):
        pesos_in_words(Decimal("-1"))
