"""What creditors send besides, in a browser: the import pages, the gestor's screen, the return file."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from cases.models import Case
from tests.browser.conftest import PageOf, assert_accessible_in_both_themes, assert_fits
from tests.factories import CarteraFactory, CarteraFieldFactory, CaseFactory

pytestmark = pytest.mark.django_db(transaction=True)

SHOTS = os.environ.get("SHOTS")
FILE = "Nro. Cliente;Apellido y Nombre;Saldo;Producto;N° de tarjeta\n1;PAZ, EVA;1000;Préstamo;4509-1234\n"
SAID = {
    "Producto": "Préstamo personal a sola firma",
    "Sucursal": "Centro",
    "N° de tarjeta": "4509-1234-5678-9012",
    "Legajo": "A-77",
    "Vendedor": "Sin datos del vendedor porque la sucursal cerró en 2019",
    "Cuotas impagas": "0",
    "Convenio": "No",
}


def look(page: Page, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(300)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=f"{SHOTS}/{name}-{theme}.png", full_page=True)
        page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_panel_shows_them_under_each_debt(page_of: PageOf, gestor_user: User, width: int) -> None:
    cartera, other = CarteraFactory(name="Banco Norte"), CarteraFactory(name="Tarjeta Sur")
    for place, header in enumerate(SAID):
        CarteraFieldFactory(cartera=cartera, header=header, order=place)
    CarteraFieldFactory(cartera=other, header="Producto")
    case = CaseFactory(cartera=cartera, assigned_to=gestor_user, extra=SAID)
    CaseFactory(cartera=other, debtor=case.debtor, assigned_to=gestor_user, extra={"Producto": "Consumo"})
    page = page_of(gestor_user, width=width, height=900)
    page.goto(f"/cases/{case.pk}")
    debts = page.locator("#debts")
    expect(debts.get_by_text("4509-1234-5678-9012")).to_be_visible()
    expect(debts.get_by_text("Consumo")).to_be_visible()
    expect(debts.get_by_text("Convenio", exact=True)).to_be_hidden()
    debts.get_by_text("+1 dato del acreedor").click()
    expect(debts.get_by_text("Convenio", exact=True)).to_be_visible()
    assert_fits(page)
    look(page, f"panel-{width}")
    assert_accessible_in_both_themes(page)


@pytest.mark.parametrize("width", [1440, 390])
def test_from_the_upload_to_the_return_file(page_of: PageOf, admin_user: User, tmp_path: Path, width: int) -> None:
    file = tmp_path / "cartera.csv"
    file.write_text(FILE, encoding="utf-8")
    CarteraFactory(name="Banco Norte")
    page = page_of(admin_user, width=width, height=900)
    page.goto("/admin/cases/importupload/add/")
    page.locator("#id_file").set_input_files(str(file))
    page.locator("#id_cartera").select_option("Banco Norte")
    page.get_by_role("button", name="Continuar").click()
    page.get_by_label("Dato de la columna D «Producto»").select_option("Guardar como dato del acreedor")
    look(page, f"columns-{width}")
    assert_accessible_in_both_themes(page, preload=False)
    page.get_by_role("button", name="Ver qué se importaría").click()
    page.get_by_role("checkbox", name="N° de tarjeta").check()
    look(page, f"preview-{width}")
    assert_accessible_in_both_themes(page, preload=False)
    page.get_by_role("button", name="Guardar las marcadas").click()
    expect(page.get_by_role("checkbox", name="N° de tarjeta")).to_have_count(0)
    page.get_by_role("button", name="Importar", exact=True).click()
    expect(page.get_by_text("Se importó «cartera.csv»")).to_be_visible()
    case = Case.objects.get()
    assert case.extra == {"Producto": "Préstamo", "N° de tarjeta": "4509-1234"}

    page.goto(f"/admin/cases/cartera/{case.cartera_id}/change/")
    page.get_by_label("DNI", exact=True).check()
    page.get_by_label("Nro. de cliente", exact=True).check()
    page.locator("input[name=fields-0-in_return]").check()
    look(page, f"cartera-{width}")
    assert_accessible_in_both_themes(page, preload=False)
    page.get_by_role("button", name="Guardar", exact=True).click()

    page.goto(f"/devoluciones?cartera={case.cartera_id}")
    expect(page.get_by_role("cell", name="Préstamo")).to_be_visible()
    look(page, f"return-{width}")
    assert_fits(page)
    assert_accessible_in_both_themes(page)
