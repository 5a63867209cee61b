"""Names that climb out of their folder: of uploads, of downloads, of static files."""

import http.client
from contextlib import closing
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent
from cases.models import ImportUpload
from tests import serving
from tests.serving import ROOT

CSV = "Nro. Cliente;Nombre;Apellido;Deuda Total\n1;ANA;PÉREZ;100,00\n"
FIELDS = {"new_cartera": "Una", "sheet": "", "date_order": "dmy", "assign_to": "", "on_existing": "update"}
# What is sent, the label that it gets, and the name of the report on it.
CLIMBING = [
    ("../../../../var/tmp/nova-intruder.csv", "nova-intruder.csv", "nova-intruder.csv"),
    ("..\\..\\..\\nova-intruder.csv", "nova-intruder.csv", "nova-intruder.csv"),
    ("/var/tmp/nova-intruder.csv", "nova-intruder.csv", "nova-intruder.csv"),  # noqa: S108  where it must not land
    ("C:\\Windows\\nova-intruder.csv", "nova-intruder.csv", "nova-intruder.csv"),
    ("nova-intruder.csv/../../x.csv", "x.csv", "x.csv"),
    ('nova-intruder";filename="x.csv', "x.csv", "x.csv"),
    ("nova-intruder\r\nSet-Cookie: a=b.csv", '"nova-intruder', "nova-intruder.csv"),
    ("..%2f..%2fnova-intruder.csv", "..%2f..%2fnova-intruder.csv", "..2f..2fnova-intruder.csv"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "label", "report"), CLIMBING)
def test_the_name_of_an_upload_is_a_label_and_never_a_place(
    admin_client: Client, name: str, label: str, report: str
) -> None:
    file = SimpleUploadedFile("x.csv", CSV.encode())
    file._name = name
    answer = admin_client.post("/admin/cases/importupload/add/", {**FIELDS, "file": file})
    upload = ImportUpload.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/admin/cases/importupload/{upload.pk}/columns/")
    assert upload.file_name == label
    download = admin_client.get(f"/admin/cases/importupload/{upload.pk}/preview/report.csv")
    assert (download.status_code, "Set-Cookie" in download.headers) == (200, False)
    assert download["Content-Disposition"] == f'attachment; filename="vista-previa-{report}"'
    assert not Path("/var/tmp/nova-intruder.csv").exists()  # noqa: S108
    for place in (ROOT, ROOT.parent, ROOT / "data", ROOT / "static", Path.cwd()):
        assert not list(place.glob("nova-intruder*"))


@pytest.mark.django_db
def test_the_name_of_a_download_is_ours(admin_client: Client) -> None:
    answer = admin_client.get("/submissions/exports/csv?search=../../etc/passwd%0d%0aSet-Cookie:a=b")
    assert answer["Content-Disposition"].startswith('attachment; filename="mensajes-')
    assert answer["Content-Disposition"].isascii()
    answer.getvalue()
    assert AuditEvent.objects.filter(action="export").exists()


PATHS = [
    "/static/../nova/settings/base.py",
    "/static/..%2fnova/settings/base.py",
    "/static/%2e%2e/nova/settings/base.py",
    "/static/....//nova/settings/base.py",
    "/static/..\\nova\\settings\\base.py",
    "//etc/passwd",
    "/static//etc/passwd",
    "/logo.png/../manage.py",
    "/.env",
    "/.git/config",
    "/manage.py",
    "/data/gestiones.db",
]


@pytest.mark.deployment
def test_the_server_gives_away_no_file_of_its_own(database_site: serving.Site) -> None:
    """As sent on the wire: a client that tidies an address up would hide the attack."""
    for path in PATHS:
        with closing(http.client.HTTPConnection("127.0.0.1", database_site.port, timeout=20)) as connection:
            connection.putrequest("GET", path, skip_host=False)
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
        assert answer.status == 404, path
        for secret in (b"INSTALLED_APPS", b"root:x:", b"SQLite format", b"execute_from_command_line", b"[core]"):
            assert secret not in body, path
