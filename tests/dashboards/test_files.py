"""The view of the dashboard and the creditor's report as XLSX, CSV and PDF."""

import csv
import io
from decimal import Decimal

import openpyxl
import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Case
from nova.lib import dates
from tests import factories
from tests.pdf import needs_pdftotext, pages_of, text_of
from tests.steps import ledger_sum, pay

pytestmark = pytest.mark.django_db
VIEW, REPORT = "/dashboard-admin/exports", "/rendiciones/exports"


@pytest.fixture
def case(admin_user: User, gestor_user: User) -> Case:
    cartera = factories.CarteraFactory(name="Crédito & Ñandú <b>")
    case = factories.CaseFactory(cartera=cartera, assigned_to=gestor_user, amount=Decimal("50000.00"))
    payment = pay(case, "1234.56", by=admin_user)
    pay(case, "765.44", by=admin_user)
    services.reverse_payment(payment=payment, by=admin_user)
    services.adjust_balance(case=case, by=admin_user, amount=Decimal("-100.00"))
    factories.ActivityFactory(case=case, result=factories.result("NC"))
    factories.PromiseFactory(
        case=case,
        status="fulfilled",
        promise_date=dates.today(),
        fulfilled_date=dates.today(),
        amount=Decimal("700.00"),
    )
    return case


def sheets_of(content: bytes) -> dict[str, list[list]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets}


def value_of(rows: list[list], label: str) -> object:
    return next(row[1] for row in rows if row[0] == label)


# --- The view ----------------------------------------------------------------------------------------------
def test_view_workbook(admin_client: Client, case: Case) -> None:
    sheets = sheets_of(admin_client.get(f"{VIEW}/xlsx").content)
    assert list(sheets) == [
        *("Indicadores", "Gestores", "Por semana", "Por cartera", "Por estado"),
        *("Pagos y reversas", "Promesas decididas", "Gestiones", "Cuotas con plazo cumplido", "Quitas"),
    ]
    assert value_of(sheets["Indicadores"], "Monto recuperado ($)") == 765.44
    assert value_of(sheets["Gestores"], "Gabriel Gestor") == 765.44 == value_of(sheets["Gestores"], "Total")
    assert value_of(sheets["Por cartera"], case.cartera.name) == 49134.56
    moved = [row[-1] for row in sheets["Pagos y reversas"] if row[1] in ("Pago", "Reversa")]
    assert sorted(moved) == [-1234.56, 765.44, 1234.56]


def test_view_csv(admin_client: Client, case: Case) -> None:
    content = b"".join(admin_client.get(f"{VIEW}/csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content), delimiter=";"))
    assert rows[0] == ["Sección", "De", "Dato", "Valor", "Período anterior"]
    assert ["Indicadores", "", "Monto recuperado ($)", "765,44", "0,00"] in rows
    assert ["Gestores", "Gabriel Gestor", "Recuperado", "765,44", ""] in rows


@needs_pdftotext
def test_view_pdf(admin_client: Client, case: Case) -> None:
    response = admin_client.get(f"{VIEW}/pdf", {"cartera": case.cartera_id})
    text = text_of(response.content)
    assert response["Content-Type"] == "application/pdf"
    assert 1 <= pages_of(response.content) <= 2
    assert "Informe de gestión Cartera Crédito & Ñandú <b>" in text
    assert "Monto recuperado $ 765,44" in text
    assert "Gabriel Gestor $ 765,44" in text
    assert "Recuperado por semana y cartera" in text
    assert AuditEvent.objects.get(action="export").target_label.endswith(".pdf")


@needs_pdftotext
def test_view_pdf_of_a_busy_agency_is_two_pages(admin_client: Client, admin_user: User) -> None:
    for number in range(14):
        cartera = factories.CarteraFactory(name=f"Cartera de nombre bastante largo número {number}")
        gestor = factories.GestorFactory(first_name="María de los Ángeles", last_name=f"Fernández Etchegaray {number}")
        case = factories.CaseFactory(cartera=cartera, assigned_to=gestor)
        pay(case, Decimal("100.00") + number, by=admin_user)
    content = admin_client.get(f"{VIEW}/pdf", {"period": "year"}).content
    assert pages_of(content) == 2
    assert "Gestores: los 10 primeros" in text_of(content)


@needs_pdftotext
def test_view_pdf_of_an_empty_house(admin_client: Client) -> None:
    assert "Sin datos en el período." in text_of(admin_client.get(f"{VIEW}/pdf").content)


# --- The creditor's report ---------------------------------------------------------------------------------
def test_report_on_screen(admin_client: Client, case: Case) -> None:
    assert "Elija una cartera" in admin_client.get("/rendiciones").text
    response = admin_client.get("/rendiciones", {"cartera": case.cartera_id})
    balances = response.context["report"].balances
    assert (balances.opening, balances.closing, balances.recovered) == (
        *(Decimal("50000.00"), Decimal("49134.56"), Decimal("765.44")),
    )
    assert balances.closing == ledger_sum(case)
    bad = admin_client.get("/rendiciones", {"cartera": "x"})
    assert (bad.status_code, "Esa cartera no existe" in bad.text) == (400, True)


def test_report_workbook(admin_client: Client, case: Case) -> None:
    response = admin_client.get(f"{REPORT}/xlsx", {"cartera": case.cartera_id})
    sheets = sheets_of(response.content)
    assert value_of(sheets["Resumen"], "Saldo final") == 49134.56
    assert value_of(sheets["Resumen"], "Otros ajustes") == -100
    assert sheets["Ajustes"][-1][-1] == -100
    assert value_of(sheets["Resultados"], "No contesta") == 1
    assert sheets["Pagos y reversas"][-1][-1] == 765.44
    assert sheets["Saldos por caso"][-1][-4:] == [50000, -100, 765.44, 49134.56]
    assert sheets["Promesas con vencimiento en el "][-1][-1] == 700
    assert len([row for row in sheets["Gestiones"] if row[-1] == "No contesta"]) == 1
    assert 'filename="rendicion-credito-nandu-b-20' in response["Content-Disposition"]


def test_report_tells_the_creditor_neither_notes_nor_authors(admin_client: Client, case: Case) -> None:
    content = admin_client.get(f"{REPORT}/xlsx", {"cartera": case.cartera_id}).content
    told = [str(cell) for rows in sheets_of(content).values() for row in rows for cell in row]
    assert "No contesta" in told
    assert not [cell for cell in told if "Gabriel" in cell or "no contestó" in cell]


@needs_pdftotext
def test_report_pdf(admin_client: Client, case: Case) -> None:
    response = admin_client.get(f"{REPORT}/pdf", {"cartera": case.cartera_id})
    text = text_of(response.content)
    assert pages_of(response.content) == 1
    assert "Rendición de Crédito & Ñandú <b>" in text
    assert "Saldo final $ 49.134,56" in text
    assert "Reversas de pagos $ 1.234,56" in text


def test_report_parts_as_csv(admin_client: Client, case: Case) -> None:
    def rows(part: str) -> list[list[str]]:
        response = admin_client.get(f"{REPORT}/csv", {"cartera": case.cartera_id, "part": part})
        content = b"".join(response.streaming_content).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(content), delimiter=";"))[1:]

    assert sorted(row[-1] for row in rows("pagos")) == ["-1234,56", "1234,56", "765,44"]
    assert rows("saldos")[0][-1] == "49134,56"
    assert [row[1:2] + row[-1:] for row in rows("ajustes")] == [["Otro", "-100,00"]]
    assert len(rows("promesas")) == 1
    assert len(rows("gestiones")) > 0
    refused = admin_client.get(f"{REPORT}/csv", {"cartera": case.cartera_id, "part": "otra"})
    assert (refused.status_code, "pagos, ajustes, promesas, gestiones, saldos" in refused.text) == (400, True)
    assert admin_client.get(f"{REPORT}/pdf").status_code == 400


def test_a_closed_period_keeps_its_closing_whatever_comes_after(admin_client: Client, case: Case) -> None:
    before = admin_client.get("/rendiciones", {"cartera": case.cartera_id, "end_date": "2026-01-31"})
    assert before.context["report"].balances.closing == 0
    assert before.context["report"].cases == 0
