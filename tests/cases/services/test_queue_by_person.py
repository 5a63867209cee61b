"""One case stands for each person in a gestor's queue (DESIGN §4), whatever people do to the cases."""

from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import nightly, services
from cases.desk.figures import figures_of
from cases.desk.queue import Queue
from cases.models import ActivityResult, Case, CaseStatus, StopFlag
from cases.transfer import verify
from nova.lib import dates
from nova.lib.databases import Gone
from tests.factories import AdminFactory, CaseFactory, DebtorFactory, GestorFactory

pytestmark = pytest.mark.django_db
PEOPLE, CASES = 3, 7

steps = st.lists(
    st.one_of(
        st.tuples(st.just("result"), st.sampled_from(["NC", "VLL", "YP", "NEG", "NOTA", "EQ", "PNC"])),
        st.tuples(st.just("promise"), st.integers(0, 6)),
        st.tuples(st.just("pay"), st.sampled_from(["100.00", "2000.00", "9000.00"])),
        st.tuples(st.just("assign"), st.sampled_from([0, 1, None])),
        st.tuples(st.just("status"), st.sampled_from(["en-gestion", "incobrable", "de-baja"])),
        st.tuples(st.just("release")),
        st.tuples(st.just("cartera")),
        st.tuples(st.just("night")),
    ),
    max_size=12,
)


def take(step: tuple, case: Case, *, by, gestores, now: datetime) -> datetime:
    match step:
        case "result", name:
            result = ActivityResult.objects.filter(code=name).first()
            at = now + timedelta(hours=5) if result and result.asks_when else None
            services.record_activity(case=case, by=by, result=result, notes="Habló", next_action_at=at, now=now)
        case "promise", days:
            due = dates.local_date(now) + timedelta(days=days)
            services.promise_payment(case=case, by=by, amount=Decimal("100.00"), promise_date=due, now=now)
        case "pay", amount:
            day = dates.local_date(now)
            services.record_payment(
                case=case, by=by, amount=Decimal(amount), value_date=day, confirm_overpayment=True, now=now
            )
        case "assign", which:
            one = Case.objects.filter(pk=case.pk)
            services.assign_cases(cases=one, gestor=None if which is None else gestores[which], by=by, now=now)
        case "status", slug:
            services.change_status(case=case, status=CaseStatus.objects.get(slug=slug), by=by, now=now)
        case ("release",):
            for stop in StopFlag.objects.standing().of_case(case):
                services.lift_stop(stop=stop, by=by, notes="Habló con el acreedor", now=now)
        case ("cartera",):
            case.cartera.is_active = not case.cartera.is_active
            case.cartera.save()
        case ("night",):
            nightly.run(now=now)
    return now + timedelta(minutes=1)


def expected(gestor, now: datetime) -> list[int]:
    """The queue by the rule, in Python: the best of each person, in the order of the queue."""
    mine = Case.objects.filter(assigned_to=gestor, stopped_at__isnull=True).select_related("cartera")
    due = [
        case
        for case in mine
        if case.is_open and case.cartera.is_active and (case.next_action_at is None or case.next_action_at <= now)
    ]
    best: dict[int, Case] = {}
    for case in sorted(due, key=lambda case: (case.queue_band, -case.balance, case.pk)):
        best.setdefault(case.debtor_id, case)
    end = now + timedelta(days=1)
    return [
        case.pk
        for case in sorted(
            best.values(), key=lambda case: (case.queue_band, case.next_action_at or end, -case.balance, case.pk)
        )
    ]


def assert_queue(gestor, now: datetime) -> None:
    wanted = expected(gestor, now)
    queue = Queue(gestor, {}, now=now)
    assert [row.case.pk for row in queue.page()[0]] == wanted
    assert sum(queue.bands.values()) == len(wanted)
    assert figures_of(gestor, now=now)[1] == queue.bands
    bands = dict(Case.objects.values_list("pk", "queue_band"))
    for band in range(1, 8):
        of_band = [pk for pk in wanted if bands[pk] == band]
        assert queue.bands.get(band, 0) == len(of_band)
        assert [row.case.pk for row in Queue(gestor, {"band": str(band)}, now=now).page()[0]] == of_band
    # The walk meets everybody once.
    walked: list[Case | None] = [None]
    while len(walked) <= len(wanted):
        walked.append(queue.next_after(walked[-1]))
    assert [case.pk if case else None for case in walked[1:]] == wanted


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, PEOPLE - 1), st.sampled_from([0, 1, None])), min_size=CASES, max_size=CASES),
    st.lists(st.integers(0, CASES - 1), min_size=12, max_size=12),
    steps,
)
def test_each_person_once_at_the_place_of_their_best_case(dealt, aims, history):
    admin, gestores = AdminFactory(), [GestorFactory(), GestorFactory()]
    people = DebtorFactory.create_batch(PEOPLE)
    placed = dates.today() - timedelta(days=20)
    cases = [
        CaseFactory(
            debtor=people[person],
            assigned_to=None if whose is None else gestores[whose],
            placed_on=placed,
            amount=Decimal(1000 + 1000 * (number % 3)),
        )
        for number, (person, whose) in enumerate(dealt)
    ]
    now = timezone.now()
    for step, which in zip(history, aims, strict=False):
        with suppress(ValidationError, Gone):  # honest: what the rules refuse is part of a history
            now = take(step, Case.objects.get(pk=cases[which].pk), by=admin, gestores=gestores, now=now)

    # Without a write, another case of a person is the best one once its moment has come.
    for moment in (now, now + timedelta(hours=6), now + timedelta(days=4)):
        for gestor in gestores:
            assert_queue(gestor, moment)
    assert sum(outcome.errors for outcome in verify.run(today=dates.today(), keep=5)) == 0
