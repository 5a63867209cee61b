"""GET /dashboard-admin."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from cases import rollups
from cases.models import Case
from nova.lib import dates
from nova.lib.said import show_day
from tests import factories
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db
URL = "/dashboard-admin"


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text)).replace("\xa0", " ")


@pytest.fixture
def paid_case(admin_user: User, gestor_user: User) -> Case:
    case = factories.CaseFactory(assigned_to=gestor_user, amount=Decimal("20000.00"))
    pay(case, "1234.56", by=admin_user)
    return case


def test_shows_the_figures_and_where_they_come_from(admin_client: Client, paid_case: Case) -> None:
    response = admin_client.get(URL)

    assert "Monto recuperado $ 1.234,56" in text_of(response)
    assert "Tasa de recupero 6,17 %" in text_of(response)
    assert 'href="/dashboard-admin/movimientos"' in response.text
    assert [tile.label for tile in response.context["other_tiles"]] == [
        *("Casos", "Saldo total", "Contactabilidad", "Casos pagados"),
        *("Convenios vigentes", "Cuotas cumplidas", "Quitas otorgadas", "Quita media"),
    ]
    assert [chart.name for chart in response.context["charts"]] == [
        *("weekly", "comparison", "carteras", "statuses", "gestores")
    ]
    assert "Gabriel Gestor" in response.text


def test_filters_are_in_the_address(
    admin_client: Client, admin_user: User, paid_case: Case, other_gestor: User
) -> None:
    other = factories.CaseFactory(assigned_to=other_gestor)
    pay(other, "500.00", by=admin_user)

    def recovered(**query) -> str:
        return admin_client.get(URL, query).context["tiles"][0].value

    assert recovered() == "$ 1.734,56"
    assert recovered(cartera=other.cartera_id) == "$ 500,00"
    assert recovered(gestor=paid_case.assigned_to_id) == "$ 1.234,56"
    assert recovered(cartera=other.cartera_id, gestor=paid_case.assigned_to_id) == "$ 0,00"
    yesterday = dates.today() - timedelta(days=1)
    assert recovered(period="custom", start_date=yesterday, end_date=yesterday) == "$ 0,00"
    assert recovered(start_date=dates.today()) == "$ 1.734,56"


@pytest.mark.parametrize(("preset", "days"), [("week", 7), ("month", 30), ("quarter", 90), ("year", 365), ("", 30)])
def test_each_period_ends_today(admin_client: Client, preset: str, days: int) -> None:
    period = admin_client.get(URL, {"period": preset}).context["asked"].period

    assert (period.end, (period.end - period.start).days + 1) == (dates.today(), days)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"period": "siglo"}, "Elija uno de los períodos"),
        ({"start_date": "2026-02-30"}, "Desde: El 30/2/2026 no existe"),
        ({"start_date": "12/31"}, "Desde: El 12/31 no existe: escriba el día, después el mes"),
        ({"end_date": "el otro día"}, "Hasta: «otro dia» no es una fecha"),
        ({"start_date": "2026-03-02", "end_date": "2026-03-01"}, "Hasta: Termina antes de empezar"),
        ({"start_date": "1899-01-01"}, "Indique un día entre"),
        ({"start_date": "2000-01-01", "end_date": "2026-01-01"}, "Pida hasta diez años"),
        ({"cartera": "9999"}, "Cartera: Esa cartera no existe"),
        ({"cartera": "uno"}, "Cartera: Esa cartera no existe"),
        ({"gestor": "9999"}, "Gestor: Ese gestor no existe"),
        ({"gestor": "1' OR 1=1"}, "Gestor: Ese gestor no existe"),
        ({"cartera": "99999999999999999999"}, "Cartera"),
    ],
)
def test_what_cannot_be_answered_says_why_and_shows_no_figure(admin_client: Client, query: dict, says: str) -> None:
    response = admin_client.get(URL, query)

    assert response.status_code == 400
    assert says in text_of(response), text_of(response)[:800]
    assert "Monto recuperado" not in response.text
    if "start_date" in query:  # what was typed is still there, and seen
        for name, value in query.items():
            assert f'name="{name}" value="{value}"' in response.text
        assert response.context["choices"]["period"] == "custom"


def test_days_are_typed_as_they_are_said_and_stay_iso_in_the_address(admin_client: Client, paid_case: Case) -> None:
    said = {"period": "custom", "start_date": "ayer", "end_date": "hoy", "cartera": paid_case.cartera_id}
    today = dates.today()
    days = f"start_date={today - timedelta(days=1)}&end_date={today}"
    address = f"{URL}?period=custom&{days}&cartera={paid_case.cartera_id}"

    moved = admin_client.get(URL, said)
    part = admin_client.get(URL, said, headers={"HX-Request": "true", "HX-Target": "board"})

    assert (moved.status_code, moved.url) == (302, address)
    assert part["HX-Push-Url"] == address
    page = admin_client.get(address)
    assert page.status_code == 200
    assert f'value="{show_day(today)}"' in page.text
    assert 'type="date"' not in page.text
    assert page.text.count('data-said="past"') == 2
    # What the page shows reads back as the same day.
    again = {**said, "start_date": show_day(today - timedelta(days=1)), "end_date": show_day(today)}
    assert admin_client.get(URL, again).url == address


def test_htmx_gets_the_part_and_a_clean_address(admin_client: Client, paid_case: Case) -> None:
    query = {"period": "week", "start_date": "", "end_date": "", "cartera": paid_case.cartera_id, "gestor": ""}
    response = admin_client.get(URL, query, headers={"HX-Request": "true", "HX-Target": "board"})

    assert response.text.lstrip().startswith('<div id="board"')
    assert response["HX-Push-Url"] == f"{URL}?period=week&cartera={paid_case.cartera_id}"
    assert "HX-Target" in response["Vary"]


def test_the_whole_page_is_thirteen_statements_whatever_there_is(admin_client: Client, gestor_user: User) -> None:
    def more() -> None:
        cache.clear()
        for number in range(12):
            case = factories.CaseFactory(assigned_to=factories.GestorFactory())
            pay(case, Decimal("1.00") + number, by=gestor_user)
            factories.PromiseFactory(case=case, status="broken", promise_date=dates.today())
            factories.ActivityFactory(case=case)
            factories.ArrangementFactory(
                case=case, status="active", accepted_at=timezone.now(), restated_on=dates.today()
            )
            factories.PaymentRowFactory()

    # The session, the user, six for all figures, four for the alerts about arrangements, gestores and payments of files
    # and the requests that the menu counts; outside of a transaction also the version of the data.
    assert queries_do_not_grow(lambda: admin_client.get(URL), more) == 13


def test_an_empty_house_says_so_and_draws_nothing(admin_client: Client) -> None:
    response = admin_client.get(URL)

    assert "Todavía no hay casos." in response.text
    assert response.context["drawn"] == {}
    assert "Monto recuperado $ 0,00" in text_of(response)
    assert "Tasa de recupero —" in text_of(response)


def test_names_are_text(admin_client: Client, admin_user: User) -> None:
    cartera = factories.CarteraFactory(name="<script>alert(1)</script>")
    gestor = factories.GestorFactory(first_name='"><img src=x>', last_name="O'Hara")
    case = factories.CaseFactory(cartera=cartera, assigned_to=gestor)
    pay(case, "10.00", by=admin_user)

    html = admin_client.get(URL).text

    assert "<script>alert" not in html
    assert "<img src=x>" not in html


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_payment_is_there_at_the_next_load_and_the_rest_comes_from_memory(admin_client: Client) -> None:
    admin, case = factories.AdminFactory(), factories.CaseFactory()

    def load() -> tuple[str, object, int]:
        with CaptureQueriesContext(connection) as captured:
            response = admin_client.get(URL)
        assert response.context["figures"].computed_at <= timezone.now()
        return response.context["tiles"][0].value, response.context["figures"].computed_at, len(captured)

    first, at, statements = load()
    again, still, fewer = load()
    assert (first, at) == (again, still)
    # From memory all but the session, the user, the version, the requests in the menu and the payments that wait.
    assert (statements, fewer) == (13, 5)
    pay(case, "1234.56", by=admin)
    value, later, _ = load()
    assert value == "$ 1.234,56"
    assert later > at


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_was_computed_yesterday_is_not_todays(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.CaseFactory()
    before = admin_client.get(URL).context["figures"].computed_at
    assert rollups.data_version() > 0
    monkeypatch.setattr("dashboards.figures.cached.dates.today", lambda: date(2099, 1, 1))
    assert admin_client.get(URL).context["figures"].computed_at > before
