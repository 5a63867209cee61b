"""No cell that leaves here runs in a spreadsheet, whatever was typed or imported."""

import csv
import io
from decimal import Decimal

import openpyxl
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from cases import services
from nova.lib import dates
from nova.lib.spreadsheets import Column, Workbook, csv_lines
from tests import factories
from tests.steps import pay

STARTS = ["=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠"]
EVIL = '=HYPERLINK("https://evil.example","x")'


@given(start=st.sampled_from(STARTS), rest=st.text(max_size=30))
def test_no_text_starts_a_formula_in_a_csv(start: str, rest: str) -> None:
    text = start + "SUM(1)" + rest
    lines = b"".join(csv_lines([Column("A")], [[text]])).decode("utf-8-sig")
    (_, (cell,)) = csv.reader(io.StringIO(lines, newline=""), delimiter=";")
    assert cell == f"'{text}"


@given(number=st.decimals(-(10**9), 10**9, places=2))
def test_numbers_stay_numbers(number: Decimal) -> None:
    lines = b"".join(csv_lines([Column("A"), Column("B")], [[number, f"{number}"]])).decode("utf-8-sig")
    (_, cells) = csv.reader(io.StringIO(lines), delimiter=";")
    assert cells == [str(number).replace(".", ","), str(number)]


@given(text=st.text(min_size=1, max_size=40))
def test_no_text_is_a_formula_in_a_workbook(text: str) -> None:
    book = Workbook()
    book.add_sheet("A", title="A", columns=[Column("A"), Column("B")], rows=[[text, f"={text}"]])
    sheet = openpyxl.load_workbook(io.BytesIO(book.content()))["A"]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert len(cells) >= 4  # the headers and the row
    assert all(cell.data_type != "f" and cell.hyperlink is None for cell in cells)


@pytest.mark.django_db
def test_no_file_of_the_site_holds_a_formula(admin_client: Client, admin_user: User) -> None:
    """Every export there is, of a book whose every text is one."""
    gestor = factories.GestorFactory(first_name=EVIL[:100], last_name="+1")
    cartera = factories.CarteraFactory(name=EVIL)
    names = {"debtor__first_name": EVIL, "debtor__last_name": "@SUM(1)"}
    case = factories.CaseFactory(cartera=cartera, assigned_to=gestor, nro_cliente="=1+1", entity=EVIL, **names)
    services.record_activity(case=case, by=gestor, type="call", result=factories.result("NC"), notes=EVIL)
    services.promise_payment(case=case, by=gestor, amount=Decimal("10.00"), promise_date=dates.today())
    pay(case, "5.00", by=gestor)
    factories.ContactSubmissionFactory(name=EVIL, message="-1+1")
    forms, kinds = ("csv", "xlsx"), ("movimientos", "promesas", "gestiones", "convenios", "cuotas", "quitas", "casos")
    paths = [
        *(f"/dashboard-admin/exports/{form}" for form in forms),
        *(f"/dashboard-admin/{kind}/exports/{form}" for kind in kinds for form in forms),
        *(f"/rendiciones/exports/{form}?cartera={cartera.pk}" for form in forms),
        *(f"/submissions/exports/{form}" for form in forms),
    ]
    seen = 0
    for path in paths:
        answer = admin_client.get(path)
        assert answer.status_code == 200, path
        content = answer.getvalue()
        if answer["Content-Type"].startswith("text/csv"):
            rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
            cells = [cell for row in rows for cell in row]
            assert cells
            assert not [cell for cell in cells if cell.startswith(("=", "@", "\t", "\r"))], path
        else:
            book = openpyxl.load_workbook(io.BytesIO(content))
            found = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
            assert found
            assert not [cell for cell in found if cell.data_type == "f" or cell.hyperlink], path
            cells = [str(cell.value) for cell in found]
        seen += sum("HYPERLINK" in cell for cell in cells)
    assert seen >= 10  # the texts are really there
