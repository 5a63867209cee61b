"""Form fields and error handling that the gestor's screen and the admin share."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from cases.models import DebtorPhone
from cases.rules.queue import next_action_for_promise
from nova.lib.dates import local_date, start_of_day
from nova.lib.money import format_money, parse_money, parse_said_money
from nova.lib.phones import read_new_phone
from nova.lib.refusals import NO_NAMES, by_field
from nova.lib.said import NotSaid, read_day, read_moment, show_day, show_moment


def add_errors(form: forms.BaseForm, error: ValidationError, names: Mapping[str, str] = NO_NAMES) -> None:
    """Add the errors of a service to the fields of a form; errors of other fields become non-field errors.

    `names` maps the field names of the service to those of the form.
    """
    for name, sentences in by_field(error, names).items():
        form.add_error(name if name in form.fields else None, sentences)


class MoneyField(forms.CharField):
    """An amount in Argentine format (`$ 1.234,56`), converted to a Decimal in ARS; None when empty."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "vTextField money-input"})
    reader = staticmethod(parse_money)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        if isinstance(value, Decimal):
            return value
        text = super().to_python(value)
        if not text:
            return None
        try:
            return self.reader(text)
        except ValueError as error:
            raise ValidationError(f"«{text}» {error}.") from error

    def prepare_value(self, value: Any) -> Any:
        return format_money(value, symbol=False) if isinstance(value, Decimal) else value


class PesosField(MoneyField):
    """An amount as it is written or said: `50 mil`, `10k`."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "data-said": "amount"})
    reader = staticmethod(parse_said_money)


class SaidField(forms.CharField):
    """One text, read as people say it. static/js/said.js shows how it is read, and writes that when one leaves it."""

    kind = ""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        said = {"autocomplete": "off", "data-said": self.kind}
        return {**super().widget_attrs(widget), **said}

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return READERS[self.kind](text, timezone.now())
        except NotSaid as error:
            raise ValidationError(str(error)) from error


class SaidDayField(SaidField):
    """A local date: the next such day (DESIGN §4)."""

    kind = "day"

    def prepare_value(self, value: Any) -> Any:
        return show_day(value) if isinstance(value, date) else value


class SaidPastDayField(SaidDayField):
    """A local date: the last such day."""

    kind = "past"


class SaidMomentField(SaidField):
    """A local date and time, to the minute."""

    kind = "moment"

    def prepare_value(self, value: Any) -> Any:
        return show_moment(value) if isinstance(value, datetime) else value


READERS: dict[str, Callable[[str, datetime], date | datetime]] = {
    "day": lambda text, now: read_day(text, today=local_date(now)),
    # When a case with a promise for that day comes back.
    "back": lambda text, now: max(
        next_action_for_promise(read_day(text, today=local_date(now))), start_of_day(local_date(now))
    ),
    "past": lambda text, now: read_day(text, today=local_date(now), past=True),
    "moment": lambda text, now: read_moment(text, now=now),
}


def how_read(kind: str, text: str, *, now: datetime) -> str:
    """How a text of this kind is read, as it is shown. Raises ValueError with the reason; KeyError for another kind."""
    if kind == "amount":
        return format_money(parse_said_money(text))
    value = READERS[kind](text, now)
    return show_moment(value) if isinstance(value, datetime) else show_day(value)


class DebtorPhoneForm(forms.ModelForm):
    class Meta:
        model = DebtorPhone
        fields = ["number", "kind", "state", "note"]

    def clean_number(self) -> str:
        """The number in E.164. What is no number is refused, but for one that was stored before (DESIGN §2)."""
        given = self.cleaned_data["number"]
        if self.instance.pk and given == self.instance.number:
            return given
        try:
            return read_new_phone(given).number
        except ValueError as error:
            raise ValidationError(f"«{given}» {error}.") from error
