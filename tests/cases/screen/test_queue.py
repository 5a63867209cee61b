"""GET /dashboard-gestor: the queue, its search, filters and pages."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases.models import Case
from tests import factories
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db
URL = "/dashboard-gestor"
HTMX = {"HX-Request": "true", "HX-Target": "queue"}


def names(response) -> list[str]:
    return [row.name for row in response.context["screen"].rows]


def case(gestor: User | None, last_name: str, **fields) -> Case:
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

    for text in ["Núñez, María", "20.123.456", "000123", "Cristal", "$ 1.234.567,89", "Nuevo: nadie lo gestionó"]:
        assert text in page
    assert "Ajena" not in page
    assert "De nadie" not in page


def test_only_what_is_eligible_in_the_order_of_the_bands(gestor_client: Client, gestor_user: User) -> None:
    now = timezone.now()
    case(gestor_user, "mañana", next_action_at=now + timedelta(days=1), queue_band=1)
    case(gestor_user, "pagada", status_slug="pagada", queue_band=1)
    case(gestor_user, "detenida", stopped_at=now, queue_band=1)
    case(gestor_user, "nueva", queue_band=5)
    case(gestor_user, "nueva grande", queue_band=5, amount=Decimal("90000"))
    case(gestor_user, "llamar ya", next_action_at=now - timedelta(hours=1), queue_band=1)
    case(gestor_user, "llamar antes", next_action_at=now - timedelta(hours=2), queue_band=1)

    page = gestor_client.get(URL)

    assert names(page) == ["llamar antes", "llamar ya", "nueva grande", "nueva"]
    assert page.context["screen"].sheet.name == "llamar antes"
    assert [(band, count) for band, _, count, _ in page.context["screen"].band_links if count] == [(1, 2), (5, 2)]


def test_a_person_is_one_row_with_all_that_they_owe(
    gestor_client: Client, gestor_user: User, other_gestor: User
) -> None:
    first = case(gestor_user, "Varias", queue_band=6, amount=Decimal("1000"), cartera__name="Uno")
    of_person = {"debtor": first.debtor, "amount": Decimal("2000")}
    driver = factories.CaseFactory(assigned_to=gestor_user, queue_band=6, cartera__name="Dos", **of_person)
    factories.CaseFactory(assigned_to=other_gestor, queue_band=1, cartera__name="Tres", **of_person)
    factories.CaseFactory(assigned_to=gestor_user, status_slug="de-baja", cartera__name="Devuelta", **of_person)
    case(gestor_user, "Una", queue_band=7, cartera__name="Sola")

    screen = gestor_client.get(URL).context["screen"]

    several, one = screen.rows
    assert (several.case, several.name, several.balance) == (driver, "Varias", "$ 5.000,00")
    assert several.facts.startswith("3 deudas: Dos, Tres, Uno · ")
    assert one.facts.startswith("Sola · ")
    assert {band: count for band, _, count, _ in screen.band_links if count} == {6: 1, 7: 1}
    assert screen.figures.in_queue == 2
    # The row is marked whichever of the person's cases is open.
    page = gestor_client.get(f"/cases/{first.pk}").text
    marked = re.findall(r'class="queue-row"[^>]*aria-current="true"[^>]*data-case="([^"]*)"', page)
    assert len(marked) == 1
    assert {str(first.pk), str(driver.pk)} <= set(marked[0].split())
    # A search finds each debt.
    assert len(names(gestor_client.get(URL, {"search": "varias"}))) == 3


def test_of_a_filter_the_best_of_what_it_leaves_stands(gestor_client: Client, gestor_user: User) -> None:
    best = case(gestor_user, "Varias", queue_band=1, next_action_at=timezone.now())
    other = factories.CaseFactory(assigned_to=gestor_user, debtor=best.debtor, queue_band=6)

    def shown(**query) -> list[int]:
        return [row.case.pk for row in gestor_client.get(URL, query).context["screen"].rows]

    assert shown() == [best.pk]
    assert shown(cartera=other.cartera_id) == [other.pk]
    assert shown(cartera=other.cartera_id, band=6) == [other.pk]
    assert shown(band=6) == []


def test_next_goes_on_to_another_person(gestor_client: Client, gestor_user: User) -> None:
    first = case(gestor_user, "Varias", amount=Decimal("9000"))
    factories.CaseFactory(assigned_to=gestor_user, debtor=first.debtor, amount=Decimal("8000"))
    other = case(gestor_user, "Otra", amount=Decimal("1000"))

    assert gestor_client.get(f"{URL}/next", {"from": first.pk}).url.startswith(f"/cases/{other.pk}?")
    assert gestor_client.get(f"{URL}/previous", {"from": other.pk}).url == f"/cases/{first.pk}"


def test_pages_neither_skip_nor_repeat_at_any_depth(gestor_client: Client, gestor_user: User) -> None:
    now = timezone.now()
    for number in range(60):
        band, days = 1 + number % 7, number % 3
        at = None if number % 4 == 0 else now - timedelta(days=days)
        case(gestor_user, f"{number}", queue_band=band, next_action_at=at, amount=Decimal(1000 + number % 5))
    expected = [row.debtor.last_name for row in Case.objects.in_queue(gestor_user).select_related("debtor")]

    seen, address = [], URL
    while address:
        page = gestor_client.get(address, headers=HTMX)
        seen += names(page)
        more = page.context["screen"].more_query
        address = f"{URL}?{more}" if more else ""

    assert seen == expected
    assert len(seen) == 60


@pytest.mark.parametrize("after", ["x", "9~~1~1", "1~2026-01-01~1~1", "1~~NaN~1", "1~~1e99~1", "1~~1~-4", "~~~"])
def test_a_place_that_is_none_is_the_beginning(gestor_client: Client, gestor_user: User, after: str) -> None:
    case(gestor_user, "Propia")

    assert names(gestor_client.get(URL, {"after": after})) == ["Propia"]


@pytest.mark.parametrize("text", ["nunez", "NÚÑEZ mar", "20123456", "20.123.456", "000123", "11 4444-5555"])
def test_search_finds_by_what_people_type_also_outside_the_queue(
    gestor_client: Client, gestor_user: User, text: str
) -> None:
    found = factories.CaseFactory(
        assigned_to=gestor_user,
        nro_cliente="000123",
        debtor__first_name="María",
        debtor__last_name="Núñez",
        debtor__dni="20123456",
        next_action_at=timezone.now() + timedelta(days=30),
    )
    factories.DebtorPhoneFactory(debtor=found.debtor, number="+5491144445555")
    case(gestor_user, "Otra")

    assert names(gestor_client.get(URL, {"search": text})) == ["Núñez, María"]


def test_search_of_nothing_and_of_nonsense(gestor_client: Client, gestor_user: User, other_gestor: User) -> None:
    case(gestor_user, "Propia")
    case(other_gestor, "Ajena")

    assert names(gestor_client.get(URL, {"search": "  "})) == ["Propia"]
    assert "Nada coincide con «Ajena»" in gestor_client.get(URL, {"search": "Ajena"}).text
    assert gestor_client.get(URL, {"search": "\x00%'\"<b>"}).status_code == 200


def test_filters_narrow_the_queue_and_its_counts(gestor_client: Client, gestor_user: User) -> None:
    wanted = case(gestor_user, "Uno", queue_band=2)
    case(gestor_user, "Dos", queue_band=2)
    case(gestor_user, "Tres", cartera=wanted.cartera, queue_band=6)

    page = gestor_client.get(URL, {"cartera": wanted.cartera_id, "band": 2, "status": "sin-gestion"})

    assert names(page) == ["Uno"]
    assert {band: count for band, _, count, _ in page.context["screen"].band_links if count} == {2: 1, 6: 1}


@pytest.mark.parametrize("query", [{"cartera": "x"}, {"status": "nada"}, {"band": "99"}, {"cartera": "999999"}])
def test_a_filter_that_is_none_is_answered(gestor_client: Client, gestor_user: User, query: dict[str, str]) -> None:
    case(gestor_user, "Propia")

    assert gestor_client.get(URL, query).status_code == 200


def test_htmx_gets_the_queue_alone(gestor_client: Client, gestor_user: User) -> None:
    case(gestor_user, "Propia")

    part = gestor_client.get(URL, headers=HTMX)

    assert part.text.lstrip().startswith('<section id="queue"')
    assert "Registrar gestión" not in part.text
    assert "HX-Target" in part["Vary"]


def test_an_empty_queue_says_what_to_do_next(gestor_client: Client, gestor_user: User) -> None:
    assert "Todavía no tiene casos asignados" in gestor_client.get(URL).text
    case(gestor_user, "mañana", next_action_at=timezone.now() + timedelta(days=1))
    page = gestor_client.get(URL).text
    assert "Su bandeja está al día" in page
    assert "Todavía no tiene" not in page
    case(
        gestor_user,
        "vieja",
        next_action_at=timezone.now() + timedelta(days=1),
        last_activity_at=timezone.now() - timedelta(days=20),
    )
    assert "Ver 1 caso sin gestión" in gestor_client.get(URL).text


@pytest.mark.parametrize("address", [URL, f"{URL}?tab=casos"])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"status": "no-existe"}, "Estado: Seleccione una opción válida"),
        ({"cartera": "x"}, "Cartera: Seleccione una opción válida"),
        ({"band": "99"}, "Prioridad: Seleccione una opción válida"),
        ({"search": "x" * 101}, "como máximo 100 caracteres"),
    ],
)
def test_a_filter_that_cannot_be_is_named(
    gestor_client: Client, gestor_user: User, address: str, wrong: dict[str, str], words: str
) -> None:
    case(gestor_user, "alguien")
    page = gestor_client.get(address, {**wrong, **({"tab": "casos"} if "tab" in address else {})}).text
    assert words in page
    assert "alguien" in page


def test_a_search_without_answer_does_not_say_that_the_work_is_done(gestor_client: Client, gestor_user: User) -> None:
    case(gestor_user, "alguien")
    page = gestor_client.get(URL, {"search": "zzyzx"}).text
    assert "Ningún caso suyo coincide con «zzyzx»" in page
    assert "Trabajó todo" not in page


def test_next_skips_and_goes_round(gestor_client: Client, gestor_user: User) -> None:
    cases = [case(gestor_user, name, amount=amount) for name, amount in (("a", 3000), ("b", 2000), ("c", 1000))]

    first = gestor_client.get(f"{URL}/next", {"from": cases[0].pk})
    second = gestor_client.get(f"{URL}/next", {"from": cases[1].pk})
    third = gestor_client.get(f"{URL}/next", {"from": cases[2].pk})

    assert [urls.url.split("?")[0] for urls in (first, second, third)] == [
        f"/cases/{cases[1].pk}",
        f"/cases/{cases[2].pk}",
        f"/cases/{cases[0].pk}",
    ]


@pytest.mark.parametrize("query", ["", "?search=gomez", "?tab=casos", "?tab=casos&search=gomez"])
def test_queries_do_not_grow_with_rows(gestor_client: Client, gestor_user: User, query: str) -> None:
    def more(count: int) -> None:
        for made in factories.CaseFactory.create_batch(count, assigned_to=gestor_user):
            factories.PromiseFactory(case=made)
            factories.DebtorPhoneFactory(debtor=made.debtor)

    more(1)
    queries_do_not_grow(lambda: gestor_client.get(f"{URL}{query}"), lambda: more(24))


def test_only_reads(gestor_client: Client) -> None:
    assert gestor_client.post(URL).status_code == 405


def test_other_roles_go_home(admin_client: Client, user_client: Client, client: Client) -> None:
    assert admin_client.get(URL).url == "/dashboard-admin"
    assert user_client.get(URL).url == "/dashboard-user"
    assert client.get(URL).url == "/login?next=/dashboard-gestor"
