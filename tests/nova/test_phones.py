"""Links that a phone number becomes."""

import pytest

from nova.lib.phones import format_phone, whatsapp_link


@pytest.mark.parametrize(
    ("number", "is_mobile", "link"),
    [
        ("+5491144445555", True, "https://wa.me/5491144445555"),
        ("+5491144445555", False, "https://wa.me/5491144445555"),
        ("+541144445555", True, "https://wa.me/5491144445555"),
        ("+541144445555", False, ""),
        ("+59899123456", False, "https://wa.me/59899123456"),
        ("4444-5555 int. 3", True, ""),
        ("+", True, ""),
    ],
)
def test_whatsapp_only_where_there_is_a_mobile(number: str, is_mobile: bool, link: str) -> None:
    assert whatsapp_link(number, is_mobile=is_mobile) == link


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("+5491144445555", "+54 9 11 4444-5555"),
        ("+541144445555", "+54 11 4444-5555"),
        ("+5492920412345", "+54 9 2920 41-2345"),
        ("4444-5555 int. 3", "4444-5555 int. 3"),
        ("", ""),
    ],
)
def test_a_number_is_shown_as_people_dial_it(number: str, text: str) -> None:
    assert format_phone(number) == text
