"""`import_cases` from the command line: codes, last line, options, files, report (DESIGN §5)."""

import gc
import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.models import AuditEvent
from cases.models import Cartera, Case, Debtor, ImportBatch, LedgerEntry
from tests import factories
from tests.cases.importing.command import everything, import_cases, portfolio
from tests.cases.importing.files import workbook_bytes

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parents[2] / "data"
GOOD = "1;ANA;PÉREZ;20111222;1.500,50"
BAD = "2;LUIS;PAZ;;abc"


# --- Codes and the last line -----------------------------------------------------------------------
def test_all_good_is_0_and_ends_with_the_counts(tmp_path):
    ran = import_cases(portfolio(tmp_path, GOOD))

    assert ran.code == 0
    last = "created=1 updated=0 unchanged=0 rejected=0 warnings=0 total=1500.50"
    assert ran.out.splitlines()[-1] == last


def test_rejected_rows_are_1_and_the_rest_is_in(tmp_path):
    ran = import_cases(portfolio(tmp_path, GOOD, BAD))

    assert ran.code == 1
    assert ran.out.splitlines()[-1] == "created=1 updated=0 unchanged=0 rejected=1 warnings=0 total=1500.50"
    assert Case.objects.count() == 1


@pytest.mark.parametrize("name", ["casos_plantilla.csv", "cartera_cristal.csv", "cartera_favacard.xlsx"])
def test_real_files_give_their_figures_and_again_change_nothing(name):
    expected = json.loads((DATA / f"{name}.expected.json").read_text())
    counts = expected["counts"]

    first = import_cases(DATA / name)
    second = import_cases(DATA / name)

    assert first.code == second.code == bool(counts.get("rejected"))
    assert first.counts("created", "updated", "unchanged") == (counts["created"], 0, 0)
    assert first.counts("rejected", "warnings") == (counts.get("rejected", 0), counts.get("with_warnings", 0))
    assert first.summary["total"] == expected["sum_total"]
    assert second.counts("created", "updated", "unchanged") == (0, 0, counts["created"])
    assert second.summary["total"] == expected["sum_total"]
    assert ImportBatch.objects.first().counts["rejected_by"] == expected["rejected"]
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == Decimal(expected["sum_total"])
    assert Debtor.objects.filter(dni__isnull=False).count() == expected["debtors_with_dni"]
    assert len(expected["sample"]) == 25
    for sample in expected["sample"]:
        case = Case.objects.select_related("debtor").get(nro_cliente=sample["nro_cliente"])
        assert case.balance == Decimal(sample["total"])
        assert case.debtor.dni == (sample.get("dni") or None)


def test_the_batch_and_the_audit_trail_tell_who_and_what(tmp_path):
    import_cases(portfolio(tmp_path, GOOD, BAD, header="Nro. Cliente;Nombre;Apellido;DNI;Saldo"))

    batch = ImportBatch.objects.get()
    assert (batch.file_name, batch.created_by, batch.cartera.name) == ("cartera.csv", None, "Cristal Cash")
    assert batch.counts["rejected_by"] == {"total": 1}
    assert batch.mapping["columns"]["total"] == "Saldo"
    assert batch.report.startswith("row,column,value,severity,reason\n3,Saldo,abc,rejected,")
    assert AuditEvent.objects.get(action="import").target_id == batch.pk


def test_case_and_placement_are_whole(tmp_path, gestor_user):
    header = "cliente;nombre;apellido;dni;total;capital;ultimo pago;telefono;email;calle;nro;localidad;obs;entidad"
    row = "007;ANA;PÉREZ;20111222;1500;900;05/03/2024;011 15-4444-5555;a@b.com;MITRE;12;AZUL;ojo;Banco X"
    import_cases(portfolio(tmp_path, row, header=header), "--assign-to", gestor_user.username)

    case = Case.objects.select_related("debtor", "status").get()
    entry = case.entries.get()
    assert (case.nro_cliente, case.entity, case.notes, case.version) == ("007", "Banco X", "ojo", 1)
    assert (case.amount, case.balance, case.creditor_total) == (1500, 1500, 1500)
    assert (case.initial_amount, case.last_payment_date.isoformat()) == (900, "2024-03-05")
    assert (case.status.slug, case.stage, case.queue_band, case.next_action_at) == (
        "sin-gestion",
        "en_gestion",
        5,
        None,
    )
    assert (entry.kind, entry.amount, entry.value_date) == ("placement", 1500, case.placed_on)
    assert (entry.credited_to, entry.cartera) == (gestor_user, case.cartera)
    debtor = case.debtor
    assert (debtor.email, debtor.street, debtor.street_number, debtor.city) == ("a@b.com", "MITRE", "12", "AZUL")
    assert debtor.phones.get().number == "+5491144445555"


# --- Options ---------------------------------------------------------------------------------------
def test_unknown_cartera_is_2_and_names_the_known(tmp_path):
    factories.CarteraFactory(name="Favacard")

    ran = import_cases(portfolio(tmp_path, GOOD), create=False)

    assert ran.code == 2
    assert "No existe la cartera «Cristal Cash»" in ran.error
    assert "«Favacard»" in ran.error
    assert not Case.objects.exists()


def test_inactive_cartera_is_2_even_when_it_may_be_created(tmp_path):
    factories.CarteraFactory(name="Cristal Cash", is_active=False)

    ran = import_cases(portfolio(tmp_path, GOOD))

    assert ran.code == 2
    assert "inactiva" in ran.error


def test_cartera_is_found_whatever_its_case_and_never_made_twice(tmp_path):
    cartera = factories.CarteraFactory(name="Cristal Cash")

    assert import_cases(portfolio(tmp_path, GOOD), cartera="  cristal   CASH ").code == 0
    assert Case.objects.get().cartera == cartera
    assert Cartera.objects.count() == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_cartera_without_a_proper_name_is_2(tmp_path, name):
    assert import_cases(portfolio(tmp_path, GOOD), cartera=name).code == 2
    assert not Cartera.objects.exists()


@pytest.mark.parametrize("who", ["nadie", "ursula.usuaria", "ana.admin", "dormida"])
def test_assigning_to_whoever_is_no_active_gestor_is_2(tmp_path, who, user_user, admin_user):
    factories.GestorFactory(username="dormida", is_active=False)

    ran = import_cases(portfolio(tmp_path, GOOD), "--assign-to", who)

    assert ran.code == 2
    assert f"«{who}»" in ran.error
    assert not Cartera.objects.exists()


def test_round_robin_shares_the_new_cases_equally_among_the_active(tmp_path, gestor_user, other_gestor):
    idle = factories.GestorFactory(is_active=False)
    import_cases(portfolio(tmp_path, "k0;ANA;PÉREZ;;100"))
    rows = [f"k{n};ANA;PÉREZ;;100" for n in range(8)]

    ran = import_cases(portfolio(tmp_path, *rows), "--assign-to", "round-robin")

    assert ran.counts("created", "unchanged") == (7, 1)
    assert sorted([gestor_user.cases.count(), other_gestor.cases.count()]) == [3, 4]
    assert not idle.cases.exists()
    assert Case.objects.get(nro_cliente="k0").assigned_to is None


def test_round_robin_without_gestores_is_2(tmp_path):
    ran = import_cases(portfolio(tmp_path, GOOD), "--assign-to", "round-robin")

    assert ran.code == 2
    assert "No hay gestores activos" in ran.error


def test_skip_leaves_what_exists_and_loads_the_rest(tmp_path):
    import_cases(portfolio(tmp_path, GOOD))
    before = everything()

    ran = import_cases(portfolio(tmp_path, "1;OTRA;PERSONA;30111222;9", "3;LUIS;PAZ;;7"), "--on-existing", "skip")

    assert ran.counts("created", "updated", "unchanged") == (1, 0, 1)
    for table in ("cases_case", "cases_debtor"):
        assert before[table]
        assert set(before[table]) < set(everything()[table])


@pytest.mark.parametrize("name", ["cartera_cristal.csv", "cartera_favacard.xlsx"])
def test_dry_run_counts_the_same_and_leaves_no_trace(name):
    import_cases(DATA / "casos_plantilla.csv", cartera="Otra")
    before = everything()

    dry = import_cases(DATA / name, "--dry-run")

    assert everything() == before
    assert "no se guardó nada" in dry.out
    real = import_cases(DATA / name)
    assert dry.code == real.code == 1
    assert dry.summary == real.summary


def test_dry_run_of_a_refresh_leaves_no_trace(tmp_path):
    import_cases(portfolio(tmp_path, GOOD))
    before = everything()

    ran = import_cases(portfolio(tmp_path, "1;ANA;PÉREZ;20111222;9.999"), "--dry-run")

    assert ran.counts("created", "updated") == (0, 1)
    assert everything() == before


@pytest.mark.parametrize(("order", "expected"), [("dmy", "2024-03-02"), ("mdy", "2024-02-03")])
def test_date_order_decides_what_a_date_says(tmp_path, order, expected):
    file = portfolio(tmp_path, "1;ANA;10;02/03/2024", header="cliente;nombre;total;ultimo pago")
    import_cases(file, "--date-order", order)

    assert Case.objects.get().last_payment_date.isoformat() == expected


# --- Files -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_text_of_every_encoding(tmp_path, encoding):
    path = tmp_path / "cartera.txt"
    path.write_bytes("cliente;apellido y nombre;total\n1;NÚÑEZ, ÁNGELA;10\n".encode(encoding))

    assert import_cases(path).code == 0
    assert Debtor.objects.get().full_name == "ÁNGELA NÚÑEZ"


def test_workbook_with_title_rows_another_sheet_and_a_total(tmp_path):
    path = tmp_path / "cartera.xlsx"
    path.write_bytes(
        workbook_bytes(
            ["CARTERA DE ENERO"],
            [],
            ["N° de Cliente", "Deudor", "DNI", "Saldo", "Color"],
            [7.0, "PÉREZ, ANA", 20737173.0, 1234.565, "rojo"],
            ["TOTAL", None, None, 1234.565, None],
            title="Datos",
            before=(("Tapa", [["Hola"]]),),
        )
    )

    ran = import_cases(path)

    case = Case.objects.select_related("debtor").get()
    assert (ran.code, ran.summary["total"]) == (0, "1234.57")
    assert (case.nro_cliente, case.debtor.dni, case.debtor.first_name) == ("7", "20737173", "ANA")
    assert "Columna «Color»" in ran.out
    assert ImportBatch.objects.get().mapping["sheet"] == "Datos"
    assert import_cases(path, "--sheet", "Nada").code == 2
    assert ",note,La última fila es solo un total" in ImportBatch.objects.get().report


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "vacío"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04 roto", "dañado"),
        (b"cliente;total\n1;10\n", "Falta la columna obligatoria"),
        (b"cliente;nombre;total\n", "No hay filas de datos"),
        (b"cliente;nombre;total\nTOTAL;;10\n", "No hay filas de datos"),
    ],
)
def test_what_cannot_be_read_is_2_in_one_line(tmp_path, content, reason):
    path = tmp_path / "cartera.xlsx"
    path.write_bytes(content)
    before = everything()

    ran = import_cases(path)

    assert ran.code == 2
    assert reason in ran.error
    assert "\n" not in ran.error
    assert everything() == before


@pytest.mark.parametrize(("path", "reason"), [("no-esta.csv", "No existe el archivo"), (".", "es una carpeta")])
def test_paths_that_are_no_file_are_2(tmp_path, path, reason):
    ran = import_cases(tmp_path / path)

    assert ran.code == 2
    assert reason in ran.error


def test_a_file_name_that_is_not_utf8_is_no_obstacle(tmp_path):
    name = os.fsdecode("cartera_año.csv".encode("cp1252"))

    assert import_cases(portfolio(tmp_path, GOOD, name=name)).code == 0
    assert ImportBatch.objects.get().file_name == "cartera_a\ufffdo.csv"


def test_a_file_that_turns_bad_half_way_leaves_nothing(tmp_path, monkeypatch):
    rows = [f"{n};ANA;PÉREZ;;100" for n in range(6000)]  # more than a chunk, written by then
    path = portfolio(tmp_path, *rows)
    with path.open("ab") as stream:
        stream.write(b"x" * 1_000_000 + b"\n")
    before = everything()

    ran = import_cases(path)

    assert ran.code == 2
    assert everything() == before


def test_the_process_is_left_as_it_was(tmp_path):
    """An import pauses the garbage collector of a process that may be a web server's."""
    small = portfolio(tmp_path, "1;ANA;1000", header="cliente;nombre;total")
    assert import_cases(small).code == 0
    assert gc.isenabled()
    assert import_cases(small, "--assign-to", "nadie").code == 2
    assert gc.isenabled()
