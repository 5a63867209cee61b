"""The admin's dashboard as a person uses it."""

import re
import shutil
import subprocess
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from cases import services
from cases.models import Case
from nova.lib import dates
from nova.lib.money import parse_money
from nova.lib.said import show_day
from tests import factories
from tests.browser.conftest import PageOf, assert_accessible, assert_accessible_in_both_themes, assert_fits
from tests.steps import pay

pytestmark = pytest.mark.django_db(transaction=True)
HOME = "/dashboard-admin"


@pytest.fixture
def agency(admin_user: User, gestor_user: User, other_gestor: User) -> list[Case]:
    """Two carteras, two gestores, money of this week and of a month ago, promises kept and broken, alerts."""
    carteras = [factories.CarteraFactory(name=name) for name in ("Crédito Andino", "Tarjeta Pampa")]
    made = []
    for number in range(6):
        gestor = (gestor_user, other_gestor, None)[number % 3]
        case = factories.CaseFactory(
            cartera=carteras[number % 2],
            assigned_to=gestor,
            amount=Decimal("50000.00"),
            debtor__first_name="María de los Ángeles",
            debtor__last_name=f"Fernández Etchegaray {number}",
        )
        for days in (0, 3, 35):
            day = dates.today() - timedelta(days=days)
            pay(case, f"{1000 + number}.55", by=admin_user, value_date=day)
        if gestor:
            services.record_activity(case=case, by=gestor, type="call", result=factories.result("NC"))
        made.append(case)
    yesterday = dates.today() - timedelta(days=5)
    factories.PromiseFactory(case=made[0], status="fulfilled", promise_date=yesterday, fulfilled_date=yesterday)
    factories.PromiseFactory(case=made[1], status="broken", promise_date=yesterday)
    return made


def recovered(page: Page) -> Decimal:
    return parse_money(page.locator(".tile-value").first.inner_text())


def expect_recovered(page: Page, amount: str) -> None:
    expect(page.locator(".tile-value").first).to_have_text(amount)


@pytest.mark.every_database
def test_filters_without_a_reload_in_the_address_and_back(
    page_of: PageOf, admin_user: User, agency: list[Case]
) -> None:
    page = page_of(admin_user)
    page.goto(HOME)
    expect_recovered(page, "$ 12.036,60")
    page.evaluate("window.stayed = true")

    page.select_option("#id_cartera", label="Tarjeta Pampa")
    expect_recovered(page, "$ 6.021,30")
    page.select_option("#id_gestor", label="Gabriel Gestor")
    expect_recovered(page, "$ 2.007,10")
    page.locator("#id_period").focus()
    page.select_option("#id_period", "quarter")
    expect_recovered(page, "$ 3.010,65")
    assert page.evaluate("window.stayed")
    pampa, gabriel = agency[3].cartera_id, agency[3].assigned_to_id
    assert page.url.endswith(f"{HOME}?period=quarter&cartera={pampa}&gestor={gabriel}")
    assert page.evaluate("document.activeElement.id") == "id_period"
    expect(page.locator("#chart-weekly")).to_be_visible()

    shared = page_of(admin_user)
    shared.goto(page.url)
    expect_recovered(shared, "$ 3.010,65")
    expect(shared.locator("#id_cartera")).to_have_value(str(pampa))

    page.go_back()
    expect_recovered(page, "$ 2.007,10")
    page.go_back()
    expect_recovered(page, "$ 6.021,30")
    expect(page.locator("#id_cartera")).to_have_value(str(pampa))
    page.go_back()
    expect_recovered(page, "$ 12.036,60")
    expect(page.locator("#id_cartera")).to_have_value("")
    expect(page.locator("#chart-weekly")).to_be_visible()


def test_dates_of_ones_own_and_what_they_cannot_be(page_of: PageOf, admin_user: User, agency: list[Case]) -> None:
    page = page_of(admin_user)
    page.goto(HOME)
    expect(page.locator("#id_start_date")).to_be_hidden()
    page.select_option("#id_period", "custom")
    expect(page.locator("#id_start_date")).to_be_visible()
    day = dates.today() - timedelta(days=35)
    page.fill("#id_start_date", f"{day:%d/%m}")
    page.fill("#id_end_date", f"{day:%d/%m/%Y}")
    page.locator("#id_end_date").blur()
    expect_recovered(page, "$ 6.018,30")
    expect(page.locator("#id_start_date")).to_have_value(show_day(day))  # as it was read, with its weekday
    expect(page.locator("#id_end_date")).to_have_value(show_day(day))
    expect(page).to_have_url(re.compile(f"start_date={day}&end_date={day}"))

    page.fill("#id_end_date", (day - timedelta(days=1)).isoformat())
    page.locator("#id_end_date").blur()
    expect(page.get_by_role("alert")).to_contain_text("Hasta: Termina antes de empezar.")
    expect(page.locator(".tile-value")).to_have_count(0)
    expect(page.locator("#id_start_date")).to_have_value(show_day(day))  # what was typed stays
    page.fill("#id_end_date", "31 de febrero")
    page.locator("#id_end_date").blur()
    expect(page.locator(".field:has(#id_end_date) [data-said-shown]")).to_contain_text("no existe")
    expect(page.get_by_role("alert")).to_contain_text("Hasta: El 31/2 no existe")
    assert_accessible(page)
    assert_fits(page)


def test_what_is_behind_a_figure_adds_up_to_it(page_of: PageOf, admin_user: User, agency: list[Case]) -> None:
    page = page_of(admin_user)
    page.goto(f"{HOME}?cartera={agency[0].cartera_id}")
    figure = recovered(page)
    page.locator(".tile").first.click()
    page.wait_for_url(f"**{HOME}/movimientos?cartera={agency[0].cartera_id}")
    amounts = page.locator("#rows tbody td.num:last-child").all_inner_texts()
    assert len(amounts) == 6
    assert sum(map(parse_money, amounts)) == figure
    assert parse_money(page.locator(".totals dd").first.inner_text()) == figure

    page.get_by_role("link", name="Solo reversas").click()
    expect(page.locator("#rows")).to_contain_text("Ninguna fila")
    page.get_by_role("link", name="Todo").click()
    page.locator("#rows tbody th a").first.click()
    expect(page.locator("#case-name")).to_contain_text("Fernández Etchegaray")


def test_charts_are_drawn_said_and_clicked(page_of: PageOf, admin_user: User, agency: list[Case]) -> None:
    page = page_of(admin_user)
    page.goto(HOME)
    for name in ("weekly", "comparison", "carteras", "statuses", "gestores"):
        expect(page.locator(f"#chart-{name}")).to_be_visible()
        table = page.locator(f"[data-chart-of={name}] table")
        expect(table).to_be_hidden()
        page.locator(f"[data-chart-of={name}] summary").click()
        expect(table).to_be_visible()
    assert page.locator("[data-chart-of=carteras] tbody tr").count() == 2

    # The tooltip is in es-AR, the note of the ranking with it.
    said = page.evaluate("""() => {
      const chart = Chart.getChart("chart-gestores");
      const point = chart.getDatasetMeta(0).data[0];
      chart.tooltip.setActiveElements([{ datasetIndex: 0, index: 0 }], { x: point.x, y: point.y });
      chart.update();
      return chart.tooltip.body.flatMap((part) => part.lines).join(" ").replaceAll("\\u00a0", " ");
    }""")
    assert re.search(r"Recuperado: \$ 4\.01\d,\d\d .*2 casos", said), said

    light = page.evaluate("Chart.getChart('chart-carteras').data.datasets[0].backgroundColor")
    page.locator("[data-theme-toggle]").click()  # from the system's to light
    page.locator("[data-theme-toggle]").click()  # to dark
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    page.wait_for_function(
        "before => Chart.getChart('chart-carteras').data.datasets[0].backgroundColor[0] !== before", arg=light[0]
    )

    point = page.evaluate("""() => {
      const bar = Chart.getChart("chart-gestores").getDatasetMeta(0).data[0];
      return [bar.x - 5, bar.y];
    }""")
    page.locator("#chart-gestores").click(position={"x": point[0], "y": point[1]})
    page.wait_for_url("**/gestores/*")


def test_files_open(page_of: PageOf, admin_user: User, agency: list[Case], tmp_path: Path) -> None:
    page = page_of(admin_user)
    page.goto(HOME)
    saved = {}
    for form in ("XLSX", "CSV", "PDF"):
        with page.expect_download() as download:
            page.get_by_role("navigation", name="Exportar esta vista").get_by_role("link", name=form).click()
        saved[form] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[form])
    book = openpyxl.load_workbook(saved["XLSX"])
    assert 12036.6 in [cell.value for cell in book["Indicadores"]["B"]]
    assert "Monto recuperado ($);12036,60;" in saved["CSV"].read_text(encoding="utf-8-sig")
    if not shutil.which("pdftotext"):
        pytest.skip("the rest needs pdftotext (apt install poppler-utils)")
    text = subprocess.run(["pdftotext", saved["PDF"], "-"], capture_output=True, text=True, check=True).stdout
    assert "$ 12.036,60" in text


def test_an_alert_is_acted_on_in_one_click(page_of: PageOf, admin_user: User, agency: list[Case]) -> None:
    page = page_of(admin_user)
    page.goto(HOME)
    page.get_by_role("link", name=re.compile("Asignar.*2 casos abiertos sin gestor")).click()
    expect(page.locator("#result_list tbody tr")).to_have_count(2)


def test_a_gestors_cases_are_passed_on(
    page_of: PageOf, admin_user: User, agency: list[Case], other_gestor: User
) -> None:
    page = page_of(admin_user)
    page.goto(HOME)
    page.get_by_role("link", name="Gabriel Gestor").click()
    expect(page.get_by_role("heading", name="Gabriel Gestor")).to_be_visible()
    expect_recovered(page, "$ 4.008,20")
    page.select_option("#id_to", label="Olga Gestora")
    page.get_by_role("button", name="Revisar y confirmar…").click()
    expect(page.locator("main")).to_contain_text("2 casos pasan de Gabriel Gestor a Olga Gestora.")
    page.get_by_role("button", name="Reasignar").click()
    expect(page.locator("#messages")).to_contain_text("Casos reasignados: 2, a Olga Gestora.")
    assert other_gestor.cases.count() == 4
    expect_recovered(page, "$ 4.008,20")  # what was recovered stays credited


def test_without_javascript(page_of: PageOf, admin_user: User, agency: list[Case]) -> None:
    page = page_of(admin_user, javascript=False)
    page.goto(HOME)
    expect(page.locator("[data-chart-of=weekly] table")).to_be_visible()
    expect(page.locator("#chart-weekly")).to_be_hidden()
    page.select_option("#id_cartera", label="Tarjeta Pampa")
    page.get_by_role("button", name="Aplicar").click()
    expect_recovered(page, "$ 6.021,30")


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_every_page_is_accessible_and_fits(page_of: PageOf, admin_user: User, agency: list[Case], width: int) -> None:
    page = page_of(admin_user, width=width)
    cartera, gestor = agency[0].cartera_id, agency[0].assigned_to_id
    for address in (
        *(HOME, f"{HOME}?start_date=2001-01-01&end_date=2001-01-02", f"{HOME}?gestor=0"),
        *(
            f"{HOME}/{kind}"
            for kind in ("movimientos", "promesas", "gestiones", "convenios", "cuotas", "quitas", "casos")
        ),
        *(f"/gestores/{gestor}", f"/gestores/{gestor}/reassignment?to=others", f"/gestores/{gestor}/reassignment"),
        *("/rendiciones", f"/rendiciones?cartera={cartera}", "/rendiciones/exports/pdf"),
    ):
        page.goto(address)
        for summary in page.locator(".chart-table summary").all():
            summary.click()
        assert_accessible_in_both_themes(page)
        assert_fits(page)


def test_an_empty_house(page_of: PageOf, admin_user: User) -> None:
    page = page_of(admin_user)
    page.goto(HOME)
    expect(page.locator(".chart .empty")).to_have_count(5)
    assert_accessible(page)
