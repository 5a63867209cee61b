"""A double click does what its first click does, and nothing to whoever is under the pointer afterwards."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from cases.models import Activity, Case, DebtorPhone
from tests import factories
from tests.browser.conftest import PageOf, heading

pytestmark = pytest.mark.django_db(transaction=True)


def click_twice(page: Page, place: Locator, apart: int) -> None:
    """A double click on one spot, so many milliseconds apart, whatever is there the second time."""
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(x, y)
    page.wait_for_timeout(apart)
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)


@pytest.mark.parametrize("apart", [60, 250, 500])
def test_no_answer_is_recorded_on_one_person_of_a_list(
    page_of: PageOf, gestor_user: User, queue: list[Case], apart: int
) -> None:
    page = page_of(gestor_user)
    page.goto("/dashboard-gestor?tab=casos")
    click_twice(page, page.get_by_role("button", name="no contesta").first, apart)
    expect(page.locator("#messages")).to_contain_text("No contesta")
    page.wait_for_timeout(300)
    assert Activity.objects.by_people().count() == 1


@pytest.mark.parametrize("apart", [60, 150, 400])
def test_one_phone_is_marked(page_of: PageOf, gestor_user: User, queue: list[Case], apart: int) -> None:
    case = queue[0]
    for _ in range(2):
        factories.DebtorPhoneFactory(debtor=case.debtor)
    page = page_of(gestor_user)
    page.goto(case.get_absolute_url())
    click_twice(page, page.locator("#phones").get_by_role("button", name="Marcar que").first, apart)
    expect(page.locator("#messages")).to_contain_text("no se ofrecerá más")
    page.wait_for_timeout(300)
    assert DebtorPhone.objects.filter(state="bad").count() == 1


def test_a_phone_called_and_marked_is_asked_about(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    """With one phone left in use: it is not the one that was called."""
    case = queue[0]
    other = factories.DebtorPhoneFactory(debtor=case.debtor)
    page = page_of(gestor_user)
    page.goto(case.get_absolute_url())
    page.evaluate("document.addEventListener('click', (e) => e.target.closest('a[data-call]') && e.preventDefault())")
    page.locator("#phones [data-call]").first.click()
    expect(page.locator("[data-calling]")).to_contain_text("✓")
    page.locator("#phones").get_by_role("button", name="Marcar que").first.click()
    expect(page.locator("#messages")).to_contain_text("no se ofrecerá más")
    page.keyboard.press("6")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Tiene varios teléfonos")).to_be_visible()
    other.refresh_from_db()
    assert other.state == "unverified"


def test_undo_twice_leaves_the_person_before(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(queue[0].get_absolute_url())
    for name in ("Deudora B, Ana", "Deudora C, Ana"):
        page.keyboard.press("1")
        page.keyboard.press("Control+Enter")
        expect(heading(page)).to_have_text(name)
    page.keyboard.press("u")
    expect(heading(page)).to_have_text("Deudora B, Ana")
    page.wait_for_timeout(400)
    page.keyboard.press("u")
    page.wait_for_timeout(400)
    assert Activity.objects.filter(voided_at__isnull=False).count() == 1


def test_the_hour_of_an_agreed_call_goes_with_its_result(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(queue[0].get_absolute_url())
    page.keyboard.press("3")
    page.get_by_role("button", name="mañana 15").click()
    expect(page.locator("#id_next_action_at")).to_have_value(re.compile("15:00|mañana 15"))
    page.keyboard.press("Escape")
    page.locator("label", has_text="No contesta").first.click()
    expect(page.locator("#id_next_action_at")).not_to_have_value(re.compile("15:00|mañana 15"))
