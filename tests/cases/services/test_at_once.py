"""Two people at the same moment, on two real PostgreSQL connections."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from cases import nightly, services
from cases.models import Case, CaseStatus, Debtor, LedgerEntry
from nova.lib import dates
from tests.at_once import after_waiting, at_once
from tests.factories import AdminFactory, CaseFactory, DebtorFactory, DebtorPhoneFactory, GestorFactory, status
from tests.steps import ledger_sum, pay

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def paying(case, by, amount="100.00", **given):
    return lambda: pay(case, amount, by=by, **given)


def test_two_payments_at_the_same_moment_both_count():
    admin, case = AdminFactory(), CaseFactory()
    for _ in range(5):
        outcome = at_once(paying(case, admin, "100.00"), paying(case, admin, "250.00"))
        assert [type(result) for result in outcome] == [LedgerEntry, LedgerEntry], outcome
    case.refresh_from_db()
    assert case.balance == Decimal("8250.00") == ledger_sum(case)
    assert case.entries.filter(kind="payment").count() == 10


def test_two_that_together_exceed_the_balance_do_not_both_pass():
    admin, case = AdminFactory(), CaseFactory()
    outcome = at_once(paying(case, admin, "6000.00"), paying(case, admin, "6000.00"))
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1
    case.refresh_from_db()
    assert case.balance == Decimal("4000.00")


def test_one_reference_pays_once_even_on_two_cases():
    admin, first = AdminFactory(), CaseFactory()
    second = CaseFactory(cartera=first.cartera)
    outcome = at_once(paying(first, admin, reference="R-9"), paying(second, admin, reference="R-9"))
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1
    balances = sorted(Case.objects.values_list("balance", flat=True))
    assert balances == [Decimal("9900.00"), Decimal("10000.00")]


def test_one_payment_is_reversed_once():
    admin, case = AdminFactory(), CaseFactory()
    payment = paying(case, admin)()
    reverse = lambda: services.reverse_payment(payment=payment, by=admin)  # noqa: E731
    outcome = at_once(reverse, reverse)
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1
    case.refresh_from_db()
    assert case.balance == Decimal("10000.00")


def test_who_waited_for_anothers_save_comes_after_it_in_the_timeline():
    """Else the last gestión of the case would not be its newest one, as verify_data asks."""
    admin, case = AdminFactory(), CaseFactory()
    second = after_waiting(paying(case, admin), paying(case, admin))
    first = case.entries.get(kind="payment", pk__lt=second.pk)
    assert second.created_at > first.created_at
    case.refresh_from_db()
    assert case.last_activity_at == second.created_at


def test_of_two_edits_read_at_the_same_version_one_is_told():
    admin, case = AdminFactory(), CaseFactory()

    def move(slug):
        return lambda: services.change_status(case=case, status=status(slug), by=admin, version=1)

    outcome = at_once(move("contactado"), move("de-baja"))
    assert sum(isinstance(result, services.StaleVersion) for result in outcome) == 1
    case.refresh_from_db()
    assert case.version == 2


def test_edits_of_one_person_through_two_of_their_cases_are_both_kept():
    """The lock of a case is none of its debtor, whom other cases share."""
    admin, debtor = AdminFactory(), DebtorFactory()
    first, second = CaseFactory(debtor=debtor), CaseFactory(debtor=debtor)
    edit = partial(services.edit_case, by=admin)

    after_waiting(
        partial(edit, case=first, debtor_changes={"email": "ana@example.com"}),
        partial(edit, case=second, debtor_changes={"city": "Viedma"}),
    )

    debtor.refresh_from_db()
    assert (debtor.email, debtor.city) == ("ana@example.com", "Viedma")


def test_a_debtor_whose_last_two_cases_go_at_once_goes_too():
    admin, debtor = AdminFactory(), DebtorFactory()
    first, second = CaseFactory(debtor=debtor), CaseFactory(debtor=debtor)

    after_waiting(*(partial(services.delete_case, case=case, by=admin) for case in (first, second)))

    assert not Debtor.objects.exists()


def test_of_two_defaults_of_a_stage_the_later_one_stands():
    other = CaseStatus.objects.create(slug="otro", name="Otro", stage="en_gestion", position=99)

    after_waiting(
        partial(services.make_stage_default, status=other),
        partial(services.make_stage_default, status=status("contactado")),
    )

    assert CaseStatus.objects.default_of("en_gestion").slug == "contactado"


def test_a_change_of_many_has_the_case_that_changed_and_is_still_one_of_them():
    """It was waited for, and its status is another one of the same stage."""
    admin, gestor, case = AdminFactory(), GestorFactory(), CaseFactory()
    waiting = Case.objects.filter(status__stage="en_gestion", assigned_to=None)

    changed = after_waiting(
        partial(services.change_status, case=case, status=status("contactado"), by=admin),
        partial(services.assign_cases, cases=waiting, gestor=gestor, by=admin),
    )

    assert (changed, Case.objects.get().assigned_to) == (1, gestor)


def test_a_change_of_many_leaves_out_what_is_none_of_them_any_more():
    CaseFactory()
    admin, first, second = AdminFactory(), GestorFactory(), GestorFactory()
    waiting = Case.objects.filter(assigned_to=None)

    changed = after_waiting(
        partial(services.assign_cases, cases=waiting, gestor=first, by=admin),
        partial(services.assign_cases, cases=waiting, gestor=second, by=admin),
    )

    assert (changed, Case.objects.get().assigned_to) == (0, first)


def test_the_state_that_a_phone_goes_back_to_is_the_one_it_had_when_it_was_marked():
    phone = DebtorPhoneFactory(state="unverified")
    former = after_waiting(
        partial(services.mark_phone, phone=phone, state="good"),
        partial(services.mark_phone, phone=phone, state="bad"),
    )
    assert former == "good"


def test_an_undo_beside_another_undo_and_beside_the_next_gestion():
    admin, case = AdminFactory(), CaseFactory(amount=Decimal("10000.00"))

    def undo(activity):
        return lambda: services.undo(activity=activity, by=admin)

    def record(**parts):
        return services.record_activity(case=case, by=admin, **parts)

    twice = record(payment={"amount": Decimal("700.00")}).activity
    outcome = at_once(undo(twice), undo(twice))
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1, outcome
    assert case.entries.filter(kind="reversal").count() == 1

    first = record(payment={"amount": Decimal("500.00")}).activity
    outcome = at_once(undo(first), lambda: record(notes="Llamó él", payment={"amount": Decimal("40.00")}))
    assert [isinstance(result, Exception) for result in outcome] == [False, False], outcome
    case.refresh_from_db()
    assert case.balance == Decimal("9960.00") == ledger_sum(case)
    assert case.last_activity_at == case.activities.by_people().latest("created_at").created_at
    assert case.next_action_at is not None


def test_an_undo_beside_the_night():
    admin, case = AdminFactory(), CaseFactory(amount=Decimal("10000.00"))
    terms = {"amount": Decimal("10000.00"), "promise_date": dates.today()}
    services.record_activity(case=case, by=admin, promise=terms)
    paid = services.record_activity(case=case, by=admin, payment={"amount": Decimal("10000.00")}).activity
    night = lambda: nightly.run(now=timezone.now() + timedelta(days=20))  # noqa: E731
    outcome = at_once(lambda: services.undo(activity=paid, by=admin), night)
    assert [isinstance(result, Exception) for result in outcome] == [False, False], outcome
    nightly.run(now=timezone.now() + timedelta(days=20))
    case.refresh_from_db()
    assert (case.balance, case.stage, case.queue_band) == (Decimal("10000.00"), "en_gestion", 2)


def test_two_contacts_about_the_same_debts_are_both_recorded():
    """Each begins with another debt; the locks are taken in one order."""
    admin, debtor = AdminFactory(), DebtorFactory()
    first, second = CaseFactory(debtor=debtor), CaseFactory(debtor=debtor)

    def record(case, other):
        return lambda: services.record_activities(case=case, also=[other], by=admin, notes="Habló de las dos")

    for _ in range(3):
        outcome = at_once(record(first, second), record(second, first))
        assert [isinstance(result, Exception) for result in outcome] == [False, False], outcome
    assert (first.activities.count(), second.activities.count()) == (6, 6)
