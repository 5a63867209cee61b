"""`import_data` of the old system's file: all of it, with its dates, its authors and its money (DESIGN §10)."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Sum

from accounts.models import AuditEvent
from cases.models import Activity, Cartera, Case, CaseStatus, Debtor, DebtorPhone, LedgerEntry, Promise
from contact.models import ContactSubmission
from nova.lib import dates
from nova.lib.documents import is_nobodys
from tests.cases.transfer import old_system
from tests.cases.transfer.command import run, section
from tests.factories import ActivityFactory, CaseFactory, DebtorFactory, GestorFactory

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).parents[2] / "data" / "export_for_prod.json"


def total_of(field: str) -> Decimal:
    """SQLite adds up in floating point."""
    return Case.objects.aggregate(total=Sum(field))["total"].quantize(Decimal("0.01"))


def assert_sound() -> None:
    checked = run("verify_data")
    assert checked.code == 0, checked.out


# --- The customer's own sample --------------------------------------------------------------------
def test_sample_moves_in_whole(users_map):
    ran = run("import_data", SAMPLE, "--users-map", users_map, "--default-gestor", "mlopez")

    assert ran.code == 1  # its two orphans
    assert "su caso no está en el archivo" in ran.out
    cases = {row["id"]: row for row in section(SAMPLE, "cases")}
    assert Case.objects.count() == len(cases) == 120
    total = sum(Decimal(str(row["total"])) for row in cases.values())
    assert total_of("amount") == total
    assert total_of("balance") == total
    assert (Activity.objects.count(), Promise.objects.count()) == (239, 57)
    assert not Case.objects.open().unassigned().exists()
    assert_sound()


def test_sample_twice_adds_nothing(users_map, tmp_path):
    arguments = (SAMPLE, "--users-map", users_map, "--default-gestor", "mlopez")
    run("import_data", *arguments)
    run("export_data", tmp_path / "once.json")

    again = run("import_data", *arguments)

    assert again.summary.startswith("created=0 ")
    run("export_data", tmp_path / "twice.json")
    assert (tmp_path / "once.json").read_text() == (tmp_path / "twice.json").read_text()


def test_every_fact_of_the_sample_is_kept(users_map):
    run("import_data", SAMPLE, "--users-map", users_map, "--default-gestor", "mlopez")

    carteras = {row["id"]: row for row in section(SAMPLE, "carteras")}
    rows = section(SAMPLE, "cases")
    assert len(rows) == 120
    for row in rows:
        case = Case.objects.select_related("cartera", "debtor", "status").get(external_id=str(row["id"]))
        made = datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC)
        assert (case.cartera.name, case.nro_cliente) == (carteras[row["cartera_id"]]["nombre"], row["nro_cliente"])
        assert case.created_at == made
        assert case.updated_at == datetime.fromisoformat(row["updated_at"]).replace(tzinfo=UTC)
        assert case.placed_on == dates.local_date(made)
        assert str(case.last_payment_date) == str(row["fecha_ultimo_pago"])
        assert case.notes == (row["notes"] or "")
        assert case.debtor.full_name == f"{row['name']} {row['lastname']}"
        assert case.debtor.dni == row["dni"]
        entry = case.entries.get()
        assert (entry.kind, entry.amount, entry.value_date) == ("placement", case.amount, case.placed_on)
    assert not Cartera.objects.get(name="Vieja SA").is_active


def test_authors_are_mapped_or_kept_as_they_were(users_map):
    run("import_data", SAMPLE, "--users-map", users_map, "--default-gestor", "mlopez")

    told = [row for row in section(SAMPLE, "activities") if row["case_id"] != 999_999]
    assert Activity.objects.filter(created_by__username="gperez").count() == sum(r["created_by_id"] == 2 for r in told)
    unmapped = Activity.objects.filter(created_by=None)
    assert set(unmapped.values_list("imported_author", flat=True)) == {"usuario 1 del sistema anterior"}
    assert unmapped.count() == sum(r["created_by_id"] == 1 for r in told)
    moments = {datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC) for row in told}
    assert set(Activity.objects.values_list("created_at", flat=True)) == moments


# --- Twenty thousand cases -------------------------------------------------------------------------
def test_large_export_moves_in_whole_and_out_again(users_map, tmp_path):
    """Smaller on SQLite, whose turn comes in every `make test`; bench/transfer.py moves a million."""
    document = old_system.large(2_000)
    path = old_system.write(document, tmp_path)

    ran = run("import_data", path, "--users-map", users_map, "--default-gestor", "gperez")

    assert ran.code == 1
    assert "rejected=3 " in ran.summary
    cases = document["cases"]
    assert Case.objects.count() == len(cases)
    assert total_of("amount") == sum(Decimal(str(row["total"])) for row in cases)
    owed = sum(Decimal(str(row["total"])) for row in cases if row["status_id"] != old_system.PAID)
    assert total_of("balance") == owed
    assert Activity.objects.count() == len(document["activities"]) - 2
    assert Promise.objects.count() == len(document["promises"]) - 1
    documents = {row["dni"] for row in cases if row["dni"] and not is_nobodys(row["dni"])}
    assert Debtor.objects.filter(dni__isnull=False).count() == len(documents)
    assert not LedgerEntry.objects.recovered(date(2000, 1, 1), date(2100, 1, 1)).exists()  # nobody recovered anything
    assert_sound()
    assert run("import_data", path, "--users-map", users_map).summary.startswith("created=0 ")


# --- Rules ------------------------------------------------------------------------------------------
def load(document: dict, tmp_path: Path, *options: object):
    return run("import_data", old_system.write(document, tmp_path), *options)


def test_sin_arreglo_is_sin_gestion_and_names_match_whatever_their_letters(tmp_path, gestores):
    rows = [old_system.case(n, status_id=n) for n in range(1, 9)]

    load(old_system.export(cases=rows), tmp_path, "--default-gestor", "gperez")

    slugs = [Case.objects.get(external_id=str(n)).status.slug for n in range(1, 9)]
    assert slugs == [
        "sin-gestion", "en-gestion", "incobrable", "contactado", "con-arreglo", "a-juicio", "de-baja", "pagada",
    ]  # fmt: skip


def test_status_that_nobody_knows_is_made_and_said(tmp_path, gestores):
    statuses = [{"id": 1, "nombre": "Refinanciación", "activo": True, "created_at": "2025-01-01T00:00:00"}]
    rows = [old_system.case(1, status_id=1)]

    ran = load(old_system.export(case_statuses=statuses, cases=rows), tmp_path, "--default-gestor", "gperez")

    status = CaseStatus.objects.get(slug="refinanciacion")
    assert (status.name, status.stage, Case.objects.get().status) == ("Refinanciación", "en_gestion", status)
    assert "no existe aquí: se crea en la etapa «En gestión»" in ran.out


def test_statuses_whose_names_begin_alike_stay_two(tmp_path, gestores):
    start = "Derivado al estudio jurídico de la provincia de "
    statuses = [{"id": n, "nombre": start + name, "activo": True} for n, name in enumerate(("Salta", "Jujuy"), 1)]
    cases = [old_system.case(n, status_id=n) for n in (1, 2)]
    document = old_system.export(case_statuses=statuses, cases=cases)

    load(document, tmp_path, "--default-gestor", "gperez")

    names = list(Case.objects.order_by("external_id").values_list("status__name", flat=True))
    assert names == [f"{start}Salta", f"{start}Jujuy"]
    assert load(document, tmp_path, "--default-gestor", "gperez").summary.startswith("created=0 updated=0 ")


def test_paid_case_owes_nothing_and_nobody_recovered_it(tmp_path):
    rows = [old_system.case(1, status_id=old_system.PAID, total=1234.5)]

    load(old_system.export(cases=rows), tmp_path)

    case = Case.objects.get()
    assert (case.amount, case.balance, case.status.slug) == (Decimal("1234.50"), 0, "pagada")
    kinds = list(case.entries.order_by("id").values_list("kind", "amount"))
    assert kinds == [("placement", Decimal("1234.50")), ("adjustment", Decimal("-1234.50"))]
    assert_sound()


def test_decided_promises_are_historic(tmp_path, gestores):
    rows = [
        old_system.promise(1, status="fulfilled", fulfilled_date="2025-07-04"),
        old_system.promise(1, status="broken", amount=10),
        old_system.promise(1, status="cancelled", amount=20),
        old_system.promise(1, status="pending", amount=30),  # years past its grace
    ]

    load(old_system.export(cases=[old_system.case(1)], promises=rows), tmp_path, "--default-gestor", "gperez")

    outcomes = list(Promise.objects.order_by("id").values_list("status", "is_historic", "fulfilled_date"))
    assert outcomes == [
        ("fulfilled", True, date(2025, 7, 4)),
        ("broken", True, None),
        ("cancelled", True, None),
        ("broken", True, None),
    ]
    assert_sound()


def test_promise_that_is_still_to_be_kept_comes_up_in_time(tmp_path, gestores):
    due = dates.next_business_day(dates.today())
    rows = [old_system.promise(n, status="pending", promise_date=due.isoformat()) for n in (1, 2)]
    cases = [old_system.case(1, status_id=5), old_system.case(2, status_id=6)]

    load(old_system.export(cases=cases, promises=rows), tmp_path, "--default-gestor", "gperez")

    live, dead = Promise.objects.order_by("case__external_id")
    assert (live.status, live.is_historic) == ("pending", False)
    assert (dead.status, dead.is_historic) == ("cancelled", True)  # a juicio: not open
    case = live.case
    assert (case.queue_band, case.next_action_at) == (4, dates.start_of_day(dates.previous_business_day(due)))
    assert_sound()


def test_worked_cases_are_followed_up_and_untouched_ones_are_new(tmp_path, gestores):
    cases = [old_system.case(1), old_system.case(2)]

    load(old_system.export(cases=cases, activities=[old_system.activity(1)]), tmp_path, "--default-gestor", "gperez")

    worked, untouched = Case.objects.order_by("external_id")
    assert (worked.queue_band, worked.next_action_at) == (6, dates.start_of_day(dates.today()))
    assert worked.last_activity_at == datetime(2025, 10, 3, 7, 25, tzinfo=UTC)
    assert (untouched.queue_band, untouched.next_action_at, untouched.last_activity_at) == (5, None, None)


def test_one_person_with_two_debts_is_one_debtor(tmp_path, gestores):
    cases = [
        old_system.case(1, dni="20111222", calle_nombre="", telefono="1165420585"),
        old_system.case(2, dni="20.111.222", name="ANITA", cartera_id=4, telefono="1144445555"),
    ]

    ran = load(old_system.export(cases=cases), tmp_path, "--default-gestor", "gperez")

    debtor = Debtor.objects.get()
    assert (debtor.first_name, debtor.cases.count(), debtor.street) == ("ANA MARÍA", 2, "MITRE")
    assert DebtorPhone.objects.filter(debtor=debtor).count() == 2
    assert "con el mismo documento ya está el nombre «ANA MARÍA GÓMEZ»" in ran.out


def test_one_document_with_two_surnames_is_two_debtors(tmp_path, gestores):
    cases = [
        old_system.case(1, dni="20111222", name="RAMIRO", lastname="YÁÑEZ SOSA", telefono="1165420585"),
        old_system.case(2, dni="20111222", name="JOAQUÍN", lastname="PEÑALOZA", telefono="1144445555"),
        old_system.case(3, dni="20111222", name="R.", lastname="YANEZ", telefono="1144446666"),
    ]
    document = old_system.export(cases=cases)

    ran = load(document, tmp_path, "--default-gestor", "gperez")

    first, second = Debtor.objects.order_by("id")
    assert (first.dni, first.cases.count(), first.phones.count()) == ("20111222", 2, 2)
    assert (second.dni, second.last_name, second.cases.count()) == (None, "PEÑALOZA", 1)
    assert second.phones.get().number == "+541144445555"
    assert "fila 2 (20111222): DNI de otra persona: ¿la misma? Es de «RAMIRO YÁÑEZ SOSA»" in ran.out
    assert load(document, tmp_path, "--default-gestor", "gperez").summary.startswith("created=0 updated=0 ")


def test_document_of_a_debtor_here_with_another_surname_joins_nobody(tmp_path, gestores):
    here = DebtorFactory(dni="20000001", first_name="Luis", last_name="Peñaloza")

    ran = load(old_system.export(cases=[old_system.case(1)]), tmp_path, "--default-gestor", "gperez")

    assert Case.objects.get().debtor != here
    assert "DNI de otra persona: ¿la misma? Es de «Luis Peñaloza»" in ran.out


def test_case_that_an_import_brought_gets_its_history(tmp_path, gestores):
    cartera = Cartera.objects.create(name="Cristal Cash")
    case = CaseFactory(cartera=cartera, nro_cliente="0000001", assigned_to=gestores[1])
    ActivityFactory(case=case)
    document = old_system.export(cases=[old_system.case(1)], activities=[old_system.activity(1)])

    load(document, tmp_path, "--default-gestor", "gperez")

    before = case.balance
    case.refresh_from_db()
    assert (Case.objects.count(), case.balance, case.assigned_to) == (1, before, gestores[1])
    assert case.activities.count() == 2
    assert case.last_activity_at is not None
    assert_sound()


def test_debtor_who_is_here_already_keeps_their_name(tmp_path, gestores):
    DebtorFactory(dni="20000001", first_name="Ana", last_name="Gómez de Paz", street="Alem", street_number="1")

    ran = load(old_system.export(cases=[old_system.case(1)]), tmp_path, "--default-gestor", "gperez")

    assert Debtor.objects.get().last_name == "Gómez de Paz"
    assert "queda ese" in ran.out


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"total": 0, "monto_inicial": None}, "no es un importe mayor que cero, ni tiene monto inicial"),
        ({"total": None}, "no es un importe mayor que cero"),
        ({"total": -5.0}, "no es un importe mayor que cero"),
        ({"cartera_id": 99}, "su cartera (99) no está en el archivo"),
        ({"name": "", "lastname": None}, "no tiene nombre"),
        ({"created_at": "ayer"}, "no es una fecha"),
        ({"nro_cliente": "9" * 65}, "supera los 64 caracteres"),
    ],
)
def test_row_that_cannot_be_a_case_is_reported_and_the_rest_comes_in(tmp_path, gestores, changes, reason):
    document = old_system.export(
        cases=[old_system.case(1, **changes), old_system.case(2)], activities=[old_system.activity(1)]
    )
    report = tmp_path / "informe.csv"

    ran = load(document, tmp_path, "--default-gestor", "gperez", "--report", report)

    assert ran.code == 1
    assert reason in ran.out
    assert Case.objects.get().external_id == "2"
    lines = report.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines] == ["section", "cases", "activities"]


def test_key_that_comes_twice_is_one_case_with_both_histories(tmp_path, gestores):
    cases = [old_system.case(1, nro_cliente="77"), old_system.case(2, nro_cliente="77")]
    document = old_system.export(cases=cases, activities=[old_system.activity(1), old_system.activity(2, notes="otra")])

    first = load(document, tmp_path, "--default-gestor", "gperez")
    second = load(document, tmp_path, "--default-gestor", "gperez")

    assert (first.code, second.code) == (1, 1)
    assert "otro caso de la cartera ya tiene ese número de cliente" in second.out
    assert Case.objects.get().activities.count() == 2


def test_odd_values_are_taken_without_what_is_impossible_in_them(tmp_path, gestores):
    next_year = (dates.today() + timedelta(days=366)).isoformat()
    case = old_system.case(1, dni="123", fecha_ultimo_pago=next_year, notes="a\x00b", status_id=99)

    ran = load(old_system.export(cases=[case]), tmp_path, "--default-gestor", "gperez")

    stored = Case.objects.get()
    assert (stored.debtor.dni, stored.last_payment_date, stored.notes) == (None, None, "ab")
    assert stored.status.slug == "sin-gestion"
    assert (ran.code, ran.summary[-10:]) == (0, "warnings=3")


def test_cartera_without_a_date_is_from_today_and_its_cases_come_in(tmp_path, gestores):
    carteras = [{"id": 3, "nombre": "Cristal Cash", "created_at": None}, {"id": 9, "nombre": " "}]

    ran = load(old_system.export(carteras=carteras, cases=[old_system.case(1)]), tmp_path, "--default-gestor", "gperez")

    assert ran.code == 1  # the one without a name
    assert dates.local_date(Cartera.objects.get().created_at) == dates.today()
    assert Case.objects.get().cartera.name == "Cristal Cash"


# --- Who gets the cases ------------------------------------------------------------------------------
def test_several_gestores_and_none_named_stops_and_lists_them(tmp_path, gestores):
    ran = load(old_system.export(cases=[old_system.case(1)]), tmp_path)

    assert ran.code == 2
    assert "(gperez, mlopez)" in ran.error
    assert not Case.objects.exists()
    assert not Cartera.objects.exists()


def test_only_gestor_gets_what_is_nobodys(tmp_path):
    gestor = GestorFactory(username="gperez")

    load(old_system.export(cases=[old_system.case(1), old_system.case(2, status_id=3)]), tmp_path)

    open_case, closed = Case.objects.order_by("external_id")
    assert (open_case.assigned_to, closed.assigned_to) == (gestor, None)
    assert open_case.entries.get().credited_to == gestor


def test_nobody_to_give_them_to_is_refused_unless_they_stay_unassigned(tmp_path):
    document = old_system.export(cases=[old_system.case(1), old_system.case(2, status_id=3)])

    refused = load(document, tmp_path)
    assert (refused.code, Case.objects.count()) == (2, 0)
    assert "no hay ningún gestor activo" in refused.error

    ran = load(document, tmp_path, "--unassigned")
    assert ran.code == 0
    assert not Case.objects.exclude(assigned_to=None).exists()
    assert "1 caso abierto quedó sin gestor: 1 del usuario 2, que no está en el mapa de usuarios." in ran.out


def test_unassigned_holds_where_there_are_gestores_and_contradicts_a_default(tmp_path, gestores):
    document = old_system.export(cases=[old_system.case(1)])

    assert load(document, tmp_path, "--default-gestor", "gperez", "--unassigned").code == 2
    assert load(document, tmp_path, "--unassigned").code == 0
    assert Case.objects.get().assigned_to is None


def test_how_many_cases_went_to_the_default_gestor_and_why(tmp_path, users_map, gestores):
    gestores[1].is_active = False
    gestores[1].save()
    numbers = [2, None, 77, 4]
    cases = [old_system.case(n, assigned_to_id=number) for n, number in enumerate(numbers, 1)]

    ran = load(old_system.export(cases=cases), tmp_path, "--users-map", users_map)

    assert (
        "3 casos abiertos quedaron al gestor «gperez»: 1 de mlopez, que no es un gestor activo, "
        "1 del usuario 77, que no está en el mapa de usuarios, 1 sin gestor en el sistema anterior." in ran.out
    )


def test_mapped_to_somebody_inactive_counts_as_unassigned(tmp_path, users_map, gestores):
    gestores[0].is_active = False
    gestores[0].save()

    load(old_system.export(cases=[old_system.case(1)]), tmp_path, "--users-map", users_map)

    assert Case.objects.get().assigned_to == gestores[1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("legacy_id,username\n2,nadie\n", "nombra a quien no existe aquí: nadie"),
        ("id,user\n2,gperez\n", "debe tener las columnas legacy_id, username"),
        ("legacy_id,username\ngestor,gperez\n", "lo que no es un número: gestor"),
        ("legacy_id,username\n2,\n", "falta un dato"),
        ("legacy_id,username\n2,gperez\n2,mlopez\n", "el 2 ya estaba"),
    ],
)
def test_bad_users_map_is_refused_before_anything_is_done(tmp_path, gestores, content, reason):
    users_map = tmp_path / "mapa.csv"
    users_map.write_text(content, encoding="utf-8")

    ran = load(old_system.export(cases=[old_system.case(1)]), tmp_path, "--users-map", users_map)

    assert ran.code == 2
    assert reason in ran.error
    assert not Case.objects.exists()


def test_unknown_default_gestor_is_refused(tmp_path, gestores):
    ran = load(old_system.export(cases=[old_system.case(1)]), tmp_path, "--default-gestor", "nadie")

    assert (ran.code, Case.objects.count()) == (2, 0)


# --- All or nothing ------------------------------------------------------------------------------------
def test_dry_run_says_the_same_and_saves_nothing(tmp_path, gestores):
    document = old_system.large(60)

    tried = load(document, tmp_path, "--default-gestor", "gperez", "--dry-run")

    assert not Case.objects.exists()
    assert not AuditEvent.objects.filter(action="import").exists()
    done = load(document, tmp_path, "--default-gestor", "gperez")
    assert (tried.code, tried.summary) == (done.code, done.summary)
    assert AuditEvent.objects.get(action="import").target_label == "export_for_prod.json"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no es JSON"),
        (b"[]", "no es una exportaci"),
        (b'{"cases": [', "no es JSON"),
        (b'{"clientes": []}', "tablas: clientes"),
        (b'{"format": "nova-gestion-de-cobranzas", "version": 99, "cases": []}', "versi"),
        (b"\x89PNG\r\n", "no es JSON"),
        (b'{"carteras": [1], "cases": []}', "la fila 1 de"),
    ],
)
def test_file_that_is_no_export_is_refused_in_words(tmp_path, db, content, reason):
    path = tmp_path / "algo.json"
    path.write_bytes(content)

    ran = run("import_data", path)

    assert ran.code == 2
    assert reason in ran.error
    assert ran.error.endswith("No se guardó nada.")


def test_file_that_is_not_there(tmp_path, db):
    assert run("import_data", tmp_path / "nada.json").code == 2
    assert run("import_data").code == 2


def test_file_cut_in_the_middle_loads_nothing(tmp_path, gestores):
    text = json.dumps(old_system.large(50))
    path = tmp_path / "cortado.json"
    path.write_text(text[: len(text) // 2])

    ran = run("import_data", path, "--default-gestor", "gperez")

    assert (ran.code, Case.objects.count()) == (2, 0)


# --- The old contact form --------------------------------------------------------------------------------
def test_messages_come_in_once_and_nobody_is_mailed(tmp_path, db):
    path = tmp_path / "contact_submissions.json"
    rows = [
        {
            "entity": "Banco",
            "name": "Ana",
            "email": "ana@example.com",
            "message": "Hola",
            "created_at": "2025-05-01T10:00",
        },
        {"nombre": "Luis", "email": "luis@example.com", "telefono": "4444", "mensaje": "Chau"},
        {"name": "Sin correo", "message": "…"},
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")

    first = run("import_data", "--contact", path)
    second = run("import_data", "--contact", path)

    assert (first.summary, second.summary) == (
        "created=2 updated=0 unchanged=0 rejected=1 warnings=0",
        "created=0 updated=0 unchanged=2 rejected=1 warnings=0",
    )
    assert not ContactSubmission.objects.unsent().exists()
    assert ContactSubmission.objects.get(name="Ana").created_at == datetime(2025, 5, 1, 10, 0, tzinfo=UTC)


def test_bad_message_file_takes_the_data_back_too(tmp_path, gestores):
    bad = tmp_path / "contact.json"
    bad.write_text("{", encoding="utf-8")

    ran = load(old_system.export(cases=[old_system.case(1)]), tmp_path, "--default-gestor", "gperez", "--contact", bad)

    assert (ran.code, Case.objects.count()) == (2, 0)
