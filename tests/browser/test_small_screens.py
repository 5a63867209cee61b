"""What a phone, a small laptop and a list show: nothing is cut, said twice, or out of line."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from cases.models import Activity, Case, DebtorPhone
from nova.lib import dates
from tests import factories
from tests.browser.conftest import PageOf, assert_fits, choose, heading, open_form

pytestmark = pytest.mark.django_db(transaction=True)
MINE = "/dashboard-gestor?tab=casos"
# Whether the text of a field is as wide as the room for it, without the arrow.
ROOM = """(select) => {
  const style = getComputedStyle(select);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const text = pen.measureText(select.selectedOptions[0].text).width;
  return select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 16 - text;
}"""
# The separators that stand first in a line: what is before them stands in another one.
FIRST_IN_LINE = """() => {
  const found = [];
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  let all = 0;
  while (texts.nextNode()) {
    const node = texts.currentNode;
    for (let at = node.data.indexOf("·"); at > 0; at = node.data.indexOf("·", at + 1)) {
      const top = (from) => {
        const range = document.createRange();
        range.setStart(node, from);
        range.setEnd(node, from + 1);
        return range.getBoundingClientRect().top;
      };
      all += 1;
      if (top(at) !== top(at - 1)) found.push(node.data);
    }
  }
  return { all, found };
}"""


def left_of(page: Page, place: str) -> list[float]:
    return page.locator(place).evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().left)")


def shown_messages(page: Page):
    return page.locator("#messages .alert:visible")


def test_names_of_the_agenda_stand_below_each_other(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    start = dates.start_of_day(dates.today())
    for case, at in zip(queue, (start - timedelta(days=2, hours=-16), start + timedelta(hours=9)), strict=False):
        Case.objects.filter(pk=case.pk).update(queue_band=1, next_action_at=at)
    page = page_of(gestor_user)
    page.goto("/dashboard-gestor/agenda")
    expect(page.locator(".people-when").first).to_have_text(re.compile(r"\d\d/\d\d 16:00"))
    names = left_of(page, ".people-who a")
    assert (len(names), len(set(names))) == (2, 1)
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page)
    days = left_of(page, ".week a")
    assert (len(days), days) == (7, sorted(set(days))), "the seven days stand side by side"


@pytest.mark.parametrize("javascript", [True, False])
def test_filters_fold_to_one_line_on_a_phone(
    page_of: PageOf, gestor_user: User, queue: list[Case], javascript: bool
) -> None:
    page = page_of(gestor_user, width=390, height=844, javascript=javascript)
    page.goto(MINE)
    search, button = page.locator("#id_search"), page.locator(".own-more > summary")
    cartera = page.locator("#id_cartera")
    expect(cartera).not_to_be_visible()
    assert search.bounding_box()["y"] == pytest.approx(button.bounding_box()["y"], abs=2)  # type: ignore[index]
    button.click()
    expect(cartera).to_be_visible()
    cartera.select_option(label=queue[0].cartera.name)
    page.get_by_role("button", name="Filtrar").click()
    expect(page.locator(".own-table tbody tr")).to_have_count(1)
    if javascript:  # without it the page has come again, folded
        button.click()
    expect(cartera).not_to_be_visible()
    in_use = button.evaluate("(e) => getComputedStyle(e, '::after').content")
    assert "en uso" in in_use
    page.set_viewport_size({"width": 1366, "height": 768})
    expect(cartera).to_be_visible()
    expect(button).not_to_be_visible()
    expect(page.locator("#id_order")).to_be_visible()
    assert_fits(page)


@pytest.mark.parametrize("address", ["agenda", "recent"])
def test_my_work_is_where_one_is(page_of: PageOf, gestor_user: User, queue: list[Case], address: str) -> None:
    page = page_of(gestor_user, width=390, height=844)
    page.goto(f"/dashboard-gestor/{address}")
    expect(page.get_by_role("link", name="Mi trabajo")).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize("width", [320, 390])
def test_no_tab_is_cut(page_of: PageOf, gestor_user: User, queue: list[Case], width: int) -> None:
    page = page_of(gestor_user, width=width, height=844)
    for address in ("/dashboard-gestor", MINE, "/dashboard-gestor/agenda", "/dashboard-gestor/recent"):
        page.goto(address)
        beyond = page.locator(".tabs").evaluate("(tabs) => tabs.scrollWidth - tabs.clientWidth")
        assert beyond <= 0, address
        assert_fits(page)


@pytest.mark.parametrize("width", [390, 1440])
def test_a_save_is_said_once(page_of: PageOf, gestor_user: User, queue: list[Case], width: int) -> None:
    page = page_of(gestor_user, width=width, height=844)
    page.goto(queue[0].get_absolute_url())
    choose(page, "No contesta")
    page.locator("[data-save-next]").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    expect(shown_messages(page)).to_have_count(1)
    expect(shown_messages(page)).to_contain_text("Guardado: No contesta · Deudora A, Ana")
    # What has no offer to undo is said as before.
    page.goto(queue[2].get_absolute_url())
    page.get_by_role("link", name="Agregar un teléfono").click()
    page.fill("#id_phone_number", "011 15-4444-5555")
    page.locator("#phones").get_by_role("button", name="Agregar").click()
    expect(shown_messages(page).filter(has_text="agregado")).to_have_count(1)


def test_what_was_saved_covers_no_name_while_the_next_is_written(
    page_of: PageOf, gestor_user: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user, width=390, height=844)
    page.goto(queue[0].get_absolute_url())
    choose(page, "No contesta")
    page.locator("[data-save-next]").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    open_form(page)
    offer, name = page.locator("[data-undo]").bounding_box(), heading(page).bounding_box()
    assert offer
    assert name
    assert offer["y"] + offer["height"] <= name["y"] + 4  # the room above the letters
    expect(page.get_by_role("button", name="Deshacer")).to_be_in_viewport(ratio=1)


def test_what_was_saved_at_the_first_click_is_not_refused_at_the_second(
    page_of: PageOf, gestor_user: User, queue: list[Case]
) -> None:
    """The answer is slow or lost, and «Guardar» is pressed again: the phone it marked is no choice any more."""
    page = page_of(gestor_user)
    page.goto(queue[0].get_absolute_url())
    choose(page, "Equivocado")

    def lose_the_answer(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    page.route("**/activities", lose_the_answer)
    with page.expect_event("requestfailed"):
        page.locator("[data-save-next]").click()
    page.unroute("**/activities")
    assert DebtorPhone.objects.get(debtor=queue[0].debtor).state == "bad"
    page.locator("[data-save-next]").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    expect(page.locator("#messages")).to_contain_text("Gestión guardada: Deudora A, Ana")
    assert Activity.objects.by_people().count() == 1


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1280, 800), (390, 844)])
def test_the_number_to_call_is_read_whole(
    page_of: PageOf, gestor_user: User, queue: list[Case], width: int, height: int
) -> None:
    phone = queue[0].debtor.phones.get()
    phone.number, phone.kind, phone.state = "+5493757555601", "mobile", "good"
    phone.save()
    page = page_of(gestor_user, width=width, height=height)
    page.goto(queue[0].get_absolute_url())
    page.locator(".sheet-bar [data-open-sheet]").evaluate("(link) => link.click()")
    expect(page.locator("#id_phone")).to_be_visible()
    assert "celular · bueno" in page.locator("#id_phone option:checked").text_content()  # type: ignore[operator]
    assert page.locator("#id_phone").evaluate(ROOM) >= 0


def test_no_line_begins_with_a_separator(page_of: PageOf, gestor_user: User) -> None:
    cartera = factories.CarteraFactory(name="Mutual del Personal del Litoral")
    cases = [factories.CaseFactory(assigned_to=gestor_user, cartera=cartera) for _ in range(3)]
    page = page_of(gestor_user, width=390, height=844)
    for case in cases:
        page.goto(case.get_absolute_url())
    page.goto("/dashboard-gestor/recent")
    expect(page.locator(".people li")).to_have_count(3)
    for width in (320, 344, 360, 390, 412):
        page.set_viewport_size({"width": width, "height": 844})
        told = page.evaluate(FIRST_IN_LINE)
        assert (told["all"] >= 3, told["found"]) == (True, [])
