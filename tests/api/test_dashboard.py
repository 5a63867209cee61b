"""The six dashboard routes: their shapes, their periods, and every parameter checked on each."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from cases import services
from cases.models import Case
from nova.lib import dates
from tests import factories
from tests.steps import pay

pytestmark = pytest.mark.django_db

ROUTES = ["kpis", "charts/performance", "charts/cartera", "gestores/ranking", "stats/comparison", "cases/status"]
TODAY = date(2026, 11, 26)  # a Thursday
NOON = datetime.combine(TODAY, time(12), tzinfo=dates.BuenosAires())


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for the defaults of columns, which had the clock in hand before."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


@pytest.fixture
def case(gestor_user: User) -> Case:
    cartera = factories.CarteraFactory(name="Cristal Cash")
    return factories.CaseFactory(cartera=cartera, assigned_to=gestor_user, placed_on=date(2026, 1, 15))


def ask(client: Client, route: str, **parameters: Any) -> Any:
    response = client.get(f"/api/v1/dashboard/{route}", parameters)
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["success"] is True
    return body["data"]


def test_kpis_are_of_the_last_30_days_and_of_the_30_before(
    admin_client: Client, admin_user: User, gestor_user: User, case: Case
) -> None:
    other = factories.CaseFactory(placed_on=date(2026, 1, 15), amount=Decimal("90000.00"))
    pay(case, "1000.50", value_date=TODAY)
    pay(case, "500.00", value_date=TODAY - timedelta(days=29))
    pay(case, "300.00", value_date=TODAY - timedelta(days=30))
    undone = pay(other, "90000.00", value_date=TODAY)
    services.reverse_payment(payment=undone, by=admin_user)
    for code in ("PP", "NC", "NC"):
        factories.ActivityFactory(case=case, created_by=gestor_user, result=factories.result(code), created_at=NOON)
    factories.PromiseFactory(case=case, status="broken", promise_date=TODAY)

    keys = ("tasa_recupero", "promesas_cumplidas", "gestiones_realizadas", "contactabilidad")
    found = ask(admin_client, "kpis")
    previous = found.pop("previous")
    assert list(previous) == list(found)
    assert found["monto_recuperado"] == "1500.50"
    assert previous["monto_recuperado"] == "300.00"
    # 1,500.50 of the 99,700.00 that were owed when the 30 days began; the payments recorded are gestiones too.
    assert [found[key] for key in keys] == [1.51, 0.0, 7, 33.33]
    assert [previous[key] for key in keys] == [0.3, None, 0, None]
    assert (found["total_casos"], found["casos_pagados"], found["total_deuda"]) == (2, 0, "98199.50")
    assert (previous["total_casos"], previous["casos_pagados"], previous["total_deuda"]) == (None, None, None)


def test_a_waiver_counts_when_it_is_granted_and_against_when_it_is_taken_back(
    admin_client: Client, admin_user: User, gestor_user: User, case: Case
) -> None:
    factories.DiscountLimitFactory(max_percent=40)
    case = factories.CaseFactory(
        cartera=case.cartera, assigned_to=gestor_user, amount=Decimal("250000.00"), placed_on=date(2026, 1, 15)
    )

    def at(day: date) -> datetime:
        return datetime.combine(day, time(12), tzinfo=dates.BuenosAires())

    terms = services.ArrangementTerms(first_due_on=date(2026, 11, 9), waiver_percent=Decimal(40))
    services.propose_arrangement(
        case=case, by=gestor_user, terms=terms, accept=True, accepted_how="phone", now=at(date(2026, 11, 2))
    )
    keys = ("convenios_vigentes", "cuotas_cumplidas", "quitas_otorgadas", "quita_media")

    def found(**narrowing: Any) -> list[Any]:
        shown = ask(admin_client, "kpis", **narrowing)
        return [shown[key] for key in keys]

    # Its grace ended on 12 November.
    assert found() == [1, 0.0, "0.00", None]
    paid = services.record_payment(
        case=case, by=gestor_user, amount=Decimal("150000.00"), value_date=date(2026, 11, 9), now=at(date(2026, 11, 9))
    )
    assert found() == [0, 100.0, "100000.00", 40.0]
    assert found(gestor_id=gestor_user.pk) == found(cartera_id=case.cartera_id) == found()
    assert found(gestor_id=admin_user.pk) == found(cartera_id=factories.CarteraFactory().pk) == [0, None, "0.00", None]
    assert found(end_date="2026-11-08", start_date="2026-11-01") == [0, None, "0.00", None]
    services.reverse_payment(payment=paid, by=admin_user, now=at(date(2026, 11, 20)))
    assert found() == [0, 0.0, "0.00", None]
    # What the past was is not changed by what came later.
    assert found(start_date="2026-11-01", end_date="2026-11-15")[2:] == ["100000.00", 40.0]
    assert found(start_date="2026-11-16", end_date="2026-11-26")[2:] == ["-100000.00", None]
    assert ask(admin_client, "kpis")["previous"]["convenios_vigentes"] is None


def test_a_payment_that_was_taken_back_is_no_debt_recovered(admin_client: Client, admin_user: User, case: Case) -> None:
    earlier = pay(case, "700.00", value_date=TODAY - timedelta(days=40))
    services.reverse_payment(payment=earlier, by=admin_user)
    found = ask(admin_client, "kpis")
    assert (found["monto_recuperado"], found["previous"]["monto_recuperado"]) == ("-700.00", "700.00")


def test_cartera_and_gestor_narrow_every_figure(
    admin_client: Client, gestor_user: User, other_gestor: User, case: Case
) -> None:
    other = factories.CaseFactory(placed_on=date(2026, 1, 15), assigned_to=other_gestor)
    pay(case, "100.00", value_date=TODAY)
    pay(other, "200.00", value_date=TODAY)
    mine = {"monto_recuperado": "100.00", "total_casos": 1, "total_deuda": "9900.00"}
    narrowings: list[dict[str, Any]] = [
        {"cartera_id": case.cartera_id},
        {"cartera": "cristal cash"},
        {"gestor_id": gestor_user.pk},
        {"cartera": "Cristal Cash", "cartera_id": case.cartera_id, "gestor_id": gestor_user.pk},
    ]
    for narrowing in narrowings:
        assert ask(admin_client, "kpis", **narrowing).items() >= mine.items(), narrowing
        assert sum(row["count"] for row in ask(admin_client, "cases/status", **narrowing)) == 1
        assert ask(admin_client, "charts/cartera", **narrowing)["labels"] == ["Cristal Cash"]
        assert len(ask(admin_client, "charts/performance", **narrowing)["datasets"]) == 1
    assert ask(admin_client, "kpis", cartera="Cristal Cash", gestor_id=other_gestor.pk)["total_casos"] == 0


def test_performance_is_of_the_last_four_weeks(admin_client: Client, case: Case) -> None:
    pay(case, "10.00", value_date=date(2026, 11, 1))
    pay(case, "20.00", value_date=date(2026, 11, 2))
    pay(case, "30.00", value_date=TODAY)
    assert ask(admin_client, "charts/performance") == {
        "labels": ["2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23"],
        "datasets": [{"label": "Cristal Cash", "data": ["20.00", "0.00", "0.00", "30.00"]}],
    }
    whole = ask(admin_client, "charts/performance", start_date="2026-11-01", end_date="2026-11-02")
    assert whole == {
        "labels": ["2026-10-26", "2026-11-02"],
        "datasets": [{"label": "Cristal Cash", "data": ["10.00", "20.00"]}],
    }


def test_carteras_past_the_limit_are_added_up(admin_client: Client, case: Case) -> None:
    for number, amount in enumerate(("40.00", "30.00", "20.00")):
        other = factories.CaseFactory(cartera__name=f"Otra {number}", placed_on=date(2026, 1, 15))
        pay(other, amount, value_date=TODAY)
    pay(case, "50.00", value_date=TODAY)
    chart = ask(admin_client, "charts/performance", start_date="2026-11-23", limit=2)
    assert chart["datasets"] == [
        {"label": "Cristal Cash", "data": ["50.00"]},
        {"label": "Otra 0", "data": ["40.00"]},
        {"label": "Otras carteras", "data": ["50.00"]},
    ]


def test_comparison_is_of_this_month_and_the_same_days_of_the_last(admin_client: Client, case: Case) -> None:
    for amount, day in (("1", date(2026, 11, 1)), ("2", date(2026, 10, 26)), ("4", date(2026, 10, 27))):
        pay(case, amount, value_date=day)
    found = ask(admin_client, "stats/comparison")
    assert list(found) == ["current", "previous"]
    assert (found["current"]["monto_recuperado"], found["previous"]["monto_recuperado"]) == ("1.00", "2.00")
    found = ask(admin_client, "stats/comparison", start_date="2026-10-27", end_date="2026-10-27")
    assert (found["current"]["monto_recuperado"], found["previous"]["monto_recuperado"]) == ("4.00", "2.00")


def test_ranking(admin_client: Client, gestor_user: User, other_gestor: User, case: Case) -> None:
    pay(case, "100.00", value_date=TODAY)
    services.assign_cases(cases=Case.objects.filter(pk=case.pk), gestor=other_gestor, by=factories.AdminFactory())
    pay(case, "9900.00", value_date=TODAY)
    first, second = ask(admin_client, "gestores/ranking")
    assert first == {
        "gestor_id": other_gestor.pk,
        "gestor_name": "Olga Gestora",
        "monto_recuperado": "9900.00",
        "total_casos": 1,
        "casos_pagados": 1,
        "promesas_cumplidas": None,
        "gestiones": 0,
    }
    assert (second["gestor_name"], second["monto_recuperado"], second["total_casos"]) == (
        "Gabriel Gestor",
        "100.00",
        0,
    )
    assert ask(admin_client, "gestores/ranking", limit=1) == [first]
    assert ask(admin_client, "gestores/ranking", gestor_id=gestor_user.pk) == [second]
    assert len(ask(admin_client, "gestores/ranking", limit=10**6)) == 2


def test_the_book_as_it_stands_has_no_dates(admin_client: Client, case: Case) -> None:
    pay(case, "9000.00", value_date=TODAY)
    factories.CaseFactory(cartera__name="Favacard", status_slug="de-baja")
    long_ago = {"start_date": "2001-01-01", "end_date": "2001-01-02"}
    chart = ask(admin_client, "charts/cartera", **long_ago)
    assert chart == {
        "labels": ["Favacard", "Cristal Cash"],
        "datasets": [{"label": "Saldo", "data": ["10000.00", "1000.00"]}],
    }
    folded = ask(admin_client, "charts/cartera", limit=1)
    assert folded["labels"] == ["Favacard", "Otras carteras"]
    statuses = ask(admin_client, "cases/status", **long_ago)
    assert statuses[1] == {
        "slug": "en-gestion",
        "name": "En gestión",
        "stage": "en_gestion",
        "count": 1,
        "balance": "1000.00",
    }
    assert statuses[0]["count"] == 0
    assert {row["slug"]: row["balance"] for row in statuses if row["count"]} == {
        "en-gestion": "1000.00",
        "de-baja": "10000.00",
    }


def test_an_agency_without_cases_has_figures_too(admin_client: Client) -> None:
    found = ask(admin_client, "kpis")
    assert (found["monto_recuperado"], found["tasa_recupero"], found["total_casos"]) == ("0.00", None, 0)
    assert ask(admin_client, "gestores/ranking") == []
    assert ask(admin_client, "charts/cartera") == {"labels": [], "datasets": [{"label": "Saldo", "data": []}]}
    assert ask(admin_client, "charts/performance")["datasets"] == []


def test_one_end_of_the_period_is_enough(admin_client: Client, case: Case) -> None:
    pay(case, "10.00", value_date=date(2026, 2, 1))
    pay(case, "20.00", value_date=date(2026, 3, 2))
    assert ask(admin_client, "kpis", start_date="2026-03-02")["monto_recuperado"] == "20.00"
    assert ask(admin_client, "kpis", start_date="2026-02-01")["monto_recuperado"] == "30.00"
    assert ask(admin_client, "kpis", end_date="2026-03-02")["monto_recuperado"] == "30.00"
    assert ask(admin_client, "kpis", end_date="2026-03-03")["monto_recuperado"] == "20.00"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ("start_date=2026-02-30", "start_date"),
        ("start_date=30/11/2026", "start_date"),
        ("start_date=", "start_date"),
        ("start_date=0001-01-01", "start_date"),
        ("end_date=9999-12-31", "end_date"),
        ("end_date=ma%C3%B1ana", "end_date"),
        ("start_date=2026-11-26&end_date=2026-11-25", "end_date"),
        ("start_date=2030-01-01", "end_date"),
        ("cartera_id=999999", "cartera_id"),
        ("cartera_id=x", "cartera_id"),
        ("cartera_id=-1", "cartera_id"),
        ("cartera=Nadie", "cartera"),
        ("cartera=", "cartera"),
        ("cartera=a%00b", "cartera"),
        ("cartera=%27%20OR%201=1--", "cartera"),
        ("cartera=%FF", "cartera"),
        ("gestor_id=999999", "gestor_id"),
        ("gestor_id=99999999999999999999", "gestor_id"),
        ("gestor_id=1.5", "gestor_id"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=diez", "limit"),
        ("limit=NaN", "limit"),
        ("inventado=1", "inventado"),
        ("page=1", "page"),
    ],
)
def test_bad_parameters(admin_client: Client, route: str, parameters: str, field: str) -> None:
    response = admin_client.get(f"/api/v1/dashboard/{route}?{parameters}")
    assert response.status_code == 400, response.text
    assert list(response.json()["details"]) == [field]


def test_two_carteras_at_once_are_refused(admin_client: Client, case: Case) -> None:
    other = factories.CarteraFactory()
    response = admin_client.get(f"/api/v1/dashboard/kpis?cartera=Cristal+Cash&cartera_id={other.pk}")
    assert response.status_code == 400
    assert list(response.json()["details"]) == ["cartera"]


def test_a_chart_of_a_century_is_refused(admin_client: Client) -> None:
    response = admin_client.get("/api/v1/dashboard/charts/performance?start_date=1950-01-01")
    assert response.status_code == 400
    assert list(response.json()["details"]) == ["start_date"]
    assert ask(admin_client, "kpis", start_date="1900-01-01", end_date="2199-12-31")["total_casos"] == 0
