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
        """The number of cases of a valid filter, of all or of one gestor (its id), read from sums (DESIGN §9).

        None for a search, which needs a count of the rows. Runs one or two queries.
        """
        values = self.form.cleaned_data
        if values.get("search"):
            return None
        whose = {values["gestor_id"]} if values.get("gestor_id") else set()
        whose |= {gestor} if gestor is not None else set()
        if len(whose) > 1:
            return 0
        statuses = CaseStatus.objects.all()
        if values.get("status"):
            is_stage = values["status"] in CaseStatus.Stage.values
            statuses = statuses.filter(**{"stage" if is_stage else "slug": values["status"]})
        if values.get("management_status"):
            statuses = statuses.filter(pk=values["management_status"].pk)
        has_status = values.get("status") or values.get("management_status")
        return total_cases(
            cartera=values["cartera_id"].pk if values.get("cartera_id") else None,
            gestor=next((person.pk for person in whose), None),
            statuses=list(statuses.values_list("pk", flat=True)) if has_status else None,
        )

    def filter_status(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        if value in CaseStatus.Stage.values:
            return cases.filter(stage=value)
        return cases.filter(status__slug=value)
