"""What the list of keys prints is what the keys do; the phone that is called; the step that stops."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from cases.models import Activity, Case, DebtorPhone
from tests import factories
from tests.browser.conftest import Held, PageOf, assert_accessible, choose, heading

pytestmark = pytest.mark.django_db(transaction=True)


# [keys, words] of each line.
PRINTED = """(rows) => rows.map((row) => [
  [...row.querySelectorAll("kbd")].map((key) => key.textContent).join("+"), row.querySelector("dd").textContent,
])"""


# Chromium would ask in a window of its own which program calls.
NO_DIALER = """document.addEventListener("click", (event) => {
  if (event.target.closest("a[href^='tel:']")) event.preventDefault();
}, true)"""


def test_the_list_is_true(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    expect(page.locator("[data-show-keys]")).to_be_visible()
    page.keyboard.press("?")
    printed = page.locator("#keys dl > div").evaluate_all(PRINTED)
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).not_to_be_visible()
    digits = {key: words for key, words in printed if key.isdecimal()}
    assert len(digits) == 6
    for digit, name in digits.items():
        page.locator("#case-name").focus()
        page.keyboard.press(digit)
        expect(page.get_by_role("radio", name=name)).to_be_checked()
        page.keyboard.press("Escape")  # out of the field that the result asks for
    assert [key for key, _ in printed if not key.isdecimal()] == [
        *("j", "k", "Enter", "c", "a", "h", "/+Ctrl+K", "Ctrl+Enter", "Esc", "u", "?"),
    ]

    page.keyboard.press("j")
    expect(heading(page)).to_have_text("Deudora B, Ana")
    page.keyboard.press("k")
    expect(heading(page)).to_have_text("Deudora A, Ana")
    page.keyboard.press("k")
    expect(heading(page)).to_have_text("Deudora A, Ana")
    expect(page.locator("#gestion")).not_to_have_attribute("inert", "")
    for keys in ("/", "Control+k"):
        page.locator("#case-name").focus()
        page.keyboard.press(keys)
        expect(page.locator("#search")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#search")).not_to_be_focused()
    expect(page.locator("#gestion")).not_to_have_attribute("inert", "")  # nobody is being opened any more
    # What is typed is text, not a command.
    page.locator("#id_notes").focus()
    page.keyboard.type("jk1c/?")
    expect(page.locator("#id_notes")).to_have_value("jk1c/?")
    expect(heading(page)).to_have_text("Deudora A, Ana")
    page.locator("[data-row]").nth(2).focus()
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("Deudora C, Ana")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#messages")).to_contain_text("Gestión guardada: Deudora C, Ana")


@pytest.mark.every_database
@pytest.mark.parametrize("width", [1440, 390])
def test_the_phone_that_is_called_is_the_one_that_is_marked(
    page_of: PageOf, gestor_user: User, queue: list[Case], width: int
) -> None:
    first = queue[0].debtor.phones.get()
    second, third = (factories.DebtorPhoneFactory(debtor=queue[0].debtor) for _ in range(2))
    page = page_of(gestor_user, width=width)
    page.add_init_script(NO_DIALER)
    page.goto(f"/cases/{queue[0].pk}")
    page.locator(f"[data-call='{second.pk}'][href^='tel:']").click()
    expect(page.locator("[data-calling]")).to_contain_text("Llamando a")
    expect(page.locator("#id_phone")).to_have_value(str(second.pk))
    choose(page, "Equivocado")
    # Marked by hand meanwhile, it is no longer the one that was called: the form asks.
    page.locator(f"form[action*='/phones/{second.pk}/'] button").click()
    expect(page.locator("#phones s")).to_have_count(1)
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.locator("#id_phone_error")).to_contain_text("elija en cuál fue «Equivocado»")
    expect(page.locator("#id_phone")).to_be_focused()
    assert_accessible(page)
    page.locator("#id_phone").select_option(str(third.pk))
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("Gestión guardada")
    assert set(DebtorPhone.objects.filter(state="bad")) & {first, second, third} == {second, third}

    # The key calls the chosen one.
    page.goto(f"/cases/{queue[1].pk}")
    page.locator("#case-name").focus()
    page.keyboard.press("c")
    expect(page.locator("[data-calling]")).to_contain_text("Llamando a")
    page.keyboard.press("6")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#messages")).to_contain_text("Gestión guardada: Deudora B, Ana")


def test_a_number_for_a_form_that_is_on_its_way_is_no_result(
    page_of: PageOf, gestor_user: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    with Held(page, "**/cases/*edit=phone") as held:
        page.get_by_role("link", name="Agregar un teléfono").click(no_wait_after=True)
        held.wait(1)
        page.keyboard.type("114")
        held.release()
    expect(page.locator("#id_phone_number")).to_be_focused()
    expect(page.locator("#id_phone_number")).to_have_value("114")
    assert page.locator("[data-result] input:checked").count() == 0
    page.locator("#case-name").focus()
    page.keyboard.press("1")
    expect(page.get_by_role("radio", name="No contesta")).to_be_checked()


@pytest.mark.every_database
@pytest.mark.parametrize("pause", [0, 60, 150])
def test_a_double_click_stops_nobody(page_of: PageOf, gestor_user: User, queue: list[Case], pause: int) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    choose(page, "Reclamo")
    save = page.get_by_role("button", name="Guardar y siguiente")
    save.focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(pause)
    page.keyboard.press("Enter")
    line = page.locator("[data-stop-line]")
    expect(line).to_be_in_viewport()
    expect(line).to_contain_text("saca de la bandeja solo esta deuda")
    page.wait_for_timeout(150)
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+Enter")  # the usual save is no confirmation either
    page.wait_for_load_state("networkidle")
    assert not Activity.objects.exists()
    assert_accessible(page)
    # Another result takes the line away.
    choose(page, "No contesta")
    expect(line).to_have_count(0)
    choose(page, "Reclamo")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-confirm-stop]")).to_be_focused()
    page.wait_for_timeout(700)
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("Deudora B, Ana")
    queue[0].refresh_from_db()
    assert queue[0].stopped_at is not None
    page.goto(f"/cases/{queue[0].pk}")
    expect(page.locator("#phones")).to_contain_text("Detenido por «Reclamo»")
    assert page.locator("a[href^='tel:']").count() == 0


def test_stopping_without_javascript(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user, javascript=False)
    page.goto(f"/cases/{queue[0].pk}")
    choose(page, "Fallecido")
    page.fill("#id_notes", "lo dijo la hija")
    page.get_by_role("button", name="Guardar y siguiente").click()
    page.get_by_role("button", name="Sí, detener y guardar").click()
    expect(heading(page)).to_have_text("Deudora B, Ana")
    assert Activity.objects.get().notes == "lo dijo la hija"


NOTES = [
    "un hijo cuenta que juega",
    "hablé con la madre, vuelve a las 15",
    "a la noche paga 500?",
    "c/ su hermano 20",
    "juega a la noche",
    "kilo y medio",
    "No estaba: 2 veces",
    "8 de la noche",
]


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("focus", ["result", "name"])
def test_a_note_typed_into_nowhere_is_the_note(
    page_of: PageOf, gestor_user: User, queue: list[Case], note: str, focus: str
) -> None:
    """The first letter may be a key of its own, and a space presses what has the focus: a note is neither."""
    page = page_of(gestor_user)
    page.add_init_script(NO_DIALER)
    page.goto(f"/cases/{queue[0].pk}")
    page.wait_for_load_state()
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(heading(page)).to_have_text(queue[1].debtor.listed_name)
    expect(page.locator("[data-result] input").first).to_be_focused()
    if focus == "name":
        heading(page).focus()
    page.keyboard.type(note, delay=20)
    page.wait_for_timeout(400)

    expect(page.locator("#id_notes")).to_have_value(note)
    expect(page.locator("#id_notes")).to_be_focused()
    expect(heading(page)).to_have_text(queue[1].debtor.listed_name)
    assert Activity.objects.standing().count() == 1
    expect(page.locator("#snooze[open], #id_with_arrangement, dialog[open], [role=alert]")).to_have_count(0)
    expect(page.locator("[data-result] input:checked")).to_have_count(0)
    expect(page.locator("[data-calling]")).to_have_text("")
    expect(page.locator("#search")).to_have_value("")
    page.keyboard.press("Control+Enter")
    expect(heading(page)).to_have_text(queue[2].debtor.listed_name)
    assert Activity.objects.latest("id").notes == note


def test_a_result_and_its_note_need_no_field_in_between(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.wait_for_load_state()
    page.fill("#id_notes", "Ayer tampoco.")
    heading(page).focus()
    page.keyboard.press("1")
    page.keyboard.type("hoy no está", delay=60)
    expect(page.locator("#id_notes")).to_have_value("Ayer tampoco. hoy no está")
    expect(page.get_by_role("radio", name="No contesta")).to_be_checked()


def test_a_note_typed_while_a_person_is_still_coming_is_theirs(
    page_of: PageOf, gestor_user: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.wait_for_load_state()
    page.keyboard.press("1")
    with Held(page, "**/activities") as held:
        page.keyboard.press("Control+Enter")
        held.wait(1)
        page.keyboard.type("un hijox", delay=60)
        page.keyboard.press("Backspace")
        page.wait_for_timeout(1000)
        page.keyboard.type(" juega 1", delay=60)
        expect(heading(page)).to_have_text(queue[0].debtor.listed_name)
        held.release()
    expect(heading(page)).to_have_text(queue[1].debtor.listed_name)
    expect(page.locator("#id_notes")).to_have_value("un hijo juega 1")
    expect(page.locator("#id_notes")).to_be_focused()
    expect(page.locator("[data-result] input:checked")).to_have_count(0)
    assert Activity.objects.get().notes == ""
    page.reload()
    expect(page.locator("#id_notes")).to_have_value("un hijo juega 1")  # as what is typed is


def test_a_note_typed_while_a_save_is_refused_stays_with_who_is_there(
    page_of: PageOf, gestor_user: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.wait_for_load_state()
    page.keyboard.press("4")
    page.keyboard.press("Escape")
    with Held(page, "**/activities") as held:
        page.keyboard.press("Control+Enter")
        held.wait(1)
        page.keyboard.type("el viernes", delay=60)
        held.release()
    expect(page.locator("#id_promise_date_error")).to_be_visible()
    expect(page.locator("#id_notes")).to_have_value("el viernes")


def test_single_keys_are_commands_however_quick(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.add_init_script(NO_DIALER)
    page.goto(f"/cases/{queue[0].pk}")
    page.wait_for_load_state()
    page.keyboard.press("j")
    expect(heading(page)).to_have_text(queue[1].debtor.listed_name)
    page.wait_for_load_state("networkidle")
    page.keyboard.type("jc", delay=60)
    expect(heading(page)).to_have_text(queue[2].debtor.listed_name)
    page.wait_for_load_state("networkidle")
    page.keyboard.type("c2", delay=60)
    expect(page.locator("[data-calling]")).to_contain_text("Llamando a")
    expect(page.get_by_role("radio", name="Contestador")).to_be_checked()
    expect(page.locator("#id_notes")).to_have_value("")


def test_who_has_switched_single_keys_off_writes_nothing_with_them(
    page_of: PageOf, gestor_user: User, queue: list[Case]
) -> None:
    page = page_of(gestor_user)
    page.add_init_script("localStorage.setItem('nova-single-keys', 'off')")
    page.goto(f"/cases/{queue[0].pk}")
    page.wait_for_load_state()
    heading(page).focus()
    page.keyboard.type("no 1 j", delay=60)
    page.wait_for_timeout(300)
    expect(page.locator("#id_notes")).to_have_value("")
    expect(heading(page)).to_have_text(queue[0].debtor.listed_name)
    assert page.locator("[data-result] input:checked").count() == 0


def test_no_key_acts_on_who_is_leaving(page_of: PageOf, gestor_user: User, queue: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(f"/cases/{queue[0].pk}")
    page.wait_for_load_state()
    page.keyboard.press("1")
    with Held(page, "**/activities") as held:
        page.keyboard.press("Control+Enter")
        held.wait(1)
        for key in "ha":
            page.keyboard.press(key)
            page.wait_for_timeout(400)
        expect(page.locator("#snooze[open], #id_with_arrangement")).to_have_count(0)
        held.release()
    expect(heading(page)).to_have_text(queue[1].debtor.listed_name)
    page.wait_for_load_state("networkidle")
    expect(page.locator("#id_with_arrangement")).to_have_count(0)
