"""The texts of papers and their placeholders, verification codes, and when a debt is cleared."""

from datetime import date

import pytest

from cases.rules import papers


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Debe {saldo} {{sic}}", []),
        ("Debe {sueldo}.", ["«{sueldo}» no se puede usar aquí. Se puede usar: {fecha}, {saldo}."]),
        ("{a} y {a}", ["«{a}» no se puede usar aquí. Se puede usar: {fecha}, {saldo}."]),
        ("Debe {saldo:>10}", ["«{saldo}» lleva solo el nombre, sin «:» ni «!»."]),
        ("Debe {saldo!r}", ["«{saldo}» lleva solo el nombre, sin «:» ni «!»."]),
        ("Debe {saldo.real}", ["«{saldo.real}» no se puede usar aquí. Se puede usar: {fecha}, {saldo}."]),
        ("Debe {}", ["«{}» no se puede usar aquí. Se puede usar: {fecha}, {saldo}."]),
        ("Debe {saldo", [papers.BRACES]),
        ("Debe saldo}", [papers.BRACES]),
    ],
)
def test_what_is_wrong_with_a_text(text: str, wrong: list[str]) -> None:
    assert papers.check(text, frozenset({"saldo", "fecha"})) == wrong


def test_a_text_of_the_agency_takes_no_data() -> None:
    assert papers.check("{deudor}", papers.PLACEHOLDERS[papers.Text.AGENCY_CUIT]) == [
        "«{deudor}» no se puede usar aquí. Este texto no lleva datos entre llaves."
    ]


def test_what_a_value_says_is_not_filled_in_again() -> None:
    assert papers.fill("{deudor} debe {{{saldo}}}", {"deudor": "{saldo}", "saldo": "$ 1"}) == "{saldo} debe {$ 1}"


def test_every_text_has_its_placeholders() -> None:
    assert set(papers.PLACEHOLDERS) == set(papers.Text)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ABCD-EFGH-JKMN-PQRS", "ABCDEFGHJKMNPQRS"),
        ("abcd efgh jkmn pqrs", "ABCDEFGHJKMNPQRS"),
        ("ABCDEFGHJKMNPQRS", "ABCDEFGHJKMNPQRS"),
        ("ABCD-EFGH-JKMN-PQR", ""),
        ("ABCD-EFGH-JKMN-PQRO", ""),
        ("A" * 5000, ""),
        ("", ""),
    ],
)
def test_code_as_it_is_typed(typed: str, code: str) -> None:
    assert papers.code_in(typed) == code


def test_clearing_days() -> None:
    """Older than two days: a payment of the 1st is on the 4th."""
    assert papers.clears_on(date(2026, 12, 1), 2) == date(2026, 12, 4)
