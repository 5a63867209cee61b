"""`verify_data`: silent about a sound book, and each way to break one has its finding."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from cases import services
from cases.models import Case, CaseStatus, Debtor, DebtorPhone, LedgerEntry, PaperText, Promise
from cases.transfer import verify
from nova.lib import dates
from tests.cases.transfer.command import run
from tests.factories import (
    ActivityFactory,
    CaseFactory,
    DebtorFactory,
    DebtorPhoneFactory,
    PromiseFactory,
    result,
)
from tests.steps import issue, pay

pytestmark = pytest.mark.django_db
TODAY = dates.today()
NOW = timezone.now()


def found(title: str) -> verify.Outcome:
    """What the check of that title says; every other check must find no error."""
    outcomes = {outcome.title: outcome for outcome in verify.run(today=TODAY, keep=5)}
    assert title in outcomes
    others = {other: outcome.findings for other, outcome in outcomes.items() if outcome.errors and other != title}
    assert not others
    return outcomes[title]


def the_error(title: str) -> str:
    outcome = found(title)
    assert (outcome.errors, outcome.notices) == (1, 0), outcome
    return outcome.findings[0].text


def the_notice(title: str) -> str:
    outcome = found(title)
    assert (outcome.errors, outcome.notices) == (0, 1), outcome
    return outcome.findings[0].text


def damage(sql: str, *params) -> None:
    """What no service and no constraint would let happen: a dump restored by halves, an edit by hand."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE cases_ledgerentry DISABLE TRIGGER ledger_append_only")
            cursor.execute("""
                DO $$ DECLARE held record; BEGIN
                    FOR held IN SELECT conrelid::regclass AS name, conname FROM pg_constraint
                        WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conrelid <> 0
                    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', held.name, held.conname); END LOOP;
                END $$
            """)
        cursor.execute(sql, params)
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def promise(case, amount="1000.00", days=5, **given):
    due = dates.local_date(given.get("now", NOW)) + timedelta(days=days)
    return services.promise_payment(case=case, by=None, amount=Decimal(amount), promise_date=due, **given)


@pytest.fixture
def case(gestor_user):
    return CaseFactory(assigned_to=gestor_user)


# --- A sound book --------------------------------------------------------------------------------
def test_book_worked_through_the_services_is_clean(case, gestor_user, admin_user):
    month_ago = NOW - timedelta(days=30)
    phone = DebtorPhoneFactory(debtor=case.debtor)
    services.record_activity(case=case, by=gestor_user, type="call", result=result("NC"), phone=phone, now=month_ago)
    promise(case, "500.00", now=month_ago)
    payment = pay(case, "500.00", now=month_ago + timedelta(days=1))
    pay(case, "100.00", now=month_ago + timedelta(days=2))
    services.reverse_payment(payment=payment, by=admin_user)
    services.adjust_balance(case=case, by=admin_user, amount=Decimal("-33.33"))
    paid = CaseFactory(assigned_to=gestor_user)
    pay(paid, "10000.00")
    closed = CaseFactory(assigned_to=gestor_user)
    promise(closed)
    services.change_status(case=closed, status=CaseStatus.objects.get(slug="incobrable"), by=admin_user)
    assert run("verify_data").summary == "errors=0 notices=0"


def test_empty_database_is_clean(db):
    assert run("verify_data").summary == "errors=0 notices=0"


def test_what_lacks_a_migration_is_not_verified(db):
    MigrationRecorder(connection).record_unapplied("contact", "0005_wider_contact_fields")

    ran = run("verify_data")

    assert (ran.code, ran.out) == (2, "")
    assert "manage.py migrate" in ran.error


def test_command_shows_a_few_of_many_counts_all_and_exits_one(gestor_user):
    for _ in range(7):
        CaseFactory(assigned_to=gestor_user)
    damage("UPDATE cases_case SET balance = balance + 1")
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("verify_data", "--limit", "3", stdout=out)
    assert error.value.returncode == 1
    assert "Hay errores en los datos (7)" in str(error.value)
    shown = [line for line in out.getvalue().splitlines() if "sus movimientos suman $ 10.000,00" in line]
    assert len(shown) == 3
    assert "… y 4 más" in out.getvalue()


# --- Money ---------------------------------------------------------------------------------------
def test_balance_that_is_not_the_sum(case):
    damage("UPDATE cases_case SET balance = balance - 0.01")
    text = the_error("Saldo = suma de movimientos")
    assert f"Caso {case.pk}" in text
    assert "$ 9.999,99" in text


def test_many_cents_add_up_on_any_database(case):
    for _ in range(30):
        pay(case, "0.10")
    assert found("Saldo = suma de movimientos").errors == 0


def test_case_that_was_never_placed(case):
    damage("UPDATE cases_ledgerentry SET kind = 'adjustment'")
    assert "0 altas" in the_error("Un alta de deuda por caso")


@pytest.mark.parametrize("change", ["amount = 9000, balance = 10000", "placed_on = '2020-01-01'"])
def test_placement_that_differs_from_the_case(case, change):
    damage(f"UPDATE cases_case SET {change}")  # noqa: S608
    the_error("Importe y fecha del alta")


def test_entry_of_another_cartera(case):
    pay(case)
    other = CaseFactory(assigned_to=case.assigned_to)
    damage("UPDATE cases_ledgerentry SET cartera_id = %s WHERE kind = 'payment'", other.cartera_id)
    the_error("Cartera de los movimientos")


@pytest.mark.parametrize("change", ["credited_to_id = NULL", "amount = amount - 1", "reverses_id = {placement}"])
def test_reversal_that_does_not_mirror_its_payment(case, change):
    services.reverse_payment(payment=pay(case), by=None)
    pay(case)
    placement = LedgerEntry.objects.get(kind="placement").pk
    damage(f"UPDATE cases_ledgerentry SET {change.format(placement=placement)} WHERE kind = 'reversal'")  # noqa: S608
    if "amount" in change:
        damage("UPDATE cases_case SET balance = balance - 1")
    outcomes = {outcome.title: outcome.errors for outcome in verify.run(today=TODAY, keep=5)}
    assert outcomes["Reversas iguales a su pago"] == 1


def test_payment_of_tomorrow_and_payment_before_placement(case):
    pay(case)
    damage("UPDATE cases_ledgerentry SET value_date = %s WHERE kind = 'payment'", TODAY + timedelta(days=1))
    damage("UPDATE cases_case SET last_payment_date = %s", TODAY + timedelta(days=1))
    the_error("Fechas de los movimientos")
    early = case.placed_on - timedelta(days=1)
    damage("UPDATE cases_ledgerentry SET value_date = %s WHERE kind = 'payment'", early)
    damage("UPDATE cases_case SET last_payment_date = %s", early)
    the_error("Fechas de los movimientos")


def test_last_payment_date_takes_the_later_of_creditor_and_us(case):
    title = "Fecha del último pago"
    for creditor in (None, TODAY + timedelta(days=9), TODAY - timedelta(days=9)):
        Case.objects.update(creditor_last_payment_date=creditor, last_payment_date=creditor)
        assert found(title).errors == 0
    payment = pay(case)
    assert found(title).errors == 0
    Case.objects.update(last_payment_date=None)
    assert "es ninguna y debería ser" in the_error(title)
    Case.objects.update(last_payment_date=TODAY)
    services.reverse_payment(payment=payment, by=None)
    Case.objects.update(last_payment_date=TODAY)
    the_error(title)


@pytest.mark.parametrize(
    ("table", "title"),
    [("cases_ledgerentry", "Gestión de los movimientos"), ("cases_promise", "Gestión de las promesas")],
)
def test_activity_of_another_case(case, table, title):
    pay(case)
    promise(case)
    other = CaseFactory(assigned_to=case.assigned_to)
    activity = ActivityFactory(case=other, is_system=True)
    where = "WHERE kind = 'payment'" if table == "cases_ledgerentry" else ""
    damage(f"UPDATE {table} SET activity_id = %s {where}", activity.pk)  # noqa: S608
    the_error(title)


# --- Promises ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [
        {"status": "broken"},
        {"paid_amount": Decimal("999.99")},
        {"status": "fulfilled", "fulfilled_date": TODAY},
    ],
)
def test_outcome_that_does_not_follow_from_the_ledger(case, change):
    made = promise(case)
    pay(case, "300.00")
    assert found("Resultado de las promesas").errors == 0
    Promise.objects.update(**change)
    text = the_error("Resultado de las promesas")
    assert f"la promesa {made.pk}" in text
    assert "según los pagos está pendiente con $ 300,00 pagados" in text


def test_outcome_of_another_case_is_not_mixed_in(case, gestor_user):
    for _ in range(3):
        other = CaseFactory(assigned_to=gestor_user)
        promise(other)
        pay(other)
    assert found("Resultado de las promesas").errors == 0


def test_promise_that_nightly_has_not_seen_yet_is_a_notice(case):
    promise(case, now=NOW - timedelta(days=30))
    assert "nightly" in the_notice("Resultado de las promesas")


def test_historic_promise_is_not_recomputed(case):
    PromiseFactory(case=case, status="broken", is_historic=True)
    assert found("Resultado de las promesas").errors == 0


def test_fulfilled_promise_without_a_date(case):
    promise(case)
    pay(case)
    damage("UPDATE cases_promise SET fulfilled_date = NULL")
    outcomes = {outcome.title: outcome.errors for outcome in verify.run(today=TODAY, keep=5)}
    assert outcomes["Fecha de las promesas cumplidas"] == 1


def test_pending_promise_of_a_closed_case(case, admin_user):
    services.change_status(case=case, status=CaseStatus.objects.get(slug="de-baja"), by=admin_user)
    PromiseFactory(case=case)
    the_error("Promesas pendientes en casos abiertos")


def test_promises_above_the_balance_are_a_notice(case, admin_user):
    promise(case, "9000.00")
    services.adjust_balance(case=case, by=admin_user, amount=Decimal("-5000.00"))
    assert "suman $ 9.000,00 y el saldo es $ 5.000,00" in the_notice("Promesas pendientes dentro del saldo")


# --- Places --------------------------------------------------------------------------------------
def test_stage_that_is_not_that_of_the_status(case):
    Case.objects.update(stage="promesa")
    the_error("Etapa = la del estado")


def test_open_case_that_owes_nothing_and_paid_case_that_owes(case):
    paid = CaseStatus.objects.get(slug="pagada")
    Case.objects.update(status=paid, stage="pagada")
    the_error("Pagada = sin saldo")
    Case.objects.update(status=CaseStatus.objects.get(slug="en-gestion"), stage="en_gestion")
    LedgerEntry.objects.create(
        case=case, cartera=case.cartera, kind="adjustment", amount=-case.amount, value_date=TODAY
    )
    Case.objects.update(balance=0)
    the_error("Pagada = sin saldo")


def test_paid_case_that_staff_withdrew_is_a_notice(case, admin_user):
    pay(case, "10000.00")
    services.change_status(case=case, status=CaseStatus.objects.get(slug="de-baja"), by=admin_user)
    the_notice("Pagada = sin saldo")


def test_paid_case_with_a_next_action(case):
    pay(case, "10000.00")
    Case.objects.update(next_action_at=NOW)
    the_error("Casos pagados sin próxima acción")


def test_touched_open_case_without_a_next_action(case):
    pay(case)
    Case.objects.update(next_action_at=None)
    the_error("Casos abiertos con próxima acción")


def test_last_activity_that_is_not_the_newest(case, gestor_user):
    title = "Fecha de la última gestión"
    pay(case)
    services.record_activity(
        case=case, by=gestor_user, type="note", notes="Nota", now=timezone.now() + timedelta(minutes=1)
    )
    newest = case.activities.order_by("-created_at").first()
    services.void_activity(activity=newest, by=gestor_user)
    assert found(title).errors == 0
    Case.objects.update(last_activity_at=newest.created_at)
    the_error(title)


@pytest.mark.parametrize("change", ["queue_band = 8", "version = 0", "stopped_by_result_id = {result}"])
def test_impossible_band_version_or_stop(case, change):
    damage(f"UPDATE cases_case SET {change.format(result=result('REC').pk)}")  # noqa: S608
    the_error("Banda, versión y detención")


def test_stopped_without_a_stop_and_held_without_being_stopped(case, gestor_user):
    damage("UPDATE cases_case SET stopped_at = %s WHERE id = %s", NOW, case.pk)
    assert "ninguna detención lo retiene" in the_error("Detenidos = los que una detención retiene")
    services.set_stop(debtor=case.debtor, by=gestor_user, reason="reclamo")
    assert found("Detenidos = los que una detención retiene").errors == 0
    damage("UPDATE cases_case SET stopped_at = NULL WHERE id = %s", case.pk)
    assert "no figura" in the_error("Detenidos = los que una detención retiene")


def test_stop_of_the_debt_of_somebody_else(case, gestor_user):
    services.set_stop(debtor=case.debtor, case=case, by=gestor_user, reason="reclamo", channel="call")
    damage("UPDATE cases_stopflag SET debtor_id = %s", DebtorFactory().pk)
    assert "es de otro deudor" in the_error("Detenciones de su deudor")


def test_gestion_on_the_phone_of_somebody_else(case):
    ActivityFactory(case=case, phone=DebtorPhoneFactory(), is_system=True)
    the_error("Teléfono de las gestiones")


def test_cases_of_an_inactive_gestor_are_a_notice(case, gestor_user):
    CaseFactory(assigned_to=gestor_user, status_slug="de-baja")
    gestor_user.is_active = False
    gestor_user.save()
    assert "tiene 1 casos abiertos" in the_notice("Gestores activos")


def test_open_cases_without_a_gestor_are_a_notice(case):
    CaseFactory(cartera=case.cartera)
    CaseFactory(cartera=case.cartera, status_slug="incobrable")
    assert f"«{case.cartera.name}»: 1 casos" in the_notice("Casos abiertos con gestor")


# --- Who is who ----------------------------------------------------------------------------------
def test_same_dni_with_a_leading_zero():
    DebtorFactory(dni="8036570")
    DebtorFactory(dni="08036570")
    assert "DNI 8036570: 2 deudores" in the_error("DNI repetidos")


def test_cuil_of_one_is_the_dni_of_another():
    title = "CUIL de un deudor y DNI de otro"
    DebtorFactory(dni="20123456", cuit="20201234568")
    assert found(title).notices == 0
    Debtor.objects.update(dni=None)
    DebtorFactory(dni="20123456")
    the_notice(title)


def test_same_phone_with_and_without_the_mobile_nine():
    phone = DebtorPhoneFactory(number="+5491144445555")
    DebtorPhoneFactory(number="+541144445555")
    assert found("Teléfonos repetidos").notices == 0
    DebtorPhone.objects.create(debtor=phone.debtor, number="+541144445555")
    the_notice("Teléfonos repetidos")


def test_same_key_but_for_case_and_blanks(case):
    CaseFactory(cartera=case.cartera, nro_cliente=" ab1", assigned_to=case.assigned_to)
    CaseFactory(nro_cliente="AB1", assigned_to=case.assigned_to)
    assert found("Números de cliente repetidos").notices == 0
    CaseFactory(cartera=case.cartera, nro_cliente="AB1", assigned_to=case.assigned_to)
    the_notice("Números de cliente repetidos")


# --- Tables --------------------------------------------------------------------------------------
def test_row_that_points_to_nothing(case):
    lost = DebtorPhone(debtor_id=999_999, number="+541144445555")
    lost.save()
    assert "cases_debtor" in the_error("Filas huérfanas")
    lost.delete()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL lets nothing but numbers into a numeric column")
@pytest.mark.parametrize(
    ("sql", "title"),
    [
        ("UPDATE cases_case SET balance = 'abc'", "Saldo = suma de movimientos"),
        ("UPDATE cases_case SET balance = 999999999999999", "Saldo = suma de movimientos"),
        ("UPDATE cases_promise SET promise_date = 'mañana'", "Resultado de las promesas"),
        ("UPDATE cases_promise SET amount = 'x'", "Resultado de las promesas"),
    ],
)
def test_value_that_no_column_of_its_kind_holds_is_an_error_and_no_crash(case, sql, title):
    promise(case)
    damage(sql)
    outcomes = {outcome.title: outcome for outcome in verify.run(today=TODAY, keep=5)}
    assert outcomes[title].errors


def test_promise_of_an_unknown_status_is_an_error_and_no_crash(case):
    promise(case)
    damage("UPDATE cases_promise SET status = 'kept'")
    assert "kept" in the_error("Resultado de las promesas")


@pytest.mark.postgres
def test_sequence_behind_its_table(case):
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('cases_case', 'id'), %s, false)", [case.pk])
    assert "cases_case" in the_error("Secuencias de numeración")


def test_stage_without_a_default_status(gestor_user):
    CaseStatus.objects.filter(slug="pagada").update(is_stage_default=False)
    assert "pagada" in the_error("Estados que usan las reglas")


def test_several_gestores_of_one_person_are_a_notice(case, other_gestor):
    CaseFactory(debtor=case.debtor, assigned_to=other_gestor, status_slug="incobrable")
    assert found("Un gestor por persona").notices == 0
    CaseFactory(debtor=case.debtor, assigned_to=other_gestor)
    assert "2 gestores tienen sus 2 deudas abiertas" in the_notice("Un gestor por persona")


# --- Papers -------------------------------------------------------------------------------------------------
def test_a_paper_that_is_gone_leaves_a_gap() -> None:
    case = CaseFactory()
    document = [issue(case, "statement") for _ in range(3)][1]
    damage("DELETE FROM cases_document WHERE id = %s", document.pk)
    assert the_error("Numeración de los papeles") == (
        "Estado de deuda: hay 2 papeles, numerados del 1 al 3, y el último emitido es 3."
    )


def test_the_last_paper_that_is_gone_is_missed_too() -> None:
    document = issue(CaseFactory(), "statement")
    damage("DELETE FROM cases_document WHERE id = %s", document.pk)
    assert "hay 0 papeles" in the_error("Numeración de los papeles")


def test_a_file_that_is_another() -> None:
    document = issue(CaseFactory(), "statement")
    damage("UPDATE cases_document SET file = %s WHERE id = %s", b"%PDF-otro", document.pk)
    assert the_error("Archivo de los papeles") == "Estado de deuda N° 00000001: el archivo no es el que se emitió."


def test_a_receipt_of_another_case() -> None:
    case, other = CaseFactory(), CaseFactory()
    issue(case, "receipt", entry=pay(case, 1))
    damage("UPDATE cases_document SET case_id = %s", other.pk)
    assert the_error("Pago o convenio de los papeles").startswith("Recibo N° 00000001: su pago o su convenio no es de")


def test_a_valid_receipt_of_a_reversed_payment() -> None:
    case = CaseFactory()
    payment = pay(case, 1)
    issue(case, "receipt", entry=payment)
    services.reverse_payment(payment=payment, by=None)
    damage("UPDATE cases_document SET voided_at = NULL, voided_by_id = NULL, void_reason = ''")
    assert the_error("Papeles vigentes") == ("Recibo N° 00000001: está vigente y su pago fue revertido. Anúlelo.")


def test_a_text_that_cannot_be_filled_in() -> None:
    PaperText.objects.filter(slug="receipt").update(text="Debe {sueldo}.")
    assert "«{sueldo}» no se puede usar aquí" in the_error("Textos de los papeles")
