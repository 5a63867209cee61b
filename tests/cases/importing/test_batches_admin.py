"""Imports in the admin: the list, one import, its report (DESIGN §5, §8)."""

import csv
import io

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from cases.models import ImportBatch
from tests import factories
from tests.queries import queries_do_not_grow, queries_of

pytestmark = pytest.mark.django_db

LIST = "/admin/cases/importbatch/"
REPORT = (
    "row,column,value,severity,reason\n"
    "3,Deuda Total,'=1+1,rejected,«Deuda Total»: no es un importe.\n"
    "5,D.N.I.,ABC,warning,«D.N.I.»: no es un DNI. Se dejó sin dato.\n"
)


def a_batch(**changes) -> ImportBatch:
    given = {
        "file_name": "cartera_ñandú.csv",
        "cartera": factories.CarteraFactory(),
        "created_by": factories.AdminFactory(first_name="Nora", last_name="Paz"),
        "counts": {
            "created": 478,
            "updated": 3,
            "unchanged": 9,
            "rejected": 1,
            "warnings": 14,
            "total": "2125173181.38",
            "rejected_by": {"total": 1},
        },
        "mapping": {
            "columns": {"nro_cliente": "Nro.", "total": "Debe"},
            "ignored": ["Color"],
            "sheet": "Hoja 2",
            "header_row": 4,
        },
        "options": {"date_order": "dmy", "assign_to": "round-robin", "on_existing": "skip"},
        "report": REPORT,
    }
    return factories.ImportBatchFactory(**{**given, **changes})


def page_of(batch: ImportBatch) -> str:
    return reverse("admin:cases_importbatch_change", args=[batch.pk])


def report_of(batch: ImportBatch) -> str:
    return reverse("admin:cases_importbatch_report", args=[batch.pk])


def test_list_tells_file_cartera_who_and_counts(admin_client):
    batch = a_batch()

    page = admin_client.get(LIST).text

    for shown in (batch.file_name, batch.cartera.name, "Nora Paz", "478", "$ 2.125.173.181,38"):
        assert shown in page
    assert reverse("admin:cases_importupload_add") in page


def test_list_leaves_the_reports_where_they_are_and_costs_the_same_for_many(admin_client):
    a_batch()

    queries_do_not_grow(lambda: admin_client.get(LIST), lambda: [a_batch() for _ in range(4)])
    read = [sql for sql in queries_of(lambda: admin_client.get(LIST)) if 'FROM "cases_importbatch"' in sql]
    assert read
    assert not any('"cases_importbatch"."report"' in sql for sql in read)


def test_one_import_shows_what_became_of_it(admin_client):
    page = admin_client.get(page_of(a_batch())).text

    for shown in (
        "importe: 1",
        "Nro. de cliente: «Nro.»",
        "«Color»",
        "hoja «Hoja 2», fila 4",
        "en partes iguales",
        "no se tocan",
        "«Deuda Total»: no es un importe.",
        "Rechazada",
        "Advertencia",
    ):
        assert shown in page


def test_one_import_reads_only_the_head_of_a_long_report(admin_client):
    lines = "".join(f"{n},Deuda Total,x,rejected,motivo {n}\n" for n in range(2, 5000))
    batch = a_batch(report=f"row,column,value,severity,reason\n{lines}")

    page = admin_client.get(page_of(batch)).text

    assert "motivo 51" in page
    assert "motivo 52" not in page
    sent = queries_of(lambda: admin_client.get(page_of(batch)))
    read = [sql for sql in sent if 'FROM "cases_importbatch"' in sql]
    assert read
    assert not any(', "cases_importbatch"."report"' in sql for sql in read)


def test_import_of_an_older_shape_still_shows(admin_client):
    batch = factories.ImportBatchFactory()

    assert admin_client.get(page_of(batch)).status_code == 200
    assert admin_client.get(LIST).status_code == 200


def test_report_is_downloaded_inert_and_leaves_no_audit_record(admin_client):
    batch = a_batch()

    response = admin_client.get(report_of(batch))

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment;")
    assert response.content.startswith(b"\xef\xbb\xbf")
    assert list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")), delimiter=";")) == [
        {
            "Fila": line["row"],
            "Resultado": {"rejected": "Rechazada", "warning": "Advertencia"}[line["severity"]],
            "Motivo": line["reason"],
            "Columna": line["column"],
            "Valor": line["value"],
        }
        for line in csv.DictReader(io.StringIO(REPORT))
    ]
    assert report_of(batch) in admin_client.get(page_of(batch)).text
    assert not AuditEvent.objects.exclude(action="login").exists()


def test_import_without_a_report_offers_none(admin_client):
    batch = a_batch(report="")

    assert report_of(batch) not in admin_client.get(page_of(batch)).text
    assert admin_client.get(report_of(batch)).status_code == 404
    assert admin_client.get(LIST + "999999/report.csv").status_code == 404


def test_nobody_changes_an_import(admin_client):
    batch = a_batch()

    assert admin_client.post(page_of(batch), {"file_name": "otro.csv"}).status_code == 403
    assert admin_client.post(LIST + f"{batch.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get(LIST + "add/").status_code == 403
    batch.refresh_from_db()
    assert batch.file_name == "cartera_ñandú.csv"


def test_data_staff_see_imports_and_gestores_do_not(staff_client, gestor_client, client_of):
    batch = a_batch()

    assert staff_client.get(report_of(batch)).status_code == 200
    assert gestor_client.get(report_of(batch)).status_code == 302
    plain = client_of(factories.UserFactory(is_staff=True))
    assert plain.get(report_of(batch)).status_code == 403
    assert plain.get(page_of(batch)).status_code == 403
