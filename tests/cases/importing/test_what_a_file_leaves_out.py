"""A known case without a debt and an account that the file no longer has (DESIGN §5)."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from cases import services
from cases.models import Activity, Case, ImportBatch, Promise
from cases.rules import queue
from tests import factories
from tests.cases.importing.command import Ran, everything, import_cases, portfolio

pytestmark = pytest.mark.django_db

HEADER = "cliente;apellido;dni;total"
ROWS = tuple(f"{number};PAZ {number};201112{number:02d};{number}00" for number in range(10, 20))


@pytest.fixture
def load(tmp_path):
    def load(*rows: str, **options: str) -> Ran:
        arguments = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", value)]
        return import_cases(portfolio(tmp_path, *rows, header=HEADER), *arguments)

    return load


def case(key: str = "10") -> Case:
    return Case.objects.select_related("status").get(nro_cliente=key)


def lines(severity: str) -> list[dict[str, str]]:
    report = csv.DictReader(io.StringIO(ImportBatch.objects.latest("id").report))
    return [line for line in report if line["severity"] == severity]


# --- Without a debt ----------------------------------------------------------------------------------
@pytest.mark.parametrize("total", ["0", "", "0,00", "$ 0", "-", "NULL"])
def test_a_known_case_without_a_debt_is_a_possible_payment_to_the_creditor(load, gestor_user, total):
    load("10;PAZ;20111210;1000", assign_to=gestor_user.username)

    ran = load(f"10;PAZ;20111210;{total}")

    assert ran.code == 0
    assert ran.counts("created", "updated", "unchanged", "rejected", "warnings", "missing") == (0, 0, 1, 0, 0, 0)
    assert (case().balance, case().creditor_total, case().queue_band) == (1000, 0, queue.Band.SAYS_PAID)
    assert case().next_action_at <= timezone.now()
    activity = Activity.objects.get()
    assert (activity.is_system, activity.type, activity.case_id) == (True, "note", case().pk)
    assert "posible pago al acreedor" in activity.notes
    assert "Posible pago al acreedor" in lines("note")[0]["reason"]
    assert "Posibles pagos al acreedor" in ran.out

    version = case().version
    assert load(f"10;PAZ;20111210;{total}").counts("unchanged") == (1,)
    assert (Activity.objects.count(), case().version) == (1, version)


def test_the_next_total_of_such_a_case_is_its_debt(load):
    load("10;PAZ;20111210;1000")
    load("10;PAZ;20111210;0")
    load("10;PAZ;20111210;400")
    assert (case().balance, case().creditor_total) == (400, 400)


def test_an_unknown_key_without_a_debt_is_rejected(load):
    ran = load("10;PAZ;20111210;0", "11;PAZ;20111211;5")
    assert (ran.code, ran.counts("created", "rejected")) == (1, (1, 1))


def test_an_error_or_a_credit_is_no_payment(load):
    load("10;PAZ;20111210;1000")
    for total in ("#REF!", "-500", "abc"):
        assert load(f"10;PAZ;20111210;{total}").counts("unchanged", "rejected", "missing") == (0, 1, 0)
    assert not Activity.objects.exists()


@pytest.mark.parametrize("band", [queue.Band.CALL_BACK, queue.Band.BROKEN_PROMISE])
def test_what_comes_first_anyway_keeps_its_place(load, band):
    load("10;PAZ;20111210;1000")
    Case.objects.update(queue_band=band)
    before = Case.objects.values().get()

    assert load("10;PAZ;20111210;0").counts("unchanged") == (1,)

    assert Case.objects.values().get() == before
    assert not Activity.objects.exists()


@pytest.mark.parametrize("changes", [{"stopped_at": timezone.now()}, {"stage": "de_baja"}])
def test_a_stopped_or_closed_case_is_only_listed(load, changes):
    load("10;PAZ;20111210;1000")
    Case.objects.update(**changes)
    load("10;PAZ;20111210;0")
    assert (case().creditor_total, Activity.objects.count()) == (1000, 0)
    assert len(lines("note")) == 1


def test_skip_and_a_dry_run_touch_nothing(load, tmp_path):
    load("10;PAZ;20111210;1000")
    load("10;PAZ;20111210;0", on_existing="skip")
    assert case().creditor_total == 1000
    before = everything()
    import_cases(portfolio(tmp_path, "10;PAZ;20111210;0", header=HEADER), "--dry-run")
    assert everything() == before


# --- No longer there ---------------------------------------------------------------------------------
def test_missing_accounts_are_counted_listed_and_left_alone(load):
    assert "missing" not in load(*ROWS).summary

    ran = load(*ROWS[2:])

    assert ran.counts("unchanged", "missing") == (8, 2)
    assert "2 ($ 2.100,00)" in ran.out
    assert [(line["row"], line["value"]) for line in lines("note")] == [("0", "10"), ("0", "11")]
    assert case().is_open
    assert load(*ROWS).counts("missing") == (0,)


def test_closed_cases_and_those_of_others_are_not_missing(load, admin_user):
    load(*ROWS)
    services.change_status(case=case(), by=admin_user, status=factories.status("de-baja"))
    factories.CaseFactory(nro_cliente="77")
    assert load(*ROWS[1:]).counts("missing") == (0,)


def test_a_rejected_row_or_another_form_of_its_key_is_not_missing(load):
    load(*ROWS)
    rows = ("10;PAZ 10;20111210;abc", "0011;PAZ 11;20999999;5", "00012;PAZ 12;20111212;1200", *ROWS[3:])
    assert load(*rows).counts("rejected", "missing") == (2, 0)


def test_review_takes_them_out_of_the_queue(load, gestor_user):
    load(*ROWS, assign_to=gestor_user.username)

    assert load(*ROWS[2:], missing="review").counts("missing") == (2,)

    assert set(Case.objects.exclude(stopped_at=None).values_list("nro_cliente", flat=True)) == {"10", "11"}
    assert Case.objects.in_queue(gestor_user).count() == 8
    events = AuditEvent.objects.filter(action=AuditEvent.Action.STOPPED)
    assert {event.after["reason"] for event in events} == {"missing"}
    assert events.count() == 2
    version = case().version
    load(*ROWS[2:], missing="review")
    assert case().version == version


def test_close_ends_them_and_cancels_their_promises(load, gestor_user):
    load(*ROWS, assign_to=gestor_user.username)
    tomorrow = timezone.localdate() + timedelta(days=1)
    services.promise_payment(case=case(), by=gestor_user, amount=Decimal("10.00"), promise_date=tomorrow)

    assert load(*ROWS[2:], missing="close").counts("missing") == (2,)

    assert (case().status.slug, case().stage, case().balance) == ("de-baja", "de_baja", 1000)
    assert Promise.objects.get().status == Promise.Status.CANCELLED
    assert AuditEvent.objects.filter(action=AuditEvent.Action.STATUS).count() == 2
    assert load(*ROWS[2:], missing="close").counts("missing") == (0,)


@pytest.mark.parametrize("choice", ["review", "close"])
def test_too_many_are_rather_the_wrong_file(load, choice):
    load(*ROWS)
    before = everything()

    ran = load(*ROWS[3:], missing=choice)

    assert ran.code == 2
    assert "3 de los 10" in ran.error
    assert everything() == before
    assert load(*ROWS[3:], missing=choice, missing_max="30").counts("missing") == (3,)
