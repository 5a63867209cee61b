"""A file of payments from the command to the ledger: once, whatever happens (DESIGN §5.1)."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from cases.models import Activity, Cartera, Case, LedgerEntry
from cases.services.money import record_payment, reverse_payment
from nova.lib import dates
from payments.models import PaymentFile, PaymentKey, PaymentPosting, PaymentRow
from payments.services.candidates import waiting_row
from payments.services.deciding import Decision, decide
from payments.services.posting import Posted, post, post_rows
from payments.services.undoing import undo, what_undoing_does
from tests import factories
from tests.payments.command import import_payments, payments_file, undo_payments

pytestmark = pytest.mark.django_db
COUNTS = ("rows", "matched", "ambiguous", "unmatched", "duplicate", "rejected", "ignored", "posted")


@pytest.fixture
def cartera() -> Cartera:
    return factories.CarteraFactory(name="Cristal Cash")


@pytest.fixture
def cases(cartera: Cartera) -> list[Case]:
    """Three people with a debt of $ 10.000 each: A-1, A-2, A-3."""
    return [factories.CaseFactory(cartera=cartera, nro_cliente=f"A-{number}") for number in (1, 2, 3)]


def today(less: int = 0) -> str:
    return f"{dates.today() - timedelta(days=less):%d/%m/%Y}"


def balances(cases: list[Case]) -> list[str]:
    return [str(Case.objects.get(pk=case.pk).balance) for case in cases]


def test_what_fits_is_posted_and_the_rest_says_why(tmp_path: Path, cases: list[Case]) -> None:
    file = payments_file(
        tmp_path,
        f"A-1;;{today(1)};1.000,00;R-1;Gómez",
        f"A-2;;{today(1)};20.000,00;R-2;",
        f"A-9;;{today(1)};500,00;R-3;",
        f"A-3;;{today(-2)};500,00;R-4;",
        f"A-3;;{today(1)};;R-5;",
    )
    ran = import_payments(file, "--layout", "generic", "--cartera", "Cristal Cash", "--post")
    assert ran.code == 1, ran.error
    assert ran.counts(*COUNTS) == (5, 0, 1, 1, 0, 2, 0, 1)
    assert ran.summary["total"] == "21500.00"
    assert balances(cases) == ["9000.00", "10000.00", "10000.00"]
    entry = LedgerEntry.objects.get(kind="payment")
    assert (entry.reference, entry.activity.is_system, entry.credited_to) == ("gen:R-1", True, None)
    assert entry.case.last_activity_at is None
    why = PaymentRow.objects.get(own_id="R-2").why
    assert why == "Supera lo que se debe ($ 10.000,00): confirme si el pago se registra igual."


def test_without_post_nothing_is_recorded_and_a_dry_run_keeps_nothing(tmp_path: Path, cases: list[Case]) -> None:
    file = payments_file(tmp_path, f"A-1;;{today()};1.000,00;R-1;")
    assert import_payments(file, "--dry-run", "--post").counts("matched", "posted") == (0, 1)
    assert PaymentFile.objects.count() == LedgerEntry.objects.filter(kind="payment").count() == 0
    ran = import_payments(file)
    assert (ran.code, *ran.counts("matched", "posted")) == (0, 1, 0)
    assert balances(cases)[0] == "10000.00"


def test_e3_the_same_file_twice_posts_once(tmp_path: Path, cases: list[Case]) -> None:
    file = payments_file(tmp_path, f"A-1;;{today()};1.000,00;R-1;", f"A-2;;{today()};1.000,00;R-2;")
    assert import_payments(file, "--post").counts("posted", "duplicate") == (2, 0)
    again = import_payments(file, "--post")
    assert (again.code, *again.counts("posted", "duplicate")) == (0, 0, 2)
    assert balances(cases)[:2] == ["9000.00", "9000.00"]


def test_a_run_that_ended_half_way_is_gone_on_with(tmp_path: Path, cases: list[Case], admin_user: User) -> None:
    file = payments_file(tmp_path, *[f"A-{n};;{today()};1.000,00;R-{n};" for n in (1, 2, 3)])
    import_payments(file)
    row = PaymentRow.objects.get(own_id="R-2")
    with transaction.atomic():  # as the chunk before the end leaves it
        post_rows([row], PaymentFile.objects.get(), Posted(), by=None, now=timezone.now())
    other = payments_file(tmp_path, f"A-1;;{today()};1.000,00;R-1;", name="parte.csv")
    assert import_payments(other, "--post").counts("posted", "duplicate") == (0, 1)
    why = PaymentRow.objects.get(file__file_name="parte.csv").why
    assert why == "Repetido: ya vino en «pagos.csv», donde todavía no se registró."
    again = import_payments(file, "--post")
    assert (again.code, *again.counts("posted", "duplicate")) == (0, 3, 0)
    assert balances(cases) == ["9000.00", "9000.00", "9000.00"]
    assert PaymentFile.objects.count() == 2


def test_the_same_file_for_another_cartera_or_account_posts_once(tmp_path: Path, cases: list[Case]) -> None:
    """Without ids of its own, whose identity has the account in it."""
    factories.CaseFactory(nro_cliente="B-1")  # of another cartera
    file = payments_file(tmp_path, f"A-1;;{today()};1.000,00;;", f"B-1;;{today()};70,00;;")
    first = import_payments(file, "--cartera", "Cristal Cash", "--post")
    assert first.counts("posted", "unmatched") == (1, 1)
    again = import_payments(file, "--post")
    assert again.counts("posted", "duplicate") == (1, 1)  # the one that found nobody before
    assert import_payments(file, "--account", "123", "--post").counts("posted", "duplicate") == (0, 2)
    assert balances(cases)[0] == "9000.00"


def test_the_same_rows_in_another_file_for_another_cartera_post_once(
    tmp_path: Path, cases: list[Case], admin_user: User
) -> None:
    """With one row more it is another file; without ids the identity of its rows has the account in it."""
    other = factories.CaseFactory(cartera__name="Bazar", nro_cliente="A-2")
    rows = [f"A-1;;{today(1)};1.000,00;;", f"A-2;;{today(1)};70,00;;"]
    first = payments_file(tmp_path, *rows)
    assert import_payments(first, "--cartera", "Cristal Cash", "--post").counts("posted") == (2,)
    more = payments_file(tmp_path, *rows, f"A-3;;{today(1)};5,00;;", name="mas.csv")
    again = import_payments(more, "--cartera", "Bazar", "--post")
    assert again.counts("unmatched", "ambiguous", "posted") == (2, 1, 0)  # another debt: a person says
    row = PaymentRow.objects.get(file__file_name="mas.csv", nro_cliente="A-2")
    assert row.why == (
        "Una fila igual ya vino en «pagos.csv», bajo otra cartera o cuenta: confirme si es otro pago, o ignórela."
    )
    with pytest.raises(ValidationError, match="confirme si es otro pago"):
        decide(row, Decision(case=other.pk), by=admin_user)
    with pytest.raises(ValidationError, match="confirme si es otro pago"):
        decide(PaymentRow.objects.get(file__file_name="mas.csv", line=2), Decision(case=other.pk), by=admin_user)
    decide(row, Decision(not_duplicate=True), by=admin_user)
    assert balances([cases[0], cases[1], other]) == ["9000.00", "9930.00", "9930.00"]
    ran = import_payments(payments_file(tmp_path, *rows, f"A-3;;{today(1)};5,00;;", "", name="todo.csv"), "--post")
    assert ran.counts("duplicate", "ambiguous", "posted") == (1, 1, 1)  # A-2 is now the number of two debts
    assert balances(cases) == ["9000.00", "9930.00", "9995.00"]


def test_two_accounts_of_one_cartera_may_have_the_same_id(tmp_path: Path, cases: list[Case]) -> None:
    for account, number in (("111", 1), ("222", 2)):
        file = payments_file(tmp_path, f"A-{number};;{today(1)};100,00;R-1;", name=f"{account}.csv")
        for times in (0, 1):  # and again: nothing twice
            ran = import_payments(file, "--account", account, "--post")
            assert ran.counts("posted", "duplicate") == (1 - times, times)
    unnamed = payments_file(tmp_path, f"A-3;;{today(1)};100,00;R-1;", name="sin.csv")
    assert import_payments(unnamed, "--post").counts("ambiguous") == (1,)  # of which of them, nobody knows
    assert balances(cases) == ["9900.00", "9900.00", "10000.00"]
    first, second = LedgerEntry.objects.filter(kind="payment").order_by("pk").values_list("reference", flat=True)
    assert (first, second[:8]) == ("gen:R-1", "gen:R-1@")
    undo_payments(PaymentRow.objects.get(state="posted", file__account="222").file_id)
    assert import_payments(tmp_path / "222.csv", "--account", "222", "--post").counts("posted") == (1,)
    assert LedgerEntry.objects.filter(reference=f"{second}#2").count() == 1


def test_an_id_that_comes_to_stand_twice_leaves_its_first_payment_alone(tmp_path: Path, cases: list[Case]) -> None:
    rows = [f"A-1;;{today(2)};500,00;5001;", f"A-2;;{today(1)};70,00;5001;"]
    assert import_payments(payments_file(tmp_path, rows[0]), "--post").counts("posted") == (1,)
    more = payments_file(tmp_path, *rows, name="mas.csv")  # «5001» is no id of a payment any more
    assert import_payments(more, "--post").counts("posted", "duplicate") == (1, 1)
    assert balances(cases)[:2] == ["9500.00", "9930.00"]


def test_a_duplicate_that_is_another_payment_does_not_let_it_in_again(
    tmp_path: Path, cases: list[Case], admin_user: User
) -> None:
    import_payments(payments_file(tmp_path, f"A-1;;{today(2)};500,00;R-1;"), "--post")
    later = payments_file(tmp_path, f"A-1;;{today(1)};500,00;R-1;", name="otro.csv")
    assert import_payments(later, "--post").counts("duplicate") == (1,)
    row = PaymentRow.objects.get(state="duplicate")
    assert waiting_row(row, by=admin_user).again.startswith("Repetido: ya vino en «pagos.csv»")
    decide(row, Decision(not_duplicate=True), by=admin_user)
    assert balances(cases)[0] == "9000.00"
    assert import_payments(later, "--post").counts("duplicate", "posted") == (1, 0)
    undo(PaymentFile.objects.get(pk=row.file_id), by=admin_user)
    assert import_payments(later, "--post").counts("duplicate", "posted") == (1, 0)
    assert balances(cases)[0] == "9500.00"


def test_e4_and_e5_two_true_payments_of_a_day_and_the_same_extract_with_one_more_day(
    tmp_path: Path, cases: list[Case]
) -> None:
    rows = [f"A-1;;{today(2)};500,00;;", f"A-1;;{today(2)};500,00;;"]
    assert import_payments(payments_file(tmp_path, *rows), "--post").counts("posted") == (2,)
    more = payments_file(tmp_path, *rows, f"A-1;;{today(1)};500,00;;", name="otro.csv")
    assert import_payments(more, "--post").counts("posted", "duplicate") == (1, 2)
    assert balances(cases)[0] == "8500.00"


def test_e6_a_payment_typed_by_hand_is_confirmed_by_a_person(
    tmp_path: Path, cases: list[Case], admin_user: User
) -> None:
    typed = record_payment(case=cases[0], by=admin_user, amount=Decimal(500), value_date=dates.today())
    file = payments_file(tmp_path, f"A-1;;{today(1)};500,00;R-1;", f"A-1;;{today(1)};500,00;R-2;")
    assert import_payments(file, "--post").counts("ambiguous", "posted") == (2, 0)
    first, second = PaymentRow.objects.order_by("line")
    assert first.entry == typed
    decide(first, Decision(duplicate_of=typed.pk), by=admin_user)
    with pytest.raises(ValidationError, match="ya es el de otra fila"):
        decide(second, Decision(duplicate_of=typed.pk), by=admin_user)
    decide(second, Decision(not_duplicate=True), by=admin_user)
    assert balances(cases)[0] == "9000.00"
    assert import_payments(file, "--post").counts("duplicate") == (2,)


def test_e9_a_person_confirms_what_exceeds_the_balance(tmp_path: Path, cases: list[Case], admin_user: User) -> None:
    import_payments(payments_file(tmp_path, f"A-1;;{today(1)};10.500,00;R-1;"), "--post")
    row = PaymentRow.objects.get()
    with pytest.raises(ValidationError) as refused:
        decide(row, Decision(case=cases[0].pk), by=admin_user)
    assert set(refused.value.message_dict) == {"confirm_overpayment"}
    decide(row, Decision(case=cases[0].pk, confirm_overpayment=True), by=admin_user)
    assert balances(cases)[0] == "-500.00"
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("posted", admin_user)


def test_e11_one_transfer_for_the_debts_of_a_person(tmp_path: Path, cartera: Cartera, admin_user: User) -> None:
    debtor = factories.DebtorFactory(dni="20111222")
    old, new = [
        factories.CaseFactory(cartera=cartera, debtor=debtor, amount=amount, placed_on=dates.today() - timedelta(days))
        for amount, days in ((300, 90), (500, 30))
    ]
    stranger = factories.CaseFactory(cartera=cartera)
    import_payments(payments_file(tmp_path, f";20.111.222;{today(1)};600,00;R-1;"), "--post")
    row = PaymentRow.objects.get()
    assert row.state == "ambiguous"
    shares = {each.case: each.share for each in waiting_row(row, by=admin_user).shared}
    assert shares == {old: Decimal(300), new: Decimal(300)}
    for parts, why in [
        (((old.pk, Decimal(300)), (new.pk, Decimal("299.99"))), "no suman"),
        (((old.pk, Decimal(300)), (stranger.pk, Decimal(300))), "personas distintas"),
        (((old.pk, Decimal(100)), (new.pk, Decimal(500)), (old.pk, Decimal(1))), "cada uno una vez"),
        (((old.pk, Decimal(301)), (new.pk, Decimal(299))), "Supera"),
    ]:
        with pytest.raises(ValidationError, match=why):
            decide(row, Decision(split=parts), by=admin_user)
    decide(row, Decision(split=((old.pk, Decimal(300)), (new.pk, Decimal(300)))), by=admin_user)
    assert balances([old, new]) == ["0.00", "200.00"]
    references = LedgerEntry.objects.filter(kind="payment").order_by("id").values_list("reference", flat=True)
    assert list(references) == ["gen:R-1/1", "gen:R-1/2"]


def test_an_id_that_looks_like_the_part_of_a_split_posts_its_own_payment(
    tmp_path: Path, cartera: Cartera, cases: list[Case], admin_user: User
) -> None:
    debtor = factories.DebtorFactory(dni="20111222")
    old, new = [factories.CaseFactory(cartera=cartera, debtor=debtor, amount=300) for _ in range(2)]
    import_payments(payments_file(tmp_path, f"A-1;;{today()};33,00;R-1/1;", f";20.111.222;{today()};200,00;R-1;"))
    parts = ((old.pk, Decimal(120)), (new.pk, Decimal(80)))
    decide(PaymentRow.objects.get(own_id="R-1"), Decision(split=parts), by=admin_user)
    post(PaymentFile.objects.get(), by=admin_user)
    assert balances([cases[0], old, new]) == ["9967.00", "300.00", "300.00"]
    states = dict(PaymentRow.objects.values_list("own_id", "state"))
    assert states == {"R-1/1": "posted", "R-1": "ambiguous"}  # two payments of one reference: a person looks


def test_a_person_picks_the_case_or_ignores_the_row(tmp_path: Path, cases: list[Case], admin_user: User) -> None:
    import_payments(payments_file(tmp_path, f"X-1;;{today(1)};100,00;R-1;", f"X-2;;{today(1)};1,00;R-2;"), "--post")
    one, two = PaymentRow.objects.order_by("line")
    with pytest.raises(ValidationError, match="Elija el caso"):
        decide(one, Decision(), by=admin_user)
    decide(one, Decision(case=cases[1].pk), by=admin_user)
    decide(two, Decision(ignore="Es de otra agencia"), by=admin_user)
    assert balances(cases)[1] == "9900.00"
    two.refresh_from_db()
    assert (two.state, two.why) == ("ignored", "Ignorado: Es de otra agencia")
    with pytest.raises(ValidationError, match="ya no espera una decisión"):
        decide(one, Decision(case=cases[0].pk), by=admin_user)


def test_a_key_that_the_creditor_issued(tmp_path: Path, cases: list[Case]) -> None:
    PaymentKey.objects.create(cartera=cases[2].cartera, key="770001", case=cases[2])
    file = payments_file(tmp_path, f"770001;{today(1)};100,00", header="Código de barras;Fecha;Importe")
    assert import_payments(file, "--layout", "generic", "--post").counts("posted") == (1,)
    assert balances(cases)[2] == "9900.00"


def test_a_row_that_no_longer_fits_stays_behind_and_the_rest_posts(
    tmp_path: Path, cases: list[Case], admin_user: User
) -> None:
    file = payments_file(tmp_path, f"A-1;;{today(1)};9.000,00;R-1;", f"A-2;;{today(1)};9.000,00;R-2;")
    import_payments(file)
    record_payment(case=cases[0], by=admin_user, amount=Decimal(5000), value_date=dates.today() - timedelta(5))
    posted = post(PaymentFile.objects.get(), by=admin_user)
    assert (posted.rows, posted.left, posted.amount) == (1, 1, Decimal(9000))
    assert balances(cases)[:2] == ["5000.00", "1000.00"]
    assert "Supera" in PaymentRow.objects.get(own_id="R-1").why
    assert post(PaymentFile.objects.get(), by=admin_user).rows == 0


# --- Undo -----------------------------------------------------------------------------------------------
def test_a_file_is_taken_back_and_may_come_again(tmp_path: Path, cases: list[Case], admin_user: User) -> None:
    file = payments_file(tmp_path, *[f"A-{n};;{today(1)};1.000,00;R-{n};" for n in (1, 2, 3)])
    import_payments(file, "--post")
    stored = PaymentFile.objects.get()
    by_hand = LedgerEntry.objects.get(reference="gen:R-3")
    reverse_payment(payment=by_hand, by=admin_user)
    assert undo_payments(stored.pk, "--dry-run").summary == {
        "reversed": "2",
        "amount": "2000.00",
        "reversed_before": "1",
        "chargebacks": "0",
        "linked": "0",
    }
    assert balances(cases) == ["9000.00", "9000.00", "10000.00"]
    assert undo_payments(stored.pk).code == 0
    assert balances(cases) == ["10000.00", "10000.00", "10000.00"]
    assert Activity.objects.filter(type="payment", voided_at__isnull=True, entries__kind="payment").count() == 1
    again = undo_payments(stored.pk)
    assert (again.code, again.error.strip()) == (2, "Ese archivo ya se deshizo.")

    ran = import_payments(file, "--post")
    # What somebody reversed by itself stays used: a person decides about it.
    assert ran.counts("posted", "ambiguous", "duplicate") == (2, 1, 0)
    references = LedgerEntry.objects.filter(kind="payment").values_list("reference", flat=True)
    assert sorted(references) == ["gen:R-1", "gen:R-1#2", "gen:R-2", "gen:R-2#2", "gen:R-3"]


def test_a_linked_payment_stays_and_is_proposed_again(tmp_path: Path, cases: list[Case], admin_user: User) -> None:
    typed = record_payment(case=cases[0], by=admin_user, amount=Decimal(500), value_date=dates.today())
    file = payments_file(tmp_path, f"A-1;;{today(1)};500,00;R-1;")
    import_payments(file, "--post")
    decide(PaymentRow.objects.get(), Decision(duplicate_of=typed.pk), by=admin_user)
    stored = PaymentFile.objects.get()
    assert what_undoing_does(stored).linked == 1
    undo(stored, by=admin_user)
    assert balances(cases)[0] == "9500.00"
    assert PaymentPosting.objects.count() == 0
    assert import_payments(file, "--post").counts("ambiguous", "posted") == (1, 0)


def test_an_undone_file_is_not_posted(tmp_path: Path, cases: list[Case], admin_user: User) -> None:
    import_payments(payments_file(tmp_path, f"A-1;;{today(1)};500,00;R-1;"))
    stored = PaymentFile.objects.get()
    undo(stored, by=admin_user)
    with pytest.raises(ValidationError, match="vuelva a cargarlo"):
        post(stored, by=admin_user)
    assert balances(cases)[0] == "10000.00"


# --- Bad input ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--layout", "banco_x"], "No existe el formato «banco_x»"),
        (["--cartera", "Otra"], "No existe la cartera «Otra»"),
        (["--layout", "rapipago"], "Rapipago"),
    ],
)
def test_what_cannot_be_done_says_why_in_one_line(
    tmp_path: Path, cases: list[Case], options: list[str], says: str
) -> None:
    ran = import_payments(payments_file(tmp_path, f"A-1;;{today(1)};500,00;R-1;"), *options)
    assert ran.code == 2
    assert says in ran.error
    assert len(ran.error.strip().splitlines()) == 1
    assert PaymentFile.objects.count() == 0


def test_a_file_of_an_inactive_cartera_is_refused(tmp_path: Path, cases: list[Case], cartera: Cartera) -> None:
    cartera.is_active = False
    cartera.save()
    file = payments_file(tmp_path, f"A-1;;{today(1)};500,00;R-1;")
    assert "inactiva" in import_payments(file, "--cartera", "Cristal Cash").error


def test_the_report_says_what_became_of_each_row(tmp_path: Path, cases: list[Case]) -> None:
    file = payments_file(tmp_path, f"A-1;;{today(1)};500,00;R-1;=1+1", f"A-9;;{today(1)};1,00;R-2;")
    report = tmp_path / "informe.csv"
    import_payments(file, "--post", "--report", str(report))
    lines = report.read_text().splitlines()
    assert [line.split(",")[:2] for line in lines] == [
        ["fila", "estado"],
        ["2", "Registrado"],
        ["3", "Sin identificar"],
    ]
    assert timezone.localdate().isoformat()[:4] in lines[1]
