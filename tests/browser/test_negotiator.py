"""A gestor offers, is told that it is too much, asks; the supervisor says yes with one key; the gestor prints what was
agreed, which anybody may check, and closes.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from cases import services
from cases.models import Case, Document, PaperText
from nova.lib import dates
from tests import factories
from tests.browser.conftest import PageOf, assert_accessible_in_both_themes, assert_fits, heading, open_form
from tests.pdf import needs_pdftotext, text_of

pytestmark = pytest.mark.django_db(transaction=True)
# What only the agency knows, and no agreement is issued without.
AGENCY = {
    "agency_cuit": "30-71234567-1",
    "agency_address": "San Martín 1234, Córdoba",
    "payment_means": "Transferencia al alias NOVA.COBRANZAS",
}


@pytest.fixture(autouse=True)
def _offers(transactional_db: None) -> None:
    for role, percent in (("gestor", 10), ("admin", 30)):
        factories.DiscountLimitFactory(role=role, max_percent=Decimal(percent), max_instalments=12)
    factories.OfferFactory(name="Contado", waiver_percent=Decimal(10), position=1)
    factories.OfferFactory(name="Tres cuotas", instalments=3, position=2)
    factories.OfferFactory(name="Quita grande", waiver_percent=Decimal(25), position=3)


def pick(page: Page, words: str) -> None:
    """The card of an offer, or how the debtor accepted."""
    page.locator("#negotiator label.choice", has_text=words).click()


@needs_pdftotext
def test_what_was_agreed_is_printed_by_keyboard_and_anybody_checks_it(
    page_of: PageOf, gestor_user: User, admin_user: User, queue: list[Case]
) -> None:
    for slug, text in AGENCY.items():
        PaperText.objects.filter(slug=slug).update(text=text)
    case = queue[0]
    page = page_of(gestor_user)
    page.goto(f"/cases/{case.pk}")
    page.keyboard.press("a")
    pick(page, "Quita grande")
    pick(page, "Por teléfono")
    page.keyboard.press("Control+Enter")
    expect(heading(page)).not_to_contain_text(case.debtor.last_name)
    admin = page_of(admin_user)
    admin.goto("/autorizaciones")
    expect(admin.locator("[data-request]")).to_contain_text("quita 25 %")
    admin.keyboard.press("s")
    expect(admin.locator(".empty-title")).to_contain_text("Nadie espera")

    page.goto(f"/cases/{case.pk}")
    expect(page.locator("#arrangements")).to_contain_text("Convenio vigente")
    papers = page.locator("#papers")
    papers.get_by_text("Emitir…").focus()
    page.keyboard.press("Enter")
    choice = papers.get_by_role("button", name="Convenio")
    expect(choice).to_be_enabled()
    offered = papers.locator("details[open] button:enabled").all_inner_texts()
    for _ in range(offered.index("Convenio") + 1):
        page.keyboard.press("Tab")
    expect(choice).to_be_focused()
    page.keyboard.press("Enter")
    link = papers.get_by_role("link", name="Convenio N° 00000001")
    expect(link).to_be_visible()
    expect(page.locator("#messages")).to_contain_text("Convenio N° 00000001: emitido.")
    assert_accessible_in_both_themes(page)

    file = page.context.request.get(link.get_attribute("href") or "")
    assert (file.status, file.headers["content-type"]) == (200, "application/pdf")
    said = text_of(file.body())
    first = case.arrangements.get().first_due_on
    for words in (case.debtor.listed_name, "$ 15.000,00", "$ 20.000,00", f"{first:%d/%m/%Y}", *AGENCY.values()):
        assert words in said
    code = Document.objects.get().code_label
    assert f"/verificar/{code}" in said.replace(" ", "")

    anybody = page_of(None, width=390)
    anybody.goto(f"/verificar/{code}")
    expect(anybody.get_by_text("El documento es válido.")).to_be_visible()
    expect(anybody.locator("main")).to_contain_text("Convenio N° 00000001")
    assert case.debtor.last_name not in anybody.content()

    page.get_by_text("Registrar pago").click()
    page.fill("#id_payment_amount", "15000")
    page.keyboard.press("Enter")
    expect(heading(page)).not_to_contain_text(case.debtor.last_name)
    page.goto(f"/cases/{case.pk}")
    expect(page.locator("#case-state")).to_contain_text("Pagada con quita")
    with page.context.expect_page():
        page.get_by_role("button", name="Recibo").press("Enter")
    receipt = Document.objects.get(kind="receipt")
    assert "cancela el convenio N° 00000001" in text_of(receipt.file)


def status(case: Case) -> str:
    return case.arrangements.latest("id").status


def test_from_the_offer_to_the_answer(page_of: PageOf, gestor_user: User, admin_user: User, queue: list[Case]) -> None:
    case = queue[0]
    page = page_of(gestor_user)
    page.goto(f"/cases/{case.pk}")
    page.keyboard.press("a")
    expect(page.locator(".offer input").first).to_be_focused()
    assert_accessible_in_both_themes(page)
    page.fill("#id_notes", "Cobra el viernes")
    pick(page, "Contado")
    save = page.get_by_role("button", name="Guardar y siguiente")
    expect(save).to_be_visible()
    pick(page, "Quita grande")
    expect(save).to_have_count(0)
    assert_accessible_in_both_themes(page)
    pick(page, "Por teléfono")
    page.keyboard.press("Control+Enter")
    expect(heading(page)).not_to_contain_text(case.debtor.last_name)
    assert status(case) == "awaiting_approval"

    admin = page_of(admin_user)
    admin.goto("/dashboard-admin")
    expect(admin.locator("#requests-count")).to_contain_text("1")
    admin.get_by_role("link", name="Autorizaciones").click()
    expect(admin.locator("[data-request]")).to_contain_text("Cobra el viernes")
    assert_accessible_in_both_themes(admin)
    admin.keyboard.press("s")
    expect(admin.locator(".empty-title")).to_contain_text("Nadie espera")
    expect(admin.locator("#requests-count")).to_be_hidden()
    assert status(case) == "active"

    page.goto("/dashboard-gestor")
    expect(page.locator("#due")).to_have_count(1)
    expect(page.locator(".queue-row").first).to_contain_text("Autorizaron el convenio")
    expect(heading(page)).to_contain_text(case.debtor.last_name)
    expect(page.locator("#arrangements")).to_contain_text("Convenio vigente")
    page.get_by_text("Registrar pago").click()
    page.fill("#id_payment_amount", "15000")
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.locator("#case-state")).to_contain_text("Pagada con quita")
    assert status(case) == "completed"


def test_a_no_by_keyboard_asks_for_its_reason(
    page_of: PageOf, gestor_user: User, admin_user: User, queue: list[Case]
) -> None:
    terms = services.ArrangementTerms(first_due_on=dates.today() + timedelta(days=7), waiver_percent=Decimal(20))
    for case in queue[:2]:
        services.propose_arrangement(case=case, by=gestor_user, terms=terms, accept=True, accepted_how="phone")
    page = page_of(admin_user)
    page.goto("/autorizaciones")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("[data-request]").nth(1)).to_be_focused()
    page.keyboard.press("n")
    page.keyboard.type("Es mucho")
    page.keyboard.press("Enter")
    expect(page.locator("[data-request]")).to_have_count(1)
    assert [status(case) for case in queue[:2]] == ["awaiting_approval", "rejected"]
    page.get_by_label("Usar estas teclas").uncheck()
    page.locator("h1").click()
    page.keyboard.press("s")
    page.wait_for_timeout(200)
    assert status(queue[0]) == "awaiting_approval"


def test_a_yes_by_mistake_is_taken_back_with_one_key(
    page_of: PageOf, gestor_user: User, admin_user: User, queue: list[Case]
) -> None:
    terms = services.ArrangementTerms(first_due_on=dates.today() + timedelta(days=7), waiver_percent=Decimal(20))
    services.propose_arrangement(case=queue[0], by=gestor_user, terms=terms, accept=True, accepted_how="phone")
    page = page_of(admin_user)
    page.goto("/autorizaciones")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Deshacer")).to_be_visible()
    assert status(queue[0]) == "active"
    assert_accessible_in_both_themes(page)
    page.keyboard.press("u")
    expect(page.locator("[data-request]")).to_have_count(1)
    expect(page.locator("#messages")).to_contain_text("Deshecho: Convenio")
    expect(page.get_by_role("button", name="Deshacer")).to_have_count(0)
    assert status(queue[0]) == "awaiting_approval"


def test_a_word_typed_into_nowhere_grants_nothing(
    page_of: PageOf, gestor_user: User, admin_user: User, queue: list[Case]
) -> None:
    """The reason of one request, typed while the answer to another takes its field away."""
    terms = services.ArrangementTerms(first_due_on=dates.today() + timedelta(days=7), waiver_percent=Decimal(20))
    for case in queue[:2]:
        services.propose_arrangement(case=case, by=gestor_user, terms=terms, accept=True, accepted_how="phone")
    page = page_of(admin_user)
    page.goto("/autorizaciones")
    page.wait_for_load_state()
    page.keyboard.type("si paga es mucho", delay=60)
    page.wait_for_timeout(1200)
    assert [status(case) for case in queue[:2]] == ["awaiting_approval"] * 2
    # Pressed twice, the key says yes once.
    page.keyboard.type("ss", delay=60)
    expect(page.locator("[data-request]")).to_have_count(1)
    page.wait_for_timeout(400)
    assert sorted(status(case) for case in queue[:2]) == ["active", "awaiting_approval"]


def test_other_terms_are_worked_out_while_they_are_typed(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.locator("[data-do=arrange]").click()
    pick(page, "Otros términos")
    expect(page.locator("#own-figures")).to_contain_text("1 pago")
    page.fill("#id_arrangement_instalments", "4")
    expect(page.locator("#own-figures")).to_contain_text("4 × $ 5.000,00")
    page.fill("#id_arrangement_waiver_percent", "20")
    expect(page.locator("#own-figures")).to_contain_text("lo autoriza un administrador")
    expect(page.get_by_role("button", name="Pedir autorización", exact=True)).to_be_visible()
    page.fill("#id_arrangement_waiver_percent", "5")
    expect(page.locator("#own-figures")).to_contain_text("le quedan 5 puntos")

    # A draft: another person and back.
    pick(page, "Firmó")
    page.goto(f"/cases/{queue[1].pk}")
    page.goto(f"/cases/{queue[0].pk}")
    expect(page.locator("#id_arrangement_waiver_percent")).to_have_value("5")
    expect(page.locator("#own-figures")).to_contain_text("4 × $ 4.750,00")
    page.get_by_role("button", name="Guardar", exact=True).dblclick()
    expect(page.locator("#arrangements")).to_contain_text("Convenio vigente")
    assert queue[0].arrangements.count() == 1
    page.get_by_text("Ver las 4 fechas").click()
    expect(page.locator(".plan-schedule tbody tr")).to_have_count(4)
    assert_accessible_in_both_themes(page)
    page.get_by_text("Cancelar el convenio").first.click()
    page.locator(".plan [name=reason]").fill("Se arrepintió")
    page.get_by_role("button", name="Cancelar el convenio").click()
    expect(page.locator("#arrangements .plan")).to_have_count(0)
    expect(page.locator("[data-do=arrange]")).to_be_visible()
    assert status(queue[0]) == "cancelled"


def test_another_result_closes_the_negotiator_and_comes_back(
    page_of: PageOf, gestor_user: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.locator("label[data-result]", has_text="Equivocado").click()
    page.keyboard.press("a")
    expect(page.locator(".result-tiles")).to_be_hidden()
    page.locator("#id_with_arrangement").uncheck()
    expect(page.get_by_role("radio", name="Equivocado")).to_be_checked()
    page.keyboard.press("a")
    page.keyboard.press("1")
    expect(page.locator("#id_with_arrangement")).not_to_be_checked()
    expect(page.get_by_role("radio", name="No contesta")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(heading(page)).not_to_contain_text(queue[0].debtor.last_name)
    assert queue[0].activities.get().result.code == "NC"
    assert not queue[0].arrangements.exists()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_draft_of_terms_leaves_the_list_where_it_is(
    page_of: PageOf, gestor_user: User, queue: list[Case], width: int
) -> None:
    page = page_of(gestor_user, width=width)
    page.goto(f"/cases/{queue[0].pk}")
    page.wait_for_load_state()
    page.keyboard.press("a")
    page.locator("label.offer", has_text="Tres cuotas").click()
    page.goto("/dashboard-gestor")
    expect(page.locator("[name=arrangement_offer]").nth(1)).to_be_checked()
    assert page.url.endswith("/dashboard-gestor")
    expect(page.locator("[data-row]").first).to_be_visible()


def test_on_a_phone(page_of: PageOf, gestor_user: User, admin_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user, width=390, height=844)
    page.goto(f"/cases/{queue[0].pk}")
    open_form(page)
    page.locator("[data-do=arrange]").click()
    pick(page, "Quita grande")
    pick(page, "Lo va a pensar")
    assert_fits(page)
    page.get_by_role("button", name="Pedir autorización", exact=True).click()
    expect(page.locator("#arrangements")).to_contain_text("sin autorizar todavía")
    assert_fits(page)
    admin = page_of(admin_user, width=390, height=844)
    admin.goto("/autorizaciones")
    assert_fits(admin)
    admin.get_by_role("button", name="Autorizar", exact=True).click()
    expect(admin.locator(".empty-title")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Firmó").click()
    expect(page.locator("#arrangements")).to_contain_text("Convenio vigente")
    assert_fits(page)


def test_without_javascript(page_of: PageOf, gestor_user: User, admin_user: User, queue: list[Case]) -> None:
    case = queue[0]
    page = page_of(gestor_user, javascript=False)
    page.goto(f"/cases/{case.pk}")
    page.locator("[data-do=arrange]").click()
    pick(page, "Otros términos")
    page.fill("#id_arrangement_waiver_percent", "20")
    page.get_by_role("button", name="Calcular").click()
    expect(page.locator("#own-figures")).to_contain_text("$ 16.000,00")
    pick(page, "Por mensaje")
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.locator("[data-ask-line]")).to_contain_text("lo autoriza un administrador")
    page.get_by_role("button", name="Pedir autorización").click()
    expect(page.locator("#arrangements")).to_contain_text("sin autorizar todavía")
    admin = page_of(admin_user, javascript=False)
    admin.goto("/autorizaciones")
    admin.get_by_role("button", name="No autorizar").click()
    expect(admin.locator("#requests")).to_contain_text("Escriba por qué se rechaza")
    admin.get_by_role("button", name="Autorizar", exact=True).click()
    expect(admin.locator(".empty-title")).to_be_visible()
    assert status(case) == "active"
