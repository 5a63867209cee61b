"""The filters of `GET /api/v1/cases`."""

from typing import Any

import django_filters

from accounts.models import User
from cases.api.refusals import NO_CARTERA, NO_GESTOR, NO_STATUS
from cases.filters import CaseFilter
from cases.models import Cartera, CaseStatus
from cases.querysets import CaseQuerySet
from cases.rollups import total_cases


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
