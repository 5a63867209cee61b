"""The public page and its form, as a visitor meets them."""

import time

import pytest
from playwright.sync_api import Page, expect

from contact import outbox, tickets
from contact.models import ContactSubmission
from tests import factories
from tests.browser.conftest import PageOf, assert_accessible, assert_accessible_in_both_themes, assert_fits
from tests.mailing import VISITOR, Inbox, smtp_server

pytestmark = pytest.mark.django_db(transaction=True)
MAX_TRANSFER = 100_000  # bytes of the whole page, before any compression
# How much of the page moved by itself while it loaded.
SHIFT = """() => new Promise((resolve) => {
  let total = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { total += entry.value; }))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve(total), 500);
})"""


@pytest.fixture(autouse=True)
def _patient_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test types faster than a person."""
    monkeypatch.setattr(tickets, "SHORTEST", tickets.timedelta(0))


def fill_in(page: Page, **changes: str) -> None:
    for name, value in {**VISITOR, **changes}.items():
        page.fill(f"#id_{name}", value)


def expect_thanks(page: Page) -> None:
    expect(page.locator("#contacto [role=status]")).to_contain_text("Recibimos su mensaje")


@pytest.mark.parametrize("width", [1440, 390, 320])
def test_it_is_accessible_and_fits(page_of: PageOf, settings, width: int) -> None:
    settings.AGENCY_PHONE, settings.AGENCY_WHATSAPP = "(011) 4444-5555", "+54 9 11 4444-5555"
    settings.AGENCY_EMAIL, settings.AGENCY_ADDRESS = "contacto@agencia.example", "Av. Corrientes 1234, piso 5, CABA"
    settings.AGENCY_SINCE, settings.AGENCY_FIGURES = 1998, "35=carteras;120.000=casos gestionados"
    page = page_of(None, width=width)
    page.goto("/")
    assert_accessible_in_both_themes(page)
    assert_fits(page)


def test_it_is_light_and_nothing_moves(page_of: PageOf) -> None:
    page = page_of(None)
    sizes = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.goto("/", wait_until="networkidle")
    assert page.evaluate(SHIFT) < 0.01
    assert sum(sizes) < MAX_TRANSFER
    assert page.evaluate("() => [...document.images].every((image) => image.width && image.height)")
    assert page.evaluate("() => [...document.scripts].map((script) => script.src.split('/').pop())") == ["theme.js"]


@pytest.mark.parametrize("javascript", [True, False])
def test_a_visitor_writes_and_the_agency_gets_mail(page_of: PageOf, mail_to, javascript: bool) -> None:
    page = page_of(None, javascript=javascript)
    page.goto("/")
    fill_in(page)
    page.click("text=Enviar mensaje")
    expect_thanks(page)
    assert page.url.endswith("/?enviado#contacto")
    page.reload()  # sends nothing again
    assert ContactSubmission.objects.count() == 1
    with smtp_server(inbox := Inbox()) as port:
        mail_to(port)
        outbox.drain()
    assert inbox.messages[0]["Reply-To"] == VISITOR["email"]


def test_the_browser_checks_first(page_of: PageOf) -> None:
    page = page_of(None)
    page.goto("/")
    fill_in(page, email="marta")
    page.click("text=Enviar mensaje")
    assert page.evaluate("() => document.querySelector('#id_email').validity.typeMismatch")
    fill_in(page, name="")
    page.click("text=Enviar mensaje")
    assert page.evaluate("() => document.activeElement.id") == "id_name"
    assert not ContactSubmission.objects.exists()


def test_what_only_the_server_refuses_is_marked_and_kept(page_of: PageOf) -> None:
    page = page_of(None)
    page.goto("/")
    fill_in(page, phone="llámeme")
    page.click("text=Enviar mensaje")
    expect(page.get_by_role("alert")).to_contain_text("revise lo que está marcado")
    expect(page.locator("#id_phone")).to_have_attribute("aria-invalid", "true")
    assert page.input_value("#id_message") == VISITOR["message"]
    assert_accessible(page)
    page.fill("#id_phone", "011 4444-5555")
    page.click("text=Enviar mensaje")
    expect_thanks(page)


def test_the_trap_is_out_of_sight_and_reach(page_of: PageOf) -> None:
    page = page_of(None)
    page.goto("/")
    box = page.locator("#id_website").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] < 0
    page.locator("#id_message").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent.trim()") == "Enviar mensaje"


@pytest.mark.postgres  # in memory, SQLite's one connection cannot serve two requests at once
def test_a_double_click_sends_once(page_of: PageOf) -> None:
    page = page_of(None)
    page.goto("/")
    fill_in(page)
    page.dblclick("text=Enviar mensaje")
    expect_thanks(page)
    time.sleep(0.3)
    assert ContactSubmission.objects.count() == 1


def test_an_admin_takes_care_of_it(page_of: PageOf, admin_user) -> None:
    for number in range(3):
        factories.ContactSubmissionFactory(name=f"Visitante {number}")
    for width, theme in ((1440, "light"), (390, "dark")):
        page = page_of(admin_user, width=width, theme=theme)
        for path in ("/submissions", "/test-email-config"):
            page.goto(path)
            assert_accessible(page)
            assert_fits(page)
    page.goto("/submissions?show=pendientes")
    card = page.locator(".card", has_text="Visitante 1")
    card.get_by_role("button", name="Marcar como atendido").click()
    expect(page.locator("main")).not_to_contain_text("Visitante 1 ")
    expect(page.locator("#messages")).to_contain_text("El mensaje de Visitante 1 quedó atendido.")
    assert page.url.endswith("/submissions?show=pendientes")
    expect(page.locator("article")).to_have_count(2)


def test_the_images_of_the_root_are_those_of_the_svg(page_of: PageOf) -> None:
    """Pixel by pixel, but for smoothed edges: `make images` after a change of the SVG."""
    page = page_of(None)
    page.goto("/")
    compare = """async ([svg, png]) => {
      const pixels = async (url) => {
        const image = new Image(592, 160);
        image.src = url;
        await image.decode();
        const canvas = Object.assign(document.createElement("canvas"), {width: 592, height: 160});
        canvas.getContext("2d").drawImage(image, 0, 0, 592, 160);
        return canvas.getContext("2d").getImageData(0, 0, 592, 160).data;
      };
      const [one, two] = [await pixels(svg), await pixels(png)];
      return one.reduce((sum, value, index) => sum + Math.abs(value - two[index]), 0) / one.length;
    }"""
    for name in ("logo", "logo-dark"):
        assert page.evaluate(compare, [f"/static/images/{name}.svg", f"/{name}.png"]) < 1
    assert page.evaluate(compare, ["/static/images/logo.svg", "/logo-dark.png"]) > 5  # the comparison can fail
