"""Edit conflicts: a form of a case that somebody else changed after the form was loaded (DESIGN §2)."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from cases.models import Case


def describe_conflict(form: forms.ModelForm, current: Case) -> list[tuple[str, str, str]]:
    """(label, old value, current value) of every field that somebody else changed meanwhile."""
    fresh = type(form)(instance=current)
    changes = []
    for name in _tracked(form):
        read, now = _as_read(form, name), _as_posted(fresh, name)
        if read != now:
            field = fresh.fields[name]
            changes.append((str(field.label), _shown(field, read), _shown(field, now)))
    return changes


def rebase(posted: QueryDict, form: forms.ModelForm, current: Case) -> QueryDict:
    """The posted data adapted to the current case: edited fields keep their value, the others get the current one."""
    fresh = type(form)(instance=current)
    data = posted.copy()
    for name in _tracked(form):
        now = _as_posted(fresh, name)
        data[fresh[name].html_initial_name] = now
        if name not in form.changed_data:
            data[name] = now
    data["read_version"] = str(current.version)
    return data


def _tracked(form: forms.ModelForm) -> list[str]:
    return [name for name, field in form.fields.items() if field.show_hidden_initial]


def _as_read(form: forms.ModelForm, name: str) -> str:
    return form.data.get(form[name].html_initial_name, "").replace("\r\n", "\n")


def _as_posted(form: forms.ModelForm, name: str) -> str:
    """The value of a field as a browser would post it, but with normalised line ends."""
    value: Any = form.fields[name].widget.format_value(form[name].value())
    if isinstance(value, list):
        value = value[0] if value else ""
    return (value or "").replace("\r\n", "\n")


def _shown(field: forms.Field, value: str) -> str:
    if isinstance(field, forms.ModelChoiceField):
        try:
            chosen = field.to_python(value)
        except ValidationError:
            return "otro"
        return str(chosen) if chosen else "—"
    if value and isinstance(field, forms.DateTimeField):
        value = _moment_shown(field, value)
    return value or "—"


def _moment_shown(field: forms.DateTimeField, value: str) -> str:
    try:
        return f"{timezone.localtime(field.to_python(value)):%d/%m/%Y %H:%M}"
    except ValidationError:  # the hidden value was tampered with
        return value
