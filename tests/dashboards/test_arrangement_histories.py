"""The figures of arrangements after ninety days of random work, against a count of the plain rows (DESIGN §6).

The history goes through the services: offers, requests, refusals, approvals, acceptances, undone ones, payments,
reversals, lapses, cancellations, completions, by several people in several carteras. The count knows nothing of the
code of the figures: it looks at one row after another, with the words of the design.
"""

import random
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from cases import nightly, services
from cases.models import Arrangement, Case, Instalment, LedgerEntry
from cases.services import ArrangementConflict, ArrangementTerms
from dashboards import rows
from dashboards.figures import kpis
from dashboards.figures.periods import Period
from dashboards.figures.scope import Scope
from dashboards.filters import DashboardFilters
from nova.lib import dates
from tests import factories

pytestmark = pytest.mark.django_db
D = Decimal
FIRST, LAST = date(2026, 10, 1), date(2026, 12, 31)  # 12/10, 23/11, 8/12 and 25/12 are holidays
REFUSALS = ValidationError, PermissionDenied, ArrangementConflict
STATES = {"active", "completed", "lapsed", "cancelled", "rejected"}


# --- What is done ------------------------------------------------------------------------------------
class Office:
    """Two carteras, three gestores and two admins; what each step does with a case is drawn by lot."""

    def __init__(self, seed):
        self.lot = random.Random(seed)
        self.gestores = factories.GestorFactory.create_batch(3)
        self.admins = factories.AdminFactory.create_batch(2)
        self.carteras = factories.CarteraFactory.create_batch(2)
        for role, percent in (("gestor", 20), ("admin", 40), ("creditor", 60)):
            factories.DiscountLimitFactory(role=role, max_percent=D(percent))
        self.cases = [self.case() for _ in range(10)]
        self.done = set()

    def case(self):
        return factories.CaseFactory(
            cartera=self.lot.choice(self.carteras),
            assigned_to=self.lot.choice(self.gestores),
            amount=D(self.lot.randrange(100_000, 90_000_000)).scaleb(-2),
            placed_on=FIRST - timedelta(days=30),
        )

    def step(self, day):
        """One move with one case. What the services refuse does not happen."""
        case = Case.objects.get(pk=self.lot.choice(self.cases).pk)
        live = case.arrangements.filter(closed_on__isnull=True).order_by("-id").first()
        moves = {
            "proposed": [self.accept, self.accept, self.cancel],
            "awaiting_approval": [self.approve, self.approve, self.reject],
            "active": [self.pay, self.pay, self.pay, self.pay_all, self.reverse, self.restate, self.pass_on],
        }.get(live.status if live else "", [self.propose, self.propose, self.propose, self.reverse, self.pass_on])
        move = self.cancel if live and self.lot.random() < 0.05 else self.lot.choice(moves)
        now = datetime(day.year, day.month, day.day, self.lot.randrange(9, 20), tzinfo=dates.BuenosAires())
        with suppress(*REFUSALS):  # honest: what was done is asserted at the end
            move(case, live, now)
            self.done.add(move.__name__)

    def who(self, case):
        return self.lot.choice([case.assigned_to, case.assigned_to, *self.admins])

    def propose(self, case, _, now):
        kind = self.lot.choice(["cash", "cash", "parts", "interest"])
        terms = {
            "cash": {"waiver_percent": D(self.lot.choice([10, 20, 30, 45]))},
            "parts": {"instalments": self.lot.choice([2, 3, 4]), "waiver_percent": D(self.lot.choice([5, 15, 35]))},
            "interest": {"system": "direct", "instalments": 3, "monthly_rate": D(4), "down_payment": D(100)},
        }[kind]
        first = dates.local_date(now) + timedelta(days=self.lot.randrange(0, 20))
        accept, by = self.lot.random() < 0.75, self.who(case)
        made = services.propose_arrangement(
            case=case,
            by=by,
            terms=ArrangementTerms(first, **terms),
            accept=accept,
            accepted_how="phone" if accept else "",
            now=now,
        )
        if self.lot.random() < 0.1:
            services.undo(activity=made.activity, by=by, now=now + timedelta(minutes=1))
            self.done.add("undo")

    def accept(self, case, live, now):
        services.accept_arrangement(arrangement=live, by=self.who(case), accepted_how="signed", now=now)

    def approve(self, _, live, now):
        services.approve_arrangement(
            arrangement=live, by=self.lot.choice(self.admins), creditor_authorisation="Nota del banco", now=now
        )

    def reject(self, _, live, now):
        services.reject_arrangement(arrangement=live, by=self.lot.choice(self.admins), notes="No.", now=now)

    def cancel(self, _, live, now):
        services.cancel_arrangement(arrangement=live, by=self.lot.choice(self.admins), reason="No puede.", now=now)

    def pay(self, case, live, now):
        part = next(part for part in live.schedule.all() if part.unpaid)
        self.post(case, self.lot.choice([part.unpaid, part.unpaid, part.unpaid / 2]).quantize(D("0.01")), now)

    def pay_all(self, case, live, now):
        self.post(case, sum(part.unpaid for part in live.schedule.all()), now)

    def post(self, case, amount, now):
        back = timedelta(days=self.lot.choice([0, 0, 0, 2, 6]))
        services.record_payment(
            case=case,
            by=self.who(case),
            amount=amount,
            value_date=dates.local_date(now) - back,
            confirm_overpayment=True,
            confirm_duplicate=True,
            now=now,
        )

    def reverse(self, case, _, now):
        paid = case.entries.effective_payments().order_by("-id").first()
        if paid is None:
            raise ValidationError("nothing was paid")
        services.reverse_payment(payment=paid, by=self.lot.choice(self.admins), now=now)

    def restate(self, case, _, now):
        total = (case.balance * self.lot.choice([D("0.9"), D("1.2")])).quantize(D("0.01"))
        services.refresh_total(case=case, by=self.lot.choice(self.admins), total=total, now=now)

    def pass_on(self, case, _, now):
        services.assign_cases(
            cases=Case.objects.filter(pk=case.pk), gestor=self.lot.choice(self.gestores), by=self.admins[0], now=now
        )


# --- The same, counted on one's fingers -------------------------------------------------------------
class Count:
    """The figures of a cartera and a gestor (both or neither given), from every row there is."""

    def __init__(self, cartera, gestor, today):
        self.cartera, self.gestor, self.today = cartera, gestor, today
        self.cases = {row["id"]: row for row in Case.objects.values()}
        self.arrangements = {row["id"]: row for row in Arrangement.objects.values()}
        self.instalments = list(Instalment.objects.values())
        self.entries = list(LedgerEntry.objects.values())

    def is_of(self, case_id, person_id):
        of_cartera = self.cartera is None or self.cases[case_id]["cartera_id"] == self.cartera.pk
        return of_cartera and (self.gestor is None or person_id == self.gestor.pk)

    def running(self):
        """The active arrangements, by the gestor who holds the case."""
        found = 0
        for row in self.arrangements.values():
            holder = self.cases[row["case_id"]]["assigned_to_id"]
            found += row["status"] == "active" and self.is_of(row["case_id"], holder)
        return found

    def last_in_time(self, due_on):
        """The third business day after the due date."""
        day = due_on
        for _ in range(3):
            day += timedelta(days=1)
            while day.weekday() >= 5 or dates.is_holiday(day):
                day += timedelta(days=1)
        return day

    def kept_and_missed(self, period):
        kept = missed = 0
        for row in self.instalments:
            arrangement = self.arrangements[row["arrangement_id"]]
            last = self.last_in_time(row["due_on"])
            if arrangement["accepted_at"] is None or not self.is_of(
                arrangement["case_id"], arrangement["requested_by_id"]
            ):
                continue
            if not period.start <= last <= period.end or last >= self.today:
                continue
            if row["paid_on"] is not None:
                kept += row["paid_on"] <= last
                missed += row["paid_on"] > last
            elif arrangement["closed_on"] is None or arrangement["closed_on"] > last:
                missed += 1
        return kept, missed

    def waived_and_paid(self, period):
        waived = paid = D(0)
        for row in self.entries:
            if row["reason"] != "waiver" or not self.is_of(row["case_id"], row["credited_to_id"]):
                continue
            if period.start <= row["value_date"] <= period.end:
                agreed = self.arrangements[row["arrangement_id"]]["agreed_total"]
                waived -= row["amount"]
                paid += agreed if row["amount"] < 0 else -agreed
        return waived, paid

    def kpis(self, period):
        kept, missed = self.kept_and_missed(period)
        waived, paid = self.waived_and_paid(period)
        return {
            "convenios_vigentes": self.running(),
            "cuotas_cumplidas": ratio(kept, kept + missed),
            "quitas_otorgadas": waived,
            "quita_media": ratio(waived, waived + paid),
        }


def ratio(part, whole):
    return (D(part) * 100 / D(whole)).quantize(D("0.01"), rounding=ROUND_HALF_UP) if whole > 0 else None


def cells(listing):
    return list(listing.all_cells())


def shown(scope, period):
    """The four figures, and the four again from the rows behind them."""
    figures, _ = kpis.kpis(scope, period, period.before())
    asked = DashboardFilters(scope, period, "custom")
    kept, due = (cells(rows.instalments(asked, only)) for only in ("kept", ""))
    waived = cells(rows.waivers(asked, ""))
    forgiven, paid = (sum((row[column] for row in waived), D(0)) for column in (-1, -2))
    of_rows = {
        "convenios_vigentes": len(cells(rows.arrangements(asked, ""))),
        "cuotas_cumplidas": ratio(len(kept), len(due)),
        "quitas_otorgadas": forgiven,
        "quita_media": ratio(forgiven, forgiven + paid),
    }
    return {name: getattr(figures, name) for name in of_rows}, of_rows


@pytest.mark.parametrize("seed", [4, 6])
def test_after_ninety_days_of_work(seed, monkeypatch):
    office = Office(seed)
    waived_by = {}
    day = FIRST
    while day <= LAST:
        monkeypatch.setattr(dates, "today", lambda day=day: day)
        for _ in range(office.lot.choice([0, 1, 2, 3])):
            office.step(day)
        if day.day % 10 == 0:
            nightly.run(now=dates.start_of_day(day + timedelta(days=1)))
            past = Period(FIRST, day)
            waived_by[past] = Count(None, None, day).waived_and_paid(past)
        day += timedelta(days=1)

    quarter, today = Period(FIRST, LAST), LAST
    periods = [quarter, Period(date(2026, 11, 7), date(2026, 12, 11)), Period(date(2026, 12, 8), date(2026, 12, 8))]
    compared = 0
    for cartera in (None, *office.carteras):
        for gestor in (None, *office.gestores, office.admins[0]):
            count = Count(cartera, gestor, today)
            for period in periods:
                figures, of_rows = shown(Scope(cartera, gestor), period)
                assert figures == of_rows == count.kpis(period)
                compared += 1
    assert compared == 3 * 5 * 3
    # What was waived by then is what the same days show today.
    assert waived_by == {past: Count(None, None, today).waived_and_paid(past) for past in waived_by}
    assert len(waived_by) == 9
    # None of the above compared nothing with nothing.
    everything = Count(None, None, today)
    assert min(everything.kept_and_missed(quarter)) > 3
    assert {row["status"] for row in everything.arrangements.values()} >= STATES
    assert office.done >= {"accept", "approve", "reject", "cancel", "undo", "pay", "pay_all", "reverse", "restate"}
    assert any(row["reason"] == "waiver" and row["amount"] > 0 for row in everything.entries)
