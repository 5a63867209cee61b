"""The gestor's screen as a person uses it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from accounts.models import Session, User
from cases import services
from cases.models import Activity, Case, DebtorPhone, LedgerEntry, Promise
from nova.lib import dates
from nova.lib.said import show_day
from tests import factories
from tests.browser.conftest import (
    PageOf,
    assert_accessible,
    assert_accessible_in_both_themes,
    assert_fits,
    choose,
    heading,
    open_form,
)
from tests.steps import pay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.every_database
def test_ten_cases_with_the_keyboard_alone(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(None)
    page.goto("/login")
    page.keyboard.type(gestor_user.username)
    page.keyboard.press("Tab")
    page.keyboard.type(factories.PASSWORD)
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("Deudora A, Ana")
    expect(page.locator("[data-show-keys]")).to_be_visible()  # the script that listens to keys has run

    for number in range(10):
        expect(heading(page)).to_have_text(f"Deudora {chr(ord('A') + number)}, Ana")
        if number % 5 == 4:  # any result by its name
            page.locator("[data-result-search]").focus()
            page.keyboard.type("ocup")
            page.keyboard.press("Enter")
        else:
            page.keyboard.press("12"[number % 2])
        page.keyboard.press("Control+Enter")
        expect(page.locator("#messages")).to_contain_text(f"Gestión guardada: Deudora {chr(ord('A') + number)}, Ana")

    expect(heading(page)).to_have_text("Deudora K, Ana")
    assert page.evaluate("document.activeElement.name") == "result"
    codes = Activity.objects.order_by("id").values_list("result__code", flat=True)
    assert list(codes) == ["NC", "BUZ", "NC", "BUZ", "OCU", "BUZ", "NC", "BUZ", "NC", "OCU"]


@pytest.mark.every_database
def test_a_promise_and_a_payment_by_keys(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.keyboard.press("4")
    expect(page.locator("#id_promise_amount")).to_be_focused()
    expect(page.locator("#id_promise_amount")).to_have_value("20.000,00")
    page.keyboard.type("5000")
    page.fill("#id_promise_date", (dates.today() + timedelta(days=5)).isoformat())
    page.get_by_label("Registrar pago").check()
    page.keyboard.press("Tab")
    page.keyboard.type("1.500,50")
    page.keyboard.press("Control+Enter")
    expect(heading(page)).to_have_text("Deudora B, Ana")

    assert Promise.objects.get().amount == Decimal("5000.00")
    assert LedgerEntry.objects.get(kind="payment").amount == Decimal("1500.50")


def test_a_result_proposes_the_next_action_and_the_old_letters_command_nothing(
    page_of: PageOf, gestor_user: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    for old in "rpgny":
        page.keyboard.press(old)
    expect(heading(page)).to_have_text("Deudora A, Ana")
    assert page.locator("[data-result] input:checked").count() == 0
    expect(page.locator("#id_notes")).to_have_value("rpgny")  # they are text
    heading(page).focus()
    page.keyboard.press("5")
    proposed = dates.add_business_days(dates.today(), 2)
    expect(page.locator("#id_next_action_at")).to_have_value(show_day(proposed))
    page.fill("[data-result-search]", "telefono equivocado")
    expect(page.locator("[data-result]:visible")).to_have_count(0)
    page.fill("[data-result-search]", "interes")
    page.fill("[data-result-search]", "equiv")
    page.locator("[data-result-search]").press("Enter")
    expect(page.get_by_role("radio", name="Equivocado")).to_be_checked()


def test_keys_are_listed_and_can_be_switched_off(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Usar teclas de una letra o un número").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#search")).not_to_be_focused()
    page.reload()
    expect(page.locator("[data-show-keys]")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(heading(page)).to_have_text("Deudora A, Ana")
    assert page.locator("[data-result] input:checked").count() == 0
    page.keyboard.press("Control+k")
    expect(page.locator("#search")).to_be_focused()


def test_skipping_searching_and_choosing(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto("/dashboard-gestor")
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(heading(page)).to_have_text("Deudora B, Ana")
    page.keyboard.press("Tab")
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("deudora l")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator("#search")).to_be_focused()
    page.locator("[data-row]").click()
    expect(heading(page)).to_have_text("Deudora L, Ana")
    assert f"/cases/{queue[11].pk}" in page.url
    page.go_back()
    expect(heading(page)).to_have_text("Deudora B, Ana")


def test_without_javascript(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user, javascript=False)
    page.goto("/dashboard-gestor")
    choose(page, "No contesta")
    page.fill("#id_notes", "Suena y corta")
    page.get_by_role("button", name="Guardar y siguiente").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    expect(page.locator("#messages")).to_contain_text("Gestión guardada: Deudora A, Ana")
    choose(page, "Promesa de pago")
    page.fill("#id_promise_amount", "99.999.999")
    page.fill("#id_promise_date", (dates.today() + timedelta(days=3)).isoformat())
    page.get_by_role("button", name="Guardar y siguiente").click()
    expect(page.locator(".field-error").first).to_contain_text("superarían el saldo")
    page.fill("#id_promise_amount", "1.000")
    page.get_by_role("button", name="Guardar y siguiente").click()
    expect(heading(page)).to_have_text("Deudora C, Ana")
    page.fill("#search", "deudora b")
    page.get_by_role("button", name="Buscar").click()
    page.locator("[data-row]").click()
    expect(page.locator(".timeline")).to_contain_text("Promesa de $ 1.000,00")
    page.get_by_text("Anular", exact=True).click()
    page.get_by_role("button", name="Anular esta gestión").click()
    expect(page.locator("#messages")).to_contain_text("Gestión anulada")


def test_errors_stand_at_their_field_with_the_text_kept(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.fill("#id_notes", "lo que dijo")
    page.get_by_label("Registrar pago").check()
    page.fill("#id_payment_amount", "50.000")
    page.keyboard.press("Control+Enter")
    box = page.get_by_label("El pago supera el saldo y es correcto")
    expect(box).to_be_visible()
    expect(page.locator("#id_notes")).to_have_value("lo que dijo")
    assert_accessible(page)
    box.check()
    page.keyboard.press("Control+Enter")
    expect(heading(page)).to_have_text("Deudora B, Ana")
    assert Activity.objects.count() == 1


@pytest.mark.every_database
def test_a_double_click_records_once(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.keyboard.press("1")
    page.get_by_role("button", name="Guardar y siguiente").dblclick(no_wait_after=True)
    expect(heading(page)).to_have_text("Deudora B, Ana")
    page.wait_for_load_state("networkidle")
    assert Activity.objects.count() == 1


@pytest.mark.every_database
def test_a_stale_status_keeps_the_text(page_of: PageOf, gestor_user: User, admin_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.fill("#id_notes", "va a juicio")
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.get_by_text("Tipo y estado").click()
    page.get_by_label("Estado", exact=True).last.select_option(label="A juicio")
    page.wait_for_timeout(400)
    assert asked == []  # a choice in the form is no filter of the queue
    services.change_status(case=queue[0], status=factories.status("contactado"), by=admin_user)
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.locator("#gestion .alert")).to_contain_text("de «Sin gestión» a «Contactado»")
    expect(page.locator("#gestion .alert")).to_be_in_viewport()
    expect(page.locator("#id_notes")).to_have_value("va a juicio")
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("Gestión guardada")
    queue[0].refresh_from_db()
    assert queue[0].status.slug == "a-juicio"


@pytest.mark.every_database
@pytest.mark.parametrize("javascript", [True, False])
def test_an_expired_session_loses_nothing(
    page_of: PageOf, gestor_user: User, queue: list[Case], javascript: bool
) -> None:
    page = page_of(gestor_user, javascript=javascript)
    page.goto(f"/cases/{queue[0].pk}")
    choose(page, "Renuente")
    page.fill("#id_notes", "no quiere hablar")
    Session.objects.all().delete()
    page.get_by_role("button", name="Guardar y siguiente").click()
    expect(page.locator("main")).to_contain_text("Lo que escribió no se perdió")
    page.fill("[name=username]", gestor_user.username)
    page.fill("[name=password]", factories.PASSWORD)
    page.locator("#login button").click()
    expect(page.locator("main")).to_contain_text("no quiere hablar")
    page.get_by_role("button", name="Guardar lo que escribí").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    assert Activity.objects.get().notes == "no quiere hablar"


@pytest.mark.every_database
def test_a_case_taken_away_meanwhile_keeps_the_text(
    page_of: PageOf, gestor_user: User, other_gestor: User, admin_user: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.fill("#id_notes", "lo que dijo")
    services.assign_cases(cases=Case.objects.filter(pk=queue[0].pk), gestor=other_gestor, by=admin_user)
    page.get_by_role("button", name="Guardar y siguiente").click()
    expect(page.locator("#messages")).to_contain_text("no está a su cargo")
    expect(page.locator("#id_notes")).to_have_value("lo que dijo")


def test_correcting_the_person(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.get_by_role("link", name="Agregar un teléfono").click()
    page.fill("#id_phone_number", "12")
    page.locator("#phones").get_by_role("button", name="Agregar").click()
    expect(page.locator("#id_phone_number_error")).to_contain_text("no es un número completo")
    expect(page.locator("#id_phone_number")).to_be_focused()
    page.fill("#id_phone_number", "011 15-4444-5555")
    page.locator("#phones").get_by_role("button", name="Agregar").click()
    expect(page.locator("#messages")).to_contain_text("Teléfono +54 9 11 4444-5555 agregado")
    expect(page.locator("#phones li").last).to_contain_text("Celular")
    DebtorPhone.objects.filter(number="+5491144445555").update(state="good")
    page.get_by_role("button", name="Marcar que +54 9 11 4444-5555 no sirve").click()
    expect(page.locator("#phones s")).to_have_text("+54 9 11 4444-5555")
    page.get_by_role("button", name="Deshacer").click()
    expect(page.locator("#phones s")).to_have_count(0)
    assert DebtorPhone.objects.get(number="+5491144445555").state == "good"
    page.get_by_role("link", name="Corregir domicilio, correo y notas").click()
    page.get_by_label("Correo electrónico").fill("no es un correo")
    page.get_by_role("button", name="Guardar los datos").click()
    expect(page.get_by_label("Correo electrónico")).to_be_focused()
    page.get_by_label("Correo electrónico").fill("ana@example.com")
    page.get_by_role("button", name="Guardar los datos").click()
    expect(page.locator("#messages")).to_contain_text("Datos guardados")
    expect(page.locator(".desk-person")).to_contain_text("ana@example.com")


def test_from_the_list_without_opening_the_case(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto("/dashboard-gestor?tab=casos")
    page.get_by_role("button", name="Registrar que Deudora A, Ana no contesta").click()
    expect(page.locator("#messages")).to_contain_text("Guardado en el caso de Deudora A, Ana")
    page.get_by_role("link", name="Registrar un pago de Deudora B, Ana").click()
    page.fill("#id_payment_amount", "100")
    page.get_by_role("button", name="Guardar").click()
    expect(page.locator("#messages")).to_contain_text("Guardado en el caso de Deudora B, Ana")
    assert Activity.objects.get(type="call").result.code == "NC"
    assert LedgerEntry.objects.filter(kind="payment").count() == 1


@pytest.mark.parametrize("width", [390, 1024, 1440, 1920])
def test_every_page_of_the_screen_is_accessible_and_fits(
    page_of: PageOf, gestor_user: User, queue: list[Case], width: int
) -> None:
    case = queue[0]
    case.debtor.last_name = "Fernández de la Vega y Gutiérrez-Larreta Anchorena"
    case.debtor.email = "una.direccion.muy.larga.de.correo.electronico@subdominio.ejemplo.com.ar"
    case.debtor.save()
    factories.CaseFactory(debtor=case.debtor, assigned_to=None)
    pay(case, 10, by=gestor_user, reference="R" * 60)
    services.promise_payment(case=case, by=gestor_user, amount=Decimal(100), promise_date=dates.today())
    page = page_of(gestor_user, width=width)
    for address in (
        "/dashboard-gestor",
        f"/cases/{case.pk}?balance=1000&rate=5&instalments=3",
        f"/cases/{case.pk}?edit=contact",
        f"/cases/{case.pk}?edit=phone",
        "/dashboard-gestor?tab=casos",
        "/dashboard-gestor?search=nadie",
        f"/cases/{case.pk}/payments",
        f"/cases/{case.pk}/promises",
    ):
        page.goto(address)
        assert_fits(page)
        assert_accessible_in_both_themes(page)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_other_pages_are_accessible_and_fit(page_of: PageOf, admin_user: User, user_user: User, width: int) -> None:
    factories.CaseFactory(assigned_to=None)
    pages = [
        (None, ["/login", "/", "/no-existe"]),
        (user_user, ["/dashboard-user", "/cuenta/clave"]),
        (admin_user, ["/dashboard-admin", f"/cases/{Case.objects.get().pk}"]),
    ]
    for user, addresses in pages:
        page = page_of(user, width=width)
        for address in addresses:
            page.goto(address)
            assert_fits(page)
            assert_accessible_in_both_themes(page)


# Whether what has the focus is in the window, and not behind the bar with the button that saves.
IN_SIGHT = """() => {
  const box = document.activeElement.getBoundingClientRect();
  const bar = document.querySelector(".gestion-save");
  const top = bar.contains(document.activeElement) ? innerHeight : bar.getBoundingClientRect().top;
  return box.top >= 0 && box.bottom <= Math.min(innerHeight, top) + 1;
}"""


@pytest.mark.parametrize(("width", "height"), [(1366, 700), (1440, 900), (1024, 768), (390, 844)])
def test_the_focus_never_hides_behind_what_saves(
    page_of: PageOf, gestor_user: User, queue: list[Case], width: int, height: int
) -> None:
    page = page_of(gestor_user, width=width, height=height)
    page.goto(f"/cases/{queue[0].pk}")
    if width >= 1280:
        expect(page.locator("[data-save-next]")).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "each column scrolls by itself"
    open_form(page)
    page.locator("#id_with_promise").check()
    page.locator("#id_with_payment").check()
    page.get_by_text("Tipo y estado").click()
    page.locator("[name=result]").first.focus()
    visited = []
    while page.evaluate("document.activeElement.name") != "then":  # honest: all that was visited is asserted below
        assert page.evaluate(IN_SIGHT), page.evaluate("document.activeElement.outerHTML")
        visited.append(page.evaluate("document.activeElement.name"))
        page.keyboard.press("Tab")
    assert {"notes", "promise_amount", "payment_reference", "next_action_at", "status"} <= set(visited)


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1024, 768), (390, 844)])
def test_what_saves_stays_in_view_beside_the_negotiator(
    page_of: PageOf, gestor_user: User, queue: list[Case], width: int, height: int
) -> None:
    """It is longer than the window: the bar stays, and what has the focus comes above it."""
    for number in (3, 6):
        factories.OfferFactory(name=f"{number} cuotas", waiver_percent=0, instalments=number)
    page = page_of(gestor_user, width=width, height=height)
    page.goto(f"/cases/{queue[0].pk}")
    open_form(page)
    page.locator("[data-do=arrange]").click()
    page.locator("label.offer-own").click()
    expect(page.locator("#own-figures")).not_to_be_empty()
    page.locator("#id_with_arrangement").focus()
    visited = []
    while page.evaluate("document.activeElement.name") != "then":  # honest: all that was visited is asserted below
        assert page.evaluate(IN_SIGHT), page.evaluate("document.activeElement.outerHTML")
        if width != 1024:  # there the page scrolls as a whole, and the form is only a part of it
            expect(page.get_by_role("button", name="Guardar", exact=True)).to_be_in_viewport(ratio=1)
        visited.append(page.evaluate("document.activeElement.name"))
        page.keyboard.press("Tab")
    assert {"arrangement_first_due_on", "arrangement_how", "notes"} <= set(visited)


CHOOSE = "(radio) => { radio.checked = true; radio.dispatchEvent(new Event('change', { bubbles: true })); }"
NEEDS_PROMISE = "(radio) => radio.hasAttribute('data-needs-promise')"


def test_tab_goes_from_every_result_to_the_note(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    """Past every field that the result asks for, which comes before; what unfolds is not on the way."""
    page = page_of(gestor_user, width=1366, height=768)
    page.goto(f"/cases/{queue[0].pk}")
    results = page.locator("[data-result] input")
    expect(results).to_have_count(24)
    for at in range(24):
        results.nth(at).evaluate(CHOOSE)
        page.locator("#id_phone").focus()
        visited = []
        while page.evaluate("document.activeElement.name") != "notes":  # honest: what was visited is asserted below
            assert len(visited) < 20, f"{at}: {visited}"
            page.keyboard.press("Tab")
            visited.append(page.evaluate("document.activeElement.name"))
        assert "next_action_at" in visited, f"{at}: {visited}"
        assert ("promise_date" in visited) == results.nth(at).evaluate(NEEDS_PROMISE), f"{at}: {visited}"


def test_what_comes_next_is_said_calmly(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    """Only a result that stops is said in the colour of danger."""
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    hint = page.locator("[data-next-hint]")
    for result, words in (("No contesta", ""), ("Volver a llamar", "Indique el día y la hora acordados.")):
        choose(page, result)
        expect(hint).to_have_text(words)
        expect(hint).not_to_have_attribute("data-danger", "")
    choose(page, "Reclamo")
    expect(hint).to_contain_text("Este resultado saca de la bandeja solo esta deuda")
    expect(hint).to_have_attribute("data-danger", "")


def test_on_a_phone(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user, width=390, height=844)
    page.goto("/dashboard-gestor")
    expect(heading(page)).not_to_be_visible()
    page.locator("[data-row]").first.click()
    expect(heading(page)).to_be_visible()
    expect(heading(page)).to_have_text("Deudora A, Ana")
    expect(page.locator("#queue")).not_to_be_visible()
    choose(page, "Ocupado")
    page.get_by_role("button", name="Guardar y siguiente").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    page.get_by_role("link", name="Mi bandeja").first.click()
    expect(page.locator("#queue")).to_be_visible()
