"""The filters of a dashboard page: period, cartera and gestor, all in the query string (DESIGN §6)."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms

from accounts.models import User
from cases.fields import SaidPastDayField
from cases.models import Cartera
from dashboards.figures.periods import FIRST_DAY, LAST_DAY, Period, last_30_days, last_days
from dashboards.figures.scope import Scope

CUSTOM, DEFAULT = "custom", "month"
PRESETS = {
    "week": ("Últimos 7 días", 7),
    "month": ("Últimos 30 días", 30),
    "quarter": ("Últimos 90 días", 90),
    "year": ("Últimos 365 días", 365),
}
PERIODS = [*((name, label) for name, (label, _) in PRESETS.items()), (CUSTOM, "Entre dos fechas")]
MAX_DAYS = 3660  # ten years: each week is a bar
NO_CARTERA, NO_GESTOR = "Esa cartera no existe: elija una de la lista.", "Ese gestor no existe: elija uno de la lista."


@dataclass(frozen=True)
class DashboardFilters:
    """Valid filters. `parameters` are those of the query string, without default values."""

    scope: Scope
    period: Period
    preset: str

    @cached_property
    def parameters(self) -> dict[str, str]:
        given: dict[str, Any] = {}
        if self.preset == CUSTOM:
            given |= {"period": CUSTOM, "start_date": self.period.start, "end_date": self.period.end}
        elif self.preset != DEFAULT:
            given["period"] = self.preset
        if self.scope.cartera is not None:
            given["cartera"] = self.scope.cartera.pk
        if self.scope.gestor is not None:
            given["gestor"] = self.scope.gestor.pk
        return {name: str(value) for name, value in given.items()}

    def query(self, **more: Any) -> str:
        """The query string (`?…`) of these filters and `more`. A value of None removes a parameter."""
        given = {name: value for name, value in {**self.parameters, **more}.items() if value is not None}
        return f"?{urlencode(given)}" if given else ""

    def between(self, period: Period) -> "DashboardFilters":
        return DashboardFilters(self.scope, period, CUSTOM)

    @property
    def title(self) -> str:
        """«del 01/11/2026 al 30/11/2026»."""
        return f"del {self.period.start:%d/%m/%Y} al {self.period.end:%d/%m/%Y}"

    @property
    def whose(self) -> str:
        """«Cartera Norte · Gestor Ana Paz», or «Todas las carteras y gestores»."""
        cartera = f"Cartera {self.scope.cartera}" if self.scope.cartera else ""
        gestor = f"Gestor {self.scope.gestor}" if self.scope.gestor else ""
        return " · ".join(filter(None, (cartera, gestor))) or "Todas las carteras y gestores"


class FilterForm(forms.Form):
    """All fields are optional. `filters(today)` gives the result of a valid form."""

    period = forms.ChoiceField(
        label="Período",
        choices=PERIODS,
        required=False,
        error_messages={"invalid_choice": "Elija uno de los períodos de la lista."},
    )
    start_date = SaidPastDayField(label="Desde", required=False)
    end_date = SaidPastDayField(label="Hasta", required=False)
    cartera = forms.ModelChoiceField(
        Cartera.objects.all(), label="Cartera", required=False, error_messages={"invalid_choice": NO_CARTERA}
    )
    gestor = forms.ModelChoiceField(
        User.objects.all(), label="Gestor", required=False, error_messages={"invalid_choice": NO_GESTOR}
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("start_date", "end_date"):
            if (day := data.get(name)) and not FIRST_DAY <= day <= LAST_DAY:
                self.add_error(name, f"Indique un día entre {FIRST_DAY:%d/%m/%Y} y {LAST_DAY:%d/%m/%Y}.")
        return data

    def filters(self, today: date) -> DashboardFilters | None:
        """The filters; or None, with an error added to the form, when the dates are no valid period."""
        data = self.cleaned_data
        preset = data.get("period") or (CUSTOM if data.get("start_date") or data.get("end_date") else DEFAULT)
        period = self._period(preset, today)
        if period.end < period.start:
            self.add_error("end_date", "Termina antes de empezar.")
        elif (period.end - period.start).days >= MAX_DAYS:
            self.add_error("start_date", "Pida hasta diez años.")
        else:
            return DashboardFilters(Scope(data.get("cartera"), data.get("gestor")), period, preset)
        return None

    def _period(self, preset: str, today: date) -> Period:
        """With one end only: up to today, or the 30 days that end there."""
        if preset != CUSTOM:
            return last_days(PRESETS[preset][1], today)
        start, end = self.cleaned_data.get("start_date"), self.cleaned_data.get("end_date")
        return last_30_days(end or today) if start is None else Period(start, end or today)
