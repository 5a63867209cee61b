"""Payment files over the API, as a bank's program would use it (DESIGN §5.1)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent
from cases.models import Case, LedgerEntry
from nova.lib import dates
from payments.models import Layout, PaymentFile, PaymentRow
from payments.reading.seeds import seeded_layouts
from tests import factories
from tests.payments.command import HEADER

pytestmark = pytest.mark.django_db
URL = "/api/v1/payments"
NOT_BASE64 = (
    b"--b\r\nContent-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: form-data; name="file"; filename="x"\r\n\r\n*\r\n--b--'
)


@pytest.fixture
def case() -> Case:
    return factories.CaseFactory(nro_cliente="A-1")


def load(client: Client, *rows: str, **fields: Any) -> Any:
    day = f"{dates.today() - timedelta(days=1):%d/%m/%Y}"
    content = "\n".join([HEADER, *(row.replace("HOY", day) for row in rows), ""]).encode()
    return client.post(f"{URL}/files", {"file": SimpleUploadedFile("pagos.csv", content), **fields})


def test_a_file_is_loaded_posted_and_undone(admin_client: Client, case: Case) -> None:
    answer = load(admin_client, "A-1;;HOY;1.000,00;R-1;", "A-9;;HOY;5,00;R-2;", cartera=case.cartera_id)
    assert answer.status_code == 201, answer.content
    file = answer.json()["data"]
    assert (file["layout"], file["is_layout_verified"], file["file_name"]) == ("generic", False, "pagos.csv")
    assert {name: file["totals"][name] for name in ("rows", "matched", "unmatched", "total")} == {
        "rows": 2,
        "matched": 1,
        "unmatched": 1,
        "total": "1005.00",
    }
    posted = admin_client.post(f"{URL}/files/{file['id']}/posting", {}, content_type="application/json")
    assert posted.json()["data"]["totals"]["posted"] == 1
    assert admin_client.get(f"{URL}/files/{file['id']}").json()["data"]["status"] == "posted"
    rows = admin_client.get(f"{URL}/rows", {"file_id": file["id"], "state": "unmatched"}).json()
    assert [row["own_id"] for row in rows["data"]] == ["R-2"]
    figures = admin_client.get(f"{URL}/files/{file['id']}/undoing").json()["data"]
    assert (figures["reversed"], figures["amount"]) == (1, "1000.00")
    undone = admin_client.post(f"{URL}/files/{file['id']}/undoing", {}, content_type="application/json")
    assert undone.json()["data"] == figures
    again = admin_client.post(f"{URL}/files/{file['id']}/undoing", {}, content_type="application/json")
    assert again.status_code == 409
    late = admin_client.post(f"{URL}/files/{file['id']}/posting", {}, content_type="application/json")
    assert late.status_code == 409


@pytest.mark.parametrize(
    ("content", "fields", "field"),
    [
        (b"", {}, "file"),
        (b"\x00\x01\x02binario", {}, "file"),
        (b"Color;Forma\nrojo;plano\n", {}, "file"),
        (b"Nro. Cliente;Fecha;Importe\nA-1;01/12/2026;5\n", {"layout": "banco"}, "layout"),
        (b"Nro. Cliente;Fecha;Importe\nA-1;01/12/2026;5\n", {"layout": "siro"}, "file"),
        (b"Nro. Cliente;Fecha;Importe\nA-1;01/12/2026;5\n", {"cartera": "999999"}, "cartera"),
        (b"Nro. Cliente;Fecha;Importe\nA-1;01/12/2026;5\n", {"otro": "x"}, "otro"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_400_that_names_the_field(
    admin_client: Client, content: bytes, fields: dict[str, str], field: str
) -> None:
    answer = admin_client.post(f"{URL}/files", {"file": SimpleUploadedFile("pagos.csv", content), **fields})
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["details"]
    assert "nova-payments" not in answer.content.decode()
    assert PaymentFile.objects.count() == 0


def test_a_body_of_another_type_is_told_the_one_that_is_read(admin_client: Client) -> None:
    answer = admin_client.post(f"{URL}/files", {"layout": "auto"}, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (415, "Envíe los datos como multipart/form-data.")


def test_an_empty_file_is_told_so(admin_client: Client) -> None:
    answer = admin_client.post(f"{URL}/files", {"file": SimpleUploadedFile("pagos.csv", b"")})
    assert answer.json()["details"] == {"file": ["El archivo está vacío: vuelva a exportarlo o copiarlo."]}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),  # no boundary
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'),
        ("multipart/form-data; boundary=b", NOT_BASE64),
    ],
)
def test_a_form_that_is_cut_or_malformed_is_a_400_in_words(
    admin_client: Client, content_type: str, body: bytes
) -> None:
    answer = admin_client.generic("POST", f"{URL}/files", body, content_type=content_type)
    assert answer.status_code == 400, answer.content
    assert "error - " not in answer.content.decode()
    assert PaymentFile.objects.count() == 0


def decision(client: Client, row: PaymentRow, **body: Any) -> Any:
    return client.post(f"{URL}/rows/{row.pk}/decision", body, content_type="application/json")


def test_decisions_of_a_person(admin_client: Client, case: Case) -> None:
    row = factories.PaymentRowFactory(file__status="posted")
    assert decision(admin_client, row, case_id=999_999).status_code == 400
    assert decision(admin_client, row).status_code == 400
    assert decision(admin_client, row, case_id=case.pk, ignore="x").status_code == 400
    assert decision(admin_client, row, reverse=1).json()["details"].keys() == {"reverse"}
    assert decision(admin_client, row, duplicate_of=999_999).json()["details"].keys() == {"duplicate_of"}
    too_few = decision(admin_client, row, split=[{"case_id": case.pk, "amount": "100.00"}])
    assert too_few.json()["details"].keys() == {"split"}
    done = decision(admin_client, row, case_id=case.pk)
    assert done.json()["data"]["state"] == "posted", done.content
    assert LedgerEntry.objects.get(kind="payment").case == case
    assert decision(admin_client, row, ignore="Tarde").status_code == 409


def test_what_exceeds_the_debt_names_the_field_that_confirms_it(admin_client: Client, case: Case) -> None:
    row = factories.PaymentRowFactory(file__status="posted", amount=case.balance + 1)
    refused = decision(admin_client, row, case_id=case.pk)
    assert (refused.status_code, set(refused.json()["details"])) == (400, {"confirm_overpayment"})
    assert decision(admin_client, row, case_id=case.pk, confirm_overpayment=True).status_code == 200


def test_a_decision_says_what_it_decides_against(admin_client: Client, case: Case) -> None:
    other = factories.CaseFactory()
    row = factories.PaymentRowFactory(file__status="staged")
    done = decision(admin_client, row, case_id=case.pk, version=1)
    assert (done.status_code, done.json()["data"]["version"]) == (200, 2)
    for body in ({"case_id": other.pk}, {"case_id": other.pk, "version": 1}, {"ignore": "No", "version": 3}):
        refused = decision(admin_client, row, **body)
        assert (refused.status_code, "versión 2" in refused.json()["error"]) == (409, True)
    assert decision(admin_client, row, case_id=other.pk, version=2).json()["data"]["case_id"] == other.pk


def test_a_repeated_row_is_another_payment_when_a_person_says_so(admin_client: Client, case: Case) -> None:
    row = factories.PaymentRowFactory(file__status="posted", state="duplicate", why="Repetido: ya vino en «x».")
    assert decision(admin_client, row, case_id=case.pk).json()["details"].keys() == {"not_duplicate"}
    assert decision(admin_client, row, ignore="x").json()["details"].keys() == {"not_duplicate"}
    done = decision(admin_client, row, case_id=case.pk, not_duplicate=True)
    assert done.json()["data"]["state"] == "posted", done.content
    event = AuditEvent.objects.get(target_label=str(row))
    said = [(values["state"], values["is_another"]) for values in (event.before, event.after)]
    assert said == [("duplicate", False), ("posted", True)]


def test_a_layout_that_was_broken_after_staging_is_said(admin_client: Client, case: Case) -> None:
    file = load(admin_client, "A-1;;HOY;1.000,00;R-1;", "X;;HOY;5,00;R-2;").json()["data"]["id"]
    stored = Layout.objects.get(code="generic")
    Layout.objects.filter(pk=stored.pk).update(spec={**stored.spec, "method": "cheque"})
    refused = admin_client.post(f"{URL}/files/{file}/posting", {}, content_type="application/json")
    assert refused.status_code == 409
    assert "está mal definido. «method»" in refused.json()["error"]
    assert LedgerEntry.objects.filter(kind="payment").count() == 0
    PaymentFile.objects.filter(pk=file).update(status="posted")
    row = PaymentRow.objects.get(own_id="R-2")
    assert decision(admin_client, row, case_id=case.pk).status_code == 409
    row.refresh_from_db()
    assert row.state == "unmatched"


def test_a_sample_of_each_layout_is_recognised(admin_client: Client) -> None:
    folder = Path(__file__).parents[1] / "data/payments"
    found = {}
    for path in sorted(folder.iterdir()):
        answer = admin_client.post(f"{URL}/files", {"file": SimpleUploadedFile(path.name, path.read_bytes())})
        found[path.stem] = answer.json().get("data", {}).get("layout")
    assert found == {name: name for name in sorted(seeded_layouts())}
