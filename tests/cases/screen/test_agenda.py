"""The agenda and the people opened last: what is there, whose it is, what it costs."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases import services
from cases.models import Case
from cases.rules.queue import Band
from nova.lib import dates
from tests.conftest import ClientOf
from tests.factories import CaseFactory, DebtorFactory, PromiseFactory
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db
URL = "/dashboard-gestor/agenda"
RECENT = "/dashboard-gestor/recent"


def case(gestor: User | None, last_name: str, **fields) -> Case:
    return CaseFactory(assigned_to=gestor, debtor__last_name=last_name, debtor__first_name="", **fields)


def agreed(gestor: User, last_name: str, days: int, hour: int) -> Case:
    at = dates.start_of_day(dates.today() + timedelta(days=days)) + timedelta(hours=hour)
    return case(gestor, last_name, queue_band=Band.CALL_BACK, next_action_at=at)


def shown(client: Client, day: int = 0):
    return client.get(URL, {"day": (dates.today() + timedelta(days=day)).isoformat()}).context["agenda"]


def lines(entries) -> list[tuple[str, str]]:
    return [(entry.when, entry.row.name) for entry in entries]


# --- The agenda ----------------------------------------------------------------------------------------
def test_calls_stand_by_their_hour_and_late_ones_with_today(
    gestor_client: Client, gestor_user: User, other_gestor: User
) -> None:
    agreed(gestor_user, "Tarde", 0, 23)
    agreed(gestor_user, "Medianoche", 0, 0)
    late = agreed(gestor_user, "Atrasada", -2, 15)
    agreed(gestor_user, "Mañana", 1, 9)
    agreed(gestor_user, "Lejos", 7, 9)
    agreed(other_gestor, "Ajena", 0, 10)
    stopped = agreed(gestor_user, "Detenida", 0, 10)
    services.set_stop(debtor=stopped.debtor, by=gestor_user, reason="reclamo")
    case(gestor_user, "Seguimiento", queue_band=6, next_action_at=timezone.now())

    today = shown(gestor_client)

    assert lines(today.calls) == [
        (f"{dates.to_local(late.next_action_at):%d/%m} 15:00", "Atrasada"),
        ("sin hora", "Medianoche"),
        ("23:00", "Tarde"),
    ]
    assert [day.calls for day in today.week] == [3, 1, 0, 0, 0, 0, 0]
    assert lines(shown(gestor_client, 1).calls) == [("09:00", "Mañana")]


def test_promises_stand_by_their_day_with_what_is_still_owed(gestor_client: Client, gestor_user: User) -> None:
    today = dates.today()
    one = case(gestor_user, "Una")
    PromiseFactory(case=one, promise_date=today, amount=Decimal(900), paid_amount=Decimal(100))
    PromiseFactory(case=one, promise_date=today - timedelta(days=1), amount=Decimal(50))
    PromiseFactory(case=case(gestor_user, "Otra"), promise_date=today + timedelta(days=3), amount=Decimal(70))
    PromiseFactory(case=case(gestor_user, "Rota"), promise_date=today, status="broken")
    PromiseFactory(case=case(gestor_user, "Cerrada", status_slug="incobrable"), promise_date=today)

    found = shown(gestor_client)

    assert [(entry.row.name, entry.amount, entry.is_late) for entry in found.promises] == [
        ("Una", "$ 50,00", True),
        ("Una", "$ 800,00", False),
    ]
    assert [(day.promises, day.promised) for day in found.week[:4]] == [
        (2, "$ 850,00"),
        (0, "$ 0,00"),
        (0, "$ 0,00"),
        (1, "$ 70,00"),
    ]
    assert [entry.row.name for entry in shown(gestor_client, 3).promises] == ["Otra"]


def test_a_day_that_is_none_is_today(gestor_client: Client) -> None:
    for day in ("", "ayer", "2026-02-30", "1999-01-01", "2199-01-01", "\x00"):
        assert gestor_client.get(URL, {"day": day}).context["agenda"].is_today is True


def test_htmx_gets_the_part_and_others_their_own_page(gestor_client: Client, admin_client: Client) -> None:
    part = gestor_client.get(URL, headers={"HX-Request": "true", "HX-Target": "agenda"}).text
    assert part.lstrip().startswith('<div id="agenda">')
    assert "Ningún llamado acordado" in part
    assert admin_client.get(URL)["Location"] == "/dashboard-admin"
    assert admin_client.get(RECENT)["Location"] == "/dashboard-admin"


def test_queries_do_not_grow(gestor_client: Client, gestor_user: User) -> None:
    def more() -> None:
        for number in range(3):
            PromiseFactory(case=agreed(gestor_user, f"N{number}", 0, 9), promise_date=dates.today())

    more()
    assert queries_do_not_grow(lambda: gestor_client.get(URL), more) <= 18


# --- Recientes -----------------------------------------------------------------------------------------
def recent(client: Client) -> list[str]:
    return [row.name for row in client.get(RECENT).context["rows"]]


def test_the_last_ten_people_the_latest_first(gestor_client: Client, gestor_user: User) -> None:
    person = DebtorFactory(last_name="Repetida", first_name="")
    cases = [CaseFactory(assigned_to=gestor_user, debtor=person) for _ in range(2)]
    cases += [case(gestor_user, f"P{number:02}") for number in range(11)]
    assert recent(gestor_client) == []
    for opened in [*cases, cases[0]]:
        gestor_client.get(opened.get_absolute_url())

    assert recent(gestor_client) == ["Repetida", *(f"P{number:02}" for number in range(10, 1, -1))]


def test_who_is_no_longer_visible_is_not_shown(
    gestor_client: Client, gestor_user: User, other_gestor: User, admin_user: User, client_of: ClientOf
) -> None:
    mine, gone = case(gestor_user, "Mía"), case(gestor_user, "Ida")
    for opened in (gone, mine):
        gestor_client.get(opened.get_absolute_url())
    services.assign_cases(cases=Case.objects.filter(pk=gone.pk), gestor=other_gestor, by=admin_user)
    assert recent(gestor_client) == ["Mía"]

    # Another user of the same browser.
    theirs = client_of(other_gestor)
    theirs.cookies["recientes"] = gestor_client.cookies["recientes"].value
    assert recent(theirs) == []


def test_a_cookie_by_hand_is_nothing(gestor_client: Client, gestor_user: User) -> None:
    mine = case(gestor_user, "Mía")
    for text in ("1-1", f"1-{mine.pk}:x:y", "", "á"):
        gestor_client.cookies["recientes"] = text
        assert recent(gestor_client) == []
    gestor_client.get(mine.get_absolute_url())
    cookie = gestor_client.cookies["recientes"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert recent(gestor_client) == ["Mía"]


def test_recent_queries_do_not_grow(gestor_client: Client, gestor_user: User) -> None:
    def more() -> None:
        for made in CaseFactory.create_batch(3, assigned_to=gestor_user):
            gestor_client.get(made.get_absolute_url())

    more()
    queries_do_not_grow(lambda: gestor_client.get(RECENT), more)
