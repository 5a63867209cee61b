"""The creditor's own columns that a cartera keeps, on the page of the cartera (DESIGN §5)."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from cases import services
from cases.models import Cartera, CarteraField
from cases.rules.extra import MOST_FIELDS, TOO_MANY
from cases.searching import fold


class FieldForm(forms.ModelForm):
    class Meta:
        model = CarteraField
        fields = ["header", "label", "shown", "searchable", "in_report", "in_return", "order"]
        help_texts = {"searchable": "Por textos con algún número, de cuatro signos o más: una tarjeta, un legajo."}
        widgets = {"label": forms.TextInput(attrs={"placeholder": "como la columna"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["label"].required = False
        if self.instance.pk:
            self.fields["header"].disabled = True  # the cases have their texts under it


class FieldFormSet(BaseInlineFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        whose = form.instance.label or "dato nuevo"
        for field in form.fields.values():  # the headers of a table are no labels
            field.widget.attrs["aria-label"] = f"{field.label}: {whose}"

    def clean(self) -> None:
        super().clean()
        seen: set[str] = set()
        for form in self.forms:
            header = fold(" ".join((form.cleaned_data.get("header") or "").split()))
            if not header or form.cleaned_data.get("DELETE"):
                continue
            if header in seen:
                raise ValidationError(f"«{form.cleaned_data['header']}» está dos veces: deje una sola.")
            seen.add(header)
        if len(seen) > MOST_FIELDS:
            raise ValidationError(f"{TOO_MANY}.")


class FieldInline(admin.TabularInline):
    model = CarteraField
    form = FieldForm
    formset = FieldFormSet
    extra = 0
    max_num = MOST_FIELDS
    verbose_name_plural = "datos del acreedor (eliminar uno lo borra de los casos)"

    # Whoever may edit a cartera may edit these.
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("cases.view_cartera") or self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("cases.change_cartera")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)


def apply_to_cases(cartera: Cartera, formset: Any) -> int:
    """What an edit of the fields means for the cases that have them. Returns how many lost a datum."""
    if formset.deleted_objects:
        return services.forget_fields(cartera=cartera, headers=[field.header for field in formset.deleted_objects])
    added = any(field.searchable for field in formset.new_objects)
    if added or any("searchable" in names for _, names in formset.changed_objects):
        services.refresh_searched_fields(cartera=cartera)
    return 0
