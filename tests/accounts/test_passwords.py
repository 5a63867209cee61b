"""What no password may be."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "password",
    [
        "Cobranzas2026!",
        "c0br4nz4s-2026",
        "NovaGestion2026",
        "GESTIÓN.cobranzas",
        "admin-nova-123",
        "contraseña2026",
        "sistemaNova!!!",
        "recupero123456",
    ],
)
def test_the_words_of_the_trade_with_a_decoration(password: str) -> None:
    with pytest.raises(ValidationError, match="conoce la agencia"):
        validate_password(password)


def test_the_name_of_the_agency(settings) -> None:
    settings.AGENCY_NAME = "Estudio Núñez & Asociados"
    with pytest.raises(ValidationError, match="conoce la agencia"):
        validate_password("EstudioNunez2026")


@pytest.mark.parametrize("password", ["corta", "1234567890123", "password123456", "qwertyuiop", "1q2w3e4r5t6y"])
def test_short_common_and_numeric_ones(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


@pytest.mark.parametrize(
    "password",
    [
        "otra-clave-larga-7",
        "correcto caballo batería grapa",
        "mi nova tiene cuatro ruedas verdes",
        "ñandúñandúñandú",
        "x" * 50 + "yz" * 39,
        "🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙",
    ],
)
def test_any_composition_and_length_is_welcome(password: str) -> None:
    assert validate_password(password) is None  # a refusal would be an exception


@given(st.text(st.characters(categories=["Lu", "Nd", "So", "Lo"]), min_size=10, max_size=128))
def test_words_are_looked_for_in_any_script(password: str) -> None:
    try:
        validate_password(password)
    except ValidationError as error:
        assert error.messages  # noqa: PT017  refused in words, never a failure
