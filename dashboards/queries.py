"""Every figure of the agency (DESIGN §6), in SQL: what the page, the API and the exports show is read here.

Money counts at the value date of its entry; a gestor's is what was credited to them, their gestiones and promises are
those they made, and a case is theirs while they hold it. Sums are of whole cents, so that both databases are exact.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum
from django.db.models.functions import Cast, Round, TruncWeek

from accounts.models import User
from cases.models import Activity, Cartera, Case, CaseStatus, LedgerEntry, Promise
from cases.querysets import RECOVERED, LedgerEntryQuerySet
from dashboards.periods import Period
from nova.lib import dates
from nova.lib.money import CENT

Figures = dict[str, Any]  # by name: what to compute, then what came of it

OTHERS = "Otras carteras"
OWED = F("balance")
# What an entry adds to what was recovered; `LedgerEntryQuerySet.signed` says what it adds to what is owed.
PAID = -F("signed_amount")
PAID_OFF = Count("pk", filter=Q(stage=CaseStatus.Stage.PAGADA))
KEPT = Q(status=Promise.Status.FULFILLED)
DECIDED = KEPT | Q(status=Promise.Status.BROKEN)


class Scope(NamedTuple):
    """Whose figures: of everybody, of a cartera, of a gestor, or of a gestor in a cartera."""

    cartera: Cartera | None = None
    gestor: User | None = None

    def cases(self) -> QuerySet[Case]:
        """Held by the gestor now."""
        return Case.objects.filter(**self._by(cartera="cartera", gestor="assigned_to"))

    def entries(self) -> LedgerEntryQuerySet:
        """Credited to the gestor when they were posted; with what each adds to its case's balance."""
        return LedgerEntry.objects.signed().filter(**self._by(cartera="cartera", gestor="credited_to"))

    def promises(self) -> QuerySet[Promise]:
        return Promise.objects.filter(**self._by(cartera="case__cartera", gestor="created_by"))

    def activities(self) -> QuerySet[Activity]:
        """What people did: neither automatic nor voided."""
        return Activity.objects.by_people().filter(**self._by(cartera="case__cartera", gestor="created_by"))

    def _by(self, **paths: str) -> dict[str, Any]:
        return {path: value for name, path in paths.items() if (value := getattr(self, name)) is not None}


@dataclass(frozen=True)
class Kpis:
    """Money in ARS; percentages with two decimals, None where there is nothing to divide by.

    The stocks (cases, paid cases, debt) are known as of now alone: None in the figures of a period that is over.
    """

    monto_recuperado: Decimal
    tasa_recupero: Decimal | None
    promesas_cumplidas: Decimal | None
    gestiones_realizadas: int
    contactabilidad: Decimal | None
    total_casos: int | None
    casos_pagados: int | None
    total_deuda: Decimal | None


@dataclass(frozen=True)
class Chart:
    """One number a label in each series: `{labels, datasets}` of the charts. Money in ARS."""

    labels: list[str]
    series: list[tuple[str, list[Decimal]]]


@dataclass(frozen=True)
class RankedGestor:
    gestor_id: int
    gestor_name: str
    monto_recuperado: Decimal
    total_casos: int
    casos_pagados: int
    promesas_cumplidas: Decimal | None
    gestiones: int


@dataclass(frozen=True)
class StatusShare:
    slug: str
    name: str
    stage: str
    count: int
    balance: Decimal


def cents(amount: Any, only: Q | None = None) -> Sum:
    """Σ amount in whole cents, 0 of nothing. SQLite would sum in floating point, and lose cents of large sums."""
    return Sum(Cast(Round(amount * 100), BigIntegerField()), filter=only, default=0)


def pesos(whole_cents: int | Decimal) -> Decimal:
    return Decimal(whole_cents).scaleb(-2).quantize(CENT)


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """part ÷ whole × 100, half up to two decimals; None when there is no positive whole."""
    if whole <= 0:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(CENT, rounding=ROUND_HALF_UP)


# --- The KPIs -----------------------------------------------------------------------------------------
def kpis(scope: Scope, current: Period, previous: Period) -> tuple[Kpis, Kpis]:
    """The same figures of two periods. Four queries."""
    stocks = scope.cases().aggregate(count=Count("pk"), paid=PAID_OFF, owed=cents(OWED))
    periods = (current, previous)
    now, before = (
        {
            "monto_recuperado": pesos(money["recovered"]),
            "tasa_recupero": percent(money["recovered"], _recoverable(scope, money, stocks["owed"])),
            "promesas_cumplidas": percent(promises["kept"], promises["decided"]),
            "gestiones_realizadas": activities["count"],
            "contactabilidad": percent(activities["direct"], activities["attempts"]),
        }
        for money, promises, activities in zip(
            _money(scope, periods), _promises(scope, periods), _activities(scope, periods), strict=True
        )
    )
    return (
        Kpis(**now, total_casos=stocks["count"], casos_pagados=stocks["paid"], total_deuda=pesos(stocks["owed"])),
        Kpis(**before, total_casos=None, casos_pagados=None, total_deuda=None),
    )


def _money(scope: Scope, periods: Sequence[Period]) -> list[Figures]:
    def sums(period: Period) -> Figures:
        within = Q(value_date__range=period)
        return {
            "recovered": cents(PAID, RECOVERED & within),
            "placed": cents(F("amount"), Q(kind=LedgerEntry.Kind.PLACEMENT) & within),
            "since": cents(F("signed_amount"), Q(value_date__gte=period.start)),
        }

    first = min(period.start for period in periods)
    return _of_each(scope.entries().filter(value_date__gte=first), periods, sums)


def _recoverable(scope: Scope, money: Figures, owed_now: int) -> int:
    """The denominator of `tasa_recupero`, in cents: what there was to recover in the period.

    A gestor's is what they recovered and what those they hold owe now: whose cases were whose is not kept (§6).
    """
    if scope.gestor is not None:
        return money["recovered"] + owed_now
    opening = owed_now - money["since"]
    return opening + money["placed"]


def _promises(scope: Scope, periods: Sequence[Period]) -> list[Figures]:
    def counts(period: Period) -> Figures:
        return {"kept": Count("pk", filter=KEPT & due_in(period)), "decided": Count("pk", filter=due_in(period))}

    return _of_each(scope.promises().filter(DECIDED, _in_any(due_in, periods)), periods, counts)


def _activities(scope: Scope, periods: Sequence[Period]) -> list[Figures]:
    def counts(period: Period) -> Figures:
        return {
            "count": Count("pk", filter=made_in(period)),
            "attempts": Count("pk", filter=made_in(period) & Q(result__is_attempt=True)),
            "direct": Count("pk", filter=made_in(period) & Q(result__is_direct_contact=True)),
        }

    return _of_each(scope.activities().filter(_in_any(made_in, periods)), periods, counts)


def _of_each(rows: QuerySet, periods: Sequence[Period], figures: Callable[[Period], Figures]) -> list[Figures]:
    """The figures of each period, all in one query."""
    asked = [figures(period) for period in periods]
    found = rows.aggregate(
        **{f"{name}_{n}": figure for n, of_one in enumerate(asked) for name, figure in of_one.items()}
    )
    return [{name: found[f"{name}_{n}"] for name in of_one} for n, of_one in enumerate(asked)]


def _in_any(within: Callable[[Period], Q], periods: Sequence[Period]) -> Q:
    return reduce(or_, map(within, periods))


def due_in(period: Period) -> Q:
    return Q(promise_date__range=period)


def made_in(period: Period) -> Q:
    """From the first midnight of Buenos Aires to the last."""
    after = dates.start_of_day(period.end + timedelta(days=1))
    return Q(created_at__gte=dates.start_of_day(period.start), created_at__lt=after)


# --- The charts ---------------------------------------------------------------------------------------
def recovered_by_week(scope: Scope, period: Period, limit: int) -> Chart:
    """Payments less reversals a week and cartera, most first; past `limit` carteras, the rest together. One query."""
    rows = (
        scope.entries()
        .recovered(*period)
        .annotate(week=TruncWeek("value_date"))
        .values_list("cartera_id", "cartera__name", "week")
        .annotate(recovered=cents(PAID))
        .order_by("cartera__name", "cartera_id", "week")
    )
    weeks: dict[tuple[int, str], dict[date, int]] = {}
    if scope.cartera is not None:
        weeks[scope.cartera.pk, scope.cartera.name] = {}
    for pk, name, week, recovered in rows:
        weeks.setdefault((pk, name), {})[week] = recovered
    mondays = period.mondays()
    by_cartera = [(name, [found.get(monday, 0) for monday in mondays]) for (_, name), found in weeks.items()]
    by_cartera.sort(key=lambda row: -sum(row[1]))
    shown, others = by_cartera[:limit], by_cartera[limit:]
    if others:
        shown.append((OTHERS, [sum(column) for column in zip(*(numbers for _, numbers in others), strict=True)]))
    series = [(name, [pesos(number) for number in numbers]) for name, numbers in shown]
    return Chart([monday.isoformat() for monday in mondays], series)


def balance_by_cartera(scope: Scope, limit: int) -> Chart:
    """The book as it stands: what each cartera is owed, most first; past `limit`, the rest together. One query."""
    rows = list(
        scope.cases()
        .values_list("cartera_id", "cartera__name")
        .annotate(owed=cents(OWED))
        .order_by("-owed", "cartera__name", "cartera_id")
    )
    shown = [(name, owed) for _, name, owed in rows[:limit]]
    if rows[limit:]:
        shown.append((OTHERS, sum(owed for _, _, owed in rows[limit:])))
    return Chart([name for name, _ in shown], [("Saldo", [pesos(owed) for _, owed in shown])])


def cases_by_status(scope: Scope) -> list[StatusShare]:
    """The book as it stands, in the order of the statuses; those without cases too. Two queries."""
    rows = scope.cases().values_list("status_id").annotate(count=Count("pk"), owed=cents(OWED))
    found = {status: (count, owed) for status, count, owed in rows}
    made = []
    for status in CaseStatus.objects.order_by("position", "id"):
        count, owed = found.get(status.pk, (0, 0))
        made.append(StatusShare(status.slug, status.name, status.stage, count, pesos(owed)))
    return made


# --- The ranking --------------------------------------------------------------------------------------
def ranking(scope: Scope, period: Period, limit: int) -> list[RankedGestor]:
    """Active gestores, and whoever else holds cases or was credited money in the period: most recovered first.

    So the column adds up to what was recovered, but for what nobody held. Five queries.
    """
    money = _by_person(
        scope.entries().recovered(*period).filter(credited_to__isnull=False),
        "credited_to_id",
        recovered=cents(PAID),
    )
    held = _by_person(
        scope.cases().filter(assigned_to__isnull=False), "assigned_to_id", count=Count("pk"), paid=PAID_OFF
    )
    promises = _by_person(
        scope.promises().filter(DECIDED, due_in(period)),
        "created_by_id",
        decided=Count("pk"),
        kept=Count("pk", filter=KEPT),
    )
    activities = _by_person(scope.activities().filter(made_in(period)), "created_by_id", count=Count("pk"))
    listed = Q(role=User.Role.GESTOR, is_active=True) | Q(pk__in=[*money, *held])
    people = User.objects.filter(listed if scope.gestor is None else Q(pk=scope.gestor.pk))
    made = []
    for person in people.order_by("pk"):
        promised, cases = promises.get(person.pk, {}), held.get(person.pk, {})
        made.append(
            RankedGestor(
                gestor_id=person.pk,
                gestor_name=str(person),
                monto_recuperado=pesos(money.get(person.pk, {}).get("recovered", 0)),
                total_casos=cases.get("count", 0),
                casos_pagados=cases.get("paid", 0),
                promesas_cumplidas=percent(promised.get("kept", 0), promised.get("decided", 0)),
                gestiones=activities.get(person.pk, {}).get("count", 0),
            )
        )
    made.sort(key=lambda row: -row.monto_recuperado)
    return made[:limit]


def _by_person(rows: QuerySet, path: str, **figures: Any) -> dict[int, dict[str, Any]]:
    return {row[path]: row for row in rows.order_by().values(path).annotate(**figures)}
