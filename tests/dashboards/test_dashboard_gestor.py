"""GET /dashboard-gestor."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/dashboard-gestor"


def names(response) -> list[str]:
    return [row.name for row in response.context["rows"]]


def case(gestor: User, last_name: str, **fields):
    return factories.CaseFactory(assigned_to=gestor, debtor__last_name=last_name, debtor__first_name="", **fields)


def test_shows_the_own_cases_as_people_read_them(gestor_client: Client, gestor_user: User, other_gestor: User) -> None:
    factories.CaseFactory(
        assigned_to=gestor_user,
        nro_cliente="000123",
        amount=Decimal("1234567.89"),
        cartera__name="Cristal",
        debtor__first_name="María",
        debtor__last_name="Núñez",
        debtor__dni="20123456",
    )
    case(other_gestor, "Ajena")
    case(None, "De nadie")

    page = gestor_client.get(URL).text

    for text in ["Núñez, María", "20.123.456", "000123", "Cristal", "$ 1.234.567,89", "Sin gestión", "1 caso,"]:
        assert text in page
    assert "Ajena" not in page
    assert "De nadie" not in page


def test_work_comes_first_in_the_order_of_the_queue(gestor_client: Client, gestor_user: User) -> None:
    now = timezone.now()
    case(gestor_user, "mañana", next_action_at=now + timedelta(days=1), queue_band=1)
    case(gestor_user, "pagada", status_slug="pagada", queue_band=1)
    case(gestor_user, "detenida", stopped_at=now, queue_band=1)
    case(gestor_user, "nueva", queue_band=5)
    case(gestor_user, "nueva grande", queue_band=5, amount=Decimal("90000"))
    case(gestor_user, "llamar ya", next_action_at=now - timedelta(hours=1), queue_band=1)
    case(gestor_user, "llamar antes", next_action_at=now - timedelta(hours=2), queue_band=1)

    assert names(gestor_client.get(URL))[:4] == ["llamar antes", "llamar ya", "nueva grande", "nueva"]
    assert set(names(gestor_client.get(URL))[4:]) == {"mañana", "pagada", "detenida"}


def test_an_action_without_an_hour_shows_its_day_alone(gestor_client: Client, gestor_user: User) -> None:
    case(gestor_user, "un día", next_action_at=datetime(2020, 11, 24, 3, 0, tzinfo=UTC))
    case(gestor_user, "una hora", next_action_at=datetime(2020, 11, 24, 18, 30, tzinfo=UTC))

    page = gestor_client.get(URL).text

    assert ">24/11/2020<" in page
    assert ">24/11/2020 15:30<" in page


@pytest.mark.parametrize("text", ["nunez", "NÚÑEZ mar", "20123456", "20.123.456", "000123"])
def test_search_finds_by_what_people_type(gestor_client: Client, gestor_user: User, text: str) -> None:
    factories.CaseFactory(
        assigned_to=gestor_user,
        nro_cliente="000123",
        debtor__first_name="María",
        debtor__last_name="Núñez",
        debtor__dni="20123456",
    )
    case(gestor_user, "Otra")

    assert names(gestor_client.get(URL, {"search": text})) == ["Núñez, María"]


def test_search_of_nothing_and_of_nonsense(gestor_client: Client, gestor_user: User, other_gestor: User) -> None:
    case(gestor_user, "Propia")
    case(other_gestor, "Ajena")

    assert names(gestor_client.get(URL, {"search": "  "})) == ["Propia"]
    assert "Nada coincide con «Ajena»" in gestor_client.get(URL, {"search": "Ajena"}).text
    assert gestor_client.get(URL, {"search": "\x00%'\"<b>"}).status_code == 200


def test_pages_keep_the_search(gestor_client: Client, gestor_user: User) -> None:
    factories.CaseFactory.create_batch(30, assigned_to=gestor_user, debtor__last_name="Pérez")

    first = gestor_client.get(URL, {"search": "perez"})
    last = gestor_client.get(URL, {"search": "perez", "page": "2"})

    assert len(names(first)) == 25
    assert 'href="?search=perez&amp;page=2"' in first.text
    assert len(names(last)) == 5
    assert not {row.nro_cliente for row in first.context["rows"]} & {row.nro_cliente for row in last.context["rows"]}


@pytest.mark.parametrize("page", ["0", "-1", "x", "999", "1e9", ""])
def test_a_page_that_is_none_is_answered(gestor_client: Client, gestor_user: User, page: str) -> None:
    case(gestor_user, "Propia")

    assert names(gestor_client.get(URL, {"page": page})) == ["Propia"]


def test_queries_do_not_grow_with_rows(gestor_client: Client, gestor_user: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            gestor_client.get(URL)
        return len(captured)

    case(gestor_user, "Una")
    one = queries()
    factories.CaseFactory.create_batch(24, assigned_to=gestor_user)

    assert queries() == one


def test_nothing_assigned_says_so(gestor_client: Client) -> None:
    assert "No tiene casos asignados" in gestor_client.get(URL).text


def test_only_reads(gestor_client: Client) -> None:
    assert gestor_client.post(URL).status_code == 405
