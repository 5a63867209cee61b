"""What was just saved is taken back by a key or by a click, once, and the offer ends."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from cases.models import Activity, Case, DebtorPhone
from tests.browser.conftest import PageOf, assert_accessible, assert_fits, choose, heading, open_form

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("width", "how"), [(1440, "u"), (390, "two clicks")])
def test_a_wrong_result_is_taken_back(
    page_of: PageOf, gestor_user: User, queue: list[Case], width: int, how: str
) -> None:
    page = page_of(gestor_user, width=width)
    page.goto(f"/cases/{queue[0].pk}")
    choose(page, "Equivocado")
    page.keyboard.press("Control+Enter")
    expect(heading(page)).to_have_text("Deudora B, Ana")
    offer = page.locator("[data-undo]")
    expect(offer).to_contain_text("Equivocado · Deudora A, Ana · vuelve")
    assert_accessible(page)
    assert_fits(page)
    open_form(page)
    page.fill("#id_notes", "lo que iba a escribir de B")

    if how == "u":
        heading(page).focus()
        page.keyboard.press("u")
    else:
        offer.get_by_role("button", name="Deshacer").click(click_count=2, delay=60, no_wait_after=True)

    expect(heading(page)).to_have_text("Deudora A, Ana")
    expect(page.locator("#messages")).to_contain_text("Deshecho: Equivocado")
    expect(offer).to_have_count(0)
    assert Activity.objects.get().voided_at is not None
    assert DebtorPhone.objects.get(debtor=queue[0].debtor).state == "unverified"
    queue[0].refresh_from_db()
    assert (queue[0].next_action_at, queue[0].queue_band) == (None, 5)
    page.goto(f"/cases/{queue[1].pk}")
    expect(page.locator("#id_notes")).to_have_value("lo que iba a escribir de B")


def test_the_offer_ends(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.clock.install()
    page.goto(f"/cases/{queue[0].pk}")
    choose(page, "No contesta")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-undo]")).to_be_visible()
    page.clock.fast_forward(16_000)
    expect(page.locator("[data-undo]")).to_have_count(0)
