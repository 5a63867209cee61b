"""Dates and numbers as Argentina writes them (nova.formats)."""

from datetime import UTC, date, datetime

import pytest
from django import forms
from django.template import Context, Template


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("{{ value }}", date(2026, 11, 24), "24/11/2026"),
        ("{{ value }}", datetime(2026, 11, 24, 15, 5, tzinfo=UTC), "24/11/2026 12:05"),
        ("{{ value|date }}", date(2026, 1, 2), "02/01/2026"),
        ("{{ value }}", 1234567, "1.234.567"),
        ("{{ value|floatformat:'2g' }}", 1234567.891, "1.234.567,89"),
    ],
)
def test_written(template: str, value: object, text: str) -> None:
    assert Template(template).render(Context({"value": value})) == text


@pytest.mark.parametrize("text", ["24/11/2026", "24/11/26", "24-11-2026", "2026-11-24"])
def test_read(text: str) -> None:
    assert forms.DateField(localize=True).clean(text) == date(2026, 11, 24)
