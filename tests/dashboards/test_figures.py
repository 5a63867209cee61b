"""Every figure against a slow and obvious count of the same history, on whatever history (DESIGN §6)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.models import (
    Activity,
    ActivityResult,
    Arrangement,
    Case,
    CaseStatus,
    Debtor,
    Instalment,
    LedgerEntry,
    Promise,
)
from dashboards import rows
from dashboards.figures import kpis
from dashboards.figures.periods import Period
from dashboards.figures.scope import Scope
from dashboards.files import creditor_report
from dashboards.filters import DashboardFilters
from nova.lib import dates
from tests import factories
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db

FIRST = date(2026, 1, 12)
ZERO = Decimal(0)
CARTERAS = ["Norte", "Oeste", "Sur"]
SLUGS = ["sin-gestion", "promesa", "pagada", "incobrable", "de-baja"]
# (attempt, direct contact) of the codes that the migrations seed.
CODES = {"PP": (True, True), "NC": (True, False), "TER": (True, False), "NOTA": (False, False), None: (False, False)}
MOMENTS = [time(0, 0), time(12, 30), time(20, 59, 59), time(21, 0), time(23, 59, 59, 999_999)]

amounts = st.integers(1, 10**5).map(lambda n: Decimal(n).scaleb(-2))
# Few days, so that many rows fall on the first and the last of a period.
days = st.integers(0, 8).map(lambda n: FIRST + timedelta(days=n))
# Due dates before the first day too: what counts is the end of the grace.
around = st.integers(-6, 12).map(lambda n: FIRST + timedelta(days=n))
people = st.sampled_from([None, None, 0, 1])


class CaseFact(NamedTuple):
    cartera: int
    gestor: int | None
    slug: str
    amount: Decimal
    placed_on: date


class PaymentFact(NamedTuple):
    case: int
    amount: Decimal
    day: date
    credited_to: int | None
    undone_on: date | None


class AdjustmentFact(NamedTuple):
    case: int
    amount: Decimal
    day: date
    reason: str


class ArrangementFact(NamedTuple):
    case: int
    status: str
    author: int | None
    agreed: Decimal
    closed_on: date


class InstalmentFact(NamedTuple):
    """`late`: days from the due date to the payment, which may be early; None while unpaid."""

    arrangement: int
    due_on: date
    late: int | None


class AgreedFact(NamedTuple):
    """What an arrangement posted, interest or a waiver, and when it was taken back."""

    arrangement: int
    reason: str
    amount: Decimal
    day: date
    credited_to: int | None
    undone_on: date | None


class PromiseFact(NamedTuple):
    case: int
    status: str
    day: date
    author: int | None


class ActivityFact(NamedTuple):
    case: int
    author: int | None
    day: date
    at: time
    code: str | None
    is_system: bool
    is_voided: bool


which = st.integers(0, 3)
rarely = st.sampled_from([False, False, False, True])
histories = st.fixed_dictionaries(
    {
        "cases": st.lists(
            st.builds(CaseFact, st.integers(0, 2), people, st.sampled_from(SLUGS), amounts, days),
            min_size=4,
            max_size=4,
        ),
        "payments": st.lists(
            st.builds(PaymentFact, which, amounts, days, people, st.none() | days), min_size=3, max_size=8
        ),
        "adjustments": st.lists(
            st.builds(
                AdjustmentFact,
                *(which, amounts.map(lambda a: -a) | amounts, days),
                st.sampled_from(["", "creditor", "correction", "fee"]),
            ),
            max_size=3,
        ),
        "arrangements": st.lists(
            st.builds(ArrangementFact, which, st.sampled_from(Arrangement.Status.values), people, amounts, around),
            min_size=2,
            max_size=4,
            unique_by=lambda fact: fact.case,
        ),
        "instalments": st.lists(
            st.builds(InstalmentFact, st.integers(0, 1), around, st.none() | st.integers(-3, 8)), max_size=8
        ),
        "agreed": st.lists(
            st.builds(
                AgreedFact,
                *(st.integers(0, 1), st.sampled_from(["waiver", "waiver", "plan_interest"]), amounts, days, people),
                st.none() | days,
            ),
            max_size=4,
        ),
        "promises": st.lists(
            st.builds(PromiseFact, which, st.sampled_from(Promise.Status.values), days, people), max_size=8
        ),
        "activities": st.lists(
            st.builds(
                ActivityFact,
                *(which, people, days, st.sampled_from(MOMENTS), st.sampled_from(list(CODES))),
                *(rarely, rarely),
            ),
            min_size=5,
            max_size=12,
        ),
    }
).map(lambda made: SimpleNamespace(**made))
periods = st.tuples(days, days).map(lambda pair: Period(min(pair), max(pair)))


# --- Writing the history down ---------------------------------------------------------------------------
@contextmanager
def written(history: SimpleNamespace) -> Iterator[tuple[list[Any], list[Any]]]:
    """(carteras, gestores) of the history while it is in the database; then it is gone."""
    with transaction.atomic():
        carteras = [factories.CarteraFactory(name=name) for name in CARTERAS]
        gestores = [factories.GestorFactory(username=name) for name in ("ada", "eva")]
        _write(history, carteras, [*gestores, None])
        yield carteras, gestores
        transaction.set_rollback(True)


# In bulk, because each test writes a hundred histories; payments before what undoes them, as it happens.
def _write(history: SimpleNamespace, carteras: list[Any], gestores: list[Any]) -> None:
    somebody = lambda index: gestores[-1 if index is None else index]  # noqa: E731
    statuses = {status.slug: status for status in CaseStatus.objects.all()}
    results = {result.code: result for result in ActivityResult.objects.all()}
    debtors = Debtor.objects.bulk_create(factories.DebtorFactory.build_batch(len(history.cases), dni=None))
    cases = [
        Case(
            cartera=carteras[fact.cartera],
            debtor=debtors[number],
            assigned_to=somebody(fact.gestor),
            status=statuses[fact.slug],
            stage=statuses[fact.slug].stage,
            amount=fact.amount,
            balance=balance_of(history, number),
            placed_on=fact.placed_on,
        )
        for number, fact in enumerate(history.cases)
    ]
    Case.objects.bulk_create(cases)

    def entry(number: int, kind: str, amount: Decimal, day: date, by: int | None = None, **more: Any) -> LedgerEntry:
        return LedgerEntry(
            case=cases[number],
            cartera=cases[number].cartera,
            kind=kind,
            amount=amount,
            value_date=day,
            credited_to=somebody(by),
            **more,
        )

    arrangements = [
        Arrangement(
            case=cases[fact.case],
            status=fact.status,
            base_balance=1,
            agreed_total=fact.agreed,
            first_due_on=FIRST,
            requested_by=somebody(fact.author),
            accepted_at=dates.start_of_day(FIRST) if is_accepted(fact) else None,
            closed_on=fact.closed_on if is_closed(fact) else None,
        )
        for fact in history.arrangements
    ]
    Arrangement.objects.bulk_create(arrangements)
    Instalment.objects.bulk_create(
        Instalment(
            arrangement=arrangements[fact.arrangement],
            number=number,
            due_on=fact.due_on,
            amount=100,
            status="pending" if fact.late is None else "paid",
            paid_on=None if fact.late is None else fact.due_on + timedelta(days=fact.late),
        )
        for number, fact in enumerate(history.instalments)
    )
    LedgerEntry.objects.bulk_create(
        entry(
            history.arrangements[fact.arrangement].case,
            *("adjustment", amount, day, fact.credited_to),
            arrangement=arrangements[fact.arrangement],
            reason=fact.reason,
        )
        for fact, amount, day in agreed_lines(history)
    )
    payments = [entry(fact.case, "payment", fact.amount, fact.day, fact.credited_to) for fact in history.payments]
    LedgerEntry.objects.bulk_create(
        [
            *(entry(n, "placement", fact.amount, fact.placed_on, fact.gestor) for n, fact in enumerate(history.cases)),
            *(
                entry(fact.case, "adjustment", fact.amount, fact.day, reason=fact.reason)
                for fact in history.adjustments
            ),
            *payments,
        ]
    )
    LedgerEntry.objects.bulk_create(
        entry(fact.case, "reversal", fact.amount, fact.undone_on, fact.credited_to, reverses=paid)
        for fact, paid in zip(history.payments, payments, strict=True)
        if fact.undone_on
    )
    Promise.objects.bulk_create(
        Promise(
            case=cases[fact.case],
            amount=100,
            status=fact.status,
            promise_date=fact.day,
            fulfilled_date=fact.day if fact.status == "fulfilled" else None,
            created_by=somebody(fact.author),
        )
        for fact in history.promises
    )
    moments = [datetime.combine(fact.day, fact.at, tzinfo=dates.BuenosAires()) for fact in history.activities]
    Activity.objects.bulk_create(
        Activity(
            case=cases[fact.case],
            type="call",
            result=results.get(fact.code),
            created_by=somebody(fact.author),
            created_at=moment,
            is_system=fact.is_system,
            voided_at=moment if fact.is_voided else None,
        )
        for fact, moment in zip(history.activities, moments, strict=True)
    )


# --- The same, counted on one's fingers ------------------------------------------------------------------
def balance_of(history: SimpleNamespace, case: int) -> Decimal:
    return sum((amount for _, amount, _ in owed_lines(history, {case})), Decimal(0))


def is_accepted(fact: ArrangementFact) -> bool:
    return fact.status in ("active", "completed", "lapsed")


def is_closed(fact: ArrangementFact) -> bool:
    return fact.status not in ("active", "proposed", "awaiting_approval")


def agreed_lines(history: SimpleNamespace) -> list[tuple[AgreedFact, Decimal, date]]:
    """(fact, what it adds to the balance, day) of the entries of arrangements."""
    lines = []
    for fact in history.agreed:
        amount = -fact.amount if fact.reason == "waiver" else fact.amount
        lines.append((fact, amount, fact.day))
        if fact.undone_on:
            lines.append((fact, -amount, fact.undone_on))
    return lines


def end_of_grace(due_on: date) -> date:
    """Three days from Monday to Friday later; those weeks have no holiday."""
    day, left = due_on, 3
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day


def owed_lines(history: SimpleNamespace, cases: set[int]) -> list[tuple[str, Decimal, date]]:
    """(kind, what it adds to the balance, day) of all that was ever posted to those cases."""
    lines = [("placement", fact.amount, fact.placed_on) for n, fact in enumerate(history.cases) if n in cases]
    lines += [("adjustment", fact.amount, fact.day) for fact in history.adjustments if fact.case in cases]
    lines += [
        ("adjustment", amount, day)
        for fact, amount, day in agreed_lines(history)
        if history.arrangements[fact.arrangement].case in cases
    ]
    for fact in history.payments:
        if fact.case in cases:
            lines.append(("payment", -fact.amount, fact.day))
            if fact.undone_on:
                lines.append(("reversal", fact.amount, fact.undone_on))
    return lines


def paid_lines(history: SimpleNamespace) -> list[tuple[int, int | None, Decimal, date]]:
    """(case, credited to, what it adds to the recovered, day) of each payment and reversal."""
    lines = []
    for fact in history.payments:
        lines.append((fact.case, fact.credited_to, fact.amount, fact.day))
        if fact.undone_on:
            lines.append((fact.case, fact.credited_to, -fact.amount, fact.undone_on))
    return lines


def ratio(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    return None if whole <= 0 else (Decimal(part) * 100 / whole).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


class Count(NamedTuple):
    """What a period, a cartera and a gestor have, by walking through everything."""

    history: SimpleNamespace
    cartera: int | None
    gestor: int | None

    def in_cartera(self, case: int) -> bool:
        return self.cartera is None or self.history.cases[case].cartera == self.cartera

    def of(self, person: int | None) -> bool:
        return self.gestor is None or person == self.gestor

    def held(self) -> set[int]:
        return {n for n, fact in enumerate(self.history.cases) if self.in_cartera(n) and self.of(fact.gestor)}

    def owed(self) -> Decimal:
        return sum((balance_of(self.history, case) for case in self.held()), Decimal(0))

    def recovered(self, start: date, end: date) -> Decimal:
        return sum(
            (
                amount
                for case, person, amount, day in paid_lines(self.history)
                if self.in_cartera(case) and self.of(person) and start <= day <= end
            ),
            Decimal(0),
        )

    def rate(self, start: date, end: date) -> Decimal | None:
        recovered = self.recovered(start, end)
        if self.gestor is not None:
            return ratio(recovered, recovered + self.owed())
        lines = owed_lines(self.history, self.held())
        opening = sum((amount for _, amount, day in lines if day < start), Decimal(0))
        placed = sum((amount for kind, amount, day in lines if kind == "placement" and start <= day <= end), Decimal(0))
        return ratio(recovered, opening + placed)

    def promises(self, start: date, end: date) -> tuple[int, int]:
        """(kept, decided)."""
        due = [
            fact.status
            for fact in self.history.promises
            if self.in_cartera(fact.case) and self.of(fact.author) and start <= fact.day <= end
        ]
        return due.count("fulfilled"), due.count("fulfilled") + due.count("broken")

    def codes(self, start: date, end: date) -> list[str | None]:
        """The result of each gestión."""
        return [
            fact.code
            for fact in self.history.activities
            if self.in_cartera(fact.case) and self.of(fact.author) and start <= fact.day <= end
            if not fact.is_system and not fact.is_voided
        ]

    def instalments(self, start: date, end: date) -> tuple[int, int]:
        """(kept, decided)."""
        kept = decided = 0
        for due in self.history.instalments:
            plan, last = self.history.arrangements[due.arrangement], end_of_grace(due.due_on)
            if not (self.in_cartera(plan.case) and self.of(plan.author) and is_accepted(plan) and start <= last <= end):
                continue
            if due.late is not None:
                decided += 1
                kept += due.due_on + timedelta(days=due.late) <= last
            elif not (is_closed(plan) and plan.closed_on <= last):
                decided += 1
        return kept, decided

    def waived(self, start: date, end: date) -> tuple[Decimal, Decimal]:
        """(waived, paid for it)."""
        waived = paid = ZERO
        for fact, amount, day in agreed_lines(self.history):
            plan = self.history.arrangements[fact.arrangement]
            is_ours = fact.reason == "waiver" and self.in_cartera(plan.case) and self.of(fact.credited_to)
            if is_ours and start <= day <= end:
                waived -= amount
                paid += plan.agreed if amount < 0 else -plan.agreed
        return waived, paid

    def kpis(self, start: date, end: date) -> dict[str, Any]:
        waived, paid = self.waived(start, end)
        codes = self.codes(start, end)
        return {
            "monto_recuperado": self.recovered(start, end),
            "tasa_recupero": self.rate(start, end),
            "promesas_cumplidas": ratio(*self.promises(start, end)),
            "gestiones_realizadas": len(codes),
            "contactabilidad": ratio(sum(CODES[code][1] for code in codes), sum(CODES[code][0] for code in codes)),
            "cuotas_cumplidas": ratio(*self.instalments(start, end)),
            "quitas_otorgadas": waived,
            "quita_media": ratio(waived, waived + paid),
        }

    def stocks(self) -> dict[str, Any]:
        held = self.held()
        slugs = [self.history.cases[case].slug for case in held]
        running = [fact for fact in self.history.arrangements if fact.status == "active" and fact.case in held]
        return {
            "total_casos": len(slugs),
            "casos_pagados": slugs.count("pagada"),
            "total_deuda": self.owed(),
            "convenios_vigentes": len(running),
        }


def scope_of(carteras: list[Any], gestores: list[Any], count: Count) -> Scope:
    return Scope(
        cartera=None if count.cartera is None else carteras[count.cartera],
        gestor=None if count.gestor is None else gestores[count.gestor],
    )


def alone(history: SimpleNamespace, cartera: str, gestor: int | None) -> Count:
    return Count(history, CARTERAS.index(cartera), gestor)


MANY = settings(max_examples=100)


@MANY
@given(histories, periods, people, people)
def test_kpis(history: SimpleNamespace, period: Period, cartera: int | None, gestor: int | None) -> None:
    count = Count(history, cartera, gestor)
    length = period.end - period.start
    with written(history) as cast:
        current, previous = kpis.kpis(scope_of(*cast, count), period, period.before())
    nothing = dict.fromkeys(("total_casos", "casos_pagados", "total_deuda", "convenios_vigentes"))
    yesterday = period.start - timedelta(days=1)
    assert vars(current) == count.kpis(*period) | count.stocks()
    assert vars(previous) == count.kpis(yesterday - length, yesterday) | nothing


@MANY
@given(histories, periods, people, people, st.integers(1, 3))
def test_recovered_by_week(
    history: SimpleNamespace, period: Period, cartera: int | None, gestor: int | None, limit: int
) -> None:
    count = Count(history, cartera, gestor)
    with written(history) as cast:
        chart = kpis.recovered_by_week(scope_of(*cast, count), period, limit)
    # Each day of the period falls in the last of the Mondays that has come.
    labels = [date.fromisoformat(label) for label in chart.labels]
    assert labels[0] <= period.start < labels[0] + timedelta(days=7)
    assert labels[-1] <= period.end < labels[-1] + timedelta(days=7)
    for index, monday in enumerate(labels):
        assert monday.weekday() == 0
        first, last = max(monday, period.start), min(monday + timedelta(days=6), period.end)
        assert sum(numbers[index] for _, numbers in chart.series) == count.recovered(first, last)
    names, totals = [name for name, _ in chart.series], [sum(numbers) for _, numbers in chart.series]
    assert names[limit:] == [kpis.OTHERS][: len(names) - limit]
    assert totals[:limit] == [alone(history, name, gestor).recovered(*period) for name in names[:limit]]
    assert totals[:limit] == sorted(totals[:limit], reverse=True)


@MANY
@given(histories, people, people, st.integers(1, 3))
def test_the_book_as_it_stands(history: SimpleNamespace, cartera: int | None, gestor: int | None, limit: int) -> None:
    count = Count(history, cartera, gestor)
    with written(history) as cast:
        scope = scope_of(*cast, count)
        chart, shares = kpis.balance_by_cartera(scope, limit), kpis.cases_by_status(scope)
        in_order = list(CaseStatus.objects.order_by("position").values_list("slug", flat=True))
    (label, balances) = chart.series[0]
    assert label == "Saldo"
    assert sum(balances) == count.owed() == sum(share.balance for share in shares)
    assert chart.labels[limit:] == [kpis.OTHERS][: len(chart.labels) - limit]
    assert len(balances) == len(chart.labels)
    assert balances[:limit] == [alone(history, name, gestor).owed() for name in chart.labels[:limit]]
    assert [share.slug for share in shares] == in_order != []
    for share in shares:
        cases = {case for case in count.held() if history.cases[case].slug == share.slug}
        owed = sum((balance_of(history, case) for case in cases), Decimal(0))
        assert (share.count, share.balance) == (len(cases), owed)


@MANY
@given(histories, periods, people, people)
def test_ranking(history: SimpleNamespace, period: Period, cartera: int | None, gestor: int | None) -> None:
    with written(history) as cast:
        scope = scope_of(*cast, Count(history, cartera, gestor))
        rows = kpis.ranking(scope, period, 100)
        ids = [person.pk for person in cast[1]]
    assert rows
    assert {row.gestor_id for row in rows} == set(ids if gestor is None else [ids[gestor]])
    amounts = [row.monto_recuperado for row in rows]
    assert amounts == sorted(amounts, reverse=True)
    for row in rows:
        count = Count(history, cartera, ids.index(row.gestor_id))
        stocks = count.stocks()
        assert row.monto_recuperado == count.recovered(*period)
        assert (row.total_casos, row.casos_pagados) == (stocks["total_casos"], stocks["casos_pagados"])
        assert row.promesas_cumplidas == ratio(*count.promises(*period))
        assert row.gestiones == len(count.codes(*period))


# --- What a walk through random histories does not tell ----------------------------------------------------
@pytest.mark.parametrize(
    ("late", "closed", "today", "expected"),
    [
        # Due on Monday 9 November 2026: the last day of grace is Thursday the 12th.
        (3, None, date(2026, 11, 13), (1, 0)),
        (4, None, date(2026, 11, 13), (0, 1)),
        (-2, None, date(2026, 11, 13), (1, 0)),
        (3, None, date(2026, 11, 12), (0, 0)),
        (None, None, date(2026, 11, 13), (0, 1)),
        (None, None, date(2026, 11, 12), (0, 0)),
        (None, 3, date(2026, 11, 20), (0, 0)),
        (None, 4, date(2026, 11, 20), (0, 1)),
        (1, 1, date(2026, 11, 20), (1, 0)),
    ],
)
def test_an_instalment_is_decided_when_its_grace_has_ended(
    late: int | None, closed: int | None, today: date, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    due_on, case = date(2026, 11, 9), factories.CaseFactory()
    plan = Arrangement.objects.create(
        case=case,
        status="active" if closed is None else "lapsed",
        base_balance=100,
        agreed_total=100,
        first_due_on=due_on,
        accepted_at=dates.start_of_day(date(2026, 11, 1)),
        closed_on=None if closed is None else due_on + timedelta(days=closed),
    )
    Instalment.objects.create(
        arrangement=plan,
        number=1,
        due_on=due_on,
        amount=100,
        status="pending" if late is None else "paid",
        paid_on=None if late is None else due_on + timedelta(days=late),
    )
    monkeypatch.setattr(dates, "today", lambda: today)
    within, before, after = (Period(day, day) for day in (date(2026, 11, 12), date(2026, 11, 11), date(2026, 11, 13)))
    asked = DashboardFilters(Scope(), within, "custom")
    behind = tuple(len(list(rows.instalments(asked, only).all_cells())) for only in ("kept", "missed"))
    counts = [kpis.arrangement_counts(Scope(), period) for period in (within, before, after)]
    assert [(each.kept, each.missed) for each in counts] == [expected, (0, 0), (0, 0)]
    assert behind == expected


def test_sums_beyond_any_amount_are_exact_to_the_cent() -> None:
    factories.CaseFactory.create_batch(30, amount=Decimal("9999999999999.99"))
    figures, _ = kpis.kpis(Scope(), Period(FIRST, FIRST), Period(FIRST, FIRST))
    assert figures.total_deuda == Decimal("299999999999999.70")


def test_a_direct_contact_is_what_the_catalogue_says_it_is() -> None:
    ActivityResult.objects.filter(code="TER").update(is_direct_contact=True)
    for code in ("TER", "NC"):
        factories.ActivityFactory(result=factories.result(code))
    today = Period(dates.today(), dates.today())
    assert kpis.kpis(Scope(), today, today.before())[0].contactabilidad == Decimal(50)


def test_who_left_stays_in_the_ranking_while_money_or_cases_are_theirs() -> None:
    credited = factories.GestorFactory(is_active=False)
    holding = factories.GestorFactory(role="admin")
    factories.GestorFactory(is_active=False)
    fresh = factories.GestorFactory()
    case = factories.CaseFactory(assigned_to=holding)
    LedgerEntry.objects.create(
        case=case, cartera=case.cartera, kind="payment", amount=5, value_date=FIRST, credited_to=credited
    )
    rows = kpis.ranking(Scope(), Period(FIRST, FIRST), 10)
    assert [row.gestor_id for row in rows] == [credited.pk, holding.pk, fresh.pk]


@pytest.mark.parametrize(
    "ask",
    [
        lambda scope, period: kpis.kpis(scope, period, period.before()),
        lambda scope, period: kpis.recovered_by_week(scope, period, 10),
        lambda scope, period: kpis.balance_by_cartera(scope, 10),
        lambda scope, period: kpis.cases_by_status(scope),
        lambda scope, period: kpis.ranking(scope, period, 10),
    ],
)
def test_queries_do_not_grow_with_rows(ask: Callable[[Scope, Period], Any]) -> None:
    period = Period(dates.today() - timedelta(days=70), dates.today())

    def more() -> None:
        for _ in range(3):
            case = factories.CaseFactory(assigned_to=factories.GestorFactory())
            factories.ActivityFactory(case=case)
            factories.PromiseFactory(case=case, status="broken", promise_date=dates.today())
            LedgerEntry.objects.create(
                case=case,
                cartera=case.cartera,
                kind="payment",
                amount=5,
                value_date=dates.today(),
                credited_to=case.assigned_to,
            )
            factories.ArrangementFactory(
                case=case,
                status="active",
                accepted_at=timezone.now(),
                first_due_on=period.start,
            )

    more()
    assert ask(Scope(), period)
    assert queries_do_not_grow(lambda: ask(Scope(), period), more) <= 5


@MANY
@given(histories, periods, people, people)
def test_the_page_says_the_same_as_its_parts(
    history: SimpleNamespace, period: Period, cartera: int | None, gestor: int | None
) -> None:
    count = Count(history, cartera, gestor)
    before = period.before()
    now = dates.start_of_day(FIRST + timedelta(days=9))
    with written(history) as cast:
        scope = scope_of(*cast, count)
        shown = kpis.dashboard(scope, period, before, limit=2, now=now)
        assert (shown.current, shown.previous) == kpis.kpis(scope, period, before)
        assert shown.by_week == kpis.recovered_by_week(scope, period, 2)
        assert shown.by_cartera == kpis.balance_by_cartera(scope, 2)
        assert shown.by_status == kpis.cases_by_status(scope)
        assert shown.ranking == kpis.ranking(scope, period, 100)
    days_of = [Period(day, day) for day in period.days()]
    counted = [count.kpis(*day) for day in days_of]
    trends = ("monto_recuperado", "tasa_recupero", "promesas_cumplidas", "gestiones_realizadas")
    assert vars(shown.trends) == {name: [figures[name] for figures in counted] for name in trends}
    for (_, values), of_one in zip(shown.comparison.series, (period, before), strict=True):
        assert values == [count.recovered(of_one.start, day) for day in of_one.days()]
    assert len(shown.comparison.labels) == len(days_of)


@MANY
@given(histories, periods, people, people)
def test_the_rows_behind_a_figure_add_up_to_it(
    history: SimpleNamespace, period: Period, cartera: int | None, gestor: int | None
) -> None:
    count = Count(history, cartera, gestor)
    with written(history) as cast:
        asked = DashboardFilters(scope_of(*cast, count), period, "custom")
        figures, _ = kpis.kpis(asked.scope, period, period.before())
        money, promised = list(rows.entries(asked, "").all_cells()), list(rows.promises(asked, "").all_cells())
        kept = list(rows.promises(asked, "kept").all_cells())
        done = list(rows.activities(asked, "").all_cells())
        attempts, direct = (list(rows.activities(asked, only).all_cells()) for only in ("attempts", "direct"))
        cases = list(rows.cases(asked, status=None, stage="", search="").all_cells())
        paid = list(rows.cases(asked, status=None, stage="pagada", search="").all_cells())
        running, waived = (list(listed(asked, "").all_cells()) for listed in (rows.arrangements, rows.waivers))
        due, in_time, late = (list(rows.instalments(asked, only).all_cells()) for only in ("", "kept", "missed"))
        of, agreed = kpis.counts(asked.scope, period), kpis.arrangement_counts(asked.scope, period)
    assert len(running) == figures.convenios_vigentes == agreed.running
    assert (len(in_time), len(late), len(due)) == (agreed.kept, agreed.missed, agreed.kept + agreed.missed)
    assert ratio(len(in_time), len(due)) == figures.cuotas_cumplidas
    assert sum((row[-1] for row in waived), ZERO) == figures.quitas_otorgadas == agreed.waived
    assert sum((row[-2] for row in waived), ZERO) == agreed.paid
    assert ratio(agreed.waived, agreed.waived + agreed.paid) == figures.quita_media
    assert sum((row[-1] for row in money), Decimal(0)) == figures.monto_recuperado == of.recovered
    assert ratio(len(kept), len(promised)) == figures.promesas_cumplidas == ratio(of.kept, of.kept + of.broken)
    assert len(done) == figures.gestiones_realizadas == of.activities
    assert ratio(len(direct), len(attempts)) == figures.contactabilidad == ratio(of.direct, of.attempts)
    assert (len(cases), len(paid)) == (figures.total_casos, figures.casos_pagados)
    assert sum((row[-1] for row in cases), Decimal(0)) == figures.total_deuda
    assert ratio(of.recovered, of.recoverable) == figures.tasa_recupero


@MANY
@given(histories, periods, st.integers(0, 2))
def test_the_creditor_report_is_the_ledger(history: SimpleNamespace, period: Period, cartera: int) -> None:
    cases = {n for n, fact in enumerate(history.cases) if fact.cartera == cartera}
    lines = owed_lines(history, cases)
    within = {
        kind: sum((amount for each, amount, day in lines if each == kind and period.start <= day <= period.end), ZERO)
        for kind in ("placement", "adjustment", "payment", "reversal")
    }
    why = [(fact.reason, fact.amount, fact.day) for fact in history.adjustments if fact.case in cases]
    why += [
        (fact.reason, amount, day)
        for fact, amount, day in agreed_lines(history)
        if history.arrangements[fact.arrangement].case in cases
    ]
    reasons = {
        reason: sum((amount for each, amount, day in why if each == reason and period.start <= day <= period.end), ZERO)
        for reason in ("creditor", "plan_interest", "waiver", "correction", "fee", "")
    }
    opening = sum((amount for _, amount, day in lines if day < period.start), ZERO)
    closing = sum((amount for _, amount, day in lines if day <= period.end), ZERO)
    with written(history) as (carteras, _):
        report = creditor_report.report_of(carteras[cartera], period)
        parts = {
            name: list(part.all_cells()) for name, part in creditor_report.parts(carteras[cartera], period).items()
        }
    balances = report.balances
    assert (balances.opening, balances.closing) == (opening, closing)
    assert (balances.placed, balances.adjusted) == (within["placement"], within["adjustment"])
    assert (balances.paid, balances.reversed) == (-within["payment"], within["reversal"])
    assert (balances.restated, balances.plan_interest) == (reasons["creditor"], reasons["plan_interest"])
    assert (balances.waived, balances.corrected) == (
        -reasons["waiver"],
        reasons["correction"] + reasons["fee"] + reasons[""],
    )
    assert opening + balances.placed + balances.adjusted - balances.paid + balances.reversed == closing
    assert sum((row[-1] for row in parts["ajustes"]), ZERO) == balances.adjusted
    assert sum((row[-1] for row in parts["pagos"]), ZERO) == balances.recovered
    assert len(parts["pagos"]) == report.payments + report.reversals
    assert len(parts["promesas"]) == sum(count for count, _ in report.promises.values())
    assert sum((row[-1] for row in parts["promesas"]), ZERO) == sum(amount for _, amount in report.promises.values())
    assert len(parts["gestiones"]) == report.activities == len(Count(history, cartera, None).codes(*period))
    sums = [sum((row[column] for row in parts["saldos"]), ZERO) for column in (-4, -3, -2, -1)]
    assert sums == [opening, balances.placed + balances.adjusted, balances.recovered, closing]
    assert report.cases == len(parts["saldos"])
