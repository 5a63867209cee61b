"""Payment files in the administration: an admin loads, looks, posts, decides and undoes; nobody else sees money."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from cases.models import Case
from nova.lib import dates
from payments.models import Layout, PaymentFile
from tests import factories
from tests.conftest import DATA_GROUP, ClientOf
from tests.payments.command import HEADER, import_payments, payments_file

pytestmark = pytest.mark.django_db
FILES, ROWS = "/admin/payments/paymentfile", "/admin/payments/paymentrow"


@pytest.fixture
def cases() -> list[Case]:
    cartera = factories.CarteraFactory()
    return [factories.CaseFactory(cartera=cartera, nro_cliente=f"A-{number}") for number in (1, 2)]


def load(client: Client, *rows: str, **fields: Any) -> Any:
    day = f"{dates.today() - timedelta(days=1):%d/%m/%Y}"
    content = "\n".join([HEADER, *(row.replace("HOY", day) for row in rows), ""]).encode()
    data = {"file": SimpleUploadedFile("pagos.csv", content), "layout": "auto", "submission": "1" * 32, **fields}
    return client.post(f"{FILES}/add/", data, follow=True)


def test_from_the_file_to_the_ledger_and_back(admin_client: Client, cases: list[Case]) -> None:
    page = load(admin_client, "A-1;;HOY;1.000,00;R-1;Gómez", "A-9;;HOY;5,00;R-2;").content.decode()
    assert (
        "Se leyó el archivo, 2 filas: identificado: 1 · sin identificar: 1. Todavía no se registró ningún pago." in page
    )
    assert "Registrar 1 pago" in page
    file = PaymentFile.objects.get()
    asked = admin_client.get(f"{FILES}/{file.pk}/post/").content.decode()
    assert "no se comprobó todavía con un archivo real" in asked
    done = admin_client.post(f"{FILES}/{file.pk}/post/", {"submission": "2" * 32}, follow=True).content.decode()
    assert "Registrado: 1 fila, por $ 1.000,00." in done
    waiting = admin_client.get(f"/pagos?file={file.pk}").content.decode()
    assert "No se encontró un caso por el número de cliente A-9." in waiting
    assert f'href="/pagos?file={file.pk}"' in admin_client.get(f"{FILES}/{file.pk}/change/").content.decode()
    row = file.rows.get(state="unmatched")
    assert f'href="/pagos?row={row.pk}"' in admin_client.get(f"{ROWS}/{row.pk}/change/").content.decode()
    posted = file.rows.get(state="posted")
    assert "/pagos?row=" not in admin_client.get(f"{ROWS}/{posted.pk}/change/").content.decode()
    asked = admin_client.get(f"{FILES}/{file.pk}/undo/").content.decode()
    assert "1, por $ 1.000,00" in asked
    done = admin_client.post(f"{FILES}/{file.pk}/undo/", {"submission": "3" * 32}, follow=True).content.decode()
    assert "Se deshizo el archivo. Revertido: 1 pago, por" in done
    again = admin_client.post(f"{FILES}/{file.pk}/undo/", {"submission": "4" * 32})
    assert (again.status_code, "Ese archivo ya se deshizo." in again.content.decode()) == (422, True)
    assert str(Case.objects.get(pk=cases[0].pk).balance) == "10000.00"
    report = admin_client.get(f"{FILES}/{file.pk}/report.csv").content.decode()
    assert report.splitlines()[1].startswith("2,Deshecho,")


def test_a_file_that_cannot_be_read_keeps_the_page_and_says_why(admin_client: Client) -> None:
    data = {"file": SimpleUploadedFile("x.csv", b"Color\nrojo\n"), "layout": "auto", "submission": "1" * 32}
    answer = admin_client.post(f"{FILES}/add/", data)
    assert answer.status_code == 422
    assert "No se reconoce el formato de «x.csv»" in answer.content.decode()


def test_the_dashboard_says_what_waits(admin_client: Client) -> None:
    first = factories.PaymentRowFactory(value_date=dates.today() - timedelta(days=3))
    factories.PaymentRowFactory(state="ambiguous", amount="50.50")
    factories.PaymentRowFactory(state="posted")
    page = admin_client.get("/dashboard-admin").content.decode()
    assert "2 pagos por identificar, por $ 150,50 (el más viejo, hace 3 días)" in page
    assert 'href="/pagos"' in page
    PaymentFile.objects.filter(pk=first.file_id).update(status="undone")
    assert "1 pago por identificar, por $ 50,50 (el más viejo, ayer)" in admin_client.get("/dashboard-admin").text


@pytest.mark.parametrize("path", [f"{FILES}/", f"{FILES}/add/", f"{ROWS}/", f"{FILES}/1/undo/"])
def test_who_only_edits_data_sees_no_money(client_of: ClientOf, gestor_user: User, path: str) -> None:
    factories.PaymentRowFactory(file__id=1, id=1)
    gestor_user.is_staff = True
    gestor_user.save()
    gestor_user.groups.add(Group.objects.get(name=DATA_GROUP))
    assert client_of(gestor_user).get(path).status_code == 403


def test_a_layout_that_makes_no_sense_is_refused_in_words(admin_client: Client) -> None:
    layout = Layout.objects.get(code="generic")
    data = {"code": "generic", "name": "Lista", "spec": '{"kind": "fixed"}', "is_active": "on"}
    page = admin_client.post(f"/admin/payments/layout/{layout.pk}/change/", data).content.decode()
    assert "«label»: falta, o no es un texto." in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "otro"}, "el código no se puede cambiar"),
        ({"short_code": "gg"}, "ya hay pagos con esa referencia"),
        ({"short_code": "siro"}, "«siro» es de «SIRO"),
    ],
)
def test_the_names_of_a_layout_stay_once_it_is_used(
    admin_client: Client, cases: list[Case], tmp_path: Path, change: dict[str, str], said: str
) -> None:
    """Of them are made the identity and the reference of every payment: with others, what came would come again."""
    import_payments(payments_file(tmp_path, f"A-1;;{dates.today():%d/%m/%Y};5,00;R-1;"))
    layout = Layout.objects.get(code="generic")
    spec = {**layout.spec, **{name: value for name, value in change.items() if name == "short_code"}}
    data = {"code": change.get("code", "generic"), "name": "General", "spec": json.dumps(spec), "is_active": "on"}
    page = admin_client.post(f"/admin/payments/layout/{layout.pk}/change/", data).content.decode()
    assert said in page
    layout.refresh_from_db()
    assert (layout.code, layout.spec["short_code"]) == ("generic", "gen")
    kept = {**data, "code": "generic", "spec": json.dumps(layout.spec)}
    admin_client.post(f"/admin/payments/layout/{layout.pk}/change/", kept)
    layout.refresh_from_db()
    assert layout.name == "General"
