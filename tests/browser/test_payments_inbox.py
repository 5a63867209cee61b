"""«Pagos por identificar» by keyboard and by hand, and files on their way up."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from cases.models import Case, LedgerEntry
from nova.lib import dates
from payments.models import PaymentRow
from tests import factories
from tests.browser.conftest import Held, PageOf, assert_accessible_in_both_themes, assert_fits
from tests.payments.command import payments_file

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def case() -> Case:
    return factories.CaseFactory(nro_cliente="A-1", debtor__last_name="Paz", debtor__first_name="Ana", amount=50_000)


@pytest.fixture
def rows(case: Case) -> list[PaymentRow]:
    """Four payments of a file that is posted, the oldest first; the second names the person of the case."""
    return [
        factories.PaymentRowFactory(
            file__status="posted",
            amount=100 + number,
            value_date=dates.today() - timedelta(days=9 - number),
            payer_name=f"Pagadora {number}",
            case=case if number == 1 else None,
            state="ambiguous" if number == 1 else "unmatched",
        )
        for number in range(4)
    ]


def opened(page: Page, row: PaymentRow) -> None:
    expect(page.locator(f'[data-open-payment="{row.pk}"]')).to_be_visible()


def paid() -> list[int]:
    entries = LedgerEntry.objects.filter(kind="payment").order_by("id")
    return [int(amount) for amount in entries.values_list("amount", flat=True)]


def test_by_keyboard(page_of: PageOf, admin_user: User, rows: list[PaymentRow]) -> None:
    page = page_of(admin_user)
    page.goto("/pagos")
    opened(page, rows[0])
    page.keyboard.press("j")
    opened(page, rows[1])
    page.keyboard.press("1")
    assert paid() == []  # a digit alone moves no money
    page.keyboard.press("Enter")
    opened(page, rows[2])
    expect(page.locator("#messages")).to_contain_text("Registrado: $ 101,00 · Paz, Ana.")
    assert paid() == [101]
    page.keyboard.press("k")
    opened(page, rows[0])
    page.keyboard.press("/")
    page.keyboard.type("paz")
    expect(page.locator("[data-choose]")).to_have_count(1)
    expect(page.locator("#inbox-search")).to_have_value("paz")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    opened(page, rows[2])
    assert paid() == [101, 100]
    page.keyboard.press("i")
    page.keyboard.press("Enter")
    expect(page.locator("#inbox-reason-error")).to_have_text("Escriba por qué se ignora.")
    expect(page.locator("#inbox-reason")).to_be_focused()
    page.keyboard.type("Es de otro estudio")
    page.keyboard.press("Enter")
    opened(page, rows[3])
    expect(page.locator("#inbox-reason")).to_have_value("")
    page.go_back()
    expect(page.locator("[data-open-payment]")).to_be_visible()


def test_two_clicks_register_one_payment(page_of: PageOf, admin_user: User, case: Case, rows: list[PaymentRow]) -> None:
    PaymentRow.objects.update(case=case, state="ambiguous")
    page = page_of(admin_user)
    page.goto("/pagos")
    place = page.locator('[data-choose="1"]').bounding_box() or {}
    page.mouse.dblclick(place["x"] + 5, place["y"] + 5, delay=60)
    page.wait_for_timeout(300)
    opened(page, rows[1])
    assert paid() == [100]


def test_what_is_typed_stays_and_more_than_is_owed_is_asked_about(
    page_of: PageOf, admin_user: User, case: Case, rows: list[PaymentRow]
) -> None:
    PaymentRow.objects.filter(pk=rows[0].pk).update(amount=50_001, case=case, state="ambiguous")
    page = page_of(admin_user)
    page.goto("/pagos")
    page.fill("#inbox-reason", "Quizás de otro")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    opened(page, rows[1])
    page.keyboard.press("k")
    expect(page.locator("#inbox-reason")).to_have_value("Quizás de otro")
    page.reload()
    expect(page.locator("#inbox-reason")).to_have_value("Quizás de otro")
    page.locator('[data-choose="1"]').click()
    expect(page.locator("[data-refusal]")).to_be_focused()
    assert_accessible_in_both_themes(page)
    page.get_by_role("button", name="Registrar igual").click()
    opened(page, rows[1])
    assert paid() == [50_001]


@pytest.mark.parametrize("width", [1440, 390])
def test_it_is_accessible_and_fits(
    page_of: PageOf, admin_user: User, case: Case, rows: list[PaymentRow], width: int
) -> None:
    factories.CaseFactory(debtor=case.debtor, nro_cliente="A" * 60)
    PaymentRow.objects.filter(pk=rows[0].pk).update(
        payer_name="W" * 120, external_reference="9" * 120, raw="x" * 3000, why="por " * 70, payer_cuit="20301112223"
    )
    page = page_of(admin_user, width=width)
    page.goto("/pagos")
    page.get_by_text("Cómo vino la fila").click()
    assert_accessible_in_both_themes(page)
    assert_fits(page)
    page.goto(f"/pagos?row={rows[1].pk}")
    page.get_by_text("Repartir entre sus deudas").click()
    assert_accessible_in_both_themes(page)
    assert_fits(page)
    page.goto("/cargar")
    assert_accessible_in_both_themes(page)
    assert_fits(page)


def test_without_script(page_of: PageOf, admin_user: User, rows: list[PaymentRow]) -> None:
    page = page_of(admin_user, javascript=False)
    page.goto("/pagos")
    page.get_by_role("link", name="Siguiente").click()
    page.get_by_role("button", name="Es de acá: Paz, Ana").click()
    expect(page.locator("#messages")).to_contain_text("Registrado: $ 101,00")
    assert paid() == [101]


# --- A file on its way up --------------------------------------------------------------------------------
def test_a_file_is_sent_with_its_progress_and_a_refusal_keeps_it(
    page_of: PageOf, admin_user: User, case: Case, tmp_path: Path
) -> None:
    page = page_of(admin_user)
    page.goto("/cargar")
    page.get_by_role("link", name="Cargar pagos").click()
    wrong = tmp_path / "colores.csv"
    wrong.write_text("Color\nrojo\n")
    page.set_input_files("#id_file", wrong)
    page.get_by_role("button", name="Leer el archivo").click()
    expect(page.locator(".errorlist")).to_contain_text("No se reconoce el formato de «colores.csv»")
    assert page.evaluate("document.querySelector('#id_file').files[0].name") == "colores.csv"
    day = f"{dates.today() - timedelta(days=1):%d/%m/%Y}"
    page.set_input_files("#id_file", payments_file(tmp_path, f"A-1;;{day};1.000,00;R-1;Gómez"))
    with Held(page, "**/paymentfile/add/") as held:
        page.get_by_role("button", name="Leer el archivo").click()
        held.wait(1)
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_role("button", name="Leer el archivo")).to_be_disabled()
        assert_accessible_in_both_themes(page, preload=False)
    expect(page.locator(".messagelist")).to_contain_text("Todavía no se registró ningún pago")


def test_a_file_that_finds_no_network_is_still_chosen(page_of: PageOf, admin_user: User, tmp_path: Path) -> None:
    page = page_of(admin_user)
    page.goto("/admin/cases/importupload/add/")
    file = tmp_path / "cartera.csv"
    file.write_text("nro_cliente,nombre,total\nA-1,Ana,100\n")
    page.set_input_files("#id_file", file)
    page.context.set_offline(True)
    page.get_by_role("button", name="Continuar").click()
    expect(page.get_by_role("alert")).to_contain_text("revise la conexión y vuelva a intentar")
    page.context.set_offline(False)
    assert page.evaluate("document.querySelector('#id_file').files[0].name") == "cartera.csv"
    page.get_by_role("button", name="Continuar").click()
    expect(page.locator(".errornote")).to_contain_text("Revise lo marcado")
    assert page.evaluate("document.querySelector('#id_file').files[0].name") == "cartera.csv"
