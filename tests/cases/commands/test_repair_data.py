"""`repair_data`: what follows from the ledger and the gestiones is made right, and nothing else (DESIGN §10)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Case, CaseStatus, LedgerEntry, Promise
from nova.lib import dates
from tests.cases.transfer.command import run
from tests.factories import CaseFactory, status
from tests.steps import pay

pytestmark = pytest.mark.django_db
TODAY = dates.today()
NOW = timezone.now()


def damage(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


@pytest.fixture
def case(gestor_user: User) -> Case:
    """Half paid, with a kept promise and a gestión."""
    case = CaseFactory(assigned_to=gestor_user, nro_cliente="0042")
    services.promise_payment(
        case=case, by=gestor_user, amount=Decimal(4000), promise_date=TODAY, now=NOW - timedelta(days=4)
    )
    pay(case, 5000, by=gestor_user, now=NOW - timedelta(days=2))
    case.refresh_from_db()
    return case


def rows(model: Any) -> list[dict[str, Any]]:
    return list(model.objects.order_by("pk").values())


def told() -> list[AuditEvent]:
    """The newest first."""
    return list(AuditEvent.objects.filter(action="repaired").order_by("-pk"))


WRONG = {
    "balance": ("UPDATE cases_case SET balance = balance + 0.01", "Saldo = suma de movimientos"),
    "last_payment_date": ("UPDATE cases_case SET last_payment_date = NULL", "Fecha del último pago"),
    "last_activity_at": ("UPDATE cases_case SET last_activity_at = NULL", "Fecha de la última gestión"),
    "stage": ("UPDATE cases_case SET stage = 'promesa'", "Etapa = la del estado"),
    "promises": (
        "UPDATE cases_promise SET status = 'broken', paid_amount = 0, fulfilled_date = NULL",
        "Resultado de las promesas",
    ),
}


@pytest.mark.parametrize("column", WRONG)
def test_a_wrong_column_is_right_again(case: Case, column: str) -> None:
    sql, title = WRONG[column]
    before, ledger, promises = rows(Case), rows(LedgerEntry), rows(Promise)
    damage(sql)
    found = run("verify_data")
    assert (found.code, f"ERROR {title}" in found.out) == (1, True)
    assert "Se corrige con manage.py repair_data" in found.out

    ran = run("repair_data")

    assert (ran.code, ran.summary) == (0, "repaired=1 left=0"), ran
    assert f"Caso {case.pk} (0042): " in ran.out
    repaired, event = told()
    assert (repaired.target_id, repaired.after) == (None, {"repaired": 1, "left": 0, column: 1})
    assert (event.target_id, list(event.before), list(event.after)) == (case.pk, [column], [column])
    assert run("verify_data").summary == "errors=0 notices=0"
    changes = {key for key, value in rows(Case)[0].items() if value != before[0][key]}
    assert changes == {"updated_at"}
    assert rows(LedgerEntry) == ledger
    assert [{**row, "updated_at": None} for row in rows(Promise)] == [{**row, "updated_at": None} for row in promises]


def test_what_it_says_is_what_it_was_and_is(case: Case) -> None:
    damage("UPDATE cases_case SET last_payment_date = NULL, balance = 1")

    out = run("repair_data").out

    day = f"{dates.local_date(NOW - timedelta(days=2)):%d/%m/%Y}"
    assert f"Caso {case.pk} (0042): saldo $ 1,00 → $ 5.000,00; fecha del último pago ninguna → {day}" in out
    assert "Saldo: 1\nFecha del último pago: 1\n" in out


def test_the_status_follows_the_balance(case: Case) -> None:
    """As after any entry: nothing is owed, so it is paid and has no next action."""
    pay(case, 5000)
    damage(
        "UPDATE cases_case SET balance = 7, stage = 'en_gestion', status_id = %s, next_action_at = %s",
        status("en-gestion").pk,
        NOW,
    )

    ran = run("repair_data")

    assert (ran.code, run("verify_data").summary) == (0, "errors=0 notices=0")
    case.refresh_from_db()
    assert (case.balance, case.status.slug, case.next_action_at) == (0, "pagada", None)


def test_what_a_person_closed_stays_closed(case: Case, admin_user: User) -> None:
    pay(case, 5000)
    services.change_status(case=case, status=status("incobrable"), by=admin_user)
    damage("UPDATE cases_case SET balance = 3, last_payment_date = NULL")

    assert run("repair_data").code == 0

    case.refresh_from_db()
    assert (case.status.slug, case.balance, case.last_payment_date) == ("incobrable", 0, TODAY)


def test_a_trial_says_the_same_and_saves_nothing(case: Case) -> None:
    damage("UPDATE cases_case SET balance = 1")
    before = rows(Case)

    trial = run("repair_data", "--dry-run")

    assert (trial.code, rows(Case), told()) == (0, before, [])
    assert "Prueba: no se guardó nada." in trial.out
    assert run("repair_data").out == trial.out.replace("Prueba: no se guardó nada.\n", "")


def test_again_there_is_nothing_to_do(case: Case) -> None:
    damage("UPDATE cases_case SET balance = 1")
    run("repair_data")
    before, events = rows(Case), len(told())

    assert run("repair_data").summary == "repaired=0 left=0"
    assert (rows(Case), len(told())) == (before, events)


def test_a_few_of_many_are_shown_and_all_are_repaired(gestor_user: User) -> None:
    CaseFactory.create_batch(5, assigned_to=gestor_user)
    damage("UPDATE cases_case SET balance = balance + 1")

    ran = run("repair_data", "--limit", 2)

    assert (ran.out.count("saldo $ 10.001,00 → $ 10.000,00"), "… y 3 casos más" in ran.out) == (2, True)
    assert ran.summary == "repaired=5 left=0"
    assert {case.balance for case in Case.objects.all()} == {Decimal(10000)}


def test_a_case_that_cannot_be_repaired_is_named_and_the_others_are_done(case: Case, gestor_user: User) -> None:
    """There is no status for what is paid: somebody has to say which one."""
    other = CaseFactory(assigned_to=gestor_user)
    pay(case, 5000)
    damage("UPDATE cases_case SET balance = 1, status_id = %s, stage = 'en_gestion'", status("en-gestion").pk)
    CaseStatus.objects.filter(slug="pagada").update(is_stage_default=False)

    ran = run("repair_data")

    assert (ran.code, ran.summary) == (1, "repaired=1 left=1")
    assert f"Casos que siguen mal: 1 (números: {case.pk})" in ran.error
    assert list(Case.objects.order_by("pk").values_list("pk", "balance")) == [(case.pk, 1), (other.pk, 10000)]


def test_what_needs_a_person_is_left_alone(case: Case) -> None:
    """Nothing that anybody decided: `verify_data` names no command for it."""
    damage("UPDATE cases_case SET next_action_at = NULL")
    found = run("verify_data")
    assert (found.code, "repair_data" in found.out) == (1, False)

    assert run("repair_data").summary == "repaired=0 left=0"
