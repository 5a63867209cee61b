"""Filters of long lists. They do not load options that they do not show, and they use indexes."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest

from cases.admin.forms import GestorSelect
from cases.models import Case, CaseStatus
from nova.lib.text import key_in


class AutocompleteFilter(admin.FieldListFilter):
    """A foreign key chosen by typing: `list_filter = [("cartera", AutocompleteFilter)]`."""

    template = "admin/cases/autocomplete_filter.html"
    widget_class: type[AutocompleteSelect] = AutocompleteSelect

    def __init__(self, field, request, params, model, model_admin, field_path):
        self.parameter = f"{field_path}__id__exact"
        self.widget_field = field
        super().__init__(field, request, params, model, model_admin, field_path)
        self.title = field.verbose_name
        values: Any = self.used_parameters.get(self.parameter) or [None]
        self.value = values[-1]
        if self.value is not None and key_in(str(self.value)) is None:
            raise IncorrectLookupParameters

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter]

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        """A single choice with the data of the whole control, for the template."""
        kept = [(key, value) for key, values in changelist.get_filters_params().items() for value in values]
        if changelist.query:
            kept.append(("q", changelist.query))
        field = forms.ModelChoiceField(
            queryset=self.widget_field.remote_field.model._base_manager.all(),
            required=False,
            widget=self.widget_class(self.widget_field, admin.site),
        )
        control = field.widget.render(
            self.parameter, self.value, attrs={"id": f"filter-{self.field_path}", "aria-label": self.title}
        )
        yield {
            "control": control,
            "kept": [(key, value) for key, value in kept if key != self.parameter],
            "selected": self.value is not None,
            "clear": changelist.get_query_string(remove=[self.parameter]),
        }


class GestorFilter(AutocompleteFilter):
    widget_class = GestorSelect


class StageFilter(admin.SimpleListFilter):
    """Filters by the statuses of the stage, because `stage` has no index of its own."""

    title = "etapa"
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Abiertos"), *CaseStatus.Stage.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case] | None:
        if not self.value():
            return None
        stages = CaseStatus.OPEN_STAGES if self.value() == "open" else [self.value()]
        statuses = list(CaseStatus.objects.filter(stage__in=stages).values_list("pk", flat=True))
        return queryset.filter(status__in=statuses)


class YesNoFilter(admin.SimpleListFilter):
    yes, no = "Sí", "No"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", self.yes), ("0", self.no)]


class AssignedFilter(YesNoFilter):
    title = "asignación"
    parameter_name = "assigned"
    yes, no = "Con gestor", "Sin gestor"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in ("0", "1"):
            return None
        return queryset.filter(assigned_to__isnull=self.value() == "0")


class StoppedFilter(YesNoFilter):
    title = "detenido"
    parameter_name = "stopped"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in ("0", "1"):
            return None
        return queryset.filter(stopped_at__isnull=self.value() == "0")
