"""The figures in the JSON API, for admins (DESIGN §7). They use the queries of the dashboard; every parameter is
checked.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import IsAdmin
from cases.api.refusals import NO_CARTERA, NO_GESTOR
from cases.models import Cartera, CaseStatus
from dashboards.figures import kpis
from dashboards.figures.cached import cached
from dashboards.figures.periods import (
    FIRST_DAY,
    LAST_DAY,
    Period,
    last_30_days,
    last_four_weeks,
    month_to_date,
    same_days_of_last_month,
)
from dashboards.figures.scope import Scope
from nova.lib import dates
from nova.lib.databases import reads_from_replica
from nova.lib.rest.fields import AmountField, DayField, QuerySerializer, QueryWholeField, TextField
from nova.lib.rest.views import MAX_PER_PAGE, ApiView

MAX_WEEKS = 530  # ten years: each week is a bar
LIMIT = 10
T = TypeVar("T")


# --- The parameters ------------------------------------------------------------------------------------
def of_these_times(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise serializers.ValidationError(f"Indique un día entre {FIRST_DAY} y {LAST_DAY}.")


class FigureQuery(QuerySerializer):
    """The parameters of every route. Routes that show the current cases check the period and do not use it."""

    start_date = DayField(
        required=False, validators=[of_these_times], help_text="Primer día, incluido; por defecto, el de hace 29 días."
    )
    end_date = DayField(required=False, validators=[of_these_times], help_text="Último día, incluido; por defecto hoy.")
    cartera_id = QueryWholeField(required=False)
    cartera = TextField(required=False, max_length=120, help_text="El nombre, en lugar de `cartera_id`.")
    gestor_id = QueryWholeField(required=False)
    limit = QueryWholeField(
        required=False,
        help_text="Cuántos gestores o carteras; por defecto 10, más de 100 vale 100. Las demás carteras van sumadas.",
    )

    def validate_gestor_id(self, pk: int) -> User:
        """Accepts a user of any role: a gestor who became an admin keeps what they recovered before."""
        gestor = User.objects.filter(pk=pk).first()
        if gestor is None:
            raise serializers.ValidationError(NO_GESTOR)
        return gestor

    def validate_cartera_id(self, pk: int) -> Cartera:
        return _known(Cartera.objects.filter(pk=pk).first())

    def validate_cartera(self, name: str) -> Cartera:
        return _known(Cartera.objects.named(name))

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        named, by_id = data.get("cartera"), data.get("cartera_id")
        if named and by_id and named != by_id:
            raise serializers.ValidationError({"cartera": "cartera y cartera_id nombran carteras distintas."})
        return data


def _known(cartera: Cartera | None) -> Cartera:
    if cartera is None:
        raise serializers.ValidationError(NO_CARTERA)
    return cartera


# --- What we answer -----------------------------------------------------------------------------------
class PercentField(serializers.FloatField):
    """A JSON number with at most two decimals: 41.67 is 41.67 %."""


class FiguresOut(serializers.Serializer):
    """The keys of DESIGN §6."""

    monto_recuperado = AmountField()
    tasa_recupero = PercentField(allow_null=True, help_text="Por ciento; null sin nada que recuperar.")
    promesas_cumplidas = PercentField(allow_null=True, help_text="Por ciento; null sin promesas decididas.")
    gestiones_realizadas = serializers.IntegerField()
    contactabilidad = PercentField(allow_null=True, help_text="Por ciento; null sin intentos.")
    total_casos = serializers.IntegerField(allow_null=True, help_text="Hoy; null en un período que pasó.")
    casos_pagados = serializers.IntegerField(allow_null=True, help_text="Hoy; null en un período que pasó.")
    total_deuda = AmountField(allow_null=True, help_text="Hoy; null en un período que pasó.")
    convenios_vigentes = serializers.IntegerField(allow_null=True, help_text="Hoy; null en un período que pasó.")
    cuotas_cumplidas = PercentField(
        allow_null=True, help_text="Por ciento de las que terminaron su gracia; null sin ninguna."
    )
    quitas_otorgadas = AmountField()
    quita_media = PercentField(allow_null=True, help_text="Por ciento de lo quitado más lo pagado; null sin quitas.")


class KpisOut(FiguresOut):
    previous = FiguresOut(help_text="Los mismos días, inmediatamente antes.")


class ComparisonOut(serializers.Serializer):
    current = FiguresOut()
    previous = FiguresOut()


class DatasetOut(serializers.Serializer):
    label = serializers.CharField()  # type: ignore[assignment]  # Chart.js names the keys
    data = serializers.ListField(child=AmountField())  # type: ignore[assignment]


class ChartOut(serializers.Serializer):
    """What Chart.js takes as `data`."""

    labels = serializers.ListField(child=serializers.CharField())
    datasets = DatasetOut(many=True)


class RankedGestorOut(serializers.Serializer):
    gestor_id = serializers.IntegerField()
    gestor_name = serializers.CharField()
    monto_recuperado = AmountField()
    total_casos = serializers.IntegerField()
    casos_pagados = serializers.IntegerField()
    promesas_cumplidas = PercentField(allow_null=True)
    gestiones = serializers.IntegerField()


class StatusShareOut(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    stage = serializers.ChoiceField(choices=CaseStatus.Stage.choices)
    count = serializers.IntegerField()
    balance = AmountField()


# --- The routes ---------------------------------------------------------------------------------------
@reads_from_replica
class FigureView(ApiView):
    permission_classes = [IsAdmin]
    query_serializer = FigureQuery

    @property
    def scope(self) -> Scope:
        cartera = self.query.get("cartera_id") or self.query.get("cartera")
        return Scope(cartera=cartera, gestor=self.query.get("gestor_id"))

    @property
    def limit(self) -> int:
        return min(self.query.get("limit", LIMIT), MAX_PER_PAGE)

    def period(self, default: Callable[[date], Period] = last_30_days) -> Period:
        """The period of the request. With one end only: up to today, or the 30 days that end there."""
        start, end = self.query.get("start_date"), self.query.get("end_date")
        if start is None:
            return default(dates.today()) if end is None else last_30_days(end)
        period = Period(start, end or dates.today())
        if period.end < period.start:
            raise ValidationError({"end_date": ["Termina antes de empezar."]})
        return period

    def figures(self, read: Callable[..., T], *arguments: Any) -> T:
        """`read(scope, *arguments)`, or its cached result while the data has not changed."""
        return cached(lambda: read(self.scope, *arguments), read.__name__, self.scope, *arguments)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.period()  # checked on every route, also where it is not used


def figures(operation_id: str, summary: str, out: Any, example: Any) -> Any:
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        parameters=[FigureQuery],
        responses=out,
        examples=[OpenApiExample("Ejemplo", example, response_only=True)],
    )


CURRENT = {
    "monto_recuperado": "1250000.50",
    "tasa_recupero": 4.17,
    "promesas_cumplidas": 62.5,
    "gestiones_realizadas": 1840,
    "contactabilidad": 31.2,
    "total_casos": 4200,
    "casos_pagados": 310,
    "total_deuda": "28750000.00",
    "convenios_vigentes": 120,
    "cuotas_cumplidas": 81.25,
    "quitas_otorgadas": "540000.00",
    "quita_media": 22.5,
}
PREVIOUS = {
    "monto_recuperado": "980000.00",
    "tasa_recupero": 3.29,
    "promesas_cumplidas": 58.33,
    "gestiones_realizadas": 1702,
    "contactabilidad": None,
    "total_casos": None,
    "casos_pagados": None,
    "total_deuda": None,
    "convenios_vigentes": None,
    "cuotas_cumplidas": 78.57,
    "quitas_otorgadas": "310000.00",
    "quita_media": 19.8,
}


class Kpis(FigureView):
    @figures("dashboard_kpis", "Los KPI y los del período anterior", KpisOut, {**CURRENT, "previous": PREVIOUS})
    def get(self, request: Request) -> Response:
        period = self.period()
        current, previous = self.figures(kpis.kpis, period, period.before())
        return Response({**FiguresOut(current).data, "previous": FiguresOut(previous).data})


class Comparison(FigureView):
    @figures(
        "dashboard_comparison",
        "Este mes hasta hoy y los mismos días del anterior; o el período pedido y el anterior",
        ComparisonOut,
        {"current": CURRENT, "previous": PREVIOUS},
    )
    def get(self, request: Request) -> Response:
        today = dates.today()
        period, before = month_to_date(today), same_days_of_last_month(today)
        if "start_date" in self.query or "end_date" in self.query:
            period = self.period()
            before = period.before()
        current, previous = self.figures(kpis.kpis, period, before)
        return Response(ComparisonOut({"current": current, "previous": previous}).data)


class PerformanceChart(FigureView):
    @figures(
        "dashboard_performance",
        "Lo recuperado por semana (de lunes a domingo) y cartera; cada etiqueta es un lunes",
        ChartOut,
        {
            "labels": ["2026-11-16", "2026-11-23"],
            "datasets": [{"label": "Cristal Cash", "data": ["350000.00", "120000.50"]}],
        },
    )
    def get(self, request: Request) -> Response:
        period = self.period(last_four_weeks)
        if (period.end - period.start).days > MAX_WEEKS * 7:
            raise ValidationError({"start_date": ["De este gráfico se piden hasta diez años."]})
        return chart(self.figures(kpis.recovered_by_week, period, self.limit))


class CarteraChart(FigureView):
    @figures(
        "dashboard_carteras",
        "El saldo de hoy por cartera",
        ChartOut,
        {
            "labels": ["Cristal Cash", "Favacard"],
            "datasets": [{"label": "Saldo", "data": ["18000000.00", "10750000.00"]}],
        },
    )
    def get(self, request: Request) -> Response:
        return chart(self.figures(kpis.balance_by_cartera, self.limit))


class Ranking(FigureView):
    @figures(
        "dashboard_ranking",
        "Los gestores, primero quien más recuperó",
        RankedGestorOut(many=True),
        [
            {
                "gestor_id": 7,
                "gestor_name": "Gabriela Sosa",
                "monto_recuperado": "410000.00",
                "total_casos": 620,
                "casos_pagados": 45,
                "promesas_cumplidas": 66.67,
                "gestiones": 502,
            }
        ],
    )
    def get(self, request: Request) -> Response:
        return Response(RankedGestorOut(self.figures(kpis.ranking, self.period(), self.limit), many=True).data)


class CasesByStatus(FigureView):
    @figures(
        "dashboard_cases_by_status",
        "Los casos de hoy por estado",
        StatusShareOut(many=True),
        [
            {
                "slug": "sin-gestion",
                "name": "Sin gestión",
                "stage": "en_gestion",
                "count": 1200,
                "balance": "9100000.00",
            }
        ],
    )
    def get(self, request: Request) -> Response:
        return Response(StatusShareOut(self.figures(kpis.cases_by_status), many=True).data)


def chart(made: kpis.Chart) -> Response:
    datasets = [{"label": label, "data": data} for label, data in made.series]
    return Response(ChartOut({"labels": made.labels, "datasets": datasets}).data)
