"""The import pages of the admin: upload, columns, preview, confirmation (DESIGN §5)."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import psycopg
import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from cases.importing import uploads
from cases.importing.errors import ImportConflict, ImportFailed
from cases.models import Cartera, Case, Debtor, ImportBatch, ImportUpload, LedgerEntry
from nova.lib.databases import Gone, Lock
from tests import factories
from tests.queries import queries_do_not_grow, queries_of

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parents[2] / "data"
ADD = "/admin/cases/importupload/add/"
SMALL = (
    "Nro. Cliente;Nombre;Apellido;DNI;Deuda Total;Color\n0001;ANA;PÉREZ;20111222;1.500,50;rojo\n0002;LUIS;PAZ;;abc;\n"
)


def url(name: str, upload: ImportUpload) -> str:
    return reverse(f"admin:cases_importupload_{name}", args=[upload.pk])


def fields(content: bytes | str = SMALL, *, name: str = "cartera.csv", **changes: object) -> dict:
    """What the upload form posts."""
    content = content.encode() if isinstance(content, str) else content
    given = {
        "file": SimpleUploadedFile(name, content),
        "new_cartera": "Cristal Cash",
        "sheet": "",
        "date_order": "dmy",
        "assign_to": "",
        "on_existing": "update",
    }
    return {key: value for key, value in {**given, **changes}.items() if value is not None}


def uploaded(client: Client, *args: object, **changes: object) -> ImportUpload:
    """Post the first page and expect the second."""
    response = client.post(ADD, fields(*args, **changes))
    assert response.status_code == 302, response.context["form"].errors
    upload = ImportUpload.objects.latest("pk")
    assert response.url == url("columns", upload)
    return upload


def detected(client: Client, upload: ImportUpload) -> dict[str, str]:
    """The columns form as the page proposes it."""
    form = client.get(url("columns", upload)).context["form"]
    return {field.html_name: field.initial for _, field in form.rows()}


def previewed(client: Client, upload: ImportUpload, **chosen: str) -> object:
    """Post the columns as detected, but for `chosen`, and read the preview."""
    response = client.post(url("columns", upload), {**detected(client, upload), **chosen})
    assert response.status_code == 302, response.context["form"].errors
    return client.get(response.url)


def confirm(client: Client, upload: ImportUpload, preview: object) -> object:
    return client.post(url("preview", upload), {"fingerprint": preview.context["fingerprint"]})


# --- The whole way ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["casos_plantilla.csv", "cartera_cristal.csv", "cartera_favacard.xlsx"])
def test_pages_give_the_figures_of_the_command(admin_client, admin_user, name):
    expected = json.loads((DATA / f"{name}.expected.json").read_text())
    upload = uploaded(admin_client, (DATA / name).read_bytes(), name=name)

    preview = previewed(admin_client, upload)

    result = preview.context["result"]
    assert result.created == expected["counts"]["created"]
    assert result.rejected == expected["counts"].get("rejected", 0)
    assert dict(result.rejected_by) == expected["rejected"]
    assert result.total == Decimal(expected["sum_total"])
    assert (Case.objects.count(), Debtor.objects.count(), Cartera.objects.count()) == (0, 0, 0)

    done = confirm(admin_client, upload, preview)

    batch = ImportBatch.objects.get()
    assert done.url == reverse("admin:cases_importbatch_change", args=[batch.pk])
    assert {key: batch.counts[key] for key in result.counts} == result.counts
    assert (batch.file_name, batch.created_by, batch.cartera.name) == (name, admin_user, "Cristal Cash")
    assert Case.objects.count() == expected["counts"]["created"]
    assert Debtor.objects.filter(dni__isnull=False).count() == expected["debtors_with_dni"]
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == Decimal(expected["sum_total"])
    assert not ImportUpload.objects.exists()
    assert AuditEvent.objects.get(action="import").actor == admin_user


def test_same_file_again_changes_nothing_and_says_it_was_imported(admin_client):
    upload = uploaded(admin_client)
    confirm(admin_client, upload, previewed(admin_client, upload))
    cartera = Cartera.objects.get()

    again = uploaded(admin_client, new_cartera="", cartera=cartera.pk)
    preview = previewed(admin_client, again)

    result = preview.context["result"]
    assert (result.created, result.updated, result.unchanged, result.rejected) == (0, 0, 1, 1)
    assert reverse("admin:cases_importbatch_change", args=[ImportBatch.objects.get().pk]) in preview.text


def test_pages_assign_in_equal_shares(admin_client, gestor_user, other_gestor):
    rows = "".join(f"{n};ANA;PEREZ;100\n" for n in range(10))
    upload = uploaded(admin_client, f"cliente;nombre;apellido;total\n{rows}", assign_to="round-robin")
    confirm(admin_client, upload, previewed(admin_client, upload))

    assert (gestor_user.cases.count(), other_gestor.cases.count()) == (5, 5)


def test_pages_honour_one_gestor_date_order_and_skip(admin_client, gestor_user):
    case = factories.CaseFactory(nro_cliente="1", amount=Decimal("100.00"))
    text = "cliente;nombre;total;ultimo pago\n1;ANA;900;02/03/2024\n2;LUIS;500;02/03/2024\n"
    upload = uploaded(
        admin_client,
        text,
        new_cartera="",
        cartera=case.cartera.pk,
        assign_to=gestor_user.username,
        date_order="mdy",
        on_existing="skip",
    )
    confirm(admin_client, upload, previewed(admin_client, upload))

    case.refresh_from_db()
    new = Case.objects.get(nro_cliente="2")
    assert (case.balance, case.assigned_to) == (Decimal("100.00"), None)
    assert (new.assigned_to, new.last_payment_date.isoformat()) == (gestor_user, "2024-02-03")


# --- Upload ------------------------------------------------------------------------------------------
def test_upload_page_offers_active_carteras_and_gestores(admin_client, gestor_user):
    factories.CarteraFactory(name="Activa")
    factories.CarteraFactory(name="Dormida", is_active=False)
    factories.GestorFactory(username="ido", is_active=False)

    page = admin_client.get(ADD)

    assert page.status_code == 200
    assert "Activa" in page.text
    assert "Dormida" not in page.text
    assert gestor_user.username in page.text
    assert '"ido"' not in page.text


def test_too_big_a_file_is_refused_naming_the_command(admin_client, settings):
    settings.IMPORT_UPLOAD_MAX_BYTES = 1024

    response = admin_client.post(ADD, fields(SMALL + "x" * 2000))

    assert response.status_code == 422
    assert "manage.py import_cases" in response.text
    assert not ImportUpload.objects.exists()


def test_extension_that_lies_is_read_by_its_content(admin_client):
    upload = uploaded(admin_client, (DATA / "cartera_favacard.xlsx").read_bytes(), name="cartera.csv")

    assert previewed(admin_client, upload).context["result"].created == 759


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.4 nada", "PDF"),
        (b"PK\x03\x04 roto", "dañado"),
        ("cliente;nombre;total\n", "No hay filas de datos"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "dañado"),
    ],
)
def test_unreadable_file_says_why_and_can_be_replaced(admin_client, content, reason):
    response = admin_client.post(ADD, fields(content))

    assert response.status_code == 422
    assert reason in response.text
    assert "Cristal Cash" in response.text, "what was typed stays"

    upload = ImportUpload.objects.get()
    assert admin_client.post(url("change", upload), fields()).url == url("columns", upload)
    assert bytes(ImportUpload.objects.get().content) == SMALL.encode()


def test_empty_file_is_refused(admin_client):
    response = admin_client.post(ADD, fields(b""))

    assert response.status_code == 422
    assert response.context["form"].errors["file"] == ["El archivo está vacío: vuelva a exportarlo o copiarlo."]


def test_missing_sheet_keeps_the_file_and_names_the_sheets(admin_client):
    content = (DATA / "cartera_favacard.xlsx").read_bytes()

    response = admin_client.post(ADD, fields(content, sheet="Otra"))

    assert response.status_code == 422
    assert "Hojas del archivo" in response.text
    upload = ImportUpload.objects.get()
    assert f'action="{url("change", upload)}"' in response.text, "or the page would ask for the file it has"
    again = admin_client.post(url("change", upload), fields(file=None, sheet=""))
    assert again.url == url("columns", upload)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"new_cartera": ""}, "cartera"),
        ({"new_cartera": "activa"}, "new_cartera"),
        ({"new_cartera": "DORMIDA"}, "new_cartera"),
        ({"new_cartera": "Otra", "cartera": "activa"}, "new_cartera"),
        ({"new_cartera": "", "cartera": "dormida"}, "cartera"),
        ({"assign_to": "nadie"}, "assign_to"),
        ({"date_order": "ydm"}, "date_order"),
        ({"on_existing": "borrar"}, "on_existing"),
        ({"file": None}, "file"),
    ],
)
def test_wrong_choices_are_named(admin_client, changes, field):
    keys = {"activa": factories.CarteraFactory(name="Activa").pk}
    keys["dormida"] = factories.CarteraFactory(name="Dormida", is_active=False).pk
    if "cartera" in changes:
        changes = {**changes, "cartera": keys[changes["cartera"]]}

    response = admin_client.post(ADD, fields(**changes))

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not ImportUpload.objects.exists()


# --- Columns -----------------------------------------------------------------------------------------
def test_columns_page_shows_headers_samples_and_what_it_recognised(admin_client):
    page = admin_client.get(url("columns", uploaded(admin_client)))

    rows = {
        column.header: (column.letter, column.samples, field.initial) for column, field in page.context["form"].rows()
    }
    assert rows["Nro. Cliente"] == ("A", ("0001", "0002"), "nro_cliente")
    assert rows["DNI"] == ("D", ("20111222",), "dni")
    assert rows["Color"] == ("F", ("rojo",), "")
    assert page.text.count("sin reconocer") == 1


def test_a_person_says_which_column_is_which(admin_client):
    text = "Clave;Quien;Debe;Saldo\n1;ANA PEREZ;900;1\n"
    upload = uploaded(admin_client, text)

    preview = previewed(
        admin_client, upload, column_0="nro_cliente", column_1="full_name", column_2="total", column_3=""
    )
    confirm(admin_client, upload, preview)

    case = Case.objects.get()
    assert (case.nro_cliente, case.balance, case.debtor.full_name) == ("1", Decimal("900.00"), "ANA PEREZ")
    assert ImportBatch.objects.get().mapping["ignored"] == ["Saldo"]


def test_missing_and_repeated_columns_stay_on_the_page_with_what_was_chosen(admin_client):
    upload = uploaded(admin_client)

    response = admin_client.post(
        url("columns", upload), {**detected(admin_client, upload), "column_0": "", "column_5": "dni"}
    )

    assert response.status_code == 422
    assert "Nro. de cliente" in response.context["form"].non_field_errors()[0]
    assert "column_5" in response.context["form"].errors
    assert response.context["form"]["column_5"].value() == "dni"
    assert "columns" not in ImportUpload.objects.get().options


def test_a_field_that_does_not_exist_is_refused(admin_client):
    upload = uploaded(admin_client)

    response = admin_client.post(url("columns", upload), {**detected(admin_client, upload), "column_5": "balance"})

    assert response.status_code == 422


def test_preview_without_required_columns_says_which(admin_client):
    upload = uploaded(admin_client, "Clave;Quien\n1;ANA\n")

    response = admin_client.get(url("preview", upload))

    assert response.status_code == 422
    assert "Faltan las columnas obligatorias" in response.text
    assert url("columns", upload) in response.text


def test_another_sheet_forgets_the_columns_and_other_options_keep_them(admin_client):
    upload = uploaded(admin_client)
    previewed(admin_client, upload)

    admin_client.post(url("change", upload), fields(file=None, date_order="ymd"))
    assert ImportUpload.objects.get().options["columns"]

    admin_client.post(url("change", upload), fields(file=None, sheet="Otra"))
    assert "columns" not in ImportUpload.objects.get().options


# --- Preview -----------------------------------------------------------------------------------------
def test_preview_lists_the_first_problems_and_the_report_has_them_all(admin_client):
    rows = "".join(f"{n};=ANA();x{n}\n" for n in range(80))
    upload = uploaded(admin_client, f"cliente;nombre;total\n{rows}99;ANA;100\n")

    preview = previewed(admin_client, upload)
    report = admin_client.get(url("report", upload))

    assert len(preview.context["problems"]) == 50
    assert "Los primeros 50 de 80." in preview.text
    assert preview.context["problems"][0] | {"reason": ""} == {
        "row": 2,
        "column": "total",
        "value": "x0",
        "severity": "Rechazada",
        "reason": "",
        "code": "total",
    }
    lines = list(csv.DictReader(io.StringIO(report.text.removeprefix("\ufeff")), delimiter=";"))
    assert [line["Fila"] for line in lines] == [str(n) for n in range(2, 82)]
    assert (lines[3]["cliente"], lines[3]["nombre"], lines[3]["total"]) == ("3", "'=ANA()", "x3")
    assert report["Content-Disposition"] == 'attachment; filename="vista-previa-cartera.csv"'
    assert not Case.objects.exists()


def test_preview_report_evaluates_nothing(admin_client):
    upload = uploaded(admin_client, 'cliente;nombre;total;email\n1;ANA;100;"=HYPERLINK(""http://x"")"\n')
    previewed(admin_client, upload)

    text = admin_client.get(url("report", upload)).text.removeprefix("\ufeff")
    (line,) = csv.DictReader(io.StringIO(text), delimiter=";")

    assert line["Valor"] == line["email"] == '\'=HYPERLINK("http://x")'


def test_queries_of_the_preview_do_not_grow_with_rows(admin_client):
    previews = []

    def upload(count: int) -> None:
        rows = "".join(f"{n};ANA;PEREZ;{20_000_000 + n};100\n" for n in range(count))
        made = uploaded(admin_client, f"cliente;nombre;apellido;dni;total\n{rows}")
        previewed(admin_client, made)
        previews.append(url("preview", made))

    upload(3)
    queries_do_not_grow(lambda: admin_client.get(previews[-1]), lambda: upload(300))


# --- Confirmation ------------------------------------------------------------------------------------
def test_a_second_confirmation_leads_to_the_import_already_made(admin_client):
    upload = uploaded(admin_client)
    preview = previewed(admin_client, upload)
    first = confirm(admin_client, upload, preview)

    second = confirm(admin_client, upload, preview)

    assert second.status_code == 302
    assert second.url == first.url
    assert "ya se importó" in admin_client.get(second.url).text
    assert ImportBatch.objects.count() == 1
    assert Case.objects.count() == 1
    for page in ("columns", "preview", "report", "change"):
        assert admin_client.get(url(page, upload)).url == first.url


def test_what_changed_in_another_tab_is_not_confirmed_unseen(admin_client):
    upload = uploaded(admin_client)
    preview = previewed(admin_client, upload)
    admin_client.post(url("change", upload), fields(SMALL.replace("1.500,50", "9.999")))

    response = confirm(admin_client, upload, preview)

    assert response.status_code == 409
    assert "otra ventana" in response.text
    assert not Case.objects.exists()
    assert ImportUpload.objects.exists()


def test_a_cartera_deactivated_meanwhile_refuses_and_keeps_the_file(admin_client):
    cartera = factories.CarteraFactory(name="Activa")
    upload = uploaded(admin_client, new_cartera="", cartera=cartera.pk)
    preview = previewed(admin_client, upload)
    Cartera.objects.update(is_active=False)

    response = confirm(admin_client, upload, preview)

    assert response.status_code == 422
    assert "inactiva" in response.text
    assert ImportUpload.objects.exists()
    assert not ImportBatch.objects.exists()


def test_a_debtor_somebody_loaded_meanwhile_refuses_and_keeps_the_file(admin_client):
    """The import reads what exists before it writes: what appears in between breaks a constraint."""
    upload = uploaded(admin_client)
    preview = previewed(admin_client, upload)

    def load_before_the_import_does(execute, sql, params, many, context):
        if params and "cases_debtor" in params and not Debtor.objects.exists():  # it reserves its keys
            factories.DebtorFactory(dni="20111222")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(load_before_the_import_does):
        response = confirm(admin_client, upload, preview)

    assert response.status_code == 409
    assert "al mismo tiempo" in response.text
    assert ImportUpload.objects.exists()
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("reason", "status", "words"),
    [
        ("database is locked", 409, "otra importación"),
        ("server closed the connection", 503, "La base de datos no respondió"),
        ("disk full", 503, "El disco del servidor está lleno"),
    ],
)
def test_a_database_that_does_not_answer_is_said(admin_client, reason, status, words):
    upload = uploaded(admin_client)
    preview = previewed(admin_client, upload)
    full = psycopg.errors.DiskFull() if connection.vendor == "postgresql" else sqlite3.OperationalError()
    full.sqlite_errorname = "SQLITE_FULL"

    def fail(execute, sql, params, many, context):
        if "cases_casestatus" in sql:
            raise OperationalError(reason) from (full if reason == "disk full" else None)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        responses = [admin_client.get(url("preview", upload)), confirm(admin_client, upload, preview)]

    for response in responses:
        assert response.status_code == status
        assert words in response.text
    assert ImportUpload.objects.exists()


@pytest.fixture
def other_connection(transactional_db) -> Iterator[BaseDatabaseWrapper]:
    other = connections.create_connection("default")
    yield other
    other.close()


@pytest.mark.postgres
def test_beside_another_import_the_page_says_so(other_connection, admin_client):
    upload = uploaded(admin_client)
    preview = previewed(admin_client, upload)
    with other_connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [Lock.IMPORT.value])

    for response in (admin_client.get(url("preview", upload)), confirm(admin_client, upload, preview)):
        assert response.status_code == 409
        assert "otra importación en curso" in response.text
    assert ImportUpload.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_the_same_moment_import_once(admin_user):
    rows = "".join(f"{n};ANA;PEREZ;100\n" for n in range(2000))
    upload = _stored(admin_user, f"cliente;nombre;apellido;total\n{rows}")
    seen = uploads.fingerprint(upload)
    barrier = Barrier(2)

    def run(_):
        try:
            barrier.wait(timeout=10)
            return uploads.confirm(pk=upload.pk, by=admin_user, seen=seen)
        except Gone:
            return uploads.batch_of(upload.pk, by=admin_user)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(run, range(2))

    assert first == second == ImportBatch.objects.get()
    assert Case.objects.count() == 2000


# --- Who may -----------------------------------------------------------------------------------------
def test_staff_who_may_add_cases_may_import(staff_client):
    upload = uploaded(staff_client)
    done = confirm(staff_client, upload, previewed(staff_client, upload))

    assert staff_client.get(done.url).status_code == 200
    assert Case.objects.count() == 1


def test_other_staff_and_gestores_may_not(gestor_client, client_of):
    plain = client_of(factories.UserFactory(is_staff=True))

    assert plain.get(ADD).status_code == 403
    assert plain.post(ADD, fields()).status_code == 403
    assert gestor_client.get(ADD).status_code == 302
    assert gestor_client.post(ADD, fields()).status_code == 302
    assert not ImportUpload.objects.exists()


def test_staff_who_may_not_create_carteras_choose_one(client_of):
    user = factories.UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_importupload"))
    client = client_of(user)

    assert "new_cartera" not in client.get(ADD).context["form"].fields
    assert client.post(ADD, fields()).status_code == 422


@pytest.mark.parametrize("page", ["columns", "preview", "report", "change", "delete"])
def test_an_upload_is_its_owners_alone(admin_client, client_of, page):
    upload = uploaded(admin_client)
    another = client_of(factories.AdminFactory())

    responses = [another.get(url(page, upload)), another.post(url(page, upload), {"fingerprint": "x", "post": "yes"})]

    # Django's own delete page sends away whoever asks for a row that is not there.
    assert {response.status_code for response in responses} == ({302} if page == "delete" else {404})
    assert ImportUpload.objects.exists()
    assert not Case.objects.exists()


def test_uploads_list_is_ones_own_and_leaves_the_files_where_they_are(admin_client, client_of):
    upload = uploaded(admin_client)
    listing = reverse("admin:cases_importupload_changelist")

    assert url("columns", upload) in admin_client.get(listing).text
    sent = queries_of(lambda: admin_client.get(listing))
    read = [sql for sql in sent if 'FROM "cases_importupload"' in sql]
    assert read
    assert not any('"cases_importupload"."content"' in sql for sql in read)
    assert url("columns", upload) not in client_of(factories.AdminFactory()).get(listing).text


def test_an_upload_can_be_discarded(admin_client):
    upload = uploaded(admin_client)

    assert upload.file_name in admin_client.get(url("delete", upload)).text
    admin_client.post(url("delete", upload), {"post": "yes"})

    assert not ImportUpload.objects.exists()
    assert admin_client.get(url("columns", upload)).status_code == 404


def test_what_nobody_went_on_with_for_a_day_is_deleted(admin_client):
    old = uploaded(admin_client)
    ImportUpload.objects.update(created_at=timezone.now() - timedelta(hours=25))

    new = uploaded(admin_client)

    assert not ImportUpload.objects.filter(pk=old.pk).exists()
    assert ImportUpload.objects.filter(pk=new.pk).exists()


# --- The heart, without pages ------------------------------------------------------------------------
def test_confirm_of_a_stale_preview_is_a_conflict(admin_user):
    upload = _stored(admin_user)

    with pytest.raises(ImportConflict):
        uploads.confirm(pk=upload.pk, by=admin_user, seen="otra")


def test_a_failed_confirmation_leaves_everything_as_it_was(admin_user):
    upload = _stored(admin_user, "cliente;nombre;total\n1;ANA;100\n", create_cartera=False)

    with pytest.raises(ImportFailed):
        uploads.confirm(pk=upload.pk, by=admin_user, seen=uploads.fingerprint(upload))
    assert ImportUpload.objects.get() == upload
    assert not Cartera.objects.exists()


@pytest.mark.parametrize(("index", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ")])
def test_columns_are_lettered_as_in_a_spreadsheet(index, letter):
    assert uploads.Column(index, "", "", ()).letter == letter


def _stored(by, text: str = SMALL, **changes: object) -> ImportUpload:
    options = {
        "cartera": "Cristal Cash",
        "create_cartera": True,
        "sheet": "",
        "date_order": "dmy",
        "assign_to": "",
        "on_existing": "update",
    }
    return uploads.store(by=by, options={**options, **changes}, content=text.encode(), file_name="a.csv")
