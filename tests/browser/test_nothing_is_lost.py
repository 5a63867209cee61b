"""What is typed and not saved survives every action beside it, another person, «Back», F5, no network, a log-in."""

from decimal import Decimal

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.models import Session, User
from cases import services
from cases.models import Activity, Case, DebtorPhone, Promise
from nova.lib import dates
from tests import factories
from tests.browser.conftest import Held, PageOf, assert_accessible, choose, close_form, heading, open_form, slow

pytestmark = pytest.mark.django_db(transaction=True)
NOTE = "dice que cobra el 5"


def type_something(page: Page) -> None:
    choose(page, "Renuente")
    page.locator("#id_notes").press_sequentially(NOTE)
    page.get_by_label("Registrar pago").check()
    page.fill("#id_payment_amount", "123")


def keeps(page: Page) -> None:
    """Everything that `type_something` has typed is in the form."""
    expect(page.get_by_role("radio", name="Renuente", include_hidden=True)).to_be_checked()
    expect(page.locator("#id_notes")).to_have_value(NOTE)
    expect(page.locator("#id_with_payment")).to_be_checked()
    expect(page.locator("#id_payment_amount")).to_have_value("123")


def drafts(page: Page) -> list[str]:
    return page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('nova-draft:'))")


def marked(page: Page):
    return page.locator("[data-case]:has(.draft-dot:not([hidden]))")


def row(page: Page, case: Case):
    return page.locator(f"[data-row][data-case='{case.pk}']")


@pytest.mark.every_database
@pytest.mark.parametrize("width", [1440, 390])
def test_every_action_beside_it(page_of: PageOf, gestor_user: User, queue: list[Case], width: int) -> None:
    case = queue[0]
    services.promise_payment(case=case, by=gestor_user, amount=Decimal(100), promise_date=dates.today())
    noted = services.record_activity(case=case, by=gestor_user, type="note", notes="se anula").activity
    page = page_of(gestor_user, width=width)
    page.goto(f"/cases/{case.pk}")
    type_something(page)
    form = page.locator("#gestion").element_handle()
    close_form(page)

    page.get_by_role("link", name="Agregar un teléfono").click()
    page.fill("#id_phone_number", "011 15-4444-5555")
    page.locator("#phones").get_by_role("button", name="Agregar").click()
    expect(page.locator("#phones")).to_contain_text("4444-5555")
    expect(page.locator("#id_phone")).to_contain_text("4444-5555")  # beside the form, what depends on it
    added = str(case.debtor.phones.get(number="+5491144445555").pk)
    open_form(page)
    page.locator("#id_phone").select_option(added)
    close_form(page)
    page.locator("#phones [name=state]").first.click()
    expect(page.locator("#phones s")).to_have_count(1)
    page.locator("#phones [name=state]").last.click()
    expect(page.locator("#phones s")).to_have_count(0)
    keeps(page)

    page.get_by_role("link", name="Corregir domicilio, correo y notas").click()
    page.get_by_label("Correo electrónico").fill("no es un correo")
    page.get_by_role("button", name="Guardar los datos").click()
    expect(page.locator("#contact .field-error")).to_be_visible()
    page.get_by_label("Correo electrónico").fill("ana@example.com")
    page.get_by_role("button", name="Guardar los datos").click()
    expect(page.locator("#person")).to_contain_text("ana@example.com")
    expect(page.locator("#contact form")).to_have_count(0)
    keeps(page)

    page.get_by_text("Cancelar la promesa").first.click()
    page.get_by_role("button", name="Cancelar la promesa").click()
    expect(page.locator(".promise")).to_have_count(0)
    expect(page.locator("#timeline")).to_contain_text("cancelada")
    expect(page.locator("#case-state")).to_contain_text("En gestión")
    keeps(page)

    page.locator("#timeline details").first.locator("summary").click()
    page.get_by_role("button", name="Anular esta gestión").first.click()
    expect(page.locator("#timeline")).not_to_contain_text("se anula")
    keeps(page)

    open_form(page)
    page.locator("[data-do=arrange]").click()
    page.fill("#id_arrangement_instalments", "4")
    expect(page.locator("#own-figures")).to_contain_text("4 × $")
    page.locator("#id_with_arrangement").uncheck()
    close_form(page)
    keeps(page)

    expect(page.locator("#id_phone")).to_have_value(added)
    assert page.evaluate("(form) => form.isConnected", form)
    open_form(page)
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("Gestión guardada")
    expect(page.locator("#id_notes")).to_have_value("")
    assert drafts(page) == []
    recorded = Activity.objects.by_people().filter(case=case, result__code="REN").get()
    assert (recorded.notes, noted.pk != recorded.pk) == (NOTE, True)
    assert Promise.objects.get().status == "cancelled"
    assert str(recorded.phone_id) == added
    assert set(DebtorPhone.objects.filter(debtor=case.debtor).values_list("state", flat=True)) == {"good", "unverified"}


def test_another_person_back_and_reload(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    type_something(page)
    expect(marked(page)).to_have_count(1)
    row(page, queue[1]).click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    expect(page.locator("#id_notes")).to_have_value("")
    page.fill("#id_notes", "otra nota")
    expect(marked(page)).to_have_count(2)
    assert_accessible(page)
    page.go_back()
    expect(heading(page)).to_have_text("Deudora A, Ana")
    keeps(page)
    expect(page.locator("[data-draft-note]")).to_be_visible()
    page.reload()
    keeps(page)
    page.get_by_role("link", name="Siguiente").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    expect(page.locator("#id_notes")).to_have_value("otra nota")
    page.get_by_role("link", name="Mis casos").click()
    expect(marked(page)).to_have_count(2)
    page.locator(f"a[data-case='{queue[0].pk}']").click()
    keeps(page)

    # What was typed and taken back is no draft; what is discarded is gone.
    page.get_by_role("button", name="Descartarlo").click()
    expect(page.locator("#id_notes")).to_have_value("")
    row(page, queue[2]).click()
    expect(heading(page)).to_have_text("Deudora C, Ana")
    page.fill("#id_notes", "x")
    page.fill("#id_notes", "")
    expect(marked(page)).to_have_count(1)

    # The other forms of the person too: they open again where they were.
    page.get_by_role("link", name="Corregir domicilio, correo y notas").click()
    page.get_by_label("Localidad").fill("Quilmes")
    page.get_by_role("link", name="Agregar un teléfono").click()
    page.fill("#id_phone_number", "4444")
    row(page, queue[3]).click()
    expect(heading(page)).to_have_text("Deudora D, Ana")
    row(page, queue[2]).click()
    expect(page.get_by_label("Localidad")).to_have_value("Quilmes")
    expect(page.locator("#id_phone_number")).to_have_value("4444")
    page.locator("#contact").get_by_role("link", name="Cancelar").click()
    expect(page.locator("#contact form")).to_have_count(0)
    page.reload()
    expect(page.locator("#id_phone_number")).to_have_value("4444")
    expect(page.locator("#contact form")).to_have_count(0)


@pytest.mark.every_database
def test_no_network_and_a_slow_one(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    type_something(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Guardar y siguiente").click()
    expect(page.locator("#messages")).to_contain_text("No hay conexión")
    keeps(page)
    page.context.set_offline(False)

    # The save arrives and its answer does not: what is sent again is the same save.
    def lose_the_answer(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    page.route("**/activities", lose_the_answer)
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Guardar y siguiente").click()
    page.unroute("**/activities")
    assert Activity.objects.count() == 1
    keeps(page)
    page.get_by_role("button", name="Guardar y siguiente").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    assert Activity.objects.count() == 1
    assert drafts(page) == []

    # What is typed while a slow save is on its way is not in it, and is not lost.
    with slow(page, 1500):
        page.fill("#id_notes", "primera")
        page.get_by_role("button", name="Guardar y siguiente").click(no_wait_after=True)
        page.fill("#id_notes", "primera y algo más")
        expect(heading(page)).to_have_text("Deudora C, Ana")
    assert Activity.objects.get(case=queue[1]).notes == "primera"
    page.goto(f"/cases/{queue[1].pk}")
    expect(page.locator("#id_notes")).to_have_value("primera y algo más")

    # A save that never left: its draft stays. One whose answer was lost: the next page confirms it.
    with Held(page, "**/activities") as held:
        page.get_by_role("button", name="Guardar", exact=True).click(no_wait_after=True)
        held.wait(1)
        page.goto(f"/cases/{queue[3].pk}")
    assert len(drafts(page)) == 1
    page.goto(f"/cases/{queue[1].pk}")
    page.route("**/activities", lose_the_answer)
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Guardar", exact=True).click()
    page.unroute("**/activities")
    page.goto(f"/cases/{queue[3].pk}")
    expect(page.locator("#messages")).to_contain_text("Gestión guardada: Deudora B, Ana")
    assert drafts(page) == []


def log_in_again(page: Page, user: User) -> None:
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", factories.PASSWORD)
    page.locator("#login button").click()


@pytest.mark.every_database
def test_a_session_that_ended_and_a_log_in_in_another_tab(
    page_of: PageOf, gestor_user: User, admin_user: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    type_something(page)
    Session.objects.all().delete()
    page.reload()  # to the log-in
    log_in_again(page, gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    keeps(page)

    # Another tab logs out and in: the page here is from before.
    other = page.context.new_page()
    other.goto("/")
    page.context.clear_cookies()
    other.goto("/login")
    log_in_again(other, gestor_user)
    expect(other.locator("#case-name")).to_be_visible()
    page.get_by_role("button", name="Guardar y siguiente").click()
    expect(page.locator("main")).to_contain_text("antes de su último ingreso")
    expect(page.locator("main")).to_contain_text(NOTE)
    page.get_by_role("button", name="Guardar lo que escribí").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    expect(page.locator("#messages").get_by_text("Gestión guardada")).to_have_count(1)
    assert Activity.objects.by_people().get(result__code="REN").notes == NOTE
    assert drafts(page) == []

    # A form of the administration, and one on a page of its own.
    admin = page_of(admin_user)
    admin.goto("/admin/cases/debtor/add/")
    admin.fill("#id_last_name", "Ruiz")
    admin.fill("#id_notes", "vive con su hermana")
    tab = admin.context.new_page()
    admin.context.clear_cookies()
    tab.goto("/login")
    log_in_again(tab, admin_user)
    expect(tab.locator("h1").first).to_be_visible()
    admin.get_by_role("button", name="Guardar", exact=True).click()
    expect(admin.locator("main")).to_contain_text("vive con su hermana")


def test_each_tab_and_each_user_has_its_own(
    page_of: PageOf, gestor_user: User, other_gestor: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    type_something(page)
    tab = page.context.new_page()
    tab.goto(f"/cases/{queue[0].pk}")
    expect(tab.locator("#id_notes")).to_have_value("")
    tab.fill("#id_notes", "de la otra pestaña")
    page.reload()
    keeps(page)

    # A log-out takes them all away, in every tab.
    tab.get_by_role("button", name="Salir").click()
    expect(tab.locator("#case-name")).to_have_count(0)
    assert drafts(tab) == []
    assert drafts(page) == []

    # A session that ends keeps them; another person at the same PC does not find them.
    page.goto("/login")
    log_in_again(page, gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    type_something(page)
    page.context.clear_cookies()
    page.goto("/login")
    assert len(drafts(page)) == 1
    log_in_again(page, other_gestor)
    expect(page.locator("h1").first).to_be_attached()
    page.wait_for_load_state("networkidle")
    assert drafts(page) == []


def test_the_forms_of_the_list_too(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto("/dashboard-gestor?tab=casos")
    page.get_by_role("link", name="Registrar un pago de Deudora B, Ana").click()
    page.fill("#id_payment_amount", "77")
    page.go_back()
    expect(marked(page)).to_have_count(1)
    page.go_forward()
    expect(page.locator("#id_payment_amount")).to_have_value("77")
    page.get_by_role("button", name="Guardar").click()
    expect(page.locator("#messages")).to_contain_text("Guardado en el caso de Deudora B, Ana")
    expect(marked(page)).to_have_count(0)
