"""What a list of cases can be narrowed by. The screens and the API share it."""

from datetime import timedelta
from typing import Any

import django_filters
from django import forms
from django.utils import timezone

from accounts.models import User
from cases.models import Activity, Cartera, Case, CaseStatus, LedgerEntry, Promise
from cases.querysets import CaseQuerySet
from cases.refusals import NO_CARTERA, NO_GESTOR, NO_STATUS
from cases.rollups import total_cases
from nova.lib import dates

IDLE_DAYS = 15


class CaseFilter(django_filters.FilterSet):
    """Unknown values narrow nothing away: `complaints` says which one was wrong."""

    search = django_filters.CharFilter(
        label="Buscar casos", method="filter_search", max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    cartera = django_filters.ModelChoiceFilter(queryset=Cartera.objects.all(), empty_label="Todas las carteras")
    status = django_filters.ModelChoiceFilter(
        queryset=CaseStatus.objects.all(), to_field_name="slug", empty_label="Todos los estados"
    )
    band = django_filters.ChoiceFilter(
        label="Banda", field_name="queue_band", choices=Case.Band.choices, empty_label="Todas las bandas"
    )

    class Meta:
        model = Case
        fields: list[str] = []

    @classmethod
    def narrows(cls, data: Any) -> bool:
        """Whether any filter is in use, before one is made of them."""
        return any(data.get(name) for name in cls.base_filters)

    @property
    def complaints(self) -> list[str]:
        """`Estado: Seleccione una opción válida…`, for an old address or one that somebody wrote."""
        form = self.form
        return [f"{form.fields[name].label}: {error}" for name, errors in form.errors.items() for error in errors]

    def filter_search(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        return cases.search(value)


class ApiCaseFilter(CaseFilter):
    """The filters of `GET /api/v1/cases`; `status` is a stage, else the slug of a status (DESIGN §7)."""

    status = django_filters.CharFilter(method="filter_status")
    management_status = django_filters.ModelChoiceFilter(
        field_name="status",
        queryset=CaseStatus.objects.all(),
        to_field_name="slug",
        error_messages={"invalid_choice": NO_STATUS},
    )
    cartera_id = django_filters.ModelChoiceFilter(
        field_name="cartera",
        queryset=Cartera.objects.all(),
        error_messages={"invalid_choice": NO_CARTERA},
    )
    gestor_id = django_filters.ModelChoiceFilter(
        field_name="assigned_to",
        queryset=User.objects.all(),
        error_messages={"invalid_choice": NO_GESTOR},
    )

    cartera = None
    band = None

    def total(self, gestor: Any) -> int | None:
        """How many cases there are of a valid filter, of all or of a gestor, told without counting them (DESIGN §9).

        None where only a count can tell: of a search. Runs one query or two.
        """
        asked = self.form.cleaned_data
        if asked.get("search"):
            return None
        whose = {asked["gestor_id"]} if asked.get("gestor_id") else set()
        whose |= {gestor} if gestor is not None else set()
        if len(whose) > 1:
            return 0
        statuses = CaseStatus.objects.all()
        if asked.get("status"):
            is_stage = asked["status"] in CaseStatus.Stage.values
            statuses = statuses.filter(**{"stage" if is_stage else "slug": asked["status"]})
        if asked.get("management_status"):
            statuses = statuses.filter(pk=asked["management_status"].pk)
        has_status = asked.get("status") or asked.get("management_status")
        return total_cases(
            cartera=asked["cartera_id"].pk if asked.get("cartera_id") else None,
            gestor=next((person.pk for person in whose), None),
            statuses=list(statuses.values_list("pk", flat=True)) if has_status else None,
        )

    def filter_status(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        if value in CaseStatus.Stage.values:
            return cases.filter(stage=value)
        return cases.filter(status__slug=value)


class OwnCaseFilter(CaseFilter):
    """«Mis casos»: also the cases behind each figure and alert of the gestor's screen (DESIGN §4)."""

    FOCUSES = [
        ("promises_today", "Promesas que vencen hoy"),
        ("idle", f"Sin gestión en {IDLE_DAYS} días"),
        ("recovered", "Con pagos acreditados este mes"),
        ("kept", "Con promesas cumplidas este mes"),
        ("worked_today", "Con gestiones mías de hoy"),
    ]
    focus = django_filters.ChoiceFilter(
        label="Vista", method="filter_focus", choices=FOCUSES, empty_label="Todos los casos"
    )

    def filter_focus(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        return focused(cases, value, gestor=self.request.user)


def focused(cases: CaseQuerySet, focus: str, *, gestor: Any) -> CaseQuerySet:
    """Those of `cases` behind one of the gestor's figures; the same conditions that count them (`cases.figures`)."""
    now = timezone.now()
    if focus == "idle":
        return cases.idle(now - timedelta(days=IDLE_DAYS))
    today = dates.local_date(now)
    month = today.replace(day=1)
    behind: Any
    if focus == "promises_today":
        behind = Promise.objects.pending().filter(promise_date=today)
    elif focus == "recovered":
        behind = LedgerEntry.objects.recovered_by(gestor, month, today)
    elif focus == "kept":
        behind = Promise.objects.filter(
            created_by=gestor, status=Promise.Status.FULFILLED, promise_date__range=(month, today)
        )
    else:
        behind = Activity.objects.by_people().filter(created_by=gestor, created_at__gte=dates.start_of_day(today))
    return cases.filter(pk__in=behind.order_by().values("case_id"))
