"""A file of payments in the administration, by hand: chosen, looked at, posted, one row decided."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.models import User
from cases.models import Case
from nova.lib import dates
from tests import factories
from tests.browser.conftest import HAS_ARRIVED, PageOf, assert_accessible_in_both_themes
from tests.payments.command import payments_file

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [1440, 390])
def test_from_the_file_to_the_ledger(page_of: PageOf, admin_user: User, tmp_path: Path, width: int) -> None:
    case = factories.CaseFactory(nro_cliente="A-1")
    day = f"{dates.today() - timedelta(days=1):%d/%m/%Y}"
    file = payments_file(tmp_path, f"A-1;;{day};1.000,00;R-1;Gómez", f"A-9;;{day};500,00;R-2;Paz, Ana")
    page = page_of(admin_user, width=width)
    page.goto("/admin/payments/paymentfile/")
    page.get_by_role("link", name="Agregar Archivo de pagos").click()
    page.get_by_role("button", name="Leer el archivo").click()
    expect(page.locator(".errorlist")).to_have_text("Elija el archivo de pagos.")
    page.set_input_files("#id_file", file)
    assert_accessible_in_both_themes(page, preload=False)
    page.get_by_role("button", name="Leer el archivo").dblclick()
    expect(page.locator(".messagelist")).to_contain_text("Todavía no se registró ningún pago")
    assert_accessible_in_both_themes(page, preload=False)
    page.get_by_role("link", name="Registrar 1 pago").click()
    assert_accessible_in_both_themes(page, preload=False)
    page.get_by_role("button", name="Registrar 1 pago").dblclick()
    expect(page.locator(".messagelist")).to_contain_text("Registrado: 1 fila")
    assert str(Case.objects.get(pk=case.pk).balance) == "9000.00"

    page.get_by_role("link", name="Pagos por identificar").click()
    expect(page.locator("[data-open-payment]")).to_contain_text("No se encontró un caso")
    page.wait_for_function(HAS_ARRIVED)
    page.fill("#inbox-search", "A-1")
    page.locator("[data-choose]").click()
    expect(page.locator("#inbox")).to_contain_text("Los de pagos.csv están decididos.")
    assert str(Case.objects.get(pk=case.pk).balance) == "8500.00"
