"""The two pages after a deactivation: where a gestor's cases go, and closing a cartera. By keyboard, on a phone."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from cases.models import Cartera, Case
from tests.browser.conftest import PageOf, assert_accessible_in_both_themes, assert_fits
from tests.factories import CarteraFactory, CaseFactory

pytestmark = pytest.mark.django_db(transaction=True)

FOCUSED = """() => {
  const element = document.activeElement;
  return element.labels?.[0]?.innerText || element.value || element.innerText || "";
}"""


def tab_to(page: Page, name: str) -> None:
    """Go on with Tab until the element of that name has the focus."""
    for _ in range(120):  # the menu of the administration comes first
        page.keyboard.press("Tab")
        told = page.evaluate(FOCUSED)
        if name in told:
            return
    raise AssertionError(f"Tab never reaches «{name}»")


@pytest.fixture
def left(gestor_user: User, other_gestor: User) -> list[Case]:
    """Three open cases of a gestor who cannot log in any more; one colleague remains."""
    cases = [
        CaseFactory(assigned_to=gestor_user, amount=Decimal(1000 * number), debtor__last_name=f"Deudora {number}")
        for number in (1, 2, 3)
    ]
    gestor_user.is_active = False
    gestor_user.save()
    return cases


def test_where_the_cases_of_a_gestor_go_by_keyboard(
    page_of: PageOf, admin_user: User, gestor_user: User, other_gestor: User, left: list[Case]
) -> None:
    page = page_of(admin_user)
    page.goto(f"/gestores/{gestor_user.pk}/reassignment")
    expect(page.locator("main")).to_contain_text("3 casos abiertos")
    assert_accessible_in_both_themes(page)

    # Nobody was chosen: it says so, and nothing is lost.
    tab_to(page, "Revisar y confirmar")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Elija a quién.")).to_be_visible()
    assert_accessible_in_both_themes(page)

    tab_to(page, "Pasarlos a")
    page.keyboard.type(str(other_gestor)[:4])
    tab_to(page, "Revisar y confirmar")
    page.keyboard.press("Enter")
    row = page.get_by_role("row", name=re.compile(str(other_gestor)))
    expect(row).to_contain_text("$ 6.000,00")
    assert Case.objects.filter(assigned_to=gestor_user).count() == 3, "the preview moves nothing"
    assert_accessible_in_both_themes(page)

    # Somebody moved one meanwhile: what would be moved is said anew.
    Case.objects.filter(pk=left[0].pk).update(assigned_to=other_gestor)
    tab_to(page, "Reasignar")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("ahora son 2 casos")
    expect(row).to_contain_text("$ 5.000,00")
    tab_to(page, "Reasignar")
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("2")
    assert Case.objects.filter(assigned_to=other_gestor).count() == 3


def test_where_the_cases_of_a_gestor_go_on_a_phone(
    page_of: PageOf, admin_user: User, gestor_user: User, other_gestor: User, left: list[Case]
) -> None:
    page = page_of(admin_user, width=390, height=844)
    page.goto(f"/gestores/{gestor_user.pk}/reassignment")
    assert_fits(page)
    page.get_by_label("Pasarlos a").select_option(label=str(other_gestor))
    page.get_by_role("button", name="Revisar y confirmar").click()
    expect(page.get_by_role("table")).to_be_visible()
    assert_fits(page)
    assert_accessible_in_both_themes(page)
    page.get_by_role("link", name="Volver sin cambiar nada").click()
    expect(page).to_have_url(re.compile(rf"/gestores/{gestor_user.pk}$"))
    assert Case.objects.filter(assigned_to=gestor_user).count() == 3


@pytest.fixture
def cartera(gestor_user: User) -> Cartera:
    cartera = CarteraFactory(name="Norte")
    for number in (1, 2):
        CaseFactory(cartera=cartera, assigned_to=gestor_user, amount=Decimal(1000 * number))
    cartera.is_active = False
    cartera.save()
    return cartera


@pytest.mark.parametrize("width", [1440, 390])
def test_the_cases_of_a_cartera_are_closed_by_keyboard(
    page_of: PageOf, admin_user: User, cartera: Cartera, width: int
) -> None:
    page = page_of(admin_user, width=width, height=844)
    page.goto(f"/admin/cases/cartera/{cartera.pk}/closing/")
    expect(page.locator("#content-main")).to_contain_text("$ 3.000,00")
    assert_fits(page)
    assert_accessible_in_both_themes(page, preload=False)

    # Without a reason it is refused at its field.
    tab_to(page, "Dar de baja 2 casos")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Escriba el motivo.")).to_be_visible()
    assert_accessible_in_both_themes(page, preload=False)
    assert Case.objects.open().count() == 2

    # One more was opened meanwhile: it says how many there are now, and keeps what was typed.
    tab_to(page, "Motivo")
    page.keyboard.type("Fin del contrato")
    CaseFactory(cartera=cartera, amount=Decimal(500))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Motivo")).to_have_value("Fin del contrato")
    expect(page.get_by_role("button", name="Dar de baja 3 casos")).to_be_visible()
    assert Case.objects.open().count() == 3
    tab_to(page, "Dar de baja 3 casos")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Se dieron de baja 3 casos de Norte.")).to_be_visible()
    assert Case.objects.open().count() == 0
    assert_fits(page)


def test_a_cartera_without_open_cases_is_told(page_of: PageOf, admin_user: User) -> None:
    cartera = CarteraFactory(name="Norte", is_active=False)
    page = page_of(admin_user, width=390, height=844)
    page.goto(f"/admin/cases/cartera/{cartera.pk}/closing/")
    expect(page.get_by_text("no tiene casos abiertos: no hay nada que cerrar")).to_be_visible()
