"""Every figure of the agency (DESIGN §6), in SQL: what the page, the API and the exports show is read here.

Money counts at the value date of its entry; a gestor's is what was credited to them, their gestiones and promises are
those they made, and a case is theirs while they hold it. Sums are of whole cents, so that both databases are exact.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum, When
from django.db.models import Case as When_Case
from django.db.models.functions import Cast, Round, TruncWeek

from accounts.models import User
from cases.models import Activity, Cartera, Case, CaseStatus, LedgerEntry, Promise
from dashboards.periods import Period
from nova.lib import dates
from nova.lib.money import CENT

OTHERS = "Otras carteras"
RECOVERED = Q(kind__in=[LedgerEntry.Kind.PAYMENT, LedgerEntry.Kind.REVERSAL])
BALANCE = F("balance")
# What an entry adds to what is owed, and what it adds to what was recovered.
OWED = When_Case(When(kind=LedgerEntry.Kind.PAYMENT, then=-F("amount")), default=F("amount"))
PAID_BACK = When_Case(When(kind=LedgerEntry.Kind.PAYMENT, then=F("amount")), default=-F("amount"))


class Scope(NamedTuple):
    """Whose figures: of everybody, of a cartera, of a gestor, or of a gestor in a cartera."""

    cartera: Cartera | None = None
    gestor: User | None = None

    def cases(self) -> QuerySet[Case]:
        """Held by the gestor now."""
        return Case.objects.filter(**self._by(cartera="cartera", gestor="assigned_to"))

    def entries(self) -> QuerySet[LedgerEntry]:
        """Credited to the gestor when they were posted."""
        return LedgerEntry.objects.filter(**self._by(cartera="cartera", gestor="credited_to"))

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
    stocks = scope.cases().aggregate(
        count=Count("pk"), paid=Count("pk", filter=Q(stage=CaseStatus.Stage.PAGADA)), owed=cents(BALANCE)
    )
    money = _money(scope, current, previous)
    promises = _promises(scope, current, previous)
    activities = _activities(scope, current, previous)
    made = []
    for name in ("current", "previous"):
        recovered = money[f"recovered_{name}"]
        is_now = name == "current"
        made.append(
            Kpis(
                monto_recuperado=pesos(recovered),
                tasa_recupero=percent(recovered, _recoverable(scope, money, stocks["owed"], name)),
                promesas_cumplidas=percent(promises[f"kept_{name}"], promises[f"decided_{name}"]),
                gestiones_realizadas=activities[f"count_{name}"],
                contactabilidad=percent(activities[f"direct_{name}"], activities[f"attempts_{name}"]),
                total_casos=stocks["count"] if is_now else None,
                casos_pagados=stocks["paid"] if is_now else None,
                total_deuda=pesos(stocks["owed"]) if is_now else None,
            )
        )
    return made[0], made[1]


def _money(scope: Scope, current: Period, previous: Period) -> dict[str, int]:
    sums = {}
    for name, period in (("current", current), ("previous", previous)):
        within = Q(value_date__range=period)
        sums[f"recovered_{name}"] = cents(PAID_BACK, RECOVERED & within)
        sums[f"placed_{name}"] = cents(F("amount"), Q(kind=LedgerEntry.Kind.PLACEMENT) & within)
        sums[f"since_{name}"] = cents(OWED, Q(value_date__gte=period.start))
    return scope.entries().filter(value_date__gte=min(current.start, previous.start)).aggregate(**sums)


def _recoverable(scope: Scope, money: dict[str, int], owed_now: int, name: str) -> int:
    """The denominator of `tasa_recupero`, in cents: what there was to recover in the period.

    A gestor's is what they recovered and what those they hold owe now: whose cases were whose is not kept (§6).
    """
    if scope.gestor is not None:
        return money[f"recovered_{name}"] + owed_now
    opening = owed_now - money[f"since_{name}"]
    return opening + money[f"placed_{name}"]


def _promises(scope: Scope, current: Period, previous: Period) -> dict[str, int]:
    kept = Q(status=Promise.Status.FULFILLED)
    decided = kept | Q(status=Promise.Status.BROKEN)
    counts = {}
    for name, period in (("current", current), ("previous", previous)):
        within = Q(promise_date__range=period)
        counts[f"kept_{name}"] = Count("pk", filter=kept & within)
        counts[f"decided_{name}"] = Count("pk", filter=decided & within)
    either = Q(promise_date__range=current) | Q(promise_date__range=previous)
    return scope.promises().filter(decided, either).aggregate(**counts)


def _activities(scope: Scope, current: Period, previous: Period) -> dict[str, int]:
    counts = {}
    for name, period in (("current", current), ("previous", previous)):
        within = made_in(period)
        counts[f"count_{name}"] = Count("pk", filter=within)
        counts[f"attempts_{name}"] = Count("pk", filter=within & Q(result__is_attempt=True))
        counts[f"direct_{name}"] = Count("pk", filter=within & Q(result__is_direct_contact=True))
    return scope.activities().filter(made_in(current) | made_in(previous)).aggregate(**counts)


def made_in(period: Period) -> Q:
    """From the first midnight of Buenos Aires to the last."""
    after = dates.start_of_day(period.end + timedelta(days=1))
    return Q(created_at__gte=dates.start_of_day(period.start), created_at__lt=after)


# --- The charts ---------------------------------------------------------------------------------------
def recovered_by_week(scope: Scope, period: Period, limit: int) -> Chart:
    """Payments less reversals a week and cartera, most first; past `limit` carteras, the rest together. One query."""
    rows = (
        scope.entries()
        .filter(RECOVERED, value_date__range=period)
        .annotate(week=TruncWeek("value_date"))
        .values_list("cartera_id", "cartera__name", "week")
        .annotate(recovered=cents(PAID_BACK))
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
        .annotate(owed=cents(BALANCE))
        .order_by("-owed", "cartera__name", "cartera_id")
    )
    shown = [(name, owed) for _, name, owed in rows[:limit]]
    if rows[limit:]:
        shown.append((OTHERS, sum(owed for _, _, owed in rows[limit:])))
    return Chart([name for name, _ in shown], [("Saldo", [pesos(owed) for _, owed in shown])])


def cases_by_status(scope: Scope) -> list[StatusShare]:
    """The book as it stands, in the order of the statuses; those without cases too. Two queries."""
    rows = scope.cases().values_list("status_id").annotate(count=Count("pk"), owed=cents(BALANCE))
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
        scope.entries().filter(RECOVERED, value_date__range=period, credited_to__isnull=False),
        "credited_to_id",
        recovered=cents(PAID_BACK),
    )
    held = _by_person(
        scope.cases().filter(assigned_to__isnull=False),
        "assigned_to_id",
        count=Count("pk"),
        paid=Count("pk", filter=Q(stage=CaseStatus.Stage.PAGADA)),
    )
    decided = Q(status__in=[Promise.Status.FULFILLED, Promise.Status.BROKEN])
    promises = _by_person(
        scope.promises().filter(decided, promise_date__range=period),
        "created_by_id",
        decided=Count("pk"),
        kept=Count("pk", filter=Q(status=Promise.Status.FULFILLED)),
    )
    activities = _by_person(scope.activities().filter(made_in(period)), "created_by_id", count=Count("pk"))
    is_listed = Q(role=User.Role.GESTOR, is_active=True) | Q(pk__in=[*money, *held])
    people = User.objects.filter(is_listed)
    if scope.gestor is not None:
        people = User.objects.filter(pk=scope.gestor.pk)
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
