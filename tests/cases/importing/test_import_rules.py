"""What a second file may change: the creditor's refresh (DESIGN §3.2) and whose debt it is (§5 "Debtors")."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from cases import services
from cases.models import Activity, Case, Debtor, DebtorPhone, ImportBatch, LedgerEntry
from nova.lib import dates
from tests import factories
from tests.cases.importing.command import everything, import_cases, portfolio
from tests.steps import ledger_sum, pay

pytestmark = pytest.mark.django_db

KEYS = ("created", "updated", "unchanged")
CONTACT = "cliente;nombre;apellido;dni;total;telefono;email;calle;nro;localidad"


@pytest.fixture
def load(tmp_path):
    """Import rows; gives (created, updated, unchanged) and how many rows were warned about."""

    def load(*rows: str, header: str = "cliente;nombre;apellido;dni;total", **options: str) -> tuple[int, ...]:
        ran = import_cases(portfolio(tmp_path, *rows, header=header), **options)
        assert ran.code == 0, ran
        return ran.counts(*KEYS, "warnings")

    return load


def case(key: str = "1") -> Case:
    return Case.objects.select_related("debtor", "status", "assigned_to").get(nro_cliente=key)


def ledger(key: str = "1") -> list[tuple[str, Decimal]]:
    return list(LedgerEntry.objects.filter(case__nro_cliente=key).order_by("id").values_list("kind", "amount"))


def is_consistent() -> bool:
    return all(each.balance == ledger_sum(each) for each in Case.objects.all())


# --- What is known is found --------------------------------------------------------------------------
@pytest.mark.parametrize("key", ["{1}", "1,2", 'a"b', "a\\b", "NULL1", "it's", "%s", "ñ 1"])
def test_a_known_key_is_found_whatever_its_signs_mean_to_a_database(load, key):
    quoted = '"{}"'.format(key.replace('"', '""'))
    load(f"{quoted};ANA;PÉREZ;20111222;1000", "2;EVA;PAZ;30111222;500")

    assert load(f"{quoted};ANA;PÉREZ;20111222;1000", "2;EVA;PAZ;30111222;500") == (0, 0, 2, 0)

    assert sorted(Case.objects.values_list("nro_cliente", flat=True)) == sorted([key, "2"])


# --- The creditor's refresh ------------------------------------------------------------------------
def test_payment_here_and_the_same_file_changes_nothing(load, admin_user):
    load("1;ANA;PÉREZ;20111222;1000")
    pay(case(), "400.00", by=admin_user)
    before = everything()

    assert load("1;ANA;PÉREZ;20111222;1000") == (0, 0, 1, 0)

    after = everything()
    assert [table for table in before if before[table] != after[table]] == ["accounts_auditevent", "cases_importbatch"]
    assert case().balance == Decimal("600.00")


def test_another_total_becomes_the_balance_by_an_adjustment(load, admin_user, gestor_user):
    load("1;ANA;PÉREZ;20111222;1000")
    services.assign_cases(cases=Case.objects.all(), gestor=gestor_user, by=admin_user)
    pay(case(), "400.00", by=admin_user)

    assert load("1;ANA;PÉREZ;20111222;900") == (0, 1, 0, 0)

    assert (case().balance, case().creditor_total, case().amount) == (900, 900, 1000)
    assert ledger() == [("placement", 1000), ("payment", 400), ("adjustment", 300)]
    assert case().entries.latest("id").credited_to == gestor_user
    assert is_consistent()
    assert load("1;ANA;PÉREZ;20111222;900") == (0, 0, 1, 0)


def test_a_lower_total_adjusts_down(load):
    load("1;ANA;PÉREZ;20111222;1000")
    load("1;ANA;PÉREZ;20111222;250,50")

    assert ledger() == [("placement", 1000), ("adjustment", Decimal("-749.50"))]
    assert is_consistent()


def test_a_total_that_already_counts_our_payment_posts_nothing(load, admin_user):
    load("1;ANA;PÉREZ;20111222;1000")
    pay(case(), "400.00", by=admin_user)

    assert load("1;ANA;PÉREZ;20111222;600") == (0, 1, 0, 0)

    assert ledger() == [("placement", 1000), ("payment", 400)]
    assert (case().balance, case().creditor_total) == (600, 600)


def test_a_paid_case_stays_paid_with_the_same_total_and_reopens_with_another(load, admin_user):
    load("1;ANA;PÉREZ;20111222;1000")
    pay(case(), "1000.00", by=admin_user)
    assert load("1;ANA;PÉREZ;20111222;1000") == (0, 0, 1, 0)
    assert case().stage == "pagada"

    load("1;ANA;PÉREZ;20111222;1200")

    assert (case().balance, case().status.slug, case().stage, case().queue_band) == (
        1200,
        "en-gestion",
        "en_gestion",
        7,
    )
    assert case().next_action_at is not None
    assert case() in Case.objects.open()
    assert is_consistent()


def test_a_closed_case_is_refreshed_and_stays_closed(load, admin_user):
    load("1;ANA;PÉREZ;20111222;1000")
    services.change_status(case=case(), by=admin_user, status=factories.status("de-baja"))

    load("1;ANA;PÉREZ;20111222;1200")

    assert (case().balance, case().status.slug) == (1200, "de-baja")


def test_assignment_notes_history_and_status_are_never_touched(load, admin_user, gestor_user, other_gestor):
    header = "cliente;nombre;apellido;dni;total;observaciones"
    load("1;ANA;PÉREZ;20111222;1000;nota del acreedor", header=header)
    services.assign_cases(cases=Case.objects.all(), gestor=gestor_user, by=admin_user)
    services.change_status(case=case(), by=gestor_user, status=factories.status("contactado"))
    services.edit_case(case=case(), by=gestor_user, changes={"notes": "lo nuestro"})
    activities = list(Activity.objects.values())
    before = case()

    load("1;ANA;PÉREZ;20111222;1500;otra nota", header=header)

    assert (case().assigned_to, case().notes, case().status.slug) == (gestor_user, "lo nuestro", "contactado")
    assert (case().next_action_at, case().queue_band) == (before.next_action_at, before.queue_band)
    assert list(Activity.objects.values()) == activities


def test_last_payment_is_the_later_of_the_creditors_and_ours(load, admin_user):
    header = "cliente;nombre;total;ultimo pago;capital;entidad"
    load("1;ANA;1000;01/02/2020;;", header=header)
    assert case().last_payment_date.isoformat() == "2020-02-01"

    assert load("1;ANA;1000;01/03/2020;700;Banco X", header=header) == (0, 1, 0, 0)
    assert (case().last_payment_date.isoformat(), case().initial_amount, case().entity) == (
        "2020-03-01",
        700,
        "Banco X",
    )

    payment = pay(case(), "10.00", by=admin_user)
    assert load("1;ANA;1000;01/04/2020;700;Banco X", header=header) == (0, 1, 0, 0)
    assert case().last_payment_date == payment.value_date

    services.reverse_payment(payment=payment, by=admin_user)
    assert case().last_payment_date.isoformat() == "2020-04-01"


def test_an_empty_cell_says_nothing(load):
    header = "cliente;nombre;total;ultimo pago;capital;entidad;telefono;email"
    load("1;ANA;1000;01/02/2020;700;Banco X;011 4444-5555;a@b.com", header=header)

    assert load("1;ANA;1000;;;;;", header=header) == (0, 0, 1, 0)
    assert (case().initial_amount, case().entity, case().debtor.email) == (700, "Banco X", "a@b.com")


# --- Contact data ------------------------------------------------------------------------------------
def test_missing_contact_data_are_filled_and_a_phone_is_added(load):
    load("1;ANA;PÉREZ;20111222;1000")

    row = "1;ANA;PÉREZ;20111222;1000;011 4444-5555;a@b.com;MITRE;12;AZUL"
    assert load(row, header=CONTACT) == (0, 1, 0, 0)
    assert load(row, header=CONTACT) == (0, 0, 1, 0)

    debtor = case().debtor
    assert (debtor.email, debtor.street, debtor.street_number, debtor.city) == ("a@b.com", "MITRE", "12", "AZUL")
    assert debtor.phones.get().number == "+541144445555"


def test_what_is_there_is_kept_and_addresses_are_not_mixed(load):
    load("1;ANA;PÉREZ;20111222;1000;011 4444-5555;a@b.com;MITRE;12;", header=CONTACT)

    assert load("1;ANA;PÉREZ;20111222;1000;011 4444-6666;otro@b.com;ALSINA;9;AZUL", header=CONTACT) == (0, 1, 0, 0)

    debtor = case().debtor
    assert (debtor.email, debtor.street, debtor.street_number, debtor.city) == ("a@b.com", "MITRE", "12", "")
    assert sorted(debtor.phones.values_list("number", flat=True)) == ["+541144445555", "+541144446666"]


def test_a_phone_marked_bad_stays_bad(load):
    row = "1;ANA;PÉREZ;20111222;1000;011 4444-5555;;;;"
    load(row, header=CONTACT)
    DebtorPhone.objects.update(state="bad")

    assert load(row, header=CONTACT) == (0, 0, 1, 0)
    assert DebtorPhone.objects.get().state == "bad"


def test_what_a_gestor_typed_during_the_import_is_not_overwritten(load):
    """The import reads debtors first and writes them later: it fills what is still empty then."""
    load("1;ANA;PÉREZ;20111222;1000")

    def type_before_the_import_writes(execute, sql, params, many, context):
        if sql.startswith('UPDATE "cases_debtor"') and not Debtor.objects.filter(email="gestor@b.com").exists():
            with connection.cursor() as cursor:
                cursor.cursor.execute("UPDATE cases_debtor SET email = 'gestor@b.com', city = 'TANDIL'")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(type_before_the_import_writes):
        load("1;ANA;PÉREZ;20111222;1000;;a@b.com;;;", header=CONTACT)

    assert (case().debtor.email, case().debtor.city) == ("gestor@b.com", "TANDIL")


# --- Debtors -----------------------------------------------------------------------------------------
def test_one_dni_is_one_debtor_over_carteras_and_another_name_is_a_warning(load):
    load("1;ANA;PÉREZ;20111222;1000")

    assert load("2;ANA MARIA;PÉREZ DE GÓMEZ;20.111.222;500", cartera="Favacard") == (1, 0, 0, 1)

    debtor = Debtor.objects.get()
    assert debtor.full_name == "ANA PÉREZ"
    assert debtor.cases.count() == 2


def test_a_warning_about_the_debtor_quotes_the_file_under_its_own_headers(load):
    load("1;ANA;PÉREZ;20111222;1000", "2;LUIS;PAZ;30111222;500")

    header = "Nro. Cliente;Deudor;CUIL/DNI;Saldo"
    assert load("3;PÉREZ GÓMEZ, ANA MARIA;DNI 20.111.222;500", "1;PAZ, LUIS;30.111.222;1000", header=header) == (
        1,
        0,
        1,
        2,
    )

    report = list(csv.DictReader(io.StringIO(ImportBatch.objects.latest("id").report)))
    assert [(line["column"], line["value"]) for line in report if line["severity"] == "warning"] == [
        ("Deudor", "PÉREZ GÓMEZ, ANA MARIA"),
        ("CUIL/DNI", "30.111.222"),
    ]


def test_case_and_accents_of_a_name_are_no_difference(load):
    load("1;ANA;PÉREZ;20111222;1000")

    assert load("2;Perez;Ana;20111222;500") == (1, 0, 0, 0)


def test_without_dni_each_row_has_a_debtor_of_its_own_found_again_through_its_case(load):
    rows = ("1;ANA;PÉREZ;;1000", "2;ANA;PÉREZ;;500")

    assert load(*rows) == (2, 0, 0, 0)
    assert Debtor.objects.count() == 2
    assert load(*rows) == (0, 0, 2, 0)
    assert Debtor.objects.count() == 2


def test_a_dni_that_comes_later_is_filled_in(load):
    load("1;ANA;PÉREZ;;1000")
    debtor = case().debtor

    assert load("1;ANA;PÉREZ;20111222;1000") == (0, 1, 0, 0)

    assert case().debtor == debtor
    assert case().debtor.dni == "20111222"
    assert load("1;ANA;PÉREZ;20111222;1000") == (0, 0, 1, 0)
    assert load("1;ANA;PÉREZ;;1000") == (0, 0, 1, 0), "an empty cell takes nothing away"
    assert case().debtor.dni == "20111222"


def test_a_dni_that_another_holds_moves_the_case_and_the_empty_debtor_goes(load, gestor_user):
    load("1;ANA;PÉREZ;20111222;1000;011 4444-5555;;;;", "2;ANA;PÉREZ;;500;011 4444-6666;;;;", header=CONTACT)
    holder, former = case("1").debtor, case("2").debtor
    called = former.phones.get()
    activity = factories.ActivityFactory(case=case("2"), phone=called, created_by=gestor_user)

    row = "2;ANA;PÉREZ;20111222;500;011 4444-6666;;;;"
    assert load(row, header=CONTACT) == (0, 1, 0, 0)

    assert case("2").debtor == holder
    assert not Debtor.objects.filter(pk=former.pk).exists()
    assert sorted(holder.phones.values_list("number", flat=True)) == ["+541144445555", "+541144446666"]
    activity.refresh_from_db()
    assert activity.phone.debtor == holder
    assert activity.phone.number == "+541144446666"
    assert load(row, header=CONTACT) == (0, 0, 1, 0)


def test_a_move_brings_the_whole_document_at_once(load):
    """Else the same file again would fill in the CUIL."""
    load("1;ANA;PÉREZ;20111222;1000", "2;ANA;PÉREZ;;500")

    assert load("2;ANA;PÉREZ;27-20111222-8;500") == (0, 1, 0, 0)
    assert load("2;ANA;PÉREZ;27-20111222-8;500") == (0, 0, 1, 0)
    assert Debtor.objects.get().cuit == "27201112228"


def test_a_debtor_with_another_case_stays_when_one_moves(load):
    load("1;ANA;PÉREZ;20111222;1000", "2;ANA;PÉREZ;;500")
    former = case("2").debtor
    factories.CaseFactory(debtor=former, nro_cliente="otra")

    load("2;ANA;PÉREZ;20111222;500")

    assert case("2").debtor.dni == "20111222"
    assert former.cases.get().nro_cliente == "otra"


def test_two_cases_without_dni_that_learn_the_same_one_join_in_one_file(load):
    load("1;ANA;PÉREZ;;1000", "2;ANA;PÉREZ;;500")

    assert load("1;ANA;PÉREZ;20111222;1000", "2;ANA;PÉREZ;20111222;500", "3;ANA;PÉREZ;20111222;1") == (1, 2, 0, 0)

    assert Debtor.objects.get().cases.count() == 3


def test_a_case_moves_to_a_debtor_that_the_same_file_makes(load):
    load("1;ANA;PÉREZ;;1000")

    assert load("9;ANA;PÉREZ;20111222;5", "1;ANA;PÉREZ;20111222;1000") == (1, 1, 0, 0)

    assert Debtor.objects.get().cases.count() == 2


def test_another_dni_is_a_warning_and_nothing_changes(load):
    load("1;ANA;PÉREZ;20111222;1000", "2;LUIS;PAZ;30111222;500")
    before = everything()

    assert load("1;ANA;PÉREZ;30111222;1000", "2;LUIS;PAZ;40111222;500") == (0, 0, 2, 2)

    after = everything()
    for table in ("cases_case", "cases_debtor", "cases_ledgerentry"):
        assert before[table] == after[table]


def test_another_dni_is_a_warning_while_the_creditors_figure_still_counts(load):
    load("1;ANA;PÉREZ;20111222;1000")

    assert load("1;ANA;PÉREZ;30111222;900") == (0, 1, 0, 1)

    assert (case().debtor.dni, case().balance) == ("20111222", 900)


def test_somebody_elses_row_leaves_no_phone_nor_address_with_the_debtor(load):
    """A row that states another document speaks of another person."""
    load("1;ANA;PÉREZ;20111222;1000")

    load("1;LUIS;PAZ;30111222;1000;011 4444-5555;luis@b.com;MITRE;12;AZUL", header=CONTACT)

    debtor = case().debtor
    assert (debtor.email, debtor.street, debtor.phones.count()) == ("", "", 0)


def test_a_cuil_is_the_dni_in_its_middle(load):
    load("1;ANA;PÉREZ;27-20111222-8;1000")

    debtor = case().debtor
    assert (debtor.dni, debtor.cuit) == ("20111222", "27201112228")
    assert load("2;ANA;PÉREZ;20111222;500") == (1, 0, 0, 0)
    assert Debtor.objects.count() == 1


def test_a_company_has_a_cuit_alone_and_is_found_by_it(load):
    load("1;;ACME SA;30-50001091-2;1000")

    debtor = case().debtor
    assert (debtor.dni, debtor.cuit, debtor.last_name) == (None, "30500010912", "ACME SA")
    assert load("2;;ACME SA;30500010912;500", cartera="Favacard") == (1, 0, 0, 0)
    assert Debtor.objects.count() == 1


@pytest.mark.parametrize(("first", "second"), [("30-50001091-2", "20111222"), ("20111222", "30-50001091-2")])
def test_a_company_and_a_person_are_different_documents(load, first, second):
    load(f"1;;ACME;{first};1000")
    before = Debtor.objects.values().get()

    assert load(f"1;;ACME;{second};1000") == (0, 0, 1, 1)

    assert Debtor.objects.values().get() == before


def test_every_field_lands_in_its_own_column(tmp_path):
    """Each cell is unlike all others, so that two columns that change places in any of the three tables are seen."""
    header = (
        "cliente;nombre;apellido;dni;total;capital;ultimo pago;telefono;calle;calle nro;localidad;cp;provincia;obs"
        ";email;entidad"
    )
    row = (
        "K-1;ANA;PEREZ;20737173;1500,50;1000;07/11/2023;0291 15-602-8887;MITRE;1234;BAHIA BLANCA;8000;BUENOS AIRES"
        ";llamar de tarde;ana@ejemplo.com;BANCO SUR"
    )
    file = portfolio(tmp_path, row, header=header)
    assert import_cases(file).counts(*KEYS) == (1, 0, 0)
    assert Case.objects.values_list(
        *("nro_cliente", "amount", "initial_amount", "balance", "creditor_total", "entity", "notes"),
        *("cartera__name", "status__slug", "queue_band", "version"),
    ).get() == (
        *("K-1", Decimal("1500.50"), Decimal("1000.00"), Decimal("1500.50"), Decimal("1500.50"), "BANCO SUR"),
        *("llamar de tarde", "Cristal Cash", "sin-gestion", 5, 1),
    )
    case = Case.objects.get()
    assert str(case.last_payment_date) == str(case.creditor_last_payment_date) == "2023-11-07"
    assert Debtor.objects.values_list(
        *("first_name", "last_name", "dni", "cuit", "email", "street", "street_number", "city", "postal_code"),
        *("provincia", "notes"),
    ).get() == (
        *("ANA", "PEREZ", "20737173", None, "ana@ejemplo.com", "MITRE", "1234", "BAHIA BLANCA", "8000"),
        *("BUENOS AIRES", ""),
    )
    assert DebtorPhone.objects.values_list("number", "kind", "state").get() == (
        "+5492916028887",
        "mobile",
        "unverified",
    )
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.amount, entry.method, entry.reference) == ("placement", Decimal("1500.50"), "", "")
    # What was read back for the comparison is in its place too: the same file changes nothing.
    assert import_cases(file, create=False).counts(*KEYS) == (0, 0, 1)


# --- Since when a debt is in arrears ----------------------------------------------------------------------
DATED = "cliente;nombre;apellido;dni;total;último pago;Fec. mora"


def arrears(key: str = "1") -> tuple[str, bool]:
    stored = case(key)
    return f"{stored.arrears_since:%d/%m/%Y}", stored.arrears_estimated


def test_arrears_count_from_the_creditors_date_else_are_estimated(load):
    load("1;ANA;PÉREZ;;10;05/03/2025;01/02/2025", "2;LUZ;SOSA;;10;05/03/2025;", "3;EVA;RÍOS;;10;;", header=DATED)

    assert arrears("1") == ("01/02/2025", False)
    assert arrears("2") == ("05/03/2025", True)
    assert arrears("3") == (f"{dates.today():%d/%m/%Y}", True)
    assert case("1").creditor_last_payment_date == date(2025, 3, 5)


def test_only_a_creditors_date_moves_the_arrears_of_a_known_case(load):
    load("1;ANA;PÉREZ;;10;05/03/2025;", header=DATED)
    assert load("1;ANA;PÉREZ;;10;09/09/2025;", header=DATED)[:3] == (0, 1, 0)
    assert arrears() == ("05/03/2025", True)
    assert load("1;ANA;PÉREZ;;10;09/09/2025;01/02/2024", header=DATED)[:3] == (0, 1, 0)
    assert arrears() == ("01/02/2024", False)
    assert load("1;ANA;PÉREZ;;10;09/09/2025;01/02/2024", header=DATED)[:3] == (0, 0, 1)
    assert load("1;ANA;PÉREZ;;10;09/09/2025;", header=DATED)[:3] == (0, 0, 1)
    assert arrears() == ("01/02/2024", False)


def test_the_creditors_own_word_confirms_an_estimate(load):
    load("1;ANA;PÉREZ;;10;05/03/2025;", header=DATED)
    assert load("1;ANA;PÉREZ;;10;05/03/2025;05/03/2025", header=DATED)[:3] == (0, 1, 0)
    assert arrears() == ("05/03/2025", False)


def test_a_day_of_arrears_that_cannot_be_is_left_empty(load):
    future = f"{dates.today() + timedelta(days=40):%d/%m/%Y}"
    rows = [f"1;ANA;PÉREZ;;10;05/03/2025;{future}", "2;LUZ;SOSA;;10;05/03/2025;01/01/1900", "3;E;R;;10;;31/31/2024"]
    assert load(*rows, header=DATED) == (3, 0, 0, 3)
    assert [arrears(key)[1] for key in "123"] == [True, True, True]


def test_months_first_in_either_date_leave_both_empty(load):
    load("1;ANA;PÉREZ;;10;;02/13/2025", "2;LUZ;SOSA;;10;;03/04/2025", header=DATED)
    assert arrears("2")[1]


# --- Somebody who is not contacted ------------------------------------------------------------------------
def test_new_debts_and_debts_that_move_to_somebody_stopped_are_stopped(load, gestor_user):
    known = factories.CaseFactory(debtor__last_name="Pérez", debtor__dni="20111222", assigned_to=gestor_user)
    services.set_stop(debtor=known.debtor, by=gestor_user, reason="fallecido")
    load("9;ANA;PÉREZ;;500")
    assert case("9").stopped_at is None

    load("1;ANA;PÉREZ;20111222;1000", "2;LUZ;SOSA;20333444;1000", "9;ANA;PÉREZ;20111222;500")

    assert case("9").debtor == known.debtor
    assert {key: case(key).stopped_at is not None for key in ("1", "2", "9")} == {"1": True, "2": False, "9": True}


# --- One gestor a person ----------------------------------------------------------------------------------
def test_round_robin_goes_by_person(load, gestor_user, other_gestor, tmp_path):
    known = factories.CaseFactory(debtor__last_name="Pérez", debtor__dni="20111222", assigned_to=other_gestor)
    rows = ["1;ANA;PÉREZ;20111222;1000", "2;LUZ;SOSA;20333444;1000", "3;EVA;RÍOS;;10", "4;LUZ;SOSA;20333444;5"]
    ran = import_cases(
        portfolio(tmp_path, *rows, header="cliente;nombre;apellido;dni;total"), "--assign-to", "round-robin"
    )
    assert ran.code == 0, ran
    assert case("1").assigned_to == known.assigned_to
    assert case("2").assigned_to == case("4").assigned_to == gestor_user
    assert case("3").assigned_to is not None
