"""A gestor gives a receipt with one click and a statement with two; whoever holds the paper checks it."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from cases.models import Case, Document
from tests import factories
from tests.browser.conftest import PageOf, assert_accessible, assert_fits
from tests.steps import issue, pay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def case(gestor_user: User) -> Case:
    case = factories.CaseFactory(assigned_to=gestor_user, debtor__first_name="Ana", debtor__last_name="Núñez")
    pay(case, "1500.50", by=gestor_user, method="transfer", reference="TRX-000123")
    return case


@pytest.mark.parametrize("width", [1440, 390])
def test_a_receipt_opens_beside_and_a_statement_comes_into_the_list(
    page_of: PageOf, gestor_user: User, case: Case, width: int
) -> None:
    page = page_of(gestor_user, width=width)
    page.goto(f"/cases/{case.pk}")
    with page.context.expect_page():  # the browser's own reader, of which nothing is seen here
        page.get_by_role("button", name="Recibo").click()
    page.reload()
    expect(page.locator("#timeline").get_by_role("link", name="Recibo")).to_be_visible()
    assert Document.objects.get().kind == "receipt"

    part = page.locator("#papers")
    part.get_by_text("Emitir…").click()
    expect(part.get_by_role("button", name="Libre deuda")).to_be_disabled()
    assert_accessible(page)
    assert_fits(page)
    part.get_by_role("button", name="Estado de deuda").click()

    expect(part.get_by_role("link", name="Estado de deuda N° 00000001")).to_be_visible()
    expect(part.get_by_role("link", name="Recibo N° 00000001")).to_be_visible()
    expect(page.locator("#timeline").get_by_role("link", name="Recibo")).to_be_visible()
    expect(page.locator("#messages")).to_contain_text("Estado de deuda N° 00000001: emitido.")


def test_without_javascript(page_of: PageOf, gestor_user: User, case: Case) -> None:
    page = page_of(gestor_user, javascript=False)
    page.goto(f"/cases/{case.pk}")
    page.locator("#papers").get_by_text("Emitir…").click()
    page.get_by_role("button", name="Estado de deuda").click()
    expect(page.locator("#papers").get_by_role("link", name="Estado de deuda N° 00000001")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_anybody_checks_a_paper(page_of: PageOf, case: Case, theme: str) -> None:
    document = issue(case, "statement")
    page = page_of(None, width=390, theme=theme)
    page.goto(f"/verificar/{document.code_label}")
    expect(page.get_by_text("El documento es válido.")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    page.goto("/verificar/ABCD-EFGH-JKMN-PQRS")
    expect(page.get_by_text("No hay ningún documento con ese código.")).to_be_visible()
    assert_accessible(page)
