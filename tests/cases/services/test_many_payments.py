"""Payments of a file, many at once, are what `record_payment` and `reverse_payment` post one by one (DESIGN §5.1)."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, User
from cases.models import Activity, Arrangement, Case, CaseStatus, LedgerEntry, Promise
from cases.services.many_payments import FilePayment, record_payments, reverse_payments
from cases.services.money import record_payment, reverse_payment
from nova.lib import dates
from tests import factories

pytestmark = pytest.mark.django_db

OF_CASE = (
    *("balance", "last_payment_date", "stage", "next_action_at", "queue_band", "version", "last_activity_at"),
    "stopped_at",
)


def agency(seed: int, gestor: User, now: datetime) -> list[Case]:
    """Eight cases: owed, promised, overdue, arranged, closed by hand, paid. The same seed gives the same."""
    dice = random.Random(seed)
    cartera = factories.CarteraFactory()
    today = dates.local_date(now)
    cases = []
    for number in range(8):
        amount = Decimal(dice.choice([1000, 2500, 10000]))
        case = factories.CaseFactory(
            cartera=cartera,
            nro_cliente=str(number),
            amount=amount,
            assigned_to=gestor,
            placed_on=today - timedelta(days=40),
            queue_band=dice.choice([4, 5, 6]),
            next_action_at=now + timedelta(days=dice.randint(-5, 5)),
            creditor_last_payment_date=dice.choice([None, today - timedelta(days=3)]),
        )
        for _ in range(dice.choice([0, 0, 1, 2])):
            factories.PromiseFactory(
                case=case,
                amount=dice.choice([amount, amount / 2]),
                promise_date=today + timedelta(days=dice.randint(-12, 6)),
                created_at=now - timedelta(days=15),
            )
        cases.append(case)
    factories.ArrangementFactory(case=cases[0])
    closed = CaseStatus.objects.default_of(dice.choice([CaseStatus.Stage.INCOBRABLE, CaseStatus.Stage.DE_BAJA]))
    Case.objects.filter(pk=cases[1].pk).update(status=closed, stage=closed.stage)
    return cases


def payments_of(seed: int, cases: list[Case], today: date) -> list[FilePayment]:
    """Twenty payments, some of which are refused: above the balance, too early, in the future."""
    dice = random.Random(seed)
    payments = []
    for number in range(20):
        case = dice.choice(cases)
        payments.append(
            FilePayment(
                case=case.pk,
                amount=dice.choice([case.amount, case.amount / 2, case.amount / 10, case.amount * 2]),
                value_date=today - timedelta(days=dice.choice([0, 0, 1, 5, 10, 41, -1])),
                method="deposit",
                reference=f"ext:{number}",
                notes="De un archivo",
                confirm_overpayment=dice.random() < 0.3,
            )
        )
    return payments


def one_by_one(payments: list[FilePayment], *, by: User, now: datetime) -> list[bool]:
    done = []
    for payment in payments:
        try:
            with transaction.atomic():
                record_payment(
                    case=Case.objects.get(pk=payment.case),
                    by=by,
                    amount=payment.amount,
                    value_date=payment.value_date,
                    method=payment.method,
                    reference=payment.reference,
                    notes=payment.notes,
                    confirm_overpayment=payment.confirm_overpayment,
                    is_system=True,
                    now=now,
                )
        except ValidationError:
            done.append(False)
        else:
            done.append(True)
    return done


def state_of(cases: list[Case]) -> list[Any]:
    """All that may differ between two ways of doing the same, without the ids."""
    found: list[Any] = []
    for case in Case.objects.filter(pk__in=[case.pk for case in cases]).order_by("nro_cliente"):
        entries = case.entries.exclude(kind="placement").values_list(
            *("kind", "amount", "value_date", "method", "reference", "reference_key", "reason", "credited_to"),
            *("created_by", "created_at", "notes"),
        )
        promises = case.promises.order_by("id").values_list("status", "paid_amount", "fulfilled_date")
        plans = Arrangement.objects.filter(case=case).order_by("id")
        schedule = [list(plan.schedule.values_list("number", "status", "paid_amount", "paid_on")) for plan in plans]
        activities = Activity.objects.filter(case=case).order_by("id")
        events = AuditEvent.objects.filter(target_type="case", target_id=case.pk).order_by("id")
        found.append(
            [
                [getattr(case, name) for name in OF_CASE],
                case.status.slug,
                sorted(entries, key=str),
                list(promises),
                list(plans.values_list("status", "closed_on", "next_look_on")),
                schedule,
                sorted(activities.values_list("type", "notes", "created_by", "created_at", "is_system"), key=str),
                [
                    (event.action, event.actor_id, event.before, {**event.after, "entry": "", "arrangement": ""})
                    for event in events
                ],
            ]
        )
    return found


@pytest.mark.parametrize("seed", range(12))
def test_many_at_once_are_what_they_are_one_by_one(admin_user: User, gestor_user: User, seed: int) -> None:
    now = timezone.now()
    ours, theirs = agency(seed, gestor_user, now), agency(seed, gestor_user, now)
    today = dates.local_date(now)
    outcomes = record_payments(payments_of(seed, ours, today), by=admin_user, now=now)
    done = one_by_one(payments_of(seed, theirs, today), by=admin_user, now=now)

    assert [outcome.entry is not None for outcome in outcomes] == done
    assert state_of(ours) == state_of(theirs)

    later = now + timedelta(minutes=1)
    posted = LedgerEntry.objects.filter(pk__in=[outcome.entry for outcome in outcomes if outcome.entry])
    reverse_payments(posted.order_by("id"), by=admin_user, notes="Deshecho", now=later)
    for entry in LedgerEntry.objects.filter(case__in=theirs, kind="payment").order_by("id"):
        reverse_payment(payment=entry, by=admin_user, notes="Deshecho", now=later)
    assert state_of(ours) == state_of(theirs)


def test_a_payment_that_was_taken_back_comes_again_under_another_number(admin_user: User) -> None:
    now = timezone.now()
    case = factories.CaseFactory()
    payment = FilePayment(case.pk, Decimal(100), dates.today(), "deposit", "pmc:1")
    (first,) = record_payments([payment], by=admin_user, now=now)
    (again,) = record_payments([payment], by=admin_user, now=now)
    assert (again.entry, again.refusal[:26]) == (None, "Esa referencia ya está usa")

    assert reverse_payments(LedgerEntry.objects.filter(pk=first.entry), by=admin_user, notes="x", now=now) == 1
    assert reverse_payments(LedgerEntry.objects.filter(pk=first.entry), by=admin_user, notes="x", now=now) == 0
    (third,) = record_payments([payment], by=admin_user, now=now)
    assert LedgerEntry.objects.get(pk=third.entry).reference == "pmc:1#2"
    assert Promise.objects.count() == 0


def test_a_payment_that_an_admin_reversed_by_hand_stays_used(admin_user: User) -> None:
    now = timezone.now()
    case = factories.CaseFactory()
    payment = FilePayment(case.pk, Decimal(100), dates.today(), "deposit", "pmc:1")
    (first,) = record_payments([payment], by=admin_user, now=now)
    reverse_payment(payment=LedgerEntry.objects.get(pk=first.entry), by=admin_user, now=now)
    (again,) = record_payments([payment], by=admin_user, now=now)
    assert again.entry is None


def test_what_was_posted_one_by_one_is_what_the_next_payment_of_the_case_meets(admin_user: User) -> None:
    """A reference from before it was stored as it is compared is found by the database alone, at the insertion."""
    now, today = timezone.now(), dates.today()
    case, other = factories.CaseFactory.create_batch(2, cartera=factories.CarteraFactory(), amount=1000)
    old = LedgerEntry(case=other, cartera=other.cartera, kind="payment", amount=1, value_date=today, reference="pmc:1")
    LedgerEntry.objects.bulk_create([old])

    used, settles, too_much = (
        FilePayment(one.pk, Decimal(1000), today, "deposit", reference)
        for one, reference in ((other, "pmc:1"), (case, "pmc:2"), (case, "pmc:3"))
    )
    outcomes = record_payments([used, settles, too_much], by=admin_user, now=now)
    assert [outcome.entry is None for outcome in outcomes] == [True, False, True]
    assert "supera el saldo" in outcomes[2].refusal
    case.refresh_from_db()
    assert (str(case.balance), case.status.slug) == ("0.00", "pagada")


@pytest.mark.parametrize("count", [3, 60])
def test_the_queries_do_not_grow_with_the_payments(admin_user: User, count: int) -> None:
    now = timezone.now()
    cases = factories.CaseFactory.create_batch(count, cartera=factories.CarteraFactory())
    for case in cases[::2]:
        factories.PromiseFactory(case=case, amount=case.amount, promise_date=dates.today())
    payments = [FilePayment(case.pk, case.amount, dates.today(), "deposit", f"pmc:{case.pk}") for case in cases]
    with CaptureQueriesContext(connection) as queries:
        outcomes = record_payments(payments, by=admin_user, now=now)
    assert len({outcome.entry for outcome in outcomes} - {None}) == count
    updates = [query for query in queries if query["sql"].startswith('UPDATE "cases_case" SET "balance"')]
    assert len(queries) - len(updates) <= 22
