"""Payments, reversals, adjustments, refreshes: DESIGN §3.1, §3.2, §3.5."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError

from accounts.models import AuditEvent
from cases import services
from cases.models import Activity, Case, LedgerEntry
from nova.lib import dates
from tests.factories import CarteraFactory, CaseFactory, DebtorFactory, status
from tests.steps import ledger_sum

pytestmark = pytest.mark.django_db
LARGEST = Decimal("9999999999999.99")


def test_placing_a_case_posts_its_placement(admin_user, gestor_user):
    case = services.place_case(
        cartera=CarteraFactory(name="Cristal"),
        debtor=DebtorFactory(),
        amount=Decimal("1234.56"),
        nro_cliente=" 0012 ",
        assigned_to=gestor_user,
        by=admin_user,
    )
    entry = case.entries.get()
    assert (entry.kind, entry.amount, entry.value_date) == ("placement", Decimal("1234.56"), dates.today())
    assert entry.credited_to == gestor_user
    assert (case.nro_cliente, case.entity, case.creditor_total) == ("0012", "Cristal", Decimal("1234.56"))
    assert (case.status.slug, case.stage, case.queue_band) == ("sin-gestion", "en_gestion", Case.Band.NEW)


def test_payment_takes_from_the_balance_and_says_so_in_the_timeline(gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    entry = services.record_payment(case=case, by=gestor_user, amount=Decimal("2500.00"), reference="R-1")
    case.refresh_from_db()
    assert case.balance == Decimal("7500.00") == ledger_sum(case)
    assert case.last_payment_date == dates.today()
    assert (entry.activity.type, entry.activity.case, entry.activity.created_by) == ("payment", case, gestor_user)
    assert entry.credited_to == gestor_user
    event = AuditEvent.objects.get(action="payment")
    assert (event.actor, event.target_id) == (gestor_user, case.pk)
    assert (event.before["balance"], event.after["balance"]) == ("10000.00", "7500.00")


def test_payment_moves_a_case_that_nobody_had_touched_to_follow_up(gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    services.record_payment(case=case, by=gestor_user, amount=Decimal("1.00"))
    case.refresh_from_db()
    assert case.queue_band == Case.Band.FOLLOW_UP
    assert case.next_action_at == dates.start_of_day(dates.next_business_day(dates.today()))
    assert case.last_activity_at is not None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount": Decimal("0")}, "amount"),
        ({"amount": Decimal("-5")}, "amount"),
        ({"amount": Decimal("0.001")}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"amount": Decimal("1e400")}, "amount"),
        ({"value_date": dates.today() + timedelta(days=1)}, "value_date"),
        ({"value_date": dates.today() - timedelta(days=61)}, "value_date"),
        ({"amount": Decimal("10000.01")}, "confirm_overpayment"),
    ],
)
def test_impossible_payment_is_refused_and_leaves_nothing(gestor_user, given, field):
    case = CaseFactory()
    with pytest.raises(ValidationError) as error:
        services.record_payment(**{"case": case, "by": gestor_user, "amount": Decimal("10.00"), **given})
    assert list(error.value.message_dict) == [field]
    assert case.entries.count() == 1
    assert not Activity.objects.exists()
    assert not AuditEvent.objects.exists()


def test_payment_above_the_balance_goes_through_when_confirmed(gestor_user):
    case = CaseFactory()
    services.record_payment(case=case, by=gestor_user, amount=Decimal("10000.01"), confirm_overpayment=True)
    case.refresh_from_db()
    assert (case.balance, case.stage) == (Decimal("-0.01"), "pagada")


def test_reference_is_used_once_per_cartera_even_after_its_reversal(admin_user):
    cartera = CarteraFactory()
    first, second = CaseFactory(cartera=cartera), CaseFactory(cartera=cartera)
    elsewhere = CaseFactory()
    pay = {"by": admin_user, "amount": Decimal("10.00"), "reference": "R-1"}
    entry = services.record_payment(case=first, **pay)
    services.record_payment(case=elsewhere, **pay)
    services.reverse_payment(payment=entry, by=admin_user)
    with pytest.raises(ValidationError) as error:
        services.record_payment(case=second, **pay)
    assert "reference" in error.value.message_dict


def test_reference_that_no_column_holds_is_refused_in_words(gestor_user):
    with pytest.raises(ValidationError) as error:
        services.record_payment(case=CaseFactory(), by=gestor_user, amount=Decimal("10.00"), reference="R" * 81)
    assert "80 caracteres" in error.value.message_dict["reference"][0]


@pytest.mark.parametrize("slug", ["en-gestion", "promesa", "incobrable", "a-juicio", "de-baja"])
def test_payment_of_everything_is_accepted_in_every_stage_and_pays_the_case(gestor_user, slug):
    case = CaseFactory(status_slug=slug)
    services.record_payment(case=case, by=gestor_user, amount=case.amount)
    case.refresh_from_db()
    assert (case.balance, case.status.slug, case.stage, case.next_action_at) == (0, "pagada", "pagada", None)


def test_paying_everything_cancels_what_was_still_promised(gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    due = dates.today() + timedelta(days=5)
    promise = services.promise_payment(case=case, by=gestor_user, amount=Decimal("9000.00"), promise_date=due)
    later = services.promise_payment(
        case=case, by=gestor_user, amount=Decimal("1000.00"), promise_date=due + timedelta(days=60)
    )
    services.adjust_balance(case=case, by=gestor_user, amount=Decimal("-1000.00"))
    services.record_payment(case=case, by=gestor_user, amount=Decimal("9000.00"))
    for row in (case, promise, later):
        row.refresh_from_db()
    assert (promise.status, later.status) == ("fulfilled", "cancelled")
    assert case.stage == "pagada"


def test_reversal_restores_exactly_what_was_before(admin_user, gestor_user, other_gestor):
    case = CaseFactory(assigned_to=gestor_user, creditor_last_payment_date=dates.today() - timedelta(days=400))
    due = dates.today() + timedelta(days=5)
    promise = services.promise_payment(case=case, by=gestor_user, amount=Decimal("4000.00"), promise_date=due)
    services.record_payment(case=case, by=gestor_user, amount=Decimal("1000.00"), value_date=dates.today())
    before = state_of(case, promise)
    payment = services.record_payment(case=case, by=gestor_user, amount=Decimal("3500.00"))
    promise.refresh_from_db()
    assert promise.status == "fulfilled"
    services.assign_cases(cases=Case.objects.filter(pk=case.pk), gestor=other_gestor, by=admin_user)
    reversal = services.reverse_payment(payment=payment, by=admin_user)
    assert state_of(case, promise) == before
    assert (reversal.amount, reversal.value_date, reversal.reverses) == (Decimal("3500.00"), dates.today(), payment)
    assert reversal.credited_to == gestor_user  # the payment's, not whoever holds the case now
    assert reversal.activity.is_system


def state_of(case, promise):
    case.refresh_from_db()
    promise.refresh_from_db()
    return (
        (case.balance, case.last_payment_date, case.status.slug, case.stage),
        (promise.status, promise.paid_amount, promise.fulfilled_date),
    )


def test_reversing_the_only_payment_gives_the_creditors_date_back(admin_user):
    stated = dates.today() - timedelta(days=100)
    case = CaseFactory(creditor_last_payment_date=stated, last_payment_date=stated)
    payment = services.record_payment(case=case, by=admin_user, amount=Decimal("10.00"))
    services.reverse_payment(payment=payment, by=admin_user)
    case.refresh_from_db()
    assert case.last_payment_date == stated


def test_payment_is_reversed_once_and_only_payments_are(admin_user):
    case = CaseFactory()
    payment = services.record_payment(case=case, by=admin_user, amount=Decimal("10.00"))
    services.reverse_payment(payment=payment, by=admin_user)
    for entry in (payment, case.entries.get(kind="placement")):
        with pytest.raises(ValidationError):
            services.reverse_payment(payment=entry, by=admin_user)
    assert case.entries.filter(kind="reversal").count() == 1


def test_paid_case_whose_payment_is_reversed_comes_back_at_once(admin_user, gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    payment = services.record_payment(case=case, by=gestor_user, amount=case.amount)
    services.reverse_payment(payment=payment, by=admin_user)
    case.refresh_from_db()
    assert (case.status.slug, case.queue_band) == ("en-gestion", Case.Band.REST)
    assert case in Case.objects.in_queue(gestor_user)


def test_same_figure_of_the_creditor_changes_nothing_whatever_was_paid(admin_user):
    case = CaseFactory()
    services.record_payment(case=case, by=admin_user, amount=Decimal("4000.00"))
    assert services.refresh_total(case=case, by=admin_user, total=case.creditor_total) is None
    case.refresh_from_db()
    assert case.balance == Decimal("6000.00")


def test_another_figure_of_the_creditor_becomes_the_balance(admin_user):
    case = CaseFactory()
    services.record_payment(case=case, by=admin_user, amount=Decimal("4000.00"))
    entry = services.refresh_total(case=case, by=admin_user, total=Decimal("8000.00"))
    case.refresh_from_db()
    assert (entry.kind, entry.amount) == ("adjustment", Decimal("2000.00"))
    assert (case.balance, case.creditor_total, case.amount) == (
        Decimal("8000.00"),
        Decimal("8000.00"),
        Decimal("10000.00"),
    )


def test_adjustment_reopens_a_paid_case(admin_user):
    case = CaseFactory()
    services.record_payment(case=case, by=admin_user, amount=case.amount)
    services.adjust_balance(case=case, by=admin_user, amount=Decimal("50.00"))
    case.refresh_from_db()
    assert (case.balance, case.status.slug, case.queue_band) == (Decimal("50.00"), "en-gestion", Case.Band.REST)


def test_version_grows_with_an_adjustment_and_not_with_a_payment_of_a_part(admin_user):
    case = CaseFactory()
    services.record_payment(case=case, by=admin_user, amount=Decimal("10.00"))
    case.refresh_from_db()
    assert case.version == 1
    services.adjust_balance(case=case, by=admin_user, amount=Decimal("5.00"))
    case.refresh_from_db()
    assert case.version == 2


@pytest.mark.parametrize(
    "post",
    [
        lambda case, by: services.adjust_balance(case=case, by=by, amount=LARGEST),
        lambda case, by: [
            services.record_payment(case=case, by=by, amount=LARGEST, confirm_overpayment=True, confirm_duplicate=True)
            for _ in range(2)
        ],
    ],
)
def test_balance_beyond_what_a_column_holds_is_refused_in_words(admin_user, post):
    case = CaseFactory()
    with pytest.raises(ValidationError) as error:
        post(case, admin_user)
    assert list(error.value.message_dict) == ["amount"]
    case.refresh_from_db()
    assert abs(case.balance) <= LARGEST


def test_reversal_that_would_make_such_a_balance_is_refused_too(admin_user):
    case = CaseFactory()
    payment = services.record_payment(
        case=case, by=admin_user, amount=LARGEST, confirm_overpayment=True, confirm_duplicate=True
    )
    services.adjust_balance(case=case, by=admin_user, amount=LARGEST)
    with pytest.raises(ValidationError) as error:
        services.reverse_payment(payment=payment, by=admin_user)
    assert list(error.value.message_dict) == ["payment"]


def test_ledger_is_never_updated_or_deleted(admin_user):
    entry = CaseFactory().entries.get()
    entry.amount = Decimal("1.00")
    for change in (
        entry.save,
        entry.delete,
        LedgerEntry.objects.all().delete,
        lambda: LedgerEntry.objects.update(amount=1),
    ):
        with pytest.raises(TypeError):
            change()
    assert LedgerEntry.objects.get().amount == Decimal("10000.00")


@pytest.mark.postgres
def test_not_even_raw_sql_updates_the_ledger():
    entry = CaseFactory().entries.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerEntry.objects.filter(pk=entry.pk)._update([(LedgerEntry._meta.get_field("amount"), None, 1)])
    entry.refresh_from_db()
    assert entry.amount == Decimal("10000.00")


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["payment", "reversal", "placement"])
def test_not_even_raw_sql_deletes_what_happened_to_the_money(admin_user, kind):
    case = CaseFactory()
    payment = services.record_payment(case=case, by=admin_user, amount=Decimal("10.00"))
    services.reverse_payment(payment=payment, by=admin_user)
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerEntry.objects.filter(kind=kind)._raw_delete("default")
    assert case.entries.count() == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "payment", "amount": Decimal("-1.00")},
        {"kind": "adjustment", "amount": Decimal("0.00")},
        {"kind": "reversal", "amount": Decimal("1.00")},
        {"kind": "placement", "amount": Decimal("1.00")},
        {"kind": "gift", "amount": Decimal("1.00")},
    ],
)
def test_database_itself_refuses_an_impossible_entry(wrong):
    case = CaseFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(case=case, cartera=case.cartera, value_date=dates.today(), **wrong)


def test_untouched_case_goes_with_its_placement_and_its_otherwise_caseless_debtor(admin_user):
    alone, shared = CaseFactory(), CaseFactory()
    sibling = CaseFactory(debtor=shared.debtor)
    for case in (alone, shared):
        services.delete_case(case=case, by=admin_user)
    assert list(Case.objects.all()) == [sibling]
    assert LedgerEntry.objects.get().case == sibling
    assert AuditEvent.objects.filter(action="deleted").count() == 2
    assert list(sibling.debtor.__class__.objects.all()) == [sibling.debtor]


def test_case_with_history_is_not_deleted(admin_user):
    case = CaseFactory()
    services.record_payment(case=case, by=admin_user, amount=Decimal("10.00"))
    with pytest.raises(ValidationError, match="De baja"):
        services.delete_case(case=case, by=admin_user)
    assert Case.objects.filter(pk=case.pk).exists()
    assert status("de-baja").is_active


# --- Two payments that look like one -------------------------------------------------------------------------
def test_an_identical_payment_asks_and_nothing_is_posted(gestor_user):
    case = CaseFactory()
    terms = {"case": case, "by": gestor_user, "amount": Decimal("10.00")}
    first = services.record_payment(**terms)
    with pytest.raises(ValidationError) as refused:
        services.record_payment(**terms)
    assert list(refused.value.message_dict) == ["confirm_duplicate"]
    for other in (
        {"amount": Decimal("10.01")},
        {"value_date": dates.today() - timedelta(days=1)},
        {"reference": "R-1"},
        {"confirm_duplicate": True},
        {"case": CaseFactory()},
    ):
        services.record_payment(**{**terms, **other})
    services.reverse_payment(payment=first, by=gestor_user)
    assert case.entries.effective_payments().count() == 4


@pytest.mark.parametrize("again", ["tr 0001 é", "TR  0001  É", " Tr 0001 e "])
def test_a_reference_in_other_clothes_is_the_same(gestor_user, again):
    case = CaseFactory()
    services.record_payment(case=case, by=gestor_user, amount=Decimal("10.00"), reference="TR 0001 É")
    with pytest.raises(ValidationError) as refused:
        services.record_payment(case=case, by=gestor_user, amount=Decimal("20.00"), reference=again)
    assert list(refused.value.message_dict) == ["reference"]
    other = CaseFactory()  # of another cartera
    assert services.record_payment(case=other, by=gestor_user, amount=Decimal("20.00"), reference=again).pk
