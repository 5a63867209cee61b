"""The screen shows one person: title, address, marked row and panel belong together however one clicks."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from cases.models import Activity, Case, DebtorPhone
from tests import factories
from tests.browser.conftest import Held, PageOf, choose, heading, slow

pytestmark = pytest.mark.django_db(transaction=True)


def shows(page: Page, case: Case) -> None:
    """Everything on the page names this case."""
    name = case.debtor.listed_name
    expect(heading(page)).to_have_text(name)
    expect(page).to_have_title(f"{name} · NOVA")
    expect(page.locator("[data-row][aria-current]")).to_have_count(1)
    expect(page.locator("[data-row][aria-current]")).to_contain_text(name)
    assert page.url.split("?")[0].endswith(f"/cases/{case.pk}")
    assert page.locator("#gestion").get_attribute("action").split("?")[0] == f"/cases/{case.pk}/activities"
    # What stays to be done to the page: nothing arrives later.
    page.wait_for_load_state("networkidle")
    assert heading(page).text_content() == name
    assert page.title() == f"{name} · NOVA"


def row(page: Page, case: Case):
    return page.locator(f"[data-row][data-case='{case.pk}']")


def test_the_last_of_two_clicks_counts(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    for pause, first, second in ((0, 1, 2), (60, 3, 1), (150, 4, 2)):
        row(page, queue[first]).click(no_wait_after=True)
        page.wait_for_timeout(pause)
        row(page, queue[second]).click(no_wait_after=True)
        shows(page, queue[second])
    with slow(page, 1500):
        row(page, queue[1]).click(no_wait_after=True)
        page.wait_for_timeout(60)
        row(page, queue[4]).click(no_wait_after=True)
        shows(page, queue[4])
    # «Siguiente», then a row, then «Back» while it is on its way.
    with Held(page, "**/dashboard-gestor/next?**") as held:  # else it may have come before the second click
        page.get_by_role("link", name="Siguiente").click(no_wait_after=True)
        held.wait(1)
        row(page, queue[3]).click(no_wait_after=True)
        shows(page, queue[3])
        held.release()
    with Held(page, f"**/cases/{queue[2].pk}") as held:
        row(page, queue[2]).click(no_wait_after=True)
        held.wait(1)
        page.go_back()
        held.release()
    shows(page, queue[4])
    page.reload()
    shows(page, queue[4])


def test_a_late_answer_finds_no_other_person(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    with Held(page, f"**/cases/{queue[1].pk}") as held:
        row(page, queue[1]).click(no_wait_after=True)
        held.wait(1)
        row(page, queue[2]).click(no_wait_after=True)
        shows_panel = page.locator(f"[data-shown='{queue[2].pk}']")
        expect(shows_panel).to_be_visible()
        held.release()
    shows(page, queue[2])


@pytest.mark.every_database
def test_what_is_opened_while_something_is_saved_waits_for_it(
    page_of: PageOf, gestor_user: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    choose(page, "No contesta")
    with Held(page, "**/activities") as held:
        page.get_by_role("button", name="Guardar y siguiente").click(no_wait_after=True)
        held.wait(1)
        row(page, queue[2]).click(no_wait_after=True)
        row(page, queue[3]).click(no_wait_after=True)
        page.wait_for_timeout(100)
        expect(heading(page)).to_have_text(queue[0].debtor.listed_name)
        held.release()
    shows(page, queue[3])
    assert Activity.objects.get().case == queue[0]

    # What is refused stays, and nothing is opened over it.
    choose(page, "Volver a llamar")
    with Held(page, "**/activities") as held:
        page.get_by_role("button", name="Guardar", exact=True).click(no_wait_after=True)
        held.wait(1)
        row(page, queue[4]).click(no_wait_after=True)
        held.release()
    expect(page.locator("#gestion .form-error")).to_be_visible()
    shows(page, queue[3])

    # An action on the person that is shown, while another one is on the way: the action first, the other afterwards.
    with Held(page, f"**/cases/{queue[4].pk}") as held:
        row(page, queue[4]).click(no_wait_after=True)
        held.wait(1)
        page.locator("#phones [name=state]").first.click(no_wait_after=True)
        expect(page.locator("#phones s")).to_have_count(1)
        held.release()
    shows(page, queue[4])
    assert DebtorPhone.objects.get(state="bad").debtor == queue[3].debtor


@pytest.mark.every_database
def test_nothing_of_who_was_saved_comes_up_on_the_next_person(
    page_of: PageOf, gestor_user: User, queue: list[Case]
) -> None:
    """Clicked while the save is on its way, a phone or a form would be answered on the next one's screen."""
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    choose(page, "No contesta")
    with Held(page, "**/activities") as held:
        page.get_by_role("button", name="Guardar y siguiente").click(no_wait_after=True)
        held.wait(1)
        for part in ("#phones [name=state]", "#phones a[hx-get]", "#snooze summary", "[data-do=arrange]"):
            page.locator(part).first.click(force=True, no_wait_after=True)
        page.wait_for_timeout(100)
        held.release()
    shows(page, queue[1])
    page.wait_for_load_state("networkidle")
    expect(page.locator("#phones form")).to_have_count(1)
    expect(page.locator(f"#phones form[action^='/cases/{queue[1].pk}/']")).to_have_count(1)
    expect(page.locator("#negotiator form, #id_with_arrangement, #snooze[open]")).to_have_count(0)
    assert not DebtorPhone.objects.filter(state="bad").exists()

    # What is refused leaves the person as they were, to be worked on.
    choose(page, "Volver a llamar")
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.locator("#gestion .form-error")).to_be_visible()
    page.locator("#phones [name=state]").click()
    expect(page.locator("#phones s")).to_have_count(1)


@pytest.mark.every_database
def test_two_actions_at_once_are_both_done_and_shown(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    case = queue[0]
    for _ in range(2):
        factories.DebtorPhoneFactory(debtor=case.debtor)
    page = page_of(gestor_user)
    page.goto(f"/cases/{case.pk}")
    buttons = page.locator("#phones [name=state]")
    with Held(page, "**/state") as held:
        for number in range(3):
            buttons.nth(number).click(no_wait_after=True)
        held.wait(1)
        held.release()
    expect(page.locator("#phones s")).to_have_count(3)
    assert case.debtor.phones.filter(state="bad").count() == 3


def test_a_case_that_is_gone_leaves_the_screen_as_it_is(
    page_of: PageOf, gestor_user: User, other_gestor: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    Case.objects.filter(pk=queue[1].pk).update(assigned_to=other_gestor)
    row(page, queue[1]).click()
    expect(page.locator("#messages")).to_contain_text("no está a su cargo")
    shows(page, queue[0])


def test_the_search_keeps_what_is_typed_meanwhile(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    rows = page.locator("[data-row]")
    with Held(page, "**/dashboard-gestor?**") as held:
        page.locator("#search").press_sequentially("deudora")
        held.wait(1)
        page.locator("#search").press_sequentially(" b")
        held.wait(2)
        held.release(1)
        expect(rows).to_have_count(1)
        held.release()
    expect(page.locator("#search")).to_have_value("deudora b")
    expect(rows).to_have_count(1)
    # Also while a save brings a new screen.
    page.locator("#search").fill("")
    expect(rows).to_have_count(12)
    choose(page, "No contesta")
    with Held(page, "**/activities") as held:
        page.get_by_role("button", name="Guardar", exact=True).click(no_wait_after=True)
        held.wait(1)
        page.locator("#search").fill("deudora c")
        held.release()
    expect(rows).to_have_count(1)
    expect(page.locator("#search")).to_have_value("deudora c")


def test_a_save_takes_the_row_out_and_leaves_the_others(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    more = [factories.CaseFactory(assigned_to=gestor_user, amount=500 - number) for number in range(12)]
    page = page_of(gestor_user)
    page.goto("/dashboard-gestor")
    first, second = queue[0], queue[1]
    expect(page.locator("[data-row]")).to_have_count(len(queue) + len(more))
    row(page, more[0]).evaluate("row => row.mark = 'the same'")
    shown = page.locator("#queue-bands").inner_text()

    choose(page, "No contesta")
    page.keyboard.press("Control+Enter")

    expect(heading(page)).to_have_text(second.debtor.listed_name)
    expect(row(page, first)).to_have_count(0)
    shows(page, second)
    assert row(page, more[0]).evaluate("row => row.mark") == "the same"
    assert page.locator("#queue-bands").inner_text() != shown
    # Nothing of that save takes anybody out later: undone, the person is back in the queue.
    page.get_by_role("button", name="Deshacer").click()
    expect(row(page, first)).to_have_count(1)
    row(page, second).click()
    shows(page, second)
    expect(row(page, first)).to_have_count(1)


def test_few_rows_are_read_anew(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    Case.objects.filter(pk__in=[case.pk for case in queue[6:]]).update(assigned_to=None)
    page = page_of(gestor_user)
    page.goto("/dashboard-gestor")
    newcomer = factories.CaseFactory(assigned_to=gestor_user, amount=3)
    choose(page, "No contesta")
    page.keyboard.press("Control+Enter")

    expect(row(page, newcomer)).to_have_count(1)
    expect(row(page, queue[0])).to_have_count(0)
