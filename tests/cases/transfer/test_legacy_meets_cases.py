"""The old system's file into an installation that has data: a portfolio, a former run, another system (DESIGN §10)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cases import services
from cases.models import Activity, Case, Debtor, Promise
from nova.lib import dates
from tests.cases.transfer import old_system
from tests.cases.transfer.command import Ran, run
from tests.steps import pay

pytestmark = pytest.mark.django_db
DEFAULT = ("--default-gestor", "gperez")


def load(document: dict, tmp_path: Path, *options: object) -> Ran:
    return run("import_data", old_system.write(document, tmp_path), *options)


def assert_sound() -> None:
    checked = run("verify_data")
    assert checked.code == 0, checked.out


def map_of(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "mapa.csv"
    path.write_text("\n".join(["legacy_id,username", *lines]), encoding="utf-8")
    return path


@pytest.fixture
def portfolio(tmp_path, gestores) -> Path:
    """Two cases that the creditor's file brought, before the move, without street or gestor."""
    path = tmp_path / "cartera.csv"
    path.write_text(
        "Nro. Cliente;Apellido;Nombre;DNI;Total;Teléfono\n"
        "0000001;GÓMEZ;ANA MARÍA;20000001;30000;1165420585\n"
        "0000002;GÓMEZ;ANA MARÍA;20000002;10000,50;\n",
        encoding="utf-8",
    )
    assert run("import_cases", path, "--cartera", "Cristal Cash", "--create-cartera").code == 0
    return path


# --- A portfolio that was loaded first ----------------------------------------------------------------
def test_untouched_case_of_a_portfolio_takes_over_the_old_state(tmp_path, portfolio, users_map, gestores):
    pks = set(Case.objects.values_list("pk", flat=True))
    cases = [
        old_system.case(
            1, status_id=old_system.PAID, total=30000.0, notes="Pagó en la sucursal", telefono="1144445555"
        ),
        old_system.case(2, status_id=4),
    ]
    document = old_system.export(cases=cases, activities=[old_system.activity(2)], promises=[old_system.promise(1)])

    ran = load(document, tmp_path, "--users-map", users_map, *DEFAULT)

    assert ran.code == 0, ran.out
    paid, open_case = Case.objects.select_related("status", "debtor").order_by("nro_cliente")
    assert {paid.pk, open_case.pk} == pks
    assert (paid.status.slug, paid.balance, paid.amount) == ("pagada", 0, Decimal(30000))
    assert (paid.notes, paid.assigned_to, paid.external_id) == ("Pagó en la sucursal", gestores[0], "1")
    assert (open_case.status.slug, open_case.balance) == ("contactado", Decimal("10000.50"))
    assert (open_case.creditor_last_payment_date, open_case.initial_amount) == (date(2024, 12, 29), Decimal(8000))
    made = datetime(2025, 9, 12, 9, 41, tzinfo=UTC)
    assert (paid.created_at, paid.placed_on) == (made, date(2025, 9, 12))
    assert paid.debtor.street == "MITRE"
    assert set(paid.debtor.phones.values_list("number", flat=True)) == {"+541165420585", "+541144445555"}
    assert (open_case.queue_band, open_case.activities.count(), paid.promises.count()) == (6, 1, 1)
    assert "2 casos que una cartera había cargado, sin historia aquí" in ran.out
    assert_sound()


def test_taking_over_twice_changes_nothing(tmp_path, portfolio, users_map):
    document = old_system.export(cases=[old_system.case(1, total=28000.0), old_system.case(2)])
    first = load(document, tmp_path, "--users-map", users_map, *DEFAULT)
    run("export_data", tmp_path / "once.json")

    second = load(document, tmp_path, "--users-map", users_map, *DEFAULT)

    assert (
        "una cartera ya lo había cargado con $ 30.000,00: queda el total del sistema anterior, $ 28.000,00" in first.out
    )
    assert second.summary == "created=0 updated=0 unchanged=12 rejected=0 warnings=0", second.out
    run("export_data", tmp_path / "twice.json")
    assert (tmp_path / "once.json").read_text() == (tmp_path / "twice.json").read_text()


def test_what_the_old_system_does_not_know_stays(tmp_path, portfolio, gestores):
    case = Case.objects.get(nro_cliente="0000001")
    services.assign_cases(cases=Case.objects.filter(pk=case.pk), gestor=gestores[1], by=gestores[1])
    Case.objects.filter(pk=case.pk).update(notes="Del acreedor", creditor_last_payment_date=date(2025, 12, 1),
                                           last_payment_date=date(2025, 12, 1))  # fmt: skip
    old = old_system.case(1, assigned_to_id=None, notes="De antes", monto_inicial=None)

    load(old_system.export(cases=[old]), tmp_path, *DEFAULT)

    case.refresh_from_db()
    assert case.assigned_to == gestores[1]
    assert case.notes == "De antes\nDel acreedor"
    assert case.last_payment_date == date(2025, 12, 1)
    assert_sound()


def test_worked_case_stays_and_each_difference_is_said_with_both_values(tmp_path, portfolio, users_map, gestores):
    case = Case.objects.get(nro_cliente="0000001")
    services.assign_cases(cases=Case.objects.filter(pk=case.pk), gestor=gestores[1], by=gestores[1])
    pay(case, "100", by=gestores[1])
    old = old_system.case(1, status_id=old_system.PAID)

    ran = load(old_system.export(cases=[old]), tmp_path, "--users-map", users_map, *DEFAULT)

    case.refresh_from_db()
    assert (case.balance, case.assigned_to, case.external_id) == (Decimal(29900), gestores[1], None)
    for difference in (
        "estado: aquí «En gestión», en el sistema anterior «Pagada»",
        "gestor: aquí «mlopez», en el sistema anterior «gperez»",
        "total: aquí «$ 30.000,00», en el sistema anterior «$ 10.000,50»",
        "monto inicial: aquí «ninguno», en el sistema anterior «$ 8.000,00»",
    ):
        assert f"{difference}; queda lo de aquí" in ran.out
    assert (
        "Diferencias con lo que ya estaba, donde queda lo de aquí: estado 1, gestor 1, monto inicial 1, total 1"
        in ran.out
    )
    again = load(old_system.export(cases=[old]), tmp_path, "--users-map", users_map, *DEFAULT)
    assert again.summary.startswith("created=0 updated=0 ")


def test_another_document_protects_the_debtor_who_is_here(tmp_path, portfolio):
    old = old_system.case(1, dni="31222333", telefono="1144445555")

    ran = load(old_system.export(cases=[old]), tmp_path, *DEFAULT)

    debtor = Debtor.objects.get(dni="20000001")
    assert "aquí el deudor del caso tiene otro documento («20000001», allá «31222333»)" in ran.out
    assert (debtor.street, debtor.phones.count()) == ("", 1)


def test_key_twice_in_the_file_takes_over_once(tmp_path, portfolio, users_map):
    cases = [old_system.case(1), old_system.case(9, nro_cliente="0000001", total=2500.5)]

    ran = load(old_system.export(cases=cases), tmp_path, "--users-map", users_map, *DEFAULT)

    case = Case.objects.get(nro_cliente="0000001")
    assert (case.external_id, case.amount) == ("1", Decimal("10000.50"))
    assert "no se suman sus $ 2.500,50 (estado «En gestión», gestor: gperez)" in ran.out
    assert_sound()


# --- A map that comes late ----------------------------------------------------------------------------
def test_second_run_with_the_right_map_fills_authors_and_gestores(tmp_path, gestores, users_map):
    """The first map matches nobody: it loads, and can be repaired."""
    document = old_system.export(
        cases=[old_system.case(1, assigned_to_id=4), old_system.case(2, assigned_to_id=4), old_system.case(3)],
        activities=[old_system.activity(1, created_by_id=4), old_system.activity(1, created_by_id=7)],
        promises=[old_system.promise(1, created_by_id=4)],
    )
    wrong = load(document, tmp_path, "--users-map", map_of(tmp_path, "44,mlopez"), *DEFAULT)
    assert "Del mapa de usuarios no sirvieron, porque el archivo no nombra esos números: 44." in wrong.out
    here = Case.objects.get(external_id="2")  # somebody decided about this one
    services.assign_cases(cases=Case.objects.filter(pk=here.pk), gestor=gestores[0], by=gestores[0])
    other = Case.objects.filter(pk=here.pk)
    services.assign_cases(cases=other, gestor=gestores[1], by=gestores[0])
    services.assign_cases(cases=other, gestor=gestores[0], by=gestores[0])

    right = load(document, tmp_path, "--users-map", users_map, *DEFAULT)

    assert right.summary.startswith("created=0 updated=3 "), right.out
    assert Case.objects.get(external_id="1").assigned_to == gestores[1]
    assert Case.objects.get(external_id="2").assigned_to == gestores[0]
    authors = list(Activity.objects.by_people().order_by("id").values_list("created_by__username", "imported_author"))
    assert authors == [("mlopez", ""), (None, "usuario 7 del sistema anterior")]
    assert Promise.objects.get().created_by == gestores[1]
    assert "1 caso pasó al gestor que el mapa ahora nombra." in right.out
    assert "fila 1 (0000001): gestor: pasa de «gperez» a «mlopez»" in right.out
    again = load(document, tmp_path, "--users-map", users_map, *DEFAULT)
    assert again.summary.startswith("created=0 updated=0 ")
    assert_sound()


def test_dry_run_lists_the_numbers_and_what_each_has(tmp_path, gestores):
    document = old_system.export(
        cases=[old_system.case(1), old_system.case(2, assigned_to_id=5)],
        activities=[old_system.activity(1), old_system.activity(2), old_system.activity(2, created_by_id=1)],
        promises=[old_system.promise(1, created_by_id=2)],
    )

    ran = load(document, tmp_path, "--users-map", map_of(tmp_path, "2,mlopez"), *DEFAULT, "--dry-run")

    assert "El usuario 1 del sistema anterior no es nadie aquí: 0 casos, 1 gestión, 0 promesas." in ran.out
    assert "El usuario 2 del sistema anterior es aquí «mlopez»: 1 caso, 2 gestiones, 1 promesa." in ran.out
    assert "El usuario 5 del sistema anterior no es nadie aquí: 1 caso, 0 gestiones, 0 promesas." in ran.out
    assert "Números que no están en el mapa de usuarios: 1, 5." in ran.out
    assert "Usuarios activos de allá que aquí no existen: gestor." in ran.out


def test_users_of_the_old_system_are_missing_only_where_the_map_lacks_them(tmp_path, gestores):
    document = old_system.export(cases=[old_system.case(1)])
    whole = load(document, tmp_path, "--users-map", map_of(tmp_path, "2,mlopez"), "--dry-run")
    assert "que aquí no existen" not in whole.out

    named = tmp_path / "con_nombres.csv"
    named.write_text("legacy_id;legacy_username;username\n2;gestor;mlopez\n", encoding="utf-8")
    document["cases"].append(old_system.case(2, assigned_to_id=9))
    ran = load(document, tmp_path, "--users-map", named, *DEFAULT, "--dry-run")
    assert "Números que no están en el mapa de usuarios: 9." in ran.out
    assert "que aquí no existen" not in ran.out


# --- A later export -----------------------------------------------------------------------------------
def test_later_export_adds_what_is_new_and_says_what_changed(tmp_path, gestores, users_map):
    due = (dates.today() + timedelta(days=30)).isoformat()
    promise = old_system.promise(1, status="pending", promise_date=due)
    document = old_system.export(cases=[old_system.case(1)], activities=[old_system.activity(1)], promises=[promise])
    load(document, tmp_path, "--users-map", users_map, *DEFAULT)

    document["cases"] = [
        old_system.case(1, status_id=5, assigned_to_id=4, total=9000.0, notes="Llamó", telefono="1144445555",
                        calle_nombre="ALEM", nro_cliente="77", fecha_ultimo_pago="2025-11-01")
    ]  # fmt: skip
    document["activities"].append(old_system.activity(1, created_at="2025-11-03T07:25:00"))
    document["promises"] = [promise | {"status": "fulfilled", "fulfilled_date": "2025-11-03"}]
    ran = load(document, tmp_path, "--users-map", users_map, *DEFAULT)

    assert Case.objects.get().activities.count() == 2
    assert Promise.objects.get().status == "pending"
    for difference in (
        "estado: aquí «En gestión», en el sistema anterior «Con arreglo»",
        "total: aquí «$ 10.000,50», en el sistema anterior «$ 9.000,00»",
        "notas: aquí «ninguna», en el sistema anterior «Llamó»",
        "teléfono: aquí «+541165420585», en el sistema anterior «+541144445555»",
        "domicilio: aquí «MITRE 604», en el sistema anterior «ALEM 604»",
        "número de cliente: aquí «0000001», en el sistema anterior «77»",
        "último pago: aquí «29/12/2024», en el sistema anterior «01/11/2025»",
        "promesa: aquí «Pendiente», en el sistema anterior «Cumplida»",
    ):
        assert difference in ran.out
    assert Case.objects.count() == 1
    assert_sound()


# --- Two old installations ----------------------------------------------------------------------------
def test_same_id_with_another_person_or_date_is_another_case(tmp_path, gestores, users_map):
    one = old_system.case(1, nro_cliente=None, dni=None, name="ANA", lastname="GÓMEZ")
    two = old_system.case(1, nro_cliente=None, dni=None, name="LUIS", lastname="PEÑA", created_at="2025-09-13T09:41:00")
    options = ("--users-map", users_map, *DEFAULT)
    load(old_system.export(cases=[one], activities=[old_system.activity(1)]), tmp_path, *options)

    other = old_system.export(cases=[two], activities=[old_system.activity(1)])
    ran = load(other, tmp_path, *options)

    assert ran.code == 0
    assert list(Case.objects.order_by("id").values_list("debtor__last_name", flat=True)) == ["GÓMEZ", "PEÑA"]
    assert [case.activities.count() for case in Case.objects.all()] == [1, 1]
    assert "1 caso tiene el número de otro que ya está" in ran.out
    assert load(other, tmp_path, *options).summary.startswith("created=0 updated=0 ")


def test_same_id_under_another_key_is_no_error_of_the_database(tmp_path, gestores, users_map):
    one, two = old_system.case(1), old_system.case(1, nro_cliente="88", lastname="PEÑA", name="LUIS", dni="30111222",
                                                   created_at="2025-09-13T09:41:00")  # fmt: skip
    options = ("--users-map", users_map, *DEFAULT)
    load(old_system.export(cases=[one]), tmp_path, *options)

    ran = load(old_system.export(cases=[two]), tmp_path, *options)

    assert (ran.code, ran.error, Case.objects.count()) == (0, "", 2)


def test_corrected_name_is_still_the_same_case(tmp_path, gestores, users_map):
    one = old_system.case(1, nro_cliente=None, dni=None)
    options = ("--users-map", users_map, *DEFAULT)
    load(old_system.export(cases=[one]), tmp_path, *options)
    Debtor.objects.update(last_name="GÓMEZ DE PAZ")

    ran = load(old_system.export(cases=[one]), tmp_path, *options)

    assert ran.summary.startswith("created=0 ")
    assert "nombre: aquí «ANA MARÍA GÓMEZ DE PAZ», en el sistema anterior «ANA MARÍA GÓMEZ»" in ran.out


def test_origin_sets_a_second_installation_apart(tmp_path, gestores, users_map):
    one = old_system.case(1, nro_cliente=None, dni=None)
    options = ("--users-map", users_map, *DEFAULT)
    document = old_system.export(cases=[one], activities=[old_system.activity(1)])
    load(document, tmp_path, *options)

    ran = load(document, tmp_path, *options, "--origin", "rosario")

    assert ran.code == 0
    assert list(Case.objects.order_by("id").values_list("external_id", flat=True)) == ["1", "rosario:1"]
    assert Activity.objects.count() == 2
    assert load(document, tmp_path, *options, "--origin", "rosario").summary.startswith("created=0 updated=0 ")
    assert load(document, tmp_path, *options, "--origin", "Rosario, 2").code == 2


def test_clash_of_ids_is_one_line_in_spanish(tmp_path, gestores):
    """Our own export, whose case has the id that another case here moved in with."""
    load(old_system.export(cases=[old_system.case(1)]), tmp_path, *DEFAULT)
    run("export_data", tmp_path / "out.json")
    text = (tmp_path / "out.json").read_text(encoding="utf-8")
    (tmp_path / "out.json").write_text(text.replace("0000001", "0000009"), encoding="utf-8")

    ran = run("import_data", tmp_path / "out.json")

    assert ran.code == 2
    assert "tiene el identificador de otra" in ran.error
    assert "constraint" not in ran.error.casefold()
