"""What a move from the old system does with odd rows, and what it says of them and of the whole (DESIGN §10)."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cases.api.serializers import CaseFields
from cases.desk.forms import ContactForm
from cases.importing.rows import MAX_TEXT_LENGTHS
from cases.models import Activity, Cartera, Case, Debtor, DebtorPhone, Promise
from cases.models.debtor import CONTACT_FIELDS
from contact.models import ContactSubmission
from nova.lib import dates
from nova.lib.phones import MAX_NUMBER_LENGTH
from tests.cases.transfer import old_system
from tests.cases.transfer.command import Ran, run, section

pytestmark = pytest.mark.django_db
DEFAULT = ("--default-gestor", "gperez")
WHOLE = Path(__file__).parents[2] / "data" / "old_system_whole.json"
PAID, CON_ARREGLO, A_JUICIO = old_system.PAID, 5, 6


def load(document: dict, tmp_path: Path, *options: object) -> Ran:
    return run("import_data", old_system.write(document, tmp_path), *(options or DEFAULT))


def assert_sound() -> None:
    checked = run("verify_data")
    assert checked.code == 0, checked.out


# --- An installation as it really was -----------------------------------------------------------------
def test_real_export_moves_in_with_every_row_accounted_for(users_map, tmp_path):
    ran = run("import_data", WHOLE, "--users-map", users_map, *DEFAULT)

    cases = {row["id"]: row for row in section(WHOLE, "cases")}
    assert ran.code == 1
    assert Case.objects.count() == len(cases) - 3 == 39
    stored = Case.objects.values_list("external_id", "amount", "debtor__street_number", "debtor__postal_code")
    assert {int(pk): facts for pk, *facts in stored} == {
        pk: [Decimal(str(row["total"])), row["calle_nro"] or "", row["cp"] or ""]
        for pk, row in cases.items()
        if pk not in (16, 28, 35)  # a key twice, a negative total, a total of 0
    }
    assert (Activity.objects.count(), Promise.objects.count()) == (16, 18)
    assert (
        "Cartera «Cristal Cash»: 25 casos por $ 10.000.008.790.517,06 en el archivo = 22 casos por "
        "$ 10.000.008.788.066,56 aquí + 1 caso por $ 2.500,50 dentro de otro + 2 casos por -$ 50,00 sin cargar."
        in ran.out
    )
    assert set(Activity.objects.filter(case__external_id="38").values_list("type", flat=True)) == {
        "payment", "promise", "message", "call",
    }  # fmt: skip
    assert_sound()
    run("export_data", tmp_path / "once.json")
    again = run("import_data", WHOLE, "--users-map", users_map, *DEFAULT)
    assert again.summary.startswith("created=0 updated=0 ")
    run("export_data", tmp_path / "twice.json")
    assert (tmp_path / "once.json").read_text() == (tmp_path / "twice.json").read_text()


# --- Promises -----------------------------------------------------------------------------------------
def test_pending_promises_of_cases_that_are_not_open_are_cancelled_and_spoil_no_figure(tmp_path, gestores):
    due = dates.today() - timedelta(days=10)
    cases = [old_system.case(1, status_id=PAID), old_system.case(2, status_id=A_JUICIO), old_system.case(3)]
    promises = [old_system.promise(n, status="pending", promise_date=due.isoformat()) for n in (1, 2)]
    promises.append(old_system.promise(3, status="fulfilled", promise_date=due.isoformat()))

    ran = load(old_system.export(cases=cases, promises=promises), tmp_path)

    outcomes = list(Promise.objects.order_by("case__external_id").values_list("status", "is_historic"))
    assert outcomes == [("cancelled", True), ("cancelled", True), ("fulfilled", True)]
    assert "Promesas pendientes de casos que no están abiertos, canceladas como historia: 2." in ran.out
    assert not Promise.objects.filter(status="broken").exists()
    assert_sound()


def test_statuses_of_promises_in_other_words(tmp_path, gestores):
    words = ["Cumplida", "VENCIDA", "pendiente", "anulada", "cancelled", "a confirmar"]
    due = (dates.today() + timedelta(days=20)).isoformat()
    promises = [
        old_system.promise(1, status=word, amount=n, promise_date=due, notes="Nota") for n, word in enumerate(words, 1)
    ]

    ran = load(old_system.export(cases=[old_system.case(1)], promises=promises), tmp_path)

    assert ran.code == 0
    outcomes = list(Promise.objects.order_by("amount").values_list("status", flat=True))
    assert outcomes == ["fulfilled", "broken", "pending", "cancelled", "cancelled", "cancelled"]
    unknown = Promise.objects.get(amount=6)
    assert (unknown.notes, unknown.is_historic) == ("Estado en el sistema anterior: «a confirmar». Nota", True)
    assert "Promesas, fila 6 (a confirmar): estado desconocido" in ran.out
    assert_sound()


# --- Totals of zero, negative, too large --------------------------------------------------------------
def test_total_of_zero_is_placed_with_the_initial_amount_and_adjusted(tmp_path, gestores):
    case = old_system.case(1, total=0.0, monto_inicial=8000.0, status_id=CON_ARREGLO)
    gone = old_system.case(2, total=0.0, monto_inicial=500.0, status_id=A_JUICIO)
    document = old_system.export(cases=[case, gone], activities=[old_system.activity(1)])

    ran = load(document, tmp_path)

    stored = Case.objects.get(external_id="1")
    assert (stored.amount, stored.balance, stored.status.slug) == (Decimal(8000), 0, "pagada")
    assert list(stored.entries.order_by("id").values_list("kind", "amount")) == [
        ("placement", Decimal(8000)), ("adjustment", Decimal(-8000)),
    ]  # fmt: skip
    assert stored.activities.count() == 1
    assert "su total es 0: entra con su monto inicial, $ 8.000,00, y un ajuste que lo lleva a cero" in ran.out
    assert "como «Pagada» (figuraba «Con arreglo»)" in ran.out
    assert Case.objects.get(external_id="2").status.slug == "a-juicio"
    assert ran.code == 0
    assert_sound()


@pytest.mark.parametrize(("total", "reason"), [
    (0.0, "no es un importe mayor que cero, ni tiene monto inicial"),
    (-50.0, "no es un importe mayor que cero"),
    (1e15, "es demasiado grande: lo más que se guarda es $ 9.999.999.999.999,99"),
])  # fmt: skip
def test_refused_case_names_the_history_that_stays_out_with_it(tmp_path, gestores, total, reason):
    document = old_system.export(
        cases=[old_system.case(1, total=total, monto_inicial=None)],
        activities=[old_system.activity(1), old_system.activity(1, type="note")],
        promises=[old_system.promise(1, amount=61.0)],
    )

    ran = load(document, tmp_path)

    assert (ran.code, Case.objects.count()) == (1, 0)
    assert reason in ran.out
    assert "; quedan sin cargar con él 2 gestiones y 1 promesa por $ 61,00" in ran.out
    assert "Gestiones, fila 1 (caso 1): su caso (0000001) no se cargó" in ran.out


# --- Twins --------------------------------------------------------------------------------------------
def test_case_folded_into_another_says_what_it_was_worth(tmp_path, gestores, users_map):
    cases = [
        old_system.case(1, nro_cliente="77"),
        old_system.case(2, nro_cliente="77", total=2500.5, status_id=CON_ARREGLO, assigned_to_id=4),
    ]

    for _ in range(2):
        ran = load(old_system.export(cases=cases), tmp_path, "--users-map", users_map, *DEFAULT)

        assert "no se suman sus $ 2.500,50 (estado «Con arreglo», gestor: mlopez)" in ran.out
        assert (
            "Cartera «Cristal Cash»: 2 casos por $ 12.501,00 en el archivo = 1 caso por $ 10.000,50 aquí + "
            "1 caso por $ 2.500,50 dentro de otro." in ran.out
        )


# --- Files of other shapes ----------------------------------------------------------------------------
def test_byte_order_mark_is_read(tmp_path, gestores):
    path = tmp_path / "con_bom.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(old_system.export(cases=[old_system.case(1)])).encode())

    assert run("import_data", path, *DEFAULT).code == 0
    assert Case.objects.count() == 1


def test_file_of_an_older_shape_is_refused_with_what_it_lacks(tmp_path, gestores):
    old = {"id": 1, "cliente": "Ana Gómez", "deuda": 10.0, "estado": "Sin Arreglo", "cartera": "Cristal Cash"}
    document = {"carteras": [{"id": 3, "nombre": "Cristal Cash"}], "cases": [old]}

    ran = run("import_data", old_system.write(document, tmp_path), *DEFAULT)

    assert (ran.code, Case.objects.count(), Cartera.objects.count()) == (2, 0, 0)
    assert "a sus casos les faltan los campos cartera_id, created_at, lastname, name, status_id, total" in ran.error


def test_ids_written_as_text_are_read_and_missing_ones_said(tmp_path, gestores, users_map):
    document = old_system.export(
        cases=[old_system.case(1, id="1", assigned_to_id="4"), old_system.case(2, id=None)],
        activities=[old_system.activity("1"), old_system.activity(None)],
        promises=[old_system.promise(None)],
    )

    ran = load(document, tmp_path, "--users-map", users_map, *DEFAULT)

    assert Case.objects.get().assigned_to == gestores[1]
    assert Activity.objects.get().case == Case.objects.get()
    assert "Casos, fila 2 (0000002): no tiene número («id»)" in ran.out
    assert "Gestiones, fila 2 (caso None): no dice de qué caso es" in ran.out
    assert "Promesas, fila 1 (caso None): no dice de qué caso es" in ran.out


def test_phone_street_number_and_postal_code_as_people_have_them(tmp_path, gestores):
    texts = {
        "telefono": "011 15-4567-8901 / 4567-1234 (trabajo, int. 23)",
        "calle_nro": "1234 PISO 5 DEPTO B TORRE 2",
        "cp": "C1425DKF (ex 1425)",
        "provincia": "CIUDAD AUTÓNOMA DE BUENOS AIRES (antes Capital Federal)",
    }

    ran = load(old_system.export(cases=[old_system.case(1, **texts)]), tmp_path)

    debtor = Case.objects.get().debtor
    assert (debtor.street_number, debtor.postal_code, debtor.provincia) == tuple(
        texts[name] for name in ("calle_nro", "cp", "provincia")
    )
    assert debtor.phones.get().number == texts["telefono"]
    assert "queda cortado" not in ran.out


@pytest.mark.parametrize(
    "field", ["telefono", "calle_nombre", "calle_nro", "localidad", "cp", "provincia", "name", "lastname", "email"]
)
def test_text_too_long_is_cut_with_a_warning_that_quotes_it_whole(tmp_path, gestores, field):
    report = tmp_path / "informe.csv"
    document = old_system.export(cases=[old_system.case(1, **{field: "x" * 299 + "y"})])

    ran = load(document, tmp_path, *DEFAULT, "--report", report)

    assert Case.objects.count() == 1
    assert f"«{field}» supera los " in ran.out
    assert "x" * 299 + "y" in report.read_text(encoding="utf-8")


# --- Messages of the old contact form -----------------------------------------------------------------
def test_answer_of_the_old_api_saved_as_a_file_is_read(tmp_path, db):
    row = {
        "id": 3, "entity": "E" * 200, "name": "Ana", "email": "ana@example.com", "phone": "4" * 50, "message": "Hola",
        "created_at": "2025-05-01T10:00:00",
    }  # fmt: skip
    shapes = [[row], {"submissions": [row]}, {"success": True, "data": [row]},
              {"success": True, "data": {"total": 1, "submissions": [row]}}]  # fmt: skip
    for number, shape in enumerate(shapes):
        path = tmp_path / f"mensajes{number}.json"
        path.write_text(json.dumps(shape), encoding="utf-8")
        ran = run("import_data", "--contact", path)
        assert (ran.code, "warnings=0" in ran.summary) == (0, True), ran.out

    stored = ContactSubmission.objects.get()
    assert (stored.entity, stored.phone) == ("E" * 200, "4" * 50)


def test_message_longer_than_its_field_is_said(tmp_path, db):
    path = tmp_path / "mensajes.json"
    row = {"name": "Ana", "email": "ana@example.com", "message": "Hola", "entity": "E" * 201}
    path.write_text(json.dumps([row]), encoding="utf-8")

    ran = run("import_data", "--contact", path)

    assert f"fila 1 ({'E' * 201}): «entity» supera los 200 caracteres" in ran.out
    assert run("import_data", "--contact", path).summary.startswith("created=0 ")


def test_refusal_of_the_old_api_saved_as_a_file_is_quoted(tmp_path, db):
    path = tmp_path / "mensajes.json"
    path.write_text(json.dumps({"success": False, "error": "No autorizado"}), encoding="utf-8")

    ran = run("import_data", "--contact", path)

    assert ran.code == 2
    assert "no tiene una lista de mensajes. Dice: «No autorizado»" in ran.error


def test_every_way_in_takes_as_much_text_as_the_field_holds():
    """What one form takes, another must not cut or refuse."""
    imported = ("calle", "calle_nro", "localidad", "cp", "provincia", "email")
    assert {name: MAX_TEXT_LENGTHS[name] for name in imported} == {
        "calle": _limit("street"), "calle_nro": _limit("street_number"), "localidad": _limit("city"),
        "cp": _limit("postal_code"), "provincia": _limit("provincia"), "email": _limit("email"),
    }  # fmt: skip
    for name in CONTACT_FIELDS:
        assert ContactForm.base_fields[name].max_length == _limit(name)
        assert CaseFields().fields[name].max_length == _limit(name)
    number = DebtorPhone._meta.get_field("number").max_length
    assert number == MAX_NUMBER_LENGTH == CaseFields().fields["telefono"].max_length


def _limit(name: str) -> int | None:
    return Debtor._meta.get_field(name).max_length
