"""The accounts that a creditor takes back: closed by a list, open again when that is undone (DESIGN §5)."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cases.models import Activity, Cartera, Case, CaseStatus, ImportBatch, ImportUpload, Promise
from tests import factories
from tests.cases.importing.command import everything, portfolio
from tests.cases.transfer.command import Ran, run
from tests.queries import queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def cases() -> list[Case]:
    cartera = factories.CarteraFactory(name="Favacard")
    return [factories.CaseFactory(cartera=cartera, nro_cliente=f"A-{number}", amount=1000) for number in range(5)]


def close(folder: Path, *rows: str, header: str = "Nro. Cliente;Motivo", options: tuple[str, ...] = ()) -> Ran:
    file = portfolio(folder, *rows, header=header, name="bajas.csv")
    return run("close_cases", file, "--cartera", "favacard", "--status", "de-baja", *options)


def stages() -> list[str]:
    return [case.stage for case in Case.objects.order_by("id")]


def test_the_listed_cases_are_closed_with_their_reason(cases: list[Case], tmp_path: Path) -> None:
    promise = factories.PromiseFactory(case=cases[1])
    ran = close(tmp_path, "A-0;", "A-1;Pagó en sucursal", options=("--reason", "Retiro de noviembre"))
    assert (ran.code, ran.summary) == (0, "closed=2 unknown=0 kept=0")
    assert stages() == ["de_baja", "de_baja", "en_gestion", "en_gestion", "en_gestion"]
    notes = list(Activity.objects.filter(type="status").order_by("case").values_list("notes", flat=True))
    assert [note.split(". ")[-1] for note in notes] == ["Retiro de noviembre", "Pagó en sucursal"]
    assert Promise.objects.get(pk=promise.pk).status == "cancelled"
    batch = ImportBatch.objects.get()
    assert (batch.kind, batch.counts["closed"], batch.counts["total"]) == ("recall", 2, "2000.00")
    assert run("verify_data").code == 0


def test_undone_they_are_as_they_were(cases: list[Case], tmp_path: Path) -> None:
    before = [(case.pk, case.status_id, case.queue_band) for case in Case.objects.order_by("id")]
    assert close(tmp_path, "A-0;", "A-1;", "A-2;").code == 0
    Case.objects.get(nro_cliente="A-2").save()  # somebody changes it
    ran = run("undo_import", ImportBatch.objects.get().pk)
    assert (ran.code, ran.summary) == (0, "removed=0 restored=2 kept=1")
    now = [(case.pk, case.status_id, case.queue_band) for case in Case.objects.order_by("id")]
    assert ([now[0], now[1], *now[3:]], now[2] == before[2]) == ([before[0], before[1], *before[3:]], False)


def test_what_it_does_not_close_is_said(cases: list[Case], tmp_path: Path) -> None:
    assert close(tmp_path, "A-0;").code == 0
    report = tmp_path / "informe.csv"
    ran = close(tmp_path, "A-0;", "A-1;", "A-1;", "Z-9;", ";sin número", "A2;", options=("--report", str(report)))
    assert (ran.code, ran.summary) == (1, "closed=1 unknown=3 kept=2")
    text = report.read_text(encoding="utf-8")
    for words in ("Ya está cerrado", "Ya está en la fila 3", "No es de ningún caso", "Se parece a «A-2»", "está vacío"):
        assert words in text


def test_a_trial_changes_nothing(cases: list[Case], tmp_path: Path) -> None:
    before = everything()
    ran = close(tmp_path, "A-0;", options=("--dry-run",))
    assert (ran.code, ran.summary, everything() == before) == (0, "closed=1 unknown=0 kept=0", True)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--status", "pagada"), "no es un estado con el que se dé de baja"),
        (("--status", "nada"), "los que hay son"),
        (("--cartera", "Otra"), "No existe la cartera «Otra»"),
    ],
)
def test_what_cannot_be_is_refused(cases: list[Case], tmp_path: Path, options: tuple[str, ...], why: str) -> None:
    ran = close(tmp_path, "A-0;", options=options)
    assert (ran.code, why in ran.error, stages()) == (2, True, ["en_gestion"] * 5)


@pytest.mark.parametrize(("rows", "header"), [(["rojo"], "Color"), ([], "Nro. Cliente"), (["", ""], "")])
def test_a_file_that_is_none_is_refused(cases: list[Case], tmp_path: Path, rows: list[str], header: str) -> None:
    ran = close(tmp_path, *rows, header=header)
    assert (ran.code, ran.error.count("\n"), bool(ran.error)) == (2, 0, True)


def test_it_asks_the_same_of_many_as_of_few(tmp_path: Path, cases: list[Case]) -> None:
    cartera = Cartera.objects.get()

    def measured(first: int, count: int) -> int:
        for number in range(first, first + count):
            factories.CaseFactory(cartera=cartera, nro_cliente=f"N{number}")
        rows = [f"N{number};" for number in range(first, first + count)]
        return len(queries_of(lambda: close(tmp_path, *rows)))

    assert measured(0, 3) == measured(100, 30)


# --- In the administration -------------------------------------------------------------------------------------
UPLOAD = "/admin/cases/importbatch/recall/"


def upload(client: Client, text: str, cases: list[Case], **fields: str) -> Any:
    data = {
        "file": SimpleUploadedFile("bajas.csv", text.encode()),
        "cartera": cases[0].cartera_id,
        "status": CaseStatus.objects.get(slug="de-baja").pk,
        "submission": "1" * 32,
        **fields,
    }
    return client.post(UPLOAD, data, follow=True)


def test_an_admin_sees_what_it_would_close_and_closes_it_once(admin_client: Client, cases: list[Case]) -> None:
    shown = upload(admin_client, "Nro. Cliente\nA-0\nA-1\nZ-9\n", cases, reason="Retiro")
    for words in (
        "Todavía no se dio de baja",
        "2, que deben $ 2.000,00",
        "Dar de baja 2 casos",
        "Z-9: No es de ningún",
    ):
        assert words in shown.text
    assert stages() == ["en_gestion"] * 5
    address = shown.redirect_chain[-1][0]
    done = admin_client.post(address, {"submission": "2" * 32}, follow=True)
    assert "Casos dados de baja: 2, que deben $ 2.000,00." in done.text
    assert stages()[:3] == ["de_baja", "de_baja", "en_gestion"]
    assert admin_client.post(address, {"submission": "3" * 32}).status_code == 404
    listed = admin_client.get("/cargar").text
    assert ("dados de baja: 2 · desconocidos: 1" in listed, "bajas.csv" in listed) == (True, True)
    assert "bajas.csv" not in admin_client.get("/admin/cases/importupload/").text


def test_it_offers_the_usual_status(admin_client: Client) -> None:
    assert "selected>De baja</option>" in admin_client.get(UPLOAD).text


@pytest.mark.parametrize("text", ["Color\nrojo\n", "Nro. Cliente\n", "\x00\x01"])
def test_a_list_that_cannot_be_read_stores_nothing(admin_client: Client, cases: list[Case], text: str) -> None:
    shown = upload(admin_client, text, cases)
    assert (shown.status_code, ImportUpload.objects.count(), ImportBatch.objects.count()) == (422, 0, 0)


def test_who_only_edits_data_closes_nothing(staff_client: Client, cases: list[Case]) -> None:
    assert staff_client.get(UPLOAD).status_code == 403
    assert upload(staff_client, "Nro. Cliente\nA-0\n", cases).status_code == 403
