"""The filters of lists of cases, for the screens and the API."""

from typing import Any

import django_filters
from django import forms

from cases.models import Cartera, Case, CaseStatus
from cases.querysets import CaseQuerySet


class CaseFilter(django_filters.FilterSet):
    """A value that is not valid filters nothing; `complaints` lists such values."""

    search = django_filters.CharFilter(
        label="Buscar casos", method="filter_search", max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    cartera = django_filters.ModelChoiceFilter(queryset=Cartera.objects.all(), empty_label="Todas las carteras")
    status = django_filters.ModelChoiceFilter(
        queryset=CaseStatus.objects.all(), to_field_name="slug", empty_label="Todos los estados"
    )
    band = django_filters.ChoiceFilter(
        label="Prioridad", field_name="queue_band", choices=Case.Band.choices, empty_label="Todas"
    )

    class Meta:
        model = Case
        fields: list[str] = []

    @classmethod
    def narrows(cls, data: Any) -> bool:
        """Whether the data use any filter. Does not create a form."""
        return any(data.get(name) for name in cls.base_filters)

    @property
    def complaints(self) -> list[str]:
        """`Estado: Seleccione una opción válida…`, for values of an old or hand-written url."""
        form = self.form
        return [f"{form.fields[name].label}: {error}" for name, errors in form.errors.items() for error in errors]

    def filter_search(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        return cases.search(value)
