"""The agenda and the people opened last: what is there, whose it is, what it costs."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases import services
from cases.models import Arrangement, Case
from cases.rules.queue import Band
from nova.lib import dates
from tests.conftest import ClientOf
from tests.factories import ArrangementFactory, CaseFactory, DebtorFactory, PromiseFactory
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db
URL = "/dashboard-gestor/agenda"
RECENT = "/dashboard-gestor/recent"


def case(gestor: User | None, last_name: str, **fields) -> Case:
    return CaseFactory(assigned_to=gestor, debtor__last_name=last_name, debtor__first_name="", **fields)


def arranged(of: Case, *, first_due_on: date, status: str = "active", **fields) -> Arrangement:
    """An arrangement in three parts, 30 days apart."""
    given = {"accepted_at": timezone.now() - timedelta(days=40), **fields}
    return ArrangementFactory(case=of, status=status, first_due_on=first_due_on, **given)


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

    assert [(entry.row.name, entry.amount, bool(entry.late)) for entry in found.due] == [
        ("Una", "$ 50,00", True),
        ("Una", "$ 800,00", False),
    ]
    assert [(day.due, day.owed) for day in found.week[:4]] == [
        (2, "$ 850,00"),
        (0, "$ 0,00"),
        (0, "$ 0,00"),
        (1, "$ 70,00"),
    ]
    assert [entry.row.name for entry in shown(gestor_client, 3).due] == ["Otra"]


def test_instalments_stand_among_the_promises_with_their_words(
    gestor_client: Client, gestor_user: User, other_gestor: User
) -> None:
    today = dates.today()
    plan = arranged(case(gestor_user, "Plan", amount=Decimal(900)), first_due_on=today - timedelta(days=30))
    plan.schedule.filter(number=1).update(status="paid", paid_on=today, paid_amount=Decimal(300))
    plan.schedule.filter(number=2).update(paid_amount=Decimal(100))
    late = arranged(case(gestor_user, "Atrasada", amount=Decimal(60)), first_due_on=today - timedelta(days=20))
    late.schedule.filter(number=1).update(status="overdue")
    arranged(case(gestor_user, "Señada", amount=Decimal(90)), first_due_on=today - timedelta(days=1))
    lowered = case(gestor_user, "Bajada", amount=Decimal(3000))
    arranged(lowered, first_due_on=today)
    Case.objects.filter(pk=lowered.pk).update(balance=Decimal(40))  # the creditor asks less than the instalment
    PromiseFactory(case=case(gestor_user, "Promesa"), promise_date=today, amount=Decimal(5))
    for status in ("lapsed", "cancelled", "completed"):
        ended = arranged(case(gestor_user, "Terminada"), first_due_on=today, status=status, closed_on=today)
        assert ended.schedule.filter(due_on=today).count() == 1
    arranged(case(gestor_user, "Propuesta"), first_due_on=today, status="proposed", accepted_at=None)
    arranged(case(other_gestor, "Ajena"), first_due_on=today)

    found = shown(gestor_client)

    assert [(entry.row.name, entry.what, entry.amount, entry.late) for entry in found.due] == [
        ("Atrasada", "cuota 1 de 3", "$ 20,00", "vencida"),
        ("Señada", "cuota 1 de 3", "$ 30,00", "venció, en días de gracia"),
        ("Plan", "cuota 2 de 3", "$ 200,00", ""),
        ("Bajada", "cuota 1 de 3", "$ 40,00", ""),
        ("Promesa", "", "$ 5,00", ""),
    ]
    assert (found.week[0].due, found.week[0].owed) == (5, "$ 295,00")
    page = gestor_client.get(URL).text
    assert "cuota 2 de 3" in page
    figures = gestor_client.get("/dashboard-gestor").context["screen"].figures
    assert figures.due_today == 3  # those of today itself: the plan, the lowered one and the promise


def test_a_case_with_a_promise_and_an_instalment_is_one(gestor_client: Client, gestor_user: User) -> None:
    one = case(gestor_user, "Una", amount=Decimal(900))
    arranged(one, first_due_on=dates.today())
    PromiseFactory(case=one, promise_date=dates.today(), amount=Decimal(50))

    page = gestor_client.get("/dashboard-gestor", {"tab": "casos", "focus": "promises_today"})

    assert page.context["screen"].figures.due_today == 1
    assert [(row.name, amount) for row, amount, _ in page.context["lines"]] == [("Una", "$ 350,00")]
    assert page.context["total"].amount == "$ 350,00"


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
            arranged(case(gestor_user, f"C{number}"), first_due_on=dates.today())

    more()
    assert queries_do_not_grow(lambda: gestor_client.get(URL), more) <= 19


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
