"""What a task costs in keys and clicks, what fits the window, and how much a save sends (DESIGN §4)."""

import gzip
import re
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from cases.desk import chips
from cases.desk.samples import STATES
from cases.models import Activity, Case, DebtorPhone, Promise
from nova.lib import dates
from nova.lib.said import show_day, show_moment
from tests import factories
from tests.browser.conftest import (
    COLOURS,
    PageOf,
    assert_accessible,
    assert_accessible_in_both_themes,
    assert_fits,
    close_form,
    heading,
    open_form,
)

pytestmark = pytest.mark.django_db(transaction=True)
SAVE_MAX = 25_000  # bytes of a save, as they are sent
SAVE_MAX_PLAIN = 60_000  # and before they are packed


@dataclass
class Counter:
    """Presses and clicks on a page, counted; a chord is one key."""

    page: Page
    keys: int = 0
    clicks: int = 0
    clicked: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1


@pytest.fixture
def page(page_of: PageOf, gestor_user: User, queue: list[Case]) -> Page:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    expect(page.locator("[data-show-keys]")).to_be_visible()
    return page


def saved(page: Page, name: str) -> None:
    expect(page.locator("#messages")).to_contain_text(f"Gestión guardada: {name}")


def next_friday():
    today = dates.today()
    return today + timedelta(days=(4 - today.weekday()) % 7 or 7)


def test_keys_of_a_task(page: Page, queue: list[Case]) -> None:
    count = Counter(page)
    count.press("1", "Control+Enter")
    saved(page, "Deudora A, Ana")
    assert count.keys <= 2  # no answer

    count = Counter(page)
    count.press("4", "Tab", "v", "Control+Enter")
    saved(page, "Deudora B, Ana")
    assert count.keys <= 4  # a promise of the balance for Friday
    promise = Promise.objects.get()
    assert (promise.amount, promise.promise_date) == (queue[1].balance, next_friday())

    count = Counter(page)
    count.press("3", "ArrowUp", "Control+Enter")
    saved(page, "Deudora C, Ana")
    assert count.keys <= 4  # call back tomorrow at 15
    agreed = Case.objects.get(pk=queue[2].pk)
    assert show_moment(agreed.next_action_at) == chips.moments(timezone.now())[-1].value
    assert dates.to_local(agreed.next_action_at).hour == 15

    count = Counter(page)
    page.locator("#case-name").focus()
    count.press("u")
    expect(page.locator("#messages")).to_contain_text("Deshecho: Volver a llamar")
    assert count.keys == 1
    assert Activity.objects.latest("pk").voided_at is not None


def test_the_caller_is_found_and_opened(page: Page, queue: list[Case]) -> None:
    caller = queue[7].debtor
    DebtorPhone.objects.filter(debtor=caller).update(number="+5491148887766")
    count = Counter(page)
    count.press("/", *"7766")
    expect(heading(page)).to_have_text(caller.listed_name)
    assert count.keys <= len("7766") + 1
    expect(page.locator("#search")).to_be_focused()  # who is still dictated the number types on
    page.keyboard.press("Enter")
    expect(heading(page)).to_be_focused()
    assert page.locator("[data-result] input:checked").count() == 0
    # By name: the first one, or the one that the arrows reach.
    page.keyboard.press("/")
    page.keyboard.type("deudora k")
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("Deudora K, Ana")
    page.keyboard.press("/")
    page.keyboard.type("deudora")
    expect(page.locator("[data-row]")).to_have_count(12)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("Deudora B, Ana")


def test_clicks_of_a_task(page: Page, queue: list[Case]) -> None:
    save = page.locator("[data-save-next]")
    count = Counter(page)
    count.click(page.locator("label", has_text="No contesta"))
    count.click(save)
    saved(page, "Deudora A, Ana")
    assert count.clicks <= 2

    count = Counter(page)
    count.click(page.locator("label[data-result]", has_text="Promesa de pago"))
    count.click(page.get_by_role("button", name="½"))
    count.click(page.get_by_role("button", name="viernes"))
    expect(page.get_by_role("button", name="viernes")).to_have_attribute("aria-pressed", "true")
    before = max(dates.previous_business_day(next_friday()), dates.today())
    expect(page.locator("[data-next-hint]")).to_have_text(f"Vacía: vuelve el {show_day(before)}.")
    count.click(save)
    saved(page, "Deudora B, Ana")
    assert count.clicks <= 4
    promise = Promise.objects.get()
    assert (promise.amount, promise.promise_date) == (queue[1].balance / 2, next_friday())

    count = Counter(page)
    count.click(page.get_by_role("link", name="Agregar un teléfono"))
    expect(page.locator("#id_phone_number")).to_be_focused()
    page.keyboard.type("01144445555")
    count.press("Enter")
    expect(page.locator("#phones")).to_contain_text("4444-5555")
    assert count.clicks + count.keys <= 2


# Whether an element is whole in the window and not clipped by a column.
IN_VIEW = """(element) => {
  const box = element.getBoundingClientRect();
  const column = element.closest(".desk-work, .desk-queue").getBoundingClientRect();
  return box.top >= column.top - 1 && box.bottom <= Math.min(innerHeight, column.bottom) + 1;
}"""


# Whether a click in the middle of an element reaches it.
ON_TOP = """(element) => {
  const box = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2));
}"""


def test_note_results_and_save_fit(page: Page, queue: list[Case]) -> None:
    factories.CaseFactory(debtor=queue[0].debtor, assigned_to=queue[0].assigned_to)
    page.set_viewport_size({"width": 1366, "height": 768})
    page.reload()
    for key in "123456":
        page.locator("#case-name").focus()
        page.keyboard.press(key)
        for part in ("#id_notes", "#id_next_action_at", ".result-tiles", "[data-save-next]"):
            assert page.locator(part).evaluate(IN_VIEW), (key, part)
        assert page.locator("#gestion").bounding_box()["height"] <= 621, key
        assert page.locator(".desk-work").evaluate("(column) => column.scrollHeight <= column.clientHeight + 1"), key
        page.keyboard.press("Escape")


def test_nine_people_are_in_view(page: Page, queue: list[Case]) -> None:
    for band, case in enumerate(queue[:7], 1):
        Case.objects.filter(pk=case.pk).update(queue_band=band, next_action_at=timezone.now() if band != 5 else None)
    page.reload()
    expect(page.locator(".band-line")).to_have_count(7)
    seen = page.locator(".queue-row").evaluate_all(f"(rows) => rows.filter({IN_VIEW}).length")
    assert seen >= 9
    assert page.locator(".queue-row").first.bounding_box()["height"] == 56
    assert page.locator(".person-top").bounding_box()["height"] == 64
    assert page.locator(".desk-top").bounding_box()["height"] <= 41


def test_a_phone_shows_the_next_person(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user, width=390, height=844)
    page.goto(f"/cases/{queue[0].pk}")
    expect(page.locator("#gestion")).not_to_be_visible()
    open_form(page)
    assert_accessible(page)
    assert_fits(page)
    close_form(page)
    open_form(page)
    page.locator("label", has_text="No contesta").click()
    page.locator("[data-save-next]").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    expect(heading(page)).to_be_in_viewport(ratio=1)
    expect(page.locator("[data-undo]")).to_be_visible()
    assert heading(page).evaluate(ON_TOP), "something lies over the name"
    assert page.locator(".to-gestion").evaluate(ON_TOP)
    expect(page.locator("#gestion")).not_to_be_visible()
    # What is refused comes back open.
    open_form(page)
    page.locator("label", has_text="Volver a llamar").click()
    page.locator("[data-save-next]").click()
    expect(page.locator("#id_next_action_at")).to_be_focused()
    expect(page.locator("#id_next_action_at_error")).to_be_in_viewport()


def test_the_sheet_opens_without_script(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user, width=390, height=844, javascript=False)
    page.goto(f"/cases/{queue[0].pk}")
    page.locator(".sheet-bar a").click()
    page.locator("label", has_text="No contesta").click()
    page.locator("[data-save-next]").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    page.locator(".sheet-bar a").click()
    page.locator("[data-save-next]").click()
    expect(page.locator("#gestion .form-error")).to_be_visible()


def test_a_save_is_one_short_answer(page: Page, queue: list[Case], gestor_user: User) -> None:
    for number in range(20):
        factories.ActivityFactory(case=queue[1], created_by=gestor_user, notes=f"Suena y corta {number}")
    asked: list[str] = []
    page.on("request", lambda sent: "/static/" in sent.url or asked.append(re.sub(r"^https?://[^/]+", "", sent.url)))
    page.keyboard.press("1")
    with page.expect_response("**/activities") as answered:
        page.keyboard.press("Control+Enter")
    expect(heading(page)).to_have_text("Deudora B, Ana")
    page.wait_for_load_state("networkidle")
    assert asked == [f"/cases/{queue[0].pk}/activities"]
    body = answered.value.body()
    assert len(gzip.compress(body)) <= SAVE_MAX
    assert len(body) <= SAVE_MAX_PLAIN


def test_the_history_by_kind(page: Page, queue: list[Case], gestor_user: User) -> None:
    factories.ActivityFactory(case=queue[0], created_by=gestor_user, notes="habló con la hija " * 40)
    page.reload()
    page.fill("#id_notes", "lo que dijo")
    expect(page.locator("#timeline")).to_contain_text("Alta de deuda")
    page.get_by_role("link", name="Contactos").click()
    expect(page.locator("#timeline")).not_to_contain_text("Alta de deuda")
    expect(page.locator("#timeline [aria-current]")).to_have_text("Contactos")
    note = page.locator("#timeline .long-note .notes").last
    expect(note).not_to_be_visible()
    page.get_by_text("Ver toda la nota").click()
    expect(note).to_be_visible()
    expect(page.locator("#id_notes")).to_have_value("lo que dijo")


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_accessible_and_fits(page_of: PageOf, gestor_user: User, settings, state: str) -> None:
    settings.DEBUG = True
    page = page_of(gestor_user, width=1366, height=768)
    page.goto(f"/estilos/gestor/{state}")
    assert_fits(page)
    # What the bar that saves lies over for the moment would be too small a target.
    page.evaluate(
        "document.querySelector('.gestion-save')?.parentElement.lastElementChild.scrollIntoView({block: 'end'})"
    )
    assert_accessible_in_both_themes(page)
    page.emulate_media(forced_colors="active")
    page.reload()
    assert_accessible(page, COLOURS)
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_with_the_colours_of_the_system(page_of: PageOf, gestor_user: User, queue: list[Case], theme: str) -> None:
    page = page_of(gestor_user, theme=theme)
    page.emulate_media(forced_colors="active", color_scheme=theme)
    page.goto(f"/cases/{queue[0].pk}")
    page.keyboard.press("4")
    tile = page.locator("label.result-tile:has(:checked)")
    other = page.locator("label.result-tile:not(:has(:checked))").first
    assert tile.evaluate("(e) => getComputedStyle(e).backgroundColor") != other.evaluate(
        "(e) => getComputedStyle(e).backgroundColor"
    )
    assert page.locator("[data-row][aria-current]").evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
    assert_accessible(page)


def test_the_balance_is_no_more_than_what_is_not_promised(page: Page, queue: list[Case]) -> None:
    """The box of the promise follows the result, but one that the person has ticked stays."""
    page.keyboard.press("4")
    expect(page.locator("#id_with_promise")).to_be_checked()
    page.locator("label", has_text="No contesta").click()
    expect(page.locator("#id_with_promise")).not_to_be_checked()
    page.locator("#id_with_promise").check()
    page.locator("label", has_text="Contestador").click()
    expect(page.locator("#id_with_promise")).to_be_checked()
    assert queue[0].balance == Decimal(20_000)
