"""What the dashboard reads added up: whatever writes, it is what the tables add up to (DESIGN §9)."""

from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given, settings

from accounts.models import User
from cases import nightly, rollups, services
from cases.models import Activity, ActivityResult, BookTotal, Case, DailyTotal, InstalmentTotal, LedgerEntry
from cases.transfer import verify
from nova.lib import dates
from tests import factories
from tests.at_once import at_once
from tests.cases.importing.command import import_cases, portfolio
from tests.cases.services.test_histories import START, histories, take_if_allowed
from tests.queries import queries_of
from tests.steps import pay

pytestmark = pytest.mark.django_db
TITLE = "Totales del tablero = lo que suman"


def drifted() -> list[str]:
    [outcome] = [each for each in verify.run(today=date(2026, 11, 27), keep=50) if each.title == TITLE]
    return [finding.text for finding in outcome.findings]


def quick_drift() -> list[tuple]:
    rows = []
    with connection.cursor() as cursor:
        for drift in rollups.drifts():
            cursor.execute(drift.sql)
            rows += cursor.fetchall()
    return rows


def test_the_total_is_exact_whatever_wrote(admin_user: User) -> None:
    cases = factories.CaseFactory.create_batch(4)
    services.delete_case(case=cases[0], by=admin_user)
    services.change_status(case=cases[1], status=factories.status("contactado"), by=admin_user)
    assert rollups.total_cases() == Case.objects.count() == 3


@pytest.mark.postgres
def test_no_case_is_read_for_the_total() -> None:
    factories.CaseFactory.create_batch(3)
    assert "cases_case" not in queries_of(rollups.total_cases)[0]


@pytest.mark.postgres
@settings(max_examples=40)
@given(histories)
def test_every_step_of_a_history_is_added(history) -> None:
    admin, now = factories.AdminFactory(), START
    case = factories.CaseFactory(
        amount=Decimal("5000.00"),
        placed_on=dates.local_date(START) - timedelta(days=5),
        assigned_to=factories.GestorFactory(),
    )
    for days, step in history:
        now += timedelta(days=days, minutes=7)
        take_if_allowed(case, admin, now, step)
        assert quick_drift() == []
    rollups.compact()
    assert quick_drift() == []


@pytest.mark.postgres
def test_what_many_rows_at_once_change_is_added(admin_user: User, gestor_user: User, other_gestor: User) -> None:
    cases = factories.CaseFactory.create_batch(6, cartera=factories.CarteraFactory(), assigned_to=gestor_user)
    made = [
        services.record_activity(case=case, by=gestor_user, type="call", result=factories.result("NC"))
        for case in cases[:3]
    ]
    everything = Case.objects.order_by("id")
    services.assign_cases(cases=everything, gestor=other_gestor, by=admin_user)
    services.share_cases(cases=everything, gestores=[gestor_user, other_gestor], by=admin_user)
    services.change_status_of_cases(cases=everything, status=factories.status("incobrable"), by=admin_user)
    services.void_activity(activity=Activity.objects.by_people().first(), by=admin_user)
    assert len(made) == 3
    # By hand, as after a mistake: a gestión of another day and author, and a case that came from nowhere.
    Activity.objects.by_people().update(created_at=timezone.now() - timedelta(days=3), created_by=other_gestor)
    Case.objects.filter(pk=cases[0].pk).update(stopped_at=timezone.now(), balance=Decimal("1.11"))
    assert drifted() == []
    assert BookTotal.objects.count() > 0 < DailyTotal.objects.filter(activities__gt=0).count()


@pytest.mark.postgres
def test_what_becomes_of_arrangements_is_added(admin_user: User, gestor_user: User) -> None:
    factories.DiscountLimitFactory(max_percent=40)
    now, day = START, dates.local_date(START)
    settled, lapsing, cancelled = factories.CaseFactory.create_batch(
        3, assigned_to=gestor_user, amount=Decimal(30000), placed_on=day
    )
    plans = []
    for case, terms in (
        (settled, {"waiver_percent": Decimal(40)}),
        (lapsing, {"instalments": 3}),
        (cancelled, {"system": "direct", "instalments": 6}),
    ):
        asked = services.ArrangementTerms(first_due_on=day + timedelta(days=10), **terms)
        plans.append(services.propose_arrangement(case=case, by=gestor_user, terms=asked, now=now))
        assert quick_drift() == []
    assert not InstalmentTotal.objects.exists()  # a proposal is no promise yet
    for plan in plans:
        services.accept_arrangement(arrangement=plan, by=gestor_user, accepted_how="phone", now=now)
    assert quick_drift() == []
    paid = services.record_payment(case=settled, by=gestor_user, amount=Decimal(18000), now=now + timedelta(days=9))
    services.record_payment(case=lapsing, by=gestor_user, amount=Decimal(12000), now=now + timedelta(days=20))
    assert quick_drift() == []
    services.cancel_arrangement(arrangement=plans[2], by=admin_user, reason="otro plan", now=now + timedelta(days=21))
    nightly.run(now=now + timedelta(days=120))
    assert quick_drift() == []
    waived = DailyTotal.objects.filter(grain=DailyTotal.Grain.CARTERA, cartera_id=settled.cartera_id)
    assert sum(waived.values_list("waived", flat=True)) == 1_200_000
    assert sum(waived.values_list("agreed", flat=True)) == 1_800_000
    services.reverse_payment(payment=paid, by=admin_user, now=now + timedelta(days=130))
    assert quick_drift() == []
    assert sum(waived.values_list("waived", flat=True)) == sum(waived.values_list("agreed", flat=True)) == 0
    due = InstalmentTotal.objects.filter(grain=DailyTotal.Grain.CARTERA).exclude(instalments=0)
    assert sum(due.values_list("instalments", flat=True)) == 10
    rollups.compact()
    assert set(due.values_list("late", flat=True)) == {None, 10}  # n° 1 of the plan, ten days late
    assert quick_drift() == []


@pytest.mark.postgres
def test_an_import_is_added_and_so_is_its_refresh(tmp_path: Path, gestor_user: User) -> None:
    first = portfolio(tmp_path, *(f"{n};Ana;Gómez;2011122{n};$ 1.00{n},50" for n in range(1, 8)))
    import_cases(first, "--assign-to", "round-robin")
    again = portfolio(tmp_path, *(f"{n};Ana;Gómez;2011122{n};$ 2.00{n},50" for n in range(1, 6)))
    import_cases(again)
    assert Case.objects.count() == 7
    assert LedgerEntry.objects.filter(kind="adjustment").count() == 5
    assert drifted() == []
    rows = DailyTotal.objects.filter(grain=DailyTotal.Grain.CARTERA).count()
    assert rows <= 4  # a row a statement, not a case


@pytest.mark.postgres
def test_an_import_that_is_undone_leaves_nothing(tmp_path: Path) -> None:
    import_cases(portfolio(tmp_path, "1;Ana;Gómez;20111222;$ 1.000,50"), "--dry-run")
    assert DailyTotal.objects.count() == BookTotal.objects.count() == 0


@pytest.mark.postgres
def test_a_result_that_counts_otherwise_counts_anew(gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    for code in ("NOTA", "NC", "PP", None):
        factories.ActivityFactory(case=case, result=code and factories.result(code))
    ActivityResult.objects.filter(code="NOTA").update(is_attempt=True, is_direct_contact=True)
    ActivityResult.objects.filter(code="PP").update(is_direct_contact=False)
    assert drifted() == []
    day = DailyTotal.objects.filter(grain=DailyTotal.Grain.GESTOR, gestor_id=gestor_user.pk)
    assert sum(day.values_list("attempts", flat=True)) == 3
    assert sum(day.values_list("direct", flat=True)) == 1


@pytest.mark.postgres
def test_a_night_makes_one_row_a_key_of_it(gestor_user: User, admin_user: User) -> None:
    cases = factories.CaseFactory.create_batch(3, assigned_to=gestor_user, cartera=factories.CarteraFactory())
    for case in cases:
        pay(case, "10.50", by=admin_user)
    nightly.run(now=timezone.now())
    assert BookTotal.objects.count() == 1
    today = DailyTotal.objects.filter(day=dates.today())
    # Credited to the gestor, made by the admin: two people and one cartera.
    assert today.filter(grain=DailyTotal.Grain.GESTOR).count() == 2
    assert today.get(grain=DailyTotal.Grain.CARTERA).recovered == 3150
    assert drifted() == []


@pytest.mark.postgres
def test_verify_data_tells_what_is_off_and_the_command_puts_it_right() -> None:
    case = factories.CaseFactory()
    BookTotal.objects.update(cases=7)
    DailyTotal.objects.filter(grain=DailyTotal.Grain.CARTERA).delete()
    told = drifted()
    assert f"cases_booktotal (cartera_id={case.cartera_id}, status_id={case.status_id}) se aparta" in told[1]
    assert "cases +6" in told[1]
    assert "placed -1000000" in told[0]
    out = StringIO()
    call_command("rebuild_rollups", stdout=out)
    assert "Totales rehechos" in out.getvalue()
    assert drifted() == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_rebuilding_waits_for_who_is_writing_and_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    admin, case = factories.AdminFactory(), factories.CaseFactory()
    monkeypatch.setattr(rollups, "LOCK_TRIES", 3)
    with transaction.atomic():
        pay(case, "1.00", by=admin)
        [given_up] = at_once(lambda: call_command("rebuild_rollups", stdout=StringIO()))
    assert "Pruebe más tarde" in str(given_up)
    monkeypatch.setattr(rollups, "LOCK_TRIES", 300)

    def write() -> None:
        for _ in range(20):
            pay(case, "1.00", by=admin)

    assert at_once(write, rollups.rebuild, write, rollups.rebuild, rollups.compact) == [None] * 5
    assert quick_drift() == []
    assert case.entries.filter(kind="payment").count() == 41


def test_the_command_says_where_there_is_nothing_to_do() -> None:
    if rollups.is_kept():
        pytest.skip("PostgreSQL keeps them")
    out = StringIO()
    call_command("rebuild_rollups", stdout=out)
    assert "Nada que rehacer" in out.getvalue()


# --- The version of the data -------------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_changes_a_figure_raises_the_version_and_nothing_else_does() -> None:
    admin, case = factories.AdminFactory(), factories.CaseFactory()
    before = rollups.data_version()
    case.notes = "Llamar de tarde"
    case.save()
    admin.last_login = timezone.now()
    admin.save(update_fields=["last_login"])
    assert rollups.data_version() == before
    with transaction.atomic():
        pay(case, "1.00", by=admin)
        transaction.set_rollback(True)
    assert rollups.data_version() == before
    pay(case, "1.00", by=admin)
    assert rollups.data_version() == before + 1
    case.cartera.name = "Otra"
    case.cartera.save()
    assert rollups.data_version() == before + 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_long_writing_and_its_version_is_its_own() -> None:
    admin, cases = factories.AdminFactory(), factories.CaseFactory.create_batch(2)
    before = rollups.data_version()
    with transaction.atomic():
        pay(cases[0], "1.00", by=admin)
        # Meanwhile somebody else writes to the same cartera's day and is done.
        [done] = at_once(lambda: pay(cases[1], "2.00", by=admin))
        assert not isinstance(done, Exception), done
        with connection.cursor() as cursor:
            cursor.execute("SELECT version FROM cases_dataversion")
            assert cursor.fetchone()[0] == before + 1
        assert rollups.data_version() is None  # this transaction may have changed what it would read
    assert rollups.data_version() == before + 2
