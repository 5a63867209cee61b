"""An undo takes back what a submission did, or says what it could not (DESIGN §3.6)."""

from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cases import nightly, services
from cases.models import Activity, ActivityResult, Case, DebtorPhone, LedgerEntry, Promise
from cases.services.undo import ACCEPTED
from nova.lib import dates
from nova.lib.databases import Gone
from tests.factories import AdminFactory, CaseFactory, DebtorPhoneFactory, GestorFactory
from tests.steps import ledger_sum

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=dates.BuenosAires())
CODES = ["NC", "VLL", "EQ", "NEG", "YP", "PP", "NOTA", None]


def code(name: str | None) -> ActivityResult | None:
    return ActivityResult.objects.get(code=name) if name else None


def state_of(case: Case) -> dict[str, object]:
    """Everything that an undo must bring back; the ledger by its sum, for it is append-only."""
    case = Case.objects.get(pk=case.pk)
    return {
        "case": (case.status_id, case.stage, case.next_action_at, case.queue_band, case.stopped_at),
        "money": (case.balance, ledger_sum(case), case.last_payment_date),
        "last": case.last_activity_at,
        "phones": list(DebtorPhone.objects.filter(debtor=case.debtor_id).order_by("id").values_list("id", "state")),
        "promises": list(
            case.promises.exclude(status="cancelled").order_by("id").values_list("id", "status", "paid_amount")
        ),
        "gestiones": set(case.activities.by_people().values_list("id", flat=True)),
    }


@pytest.fixture
def case():
    case = CaseFactory(
        amount=Decimal("5000.00"), placed_on=dates.local_date(NOW) - timedelta(days=20), assigned_to=GestorFactory()
    )
    DebtorPhoneFactory(debtor=case.debtor)
    return case


def save(case: Case, by, now: datetime, **parts):
    """One save, with what the result asks for."""
    result = parts.pop("result", None)
    if result is not None and result.asks_when:
        parts.setdefault("next_action_at", now + timedelta(hours=5))
    if result is not None and result.needs_promise:
        parts.setdefault(
            "promise", {"amount": Decimal("1000.00"), "promise_date": dates.local_date(now) + timedelta(days=4)}
        )
    if result is None and "payment" not in parts and "promise" not in parts:
        parts.setdefault("notes", "Dijo que llama él")
    return services.record_activity(case=case, by=by, result=result, now=now, **parts)


parts = st.fixed_dictionaries(
    {},
    optional={
        "payment": st.integers(1, 600_000).map(
            lambda cents: {"amount": Decimal(cents) / 100, "confirm_overpayment": True}
        ),
        "promise": st.integers(1, 300_000).map(
            lambda cents: {"amount": Decimal(cents) / 100, "promise_date": dates.local_date(NOW) + timedelta(days=6)}
        ),
    },
)
saves = st.lists(st.tuples(st.booleans(), st.sampled_from(CODES), parts), min_size=1, max_size=6)


@settings(max_examples=60)
@given(saves, st.integers(0, 5), st.booleans())
def test_after_an_undo_all_is_as_before_or_named(history, which, nights):
    people = [GestorFactory(), AdminFactory()]
    case = CaseFactory(
        amount=Decimal("5000.00"), placed_on=dates.local_date(NOW) - timedelta(days=20), assigned_to=people[0]
    )
    phone = DebtorPhoneFactory(debtor=case.debtor)
    made, states, now = [], [], NOW
    for by_admin, name, optional in history:
        now += timedelta(seconds=20)
        before = state_of(case)
        with suppress(ValidationError):  # honest: what the rules refuse is no submission
            result = code(name)
            used = phone if result is not None and result.type == "call" else None
            made.append(save(case, people[by_admin], now, result=result, phone=used, **optional).activity)
            states.append(before)
    assume(made)
    target = made[which % len(made)]
    if nights:
        nightly.run(now=now)
    later = state_of(case)
    undone = services.undo(activity=target, by=people[1], now=now + timedelta(seconds=5))
    after = state_of(case)
    is_last = target is made[-1]
    if is_last and not nights:  # honest: half of the histories are so
        assert undone.left == []
        assert after == states[made.index(target)]
    # Whoever came later keeps what they did: their gestiones and their payments stand.
    assert after["gestiones"] == later["gestiones"] - {target.pk}
    paid = LedgerEntry.objects.effective_payments().filter(case=case, activity=target)
    assert not paid.exists()
    assert after["money"][0] == after["money"][1]
    stored = Case.objects.get(pk=case.pk)
    pending = stored.promises.pending().exists()
    assert not (pending and not stored.is_open)
    assert not (stored.is_open and stored.last_activity_at and stored.next_action_at is None)
    assert (stored.stage == "pagada") <= (stored.balance <= 0)


def test_no_answer_on_an_agreed_call_and_its_undo(case):
    """The example: «No contesta» moved an agreed call to tomorrow, and voiding it left it there."""
    gestor = case.assigned_to
    agreed = NOW + timedelta(hours=1)
    save(case, gestor, NOW, result=code("VLL"), next_action_at=agreed)
    before = state_of(case)
    at = NOW + timedelta(hours=1, minutes=3)
    last = save(case, gestor, at, result=code("NC")).activity
    moved = Case.objects.get(pk=case.pk)
    assert (moved.queue_band, moved.next_action_at) == (1, at + timedelta(hours=2))
    assert services.undo(activity=last, by=gestor, now=at + timedelta(seconds=9)).left == []
    assert state_of(case) == before


def test_a_payment_of_ones_own_is_reversed_and_its_reference_may_be_used_again(case):
    gestor = case.assigned_to
    before = state_of(case)
    wrong = {"amount": Decimal("1500.00"), "reference": "TR-1"}
    made = save(case, gestor, NOW, payment=wrong)
    assert made.activity.type == Activity.Type.PAYMENT
    assert services.undo(activity=made.activity, by=gestor, now=NOW + timedelta(seconds=3)).left == []
    assert state_of(case) == before
    assert [entry.kind for entry in case.entries.order_by("id")] == ["placement", "payment", "reversal"]
    right = save(case, gestor, NOW + timedelta(minutes=1), payment={**wrong, "amount": Decimal("150.00")})
    assert right.payment.reference == "TR-1#2"
    with pytest.raises(ValidationError, match="ya está usada"):
        save(case, gestor, NOW + timedelta(minutes=2), payment=wrong)


def test_the_payment_that_closed_the_case_gives_back_its_promise(case):
    gestor = case.assigned_to
    save(case, gestor, NOW, result=code("PP"))
    before = state_of(case)
    at = NOW + timedelta(minutes=2)
    made = save(case, gestor, at, payment={"amount": Decimal("5000.00")})
    assert Case.objects.get(pk=case.pk).stage == "pagada"
    assert services.undo(activity=made.activity, by=gestor, now=at + timedelta(seconds=2)).left == []
    assert state_of(case) == before


def test_a_wrong_number_is_good_again(case):
    phone = case.debtor.phones.get()
    made = save(case, case.assigned_to, NOW, result=code("EQ"), phone=phone)
    phone.refresh_from_db()
    assert phone.state == "bad"
    services.undo(activity=made.activity, by=case.assigned_to, now=NOW + timedelta(seconds=2))
    phone.refresh_from_db()
    assert phone.state == "unverified"


def test_what_somebody_else_changed_is_named_and_stays(case):
    gestor, admin = case.assigned_to, AdminFactory()
    phone = case.debtor.phones.get()
    made = save(case, gestor, NOW, result=code("EQ"), phone=phone)
    DebtorPhone.objects.filter(pk=phone.pk).update(state="good")
    agreed = NOW + timedelta(hours=3)
    save(case, admin, NOW + timedelta(seconds=30), result=code("VLL"), next_action_at=agreed)
    undone = services.undo(activity=made.activity, by=gestor, now=NOW + timedelta(minutes=1))
    assert undone.left == [
        "el teléfono: lo cambió otra persona",
        "la próxima acción: la cambió otra gestión",
        "la prioridad: la cambió otra gestión",
    ]
    stored = Case.objects.get(pk=case.pk)
    assert (stored.queue_band, stored.next_action_at) == (1, agreed)
    assert DebtorPhone.objects.get(pk=phone.pk).state == "good"


@pytest.mark.parametrize(
    ("who", "later", "reason"),
    [("other", 1, "Solo quien"), ("own", 301, "cinco minutos"), ("own", 1, ""), ("admin", 299, "")],
)
def test_who_may_undo_and_until_when(case, who, later, reason):
    made = save(case, case.assigned_to, NOW, result=code("NC"))
    by = {"own": case.assigned_to, "other": GestorFactory(), "admin": AdminFactory()}[who]
    now = NOW + timedelta(seconds=later)
    assert (services.refusal_of_undo(made.activity, by=by, now=now) == "") == (not reason)
    if reason:
        with pytest.raises(ValidationError, match=reason):
            services.undo(activity=made.activity, by=by, now=now)
        assert Activity.objects.get(pk=made.activity.pk).voided_at is None
        return
    services.undo(activity=made.activity, by=by, now=now)
    with pytest.raises(ValidationError, match="ya fue anulada"):
        services.undo(activity=made.activity, by=by, now=now)
    assert timedelta(minutes=5) == ACCEPTED


def test_several_debts_are_one_contact_and_one_undo(case):
    gestor = case.assigned_to
    others = [CaseFactory(debtor=case.debtor, assigned_to=gestor) for _ in range(2)]
    before = [state_of(row) for row in (case, *others)]
    phone = case.debtor.phones.get()
    made = services.record_activities(
        case=case, also=others, by=gestor, result=code("NEG"), phone=phone, notes="Habla de todo", now=NOW
    )
    stored = Activity.objects.order_by("case_id")
    assert [row.case_id for row in stored] == sorted([case.pk, *(row.pk for row in others)])
    assert {row.submission for row in stored} == {made.activity.submission}
    assert made.activity.submission is not None
    undone = services.undo(activity=made.activity, by=gestor, now=NOW + timedelta(seconds=1))
    assert len(undone.activities) == 3
    assert [state_of(row) for row in (case, *others)] == before


@pytest.mark.parametrize(("name", "own"), [("PP", True), ("NEG", False)])
def test_what_cannot_be_for_several_debts_records_nothing(case, name, own):
    other = CaseFactory(assigned_to=case.assigned_to, **({"debtor": case.debtor} if own else {}))
    with pytest.raises(ValidationError, match="deuda"):
        services.record_activities(case=case, also=[other], by=case.assigned_to, result=code(name), now=NOW)
    assert not Activity.objects.exists()


def test_a_payment_that_kept_one_of_two_promises_leaves_an_agreed_call_in_its_band(case):
    """The promise is pending again, which alone would have moved the call behind broken promises."""
    gestor = case.assigned_to
    save(case, gestor, NOW, promise={"amount": Decimal("100.00"), "promise_date": dates.local_date(NOW)})
    later = {"amount": Decimal("900.00"), "promise_date": dates.local_date(NOW) + timedelta(days=9)}
    save(case, gestor, NOW + timedelta(minutes=1), result=code("VLL"), promise=later)
    before = state_of(case)
    at = NOW + timedelta(minutes=2)
    made = save(case, gestor, at, payment={"amount": Decimal("100.00")})
    assert services.undo(activity=made.activity, by=gestor, now=at + timedelta(seconds=2)).left == []
    assert state_of(case) == before


def test_a_case_that_somebody_else_closed_gets_a_place_when_it_opens_again(case):
    gestor, admin = case.assigned_to, AdminFactory()
    made = save(case, gestor, NOW, payment={"amount": Decimal("3000.00")})
    services.adjust_balance(case=case, by=admin, amount=Decimal("-2000.00"), now=NOW + timedelta(minutes=1))
    assert Case.objects.get(pk=case.pk).stage == "pagada"
    services.undo(activity=made.activity, by=gestor, now=NOW + timedelta(minutes=2))
    stored = Case.objects.get(pk=case.pk)
    assert (stored.balance, stored.stage, stored.queue_band) == (Decimal("3000.00"), "en_gestion", 7)
    assert stored.next_action_at == NOW + timedelta(minutes=2)


def test_a_debt_that_is_gone_meanwhile_records_nothing(case):
    gone = CaseFactory(debtor=case.debtor, assigned_to=case.assigned_to)
    services.delete_case(case=Case.objects.get(pk=gone.pk), by=AdminFactory())
    with pytest.raises(Gone):
        services.record_activities(case=case, also=[gone], by=case.assigned_to, notes="Habló de las dos", now=NOW)
    assert not Activity.objects.exists()


def test_the_first_gestion_leaves_sin_gestion_and_its_undo_goes_back(case):
    assert case.status.slug == "sin-gestion"
    made = save(case, case.assigned_to, NOW, result=code("NC"))
    stored = Case.objects.select_related("status").get(pk=case.pk)
    assert (stored.status.slug, stored.version) == ("en-gestion", case.version)
    services.undo(activity=made.activity, by=case.assigned_to, now=NOW + timedelta(seconds=1))
    assert Case.objects.get(pk=case.pk).status.slug == "sin-gestion"


def test_an_undone_promise_is_cancelled(case):
    made = save(case, case.assigned_to, NOW, result=code("PP"))
    services.undo(activity=made.activity, by=case.assigned_to, now=NOW + timedelta(seconds=1))
    assert Promise.objects.get().status == Promise.Status.CANCELLED
    assert Case.objects.get(pk=case.pk).stage == "en_gestion"


def test_a_payment_that_closed_an_untouched_case_leaves_it_untouched(case):
    """The reversal gave it a place in the queue that it had not had."""
    before = state_of(case)
    made = save(case, case.assigned_to, NOW, payment={"amount": Decimal("5000.00")})
    assert services.undo(activity=made.activity, by=case.assigned_to, now=NOW + timedelta(seconds=2)).left == []
    assert state_of(case) == before
