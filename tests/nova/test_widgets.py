"""Form controls look as Django draws them (nova.lib.widgets)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from nova.lib.widgets import DRAWN, QuickRenderer

DJANGO, OURS = DjangoTemplates(), QuickRenderer()

CHOICES = [
    ("", "Ninguno"),
    (None, "Nada"),
    (1, 1234567),
    (1234, "<b>uno</b> & otro"),
    (mark_safe("&amp;"), mark_safe("<i>seguro</i>")),
    ("'", gettext_lazy("Save")),
    ("Grupo <1>", [("x", "Equis"), (True, date(2026, 11, 24))]),
    (2500, [("y", Decimal("1234.5"))]),
]
WIDGETS = [
    forms.TextInput(),
    forms.TextInput(attrs={"inputmode": "decimal", "required": True, "disabled": False, "maxlength": 1234}),
    forms.NumberInput(attrs={"step": Decimal("0.01")}),
    forms.EmailInput(),
    forms.URLInput(),
    forms.PasswordInput(render_value=True),
    forms.HiddenInput(),
    forms.DateInput(format="%Y-%m-%d"),
    forms.DateInput(),
    forms.DateTimeInput(),
    forms.TimeInput(),
    forms.FileInput(),
    forms.CheckboxInput(attrs={"class": 'a"b'}),
    forms.CheckboxInput(),
    forms.Textarea(attrs={"rows": 3, "data-x": mark_safe("&lt;")}),
    forms.Select(choices=CHOICES),
    forms.Select(attrs={"required": True, "class": gettext_lazy("Save")}, choices=CHOICES),
    forms.SelectMultiple(choices=CHOICES),
    forms.RadioSelect(choices=CHOICES),
    forms.CheckboxSelectMultiple(choices=CHOICES),
]
VALUES = [
    *(None, "", "  a  ", "\n", 0, 1, 1234, True, False, 1234.5, Decimal("1234.50"), ["x", "1234"], "x", ("a", "b")),
    *("<script>\"'&", mark_safe("<b>&amp;</b>"), gettext_lazy("Save"), date(2026, 11, 24), datetime(2026, 1, 2, 3, 4)),  # noqa: DTZ001
]
GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)  # the frame of a group is Django's template
NAMES = [type(widget).__name__ for widget in WIDGETS]


def drawn(widget: forms.Widget, value: Any, attrs: dict[str, Any], renderer: DjangoTemplates) -> str:
    return widget.render("campo<1>", value, attrs=attrs, renderer=renderer)


@pytest.mark.parametrize("widget", WIDGETS, ids=NAMES)
def test_every_control_is_as_django_draws_it(widget: forms.Widget) -> None:
    assert (widget.template_name in DRAWN) is not isinstance(widget, GROUPS)
    for attrs in ({"id": "id_campo"}, {}, {"id": "", "aria-invalid": "true", "title": '«a» & "b"'}):
        pairs = [(drawn(widget, value, attrs, OURS), drawn(widget, value, attrs, DJANGO)) for value in VALUES]
        assert [ours for ours, _ in pairs] == [django for _, django in pairs]


@given(
    value=st.text() | st.integers() | st.none(), attrs=st.dictionaries(st.text(min_size=1), st.text() | st.booleans())
)
@pytest.mark.parametrize(
    "widget", [forms.TextInput(), forms.Textarea(), forms.Select(choices=CHOICES)], ids=["text", "textarea", "select"]
)
def test_whatever_it_holds(widget: forms.Widget, value: Any, attrs: dict[str, Any]) -> None:
    assert drawn(widget, value, attrs, OURS) == drawn(widget, value, attrs, DJANGO)


@pytest.mark.parametrize("widget", [forms.RadioSelect(choices=CHOICES), forms.CheckboxSelectMultiple(choices=CHOICES)])
def test_each_button_of_a_group_is_as_django_draws_it(widget: forms.Widget) -> None:
    class Form(forms.Form):
        field = forms.MultipleChoiceField(choices=CHOICES, widget=widget)

    def parts(renderer: DjangoTemplates) -> list[str]:
        return [f"{part.tag()}{part}" for part in Form({"field": ["x"]}, renderer=renderer)["field"]]

    assert len(parts(OURS)) > len(CHOICES)
    assert parts(OURS) == parts(DJANGO)


def test_forms_are_drawn_by_it() -> None:
    assert isinstance(forms.Form().renderer, QuickRenderer)
