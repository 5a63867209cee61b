"""`nightly`: what time alone changes, once, twice, late, and with a case that refuses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditEvent, Session
from accounts.sessions import SessionStore
from cases import nightly, services
from cases.models import Activity, Case, ImportUpload, Promise
from cases.rules import queue
from contact.models import ContactSubmission
from nova.lib import dates
from nova.lib.databases import Lock, alone
from tests.factories import ArrangementFactory, CaseFactory, GestorFactory, PromiseFactory, result, status
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 30)


def at(day: date, hour: int = 2) -> datetime:
    return dates.start_of_day(day) + timedelta(hours=hour)


def promised(due: date, *, made: date, amount: str = "1000.00", **case) -> Promise:
    case = CaseFactory(placed_on=made - timedelta(days=5), **case)
    return services.promise_payment(case=case, by=None, amount=Decimal(amount), promise_date=due, now=at(made, 15))


def work(case, day, code="DIF"):
    services.record_activity(case=case, by=GestorFactory(), type="call", result=result(code), now=at(day, 11))


def world():
    """All that the run may change, but for the time of the change."""
    return (
        list(Case.objects.order_by("pk").values("pk", "status", "stage", "queue_band", "next_action_at", "version")),
        list(Promise.objects.order_by("pk").values("pk", "status", "paid_amount", "fulfilled_date")),
        Session.objects.count(),
        ImportUpload.objects.count(),
        Activity.objects.count(),
    )


def a_mixed_book(start: date) -> None:
    """Promises that fall due one after another, worked and not, kept and not, in every band."""
    for days in range(14):
        promise = promised(start + timedelta(days=days), made=start)
        if days % 3 == 0:
            work(promise.case, start)
        if days % 4 == 0:
            pay(promise.case, "400.00", now=at(start, 16))
        if days % 5 == 0:
            Case.objects.filter(pk=promise.case_id).update(queue_band=days % 7 + 1)
    two = promised(start + timedelta(days=1), made=start).case
    services.promise_payment(
        case=two, by=None, amount=Decimal("500.00"), promise_date=start + timedelta(days=30), now=at(start, 16)
    )
    CaseFactory(queue_band=queue.Band.PROMISE_DUE)
    CaseFactory()


# --- Promise outcomes ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("made", "due", "last_day_of_grace"),
    [
        (date(2026, 11, 23), MONDAY, date(2026, 12, 2)),
        (date(2026, 11, 23), date(2026, 12, 4), date(2026, 12, 10)),  # weekend, bridge and holiday between
        (date(2026, 12, 20), date(2026, 12, 31), date(2027, 1, 5)),  # the year turns
        (date(2028, 2, 14), date(2028, 2, 29), date(2028, 3, 2)),  # itself a holiday: carnival
        (date(2027, 2, 15), date(2027, 2, 28), date(2027, 3, 2)),
    ],
)
def test_promise_breaks_on_the_day_after_its_grace(made, due, last_day_of_grace):
    promise = promised(due, made=made)
    nightly.run(now=at(last_day_of_grace, 23))  # 02:00 of the next day in UTC
    promise.refresh_from_db()
    assert promise.status == "pending"
    nightly.run(now=at(last_day_of_grace + timedelta(days=1), 0))
    promise.refresh_from_db()
    case = promise.case
    case.refresh_from_db()
    assert promise.status == "broken"
    assert (case.status.slug, case.queue_band) == ("en-gestion", queue.Band.BROKEN_PROMISE)


def test_broken_promise_writes_no_gestion_but_a_record_of_the_run():
    promised(MONDAY, made=date(2026, 11, 23))
    before = Activity.objects.count()
    nightly.run(now=at(date(2026, 12, 3)))
    assert Activity.objects.count() == before
    event = AuditEvent.objects.get(action="nightly")
    assert (event.actor, event.after["promises_broken"], event.after["failed"]) == (None, 1, 0)
    assert event.after["seconds"] >= 0


def test_historic_promise_is_left_alone():
    promise = PromiseFactory(promise_date=MONDAY, is_historic=True, status="broken", created_at=at(MONDAY))
    nightly.run(now=at(MONDAY + timedelta(days=30)))
    promise.refresh_from_db()
    assert promise.status == "broken"


def test_expired_promise_of_a_closed_case_does_not_bring_it_back():
    promise = PromiseFactory(case__status_slug="incobrable", promise_date=MONDAY, created_at=at(MONDAY))
    nightly.run(now=at(MONDAY + timedelta(days=30)))
    promise.case.refresh_from_db()
    assert promise.case.stage == "incobrable"


# --- The queue -----------------------------------------------------------------------------------
def test_promise_due_tomorrow_is_in_the_queue_whatever_was_scheduled(gestor_user):
    promise = promised(date(2026, 12, 2), made=MONDAY - timedelta(days=10), assigned_to=gestor_user)
    work(promise.case, MONDAY - timedelta(days=6))  # DIF: in 15 business days
    now = at(date(2026, 12, 1))
    assert not Case.objects.in_queue(gestor_user, now).exists()
    nightly.run(now=now)
    assert Case.objects.in_queue(gestor_user, now).get().queue_band == queue.Band.PROMISE_DUE


def test_agreed_call_back_stands_before_a_promise(gestor_user):
    promise = promised(date(2026, 12, 2), made=MONDAY - timedelta(days=10), assigned_to=gestor_user)
    agreed = at(date(2026, 12, 9), 16)
    services.record_activity(
        case=promise.case,
        by=gestor_user,
        type="call",
        result=result("VLL"),
        next_action_at=agreed,
        now=at(MONDAY - timedelta(days=6)),
    )
    nightly.run(now=at(date(2026, 12, 1)))
    case = Case.objects.get(pk=promise.case_id)
    assert (case.queue_band, case.next_action_at) == (queue.Band.CALL_BACK, agreed)


def test_stopped_case_is_not_brought_back(gestor_user):
    promise = promised(date(2026, 12, 2), made=MONDAY - timedelta(days=10), assigned_to=gestor_user)
    work(promise.case, MONDAY - timedelta(days=6))
    work(promise.case, MONDAY - timedelta(days=5), "REC")
    before = world()
    nightly.run(now=at(date(2026, 12, 1)))
    assert world() == before


def test_band_four_without_a_promise_becomes_follow_up_and_band_five_with_a_date_too():
    day = at(MONDAY)
    alone = CaseFactory(queue_band=queue.Band.PROMISE_DUE, next_action_at=day, last_activity_at=day)
    dated = CaseFactory(queue_band=queue.Band.NEW, next_action_at=day)
    new = CaseFactory()
    nightly.run(now=day)
    assert [Case.objects.get(pk=case.pk).queue_band for case in (alone, dated, new)] == [6, 6, 5]


# --- Once, twice, late ---------------------------------------------------------------------------
def test_second_run_changes_nothing():
    a_mixed_book(MONDAY)
    now = at(MONDAY + timedelta(days=8))
    first = nightly.run(now=now)
    assert first.promises_broken
    assert first.brought_forward
    after_first = world()
    second = nightly.run(now=now + timedelta(hours=5))
    assert (second.promises_decided, second.brought_forward) == (0, 0)
    assert world() == after_first
    assert AuditEvent.objects.filter(action="nightly").count() == 2


@pytest.mark.parametrize("start", [MONDAY, date(2026, 12, 24), date(2028, 2, 20)])
def test_after_ten_missed_days_all_is_as_if_it_had_run_every_night(start):
    with transaction.atomic():
        a_mixed_book(start)
        for days in range(1, 11):
            nightly.run(now=at(start + timedelta(days=days)))
        daily = world()
        transaction.set_rollback(True)
    a_mixed_book(start)
    nightly.run(now=at(start + timedelta(days=10)))
    late = world()
    assert [_without_pk(rows) for rows in daily[:2]] == [_without_pk(rows) for rows in late[:2]]


def _without_pk(rows):
    return [{key: value for key, value in row.items() if key != "pk"} for row in rows]


def test_dry_run_counts_the_same_and_keeps_nothing():
    a_mixed_book(MONDAY)
    before = world()
    now = at(MONDAY + timedelta(days=8))
    tried = nightly.run(now=now, dry_run=True)
    assert world() == before
    assert not AuditEvent.objects.filter(action="nightly").exists()
    done = nightly.run(now=now)
    assert (tried.promises_broken, tried.brought_forward) == (done.promises_broken, done.brought_forward)


# --- What has expired ----------------------------------------------------------------------------
def test_expired_sessions_and_old_uploads_go_and_the_others_stay(admin_user):
    for hours in (-1, 1):
        session = SessionStore()
        session.create()
        Session.objects.filter(pk=session.session_key).update(expire_date=timezone.now() + timedelta(hours=hours))
    for hours in (25, 23):
        ImportUpload.objects.create(
            file_name="a.csv", content=b"x", created_by=admin_user, created_at=timezone.now() - timedelta(hours=hours)
        )
    report = nightly.run(now=timezone.now())
    assert (report.sessions, report.uploads) == (1, 1)
    assert (Session.objects.count(), ImportUpload.objects.count()) == (1, 1)


# --- The command ---------------------------------------------------------------------------------
def test_command_says_what_it_did(capsys):
    promised(date(2026, 11, 20), made=date(2026, 11, 10))
    Promise.objects.update(promise_date=dates.today() - timedelta(days=20))
    call_command("nightly", "--dry-run")
    assert "no se guardó nada" in capsys.readouterr().out
    call_command("nightly")
    out = capsys.readouterr().out
    assert "con una promesa incumplida: 1" in out
    assert Promise.objects.get().status == "broken"


def _refuse_updates_of(case, *, state="P0001"):
    """A row that the database will not write: what a broken index does to one case, or a full disk (53100)."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{state}'; END $$"
            )
            cursor.execute(
                f"CREATE TRIGGER refuse BEFORE UPDATE ON cases_case FOR EACH ROW WHEN (OLD.id = {case.pk}) "
                "EXECUTE FUNCTION refuse()"
            )
        else:
            cursor.execute(
                f"CREATE TRIGGER refuse BEFORE UPDATE ON cases_case WHEN OLD.id = {case.pk} "
                "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )


def test_case_that_cannot_be_written_does_not_stop_the_others():
    day = dates.today() - timedelta(days=30)
    first, second, third = (promised(day, made=day - timedelta(days=3)) for _ in range(3))
    _refuse_updates_of(second.case)
    with pytest.raises(CommandError) as error:
        call_command("nightly")
    assert error.value.returncode == 1
    assert f"Casos que no se pudieron procesar: 1 (números: {second.case_id})" in str(error.value)
    outcomes = [Promise.objects.get(pk=promise.pk).status for promise in (first, second, third)]
    assert outcomes == ["broken", "pending", "broken"]
    assert AuditEvent.objects.get(action="nightly").after["failed_cases"] == [second.case_id]


@pytest.mark.postgres
def test_a_full_disk_ends_the_run_by_its_name():
    day = dates.today() - timedelta(days=30)
    first, second, third = (promised(day, made=day - timedelta(days=3)) for _ in range(3))
    _refuse_updates_of(second.case, state="53100")
    with pytest.raises(CommandError) as error:
        call_command("nightly")
    assert error.value.returncode == 2
    assert "No queda lugar en el disco de la base de datos" in str(error.value)
    outcomes = [Promise.objects.get(pk=promise.pk).status for promise in (first, second, third)]
    assert outcomes == ["broken", "pending", "pending"]
    assert not AuditEvent.objects.filter(action="nightly").exists()  # so that the scheduler tries again


# --- Two at the same time ------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_second_run_at_the_same_time_is_refused_in_words():
    def hold():
        try:
            with alone(Lock.NIGHTLY), pytest.raises(CommandError) as error, ThreadPoolExecutor(1) as pool:
                pool.submit(other).result(timeout=30)
            return error.value
        finally:
            connection.close()

    def other():
        try:
            call_command("nightly")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(hold).result(timeout=60)
    assert refused.returncode == 2
    assert "Ya hay un proceso nocturno en marcha" in str(refused)
    call_command("nightly")  # the lock is given back


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_payment_recorded_during_the_run_is_not_lost():
    """The run decides under the case's lock: what somebody saves first, counts."""
    day = dates.today()
    due = day - timedelta(days=1)
    while dates.add_business_days(due, 2) >= day:
        due -= timedelta(days=1)
    promise = promised(due, made=due - timedelta(days=3))

    def pay_meanwhile():
        try:
            pay(promise.case, "1000.00", value_date=due)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        paying = pool.submit(pay_meanwhile)
        nightly.run(now=timezone.now())
        paying.result(timeout=30)
    promise.refresh_from_db()
    assert promise.status == "fulfilled"
    assert status("en-gestion") == Case.objects.get(pk=promise.case_id).status


def test_contact_mail_that_did_not_go_out_is_tried_again():
    """Whatever it still had to wait after its last failure; a dry run mails nothing."""
    submission = ContactSubmission.objects.create(
        name="Marta", email="marta@example.com", message="Hola", next_attempt_at=timezone.now() + timedelta(hours=3)
    )
    tried = nightly.run(now=timezone.now(), dry_run=True)
    assert (tried.notices_sent, tried.notices_left) == (0, 1)
    assert mail.outbox == []

    report = nightly.run(now=timezone.now())

    assert (report.notices_sent, report.notices_left) == (1, 0)
    assert len(mail.outbox) == 1
    submission.refresh_from_db()
    assert submission.notified_at is not None


def test_arrangements_that_have_ended_cost_a_night_nothing():
    """Nor do those on which the day decides nothing: only what has a look due is read again."""
    night = at(dates.today() + timedelta(days=1))

    def arranged(**given):
        accepted = timezone.now() - timedelta(days=60)
        ArrangementFactory(case=CaseFactory(assigned_to=GestorFactory()), accepted_at=accepted, **given)

    def more():
        for state in ("completed", "lapsed", "cancelled", "rejected"):
            arranged(status=state, closed_on=dates.today())
        arranged(status="active", next_look_on=dates.today() + timedelta(days=9))

    more()
    queries_do_not_grow(lambda: nightly.run(now=night), more)
    arranged(status="active", next_look_on=dates.today())
    assert list(nightly._cases_to_bring_up_to_date(dates.today())) == [Case.objects.latest("id").pk]
