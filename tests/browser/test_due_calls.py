"""A call-back that falls due while one reads shows itself, and takes nothing away."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from cases.models import Case
from tests.browser.conftest import PageOf, assert_accessible, assert_fits, heading, open_form

pytestmark = pytest.mark.django_db(transaction=True)


def falls_due(case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(queue_band=1, next_action_at=timezone.now() - timedelta(seconds=5))


def polls(page: Page) -> list[str]:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/dashboard-gestor/due" in request.url else None)
    return sent


@pytest.mark.parametrize("width", [1440, 390])
def test_it_shows_itself_and_what_is_typed_stays(
    page_of: PageOf, gestor_user: User, queue: list[Case], width: int
) -> None:
    page = page_of(gestor_user, width=width)
    page.clock.install()
    page.goto(f"/cases/{queue[0].pk}")
    name = queue[0].debtor.listed_name
    expect(page).to_have_title(f"{name} · NOVA")
    open_form(page)
    page.locator("#id_notes").fill("Lo que se está escribiendo")
    falls_due(queue[5])

    page.clock.run_for(70_000)

    notice = page.get_by_role("link", name="llamado acordado a las")
    expect(notice).to_be_visible()
    expect(page).to_have_title(f"(1) {name} · NOVA")
    expect(page.locator("#id_notes")).to_have_value("Lo que se está escribiendo")
    expect(page.locator("#id_notes")).to_be_focused()
    assert_accessible(page)
    assert_fits(page)
    notice.click()
    expect(heading(page)).to_have_text(queue[5].debtor.listed_name)
    expect(notice).to_be_hidden()
    expect(page).to_have_title(f"(1) {queue[5].debtor.listed_name} · NOVA")


def test_a_hidden_page_asks_nothing(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.clock.install()
    page.goto("/dashboard-gestor")
    sent = polls(page)
    page.evaluate("Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})")
    page.clock.run_for(300_000)
    assert sent == []
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(1_000)
    assert len(sent) == 1


def test_a_session_that_ended_takes_nothing_away(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.clock.install()
    page.goto(f"/cases/{queue[0].pk}")
    page.locator("#id_notes").fill("A medio escribir")
    page.context.clear_cookies()
    sent = polls(page)
    page.clock.run_for(70_000)
    page.wait_for_load_state("networkidle")
    assert len(sent) == 1
    expect(page.locator("#id_notes")).to_have_value("A medio escribir")
    assert page.url.endswith(f"/cases/{queue[0].pk}")
