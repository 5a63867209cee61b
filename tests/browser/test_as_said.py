"""Dates and amounts are typed as they are said, and the page shows how it read them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from accounts.models import User
from cases.models import Case, LedgerEntry, Promise
from nova.lib import dates
from nova.lib.said import show_day, show_moment
from tests.browser.conftest import PageOf, assert_accessible, choose, heading, slow

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_typed_is_shown_as_it_is_read(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    today = dates.today()
    tomorrow = today + timedelta(days=1)
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    when = page.locator("#id_next_action_at")
    hint = page.locator(".field:has(#id_next_action_at) [data-said-shown]")
    when.press_sequentially("mañana 15")
    expect(hint).to_have_text(show_moment(dates.start_of_day(tomorrow) + timedelta(hours=15)))
    expect(when).to_have_value("mañana 15")  # while one is in it, it is as one typed it
    page.locator("#id_notes").click()
    expect(when).to_have_value(show_moment(dates.start_of_day(tomorrow) + timedelta(hours=15)))
    page.reload()  # the draft says the day, not «mañana»
    expect(when).to_have_value(show_moment(dates.start_of_day(tomorrow) + timedelta(hours=15)))
    when.fill("10")
    expect(hint).to_contain_text("«día 10» o «hoy 10»")
    page.locator("#id_notes").click()
    expect(when).to_have_value("10")
    assert_accessible(page)
    when.fill("")

    choose(page, "Promesa de pago")
    page.fill("#id_promise_amount", "5 mil")
    expect(page.locator(".field:has(#id_promise_amount) [data-said-shown]")).to_have_text("$ 5.000,00")
    page.fill("#id_promise_date", "viernes 32")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#id_promise_date_error")).to_contain_text("no existe")
    expect(page.locator("#id_promise_date")).to_have_value("viernes 32")
    expect(page.locator("#id_promise_date")).to_be_focused()
    # Saved before the answer comes: the server reads the same.
    page.get_by_label("Registrar pago").check()
    page.fill("#id_payment_amount", "1,5 k")
    page.fill("#id_payment_value_date", "hoy")
    with slow(page, 400):
        page.fill("#id_promise_date", "+3")
        page.keyboard.press("Control+Enter")
        expect(heading(page)).to_have_text("Deudora B, Ana")
    promise = Promise.objects.get()
    assert (promise.amount, promise.promise_date) == (Decimal(5000), dates.add_business_days(today, 3))
    assert LedgerEntry.objects.get(kind="payment").amount == Decimal(1500)

    page.goto(f"/cases/{queue[1].pk}/promises")
    page.fill("#id_promise_date", "mañana")
    page.locator("#id_promise_amount").focus()
    expect(page.locator("#id_promise_date")).to_have_value(show_day(tomorrow))


def test_in_the_administration_too(page_of: PageOf, admin_user: User, queue: list[Case]) -> None:
    page = page_of(admin_user)
    page.goto(f"/admin/cases/case/{queue[0].pk}/change/")
    when = page.locator("#id_next_action_at")
    tomorrow = dates.start_of_day(dates.today() + timedelta(days=1)) + timedelta(hours=15)
    when.press_sequentially("mañana 15")
    expect(page.locator("[data-said-shown]")).to_have_text(show_moment(tomorrow))
    page.locator("#id_entity").click()
    expect(when).to_have_value(show_moment(tomorrow))
    page.locator("[name=_save]").first.click()
    page.wait_for_url("**/admin/cases/case/")
    queue[0].refresh_from_db()
    assert queue[0].next_action_at == tomorrow
    page.goto(f"/admin/cases/case/{queue[0].pk}/change/")
    expect(when).to_have_value(show_moment(tomorrow))
    page.locator("[name=_save]").first.click()  # nothing was edited
    page.wait_for_url("**/admin/cases/case/")
    queue[0].refresh_from_db()
    assert queue[0].next_action_at == tomorrow
