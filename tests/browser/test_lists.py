"""The lists in a browser: `h` and its undo, walking with `j` and `k`, marking rows, the supervisor's bar."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import User
from cases import services
from cases.models import Activity, Case
from tests.browser.conftest import PageOf
from tests.factories import CaseFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three(gestor_user: User) -> list[Case]:
    return [
        CaseFactory(assigned_to=gestor_user, debtor__last_name=name, debtor__first_name="")
        for name in ("Alfa", "Beta", "Gama")
    ]


def test_h_puts_off_and_u_takes_it_back(page_of: PageOf, gestor_user: User, three: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(three[0].get_absolute_url())
    page.keyboard.press("h")
    expect(page.get_by_role("button", name="Próximo día hábil")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#case-name")).not_to_have_text("Alfa")
    expect(page.locator("[data-undo]")).to_contain_text("Pospuesto: vuelve el")
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    expect(page.locator("#case-name")).to_have_text("Alfa")
    assert Case.objects.get(pk=three[0].pk).next_action_at is None


def test_what_is_refused_opens_with_the_reason(page_of: PageOf, gestor_user: User, three: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto(three[0].get_absolute_url())
    page.keyboard.press("h")
    page.locator("#id_snooze_until").fill("+30")
    page.keyboard.press("Enter")
    expect(page.locator("#snooze")).to_contain_text("como máximo 15 días")
    expect(page.locator("#id_snooze_until")).to_have_value("+30")


def test_j_and_k_walk_the_list_and_back(page_of: PageOf, gestor_user: User, three: list[Case]) -> None:
    page = page_of(gestor_user)
    page.goto("/dashboard-gestor?tab=casos&order=name")
    page.get_by_role("link", name="Beta", exact=True).click()
    expect(page.locator("[data-place]")).to_have_text("2 de 3")
    page.wait_for_load_state()  # a key counts from then on
    page.keyboard.press("j")
    expect(page.locator("#case-name")).to_have_text("Gama")
    expect(page.locator("[data-place]")).to_have_text("3 de 3")
    for name in ("Beta", "Alfa"):
        page.keyboard.press("k")
        expect(page.locator("#case-name")).to_have_text(name)
    page.get_by_role("link", name="Volver a Mis casos").click()
    expect(page).to_have_url(re.compile(r"tab=casos&order=name$"))


@pytest.mark.parametrize("javascript", [True, False])
def test_marked_rows_are_noted_together(
    page_of: PageOf, gestor_user: User, three: list[Case], javascript: bool
) -> None:
    page = page_of(gestor_user, javascript=javascript)
    page.goto("/dashboard-gestor?tab=casos&order=name")
    page.get_by_label("Marcar a Alfa").check()
    page.get_by_label("Marcar a Gama").check()
    page.get_by_role("button", name="Agregar la misma nota…").click()
    page.get_by_label("Nota", exact=True).fill("Campaña")
    page.get_by_role("button", name="Agregar la misma nota").click()
    expect(page.get_by_text("Nota guardada en 2 casos.")).to_be_visible()
    assert set(Activity.objects.values_list("case", "notes")) == {(three[0].pk, "Campaña"), (three[2].pk, "Campaña")}


@pytest.mark.parametrize("javascript", [True, False])
def test_a_supervisor_lifts_a_stop(
    page_of: PageOf, admin_user: User, gestor_user: User, three: list[Case], javascript: bool
) -> None:
    services.set_stop(debtor=three[0].debtor, by=gestor_user, reason="reclamo")
    page = page_of(admin_user, javascript=javascript)
    page.goto("/detenidos")
    page.get_by_role("link", name="Alfa", exact=True).click()
    page.get_by_role("link", name="Devolver a la bandeja…").click()
    page.get_by_label("Por qué se levanta").fill("Resuelto")
    page.get_by_role("button", name="Devolver a la bandeja").click()
    expect(page.get_by_text("Casos que volvieron a la bandeja: 1.")).to_be_visible()
    expect(page.get_by_role("heading", name="Alfa")).to_be_visible()
    assert Case.objects.get(pk=three[0].pk).stopped_at is None


def test_a_supervisor_walks_the_stopped_with_j_and_k(
    page_of: PageOf, admin_user: User, gestor_user: User, three: list[Case]
) -> None:
    for case in three:
        services.set_stop(debtor=case.debtor, by=gestor_user, reason="reclamo")
    page = page_of(admin_user)
    page.goto("/detenidos")
    page.get_by_role("link", name="Beta", exact=True).click()
    expect(page.locator("[data-place]")).to_have_text("2 de 3")
    page.wait_for_load_state()  # a key counts from then on
    page.keyboard.press("j")
    expect(page.locator("#case-name")).to_have_text("Gama")
    page.keyboard.press("k")
    expect(page.locator("#case-name")).to_have_text("Beta")
    page.get_by_role("link", name="Devolver a la bandeja…").click()
    page.get_by_label("Por qué se levanta").fill("Resuelto")
    page.get_by_role("button", name="Devolver a la bandeja").click()
    expect(page.get_by_text("ya no está en la lista")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("j")
    expect(page.locator("#case-name")).to_have_text("Gama")
    expect(page.locator("[data-place]")).to_have_text("2 de 2")
    page.get_by_role("link", name="Volver a Detenidos").click()
    expect(page.locator(".stopped-name")).to_have_count(2)
