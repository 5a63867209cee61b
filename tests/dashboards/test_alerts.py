"""What needs an admin today: who is told of, and where the one click leads."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from cases import services
from cases.models import Case
from cases.rules import promises as rules
from cases.services.settlement import promise_terms
from dashboards.figures import alerts
from nova.lib import dates
from tests import factories

pytestmark = pytest.mark.django_db
WEDNESDAY = datetime(2026, 11, 25, 11, 30, tzinfo=dates.BuenosAires())


def notices(client: Client, **query) -> list:
    return client.get("/dashboard-admin", query).context["notices"]


def test_a_quiet_house_has_none(admin_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    factories.ActivityFactory(case=case)
    assert notices(admin_client) == []


def test_unassigned_cases_lead_to_the_list_that_assigns(admin_client: Client) -> None:
    factories.CaseFactory.create_batch(2)
    factories.CaseFactory(status_slug="incobrable")  # closed: nobody has to work it
    [notice] = notices(admin_client)
    assert notice.text == "2 casos abiertos sin gestor"
    page = admin_client.get(notice.href)
    assert page.status_code == 200
    assert page.context["cl"].result_count == 2
    assert "assign_to_gestor" in page.text


def test_stopped_cases_lead_to_the_list_that_shows_them(admin_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    services.record_activity(case=case, by=gestor_user, type="call", result=factories.result("NOC"))
    factories.CaseFactory(assigned_to=gestor_user)
    [notice] = notices(admin_client, cartera=case.cartera_id, gestor=gestor_user.pk)
    assert notice.text == "1 caso detenido espera una decisión"
    page = admin_client.get(notice.href)
    assert [line.case.pk for line in page.context["lines"]] == [case.pk]


def test_an_idle_gestor_is_named_once_they_have_cases(
    admin_client: Client, gestor_user: User, other_gestor: User
) -> None:
    User.objects.update(date_joined=timezone.now() - timedelta(days=30))
    mine, theirs = (factories.CaseFactory(assigned_to=who) for who in (gestor_user, other_gestor))
    factories.ActivityFactory(case=mine, created_at=timezone.now() - timedelta(days=10))
    factories.ActivityFactory(case=theirs)
    factories.GestorFactory(date_joined=timezone.now() - timedelta(days=30))  # without cases: nothing to do
    [notice] = notices(admin_client)
    assert notice.text == "Gabriel Gestor: sin gestiones en 48 horas hábiles (última, hace 10 días)"
    assert admin_client.get(notice.href).context["gestor"] == gestor_user


def test_voided_and_automatic_gestiones_are_no_work(admin_client: Client, gestor_user: User) -> None:
    User.objects.update(date_joined=timezone.now() - timedelta(days=30))
    case = factories.CaseFactory(assigned_to=gestor_user)
    factories.ActivityFactory(case=case, voided_at=timezone.now())
    factories.ActivityFactory(case=case, is_system=True)
    [notice] = notices(admin_client)
    assert "todavía ninguna" in notice.text


@pytest.mark.parametrize(
    ("now", "since"),
    [
        # Monday 23 was a holiday: on Wednesday from Friday 20, at the same hour.
        (WEDNESDAY, WEDNESDAY - timedelta(days=5)),
        # On Friday 27 from Wednesday; on Saturday and Sunday from the start of Thursday: two whole business days.
        (WEDNESDAY + timedelta(days=2), WEDNESDAY),
        (WEDNESDAY + timedelta(days=3), dates.start_of_day(date(2026, 11, 26))),
        (WEDNESDAY + timedelta(days=4), dates.start_of_day(date(2026, 11, 26))),
        # On Monday 30 the weekend does not count: from Thursday, at the same hour.
        (WEDNESDAY + timedelta(days=5), WEDNESDAY + timedelta(days=1)),
        # Tuesday 8 December is a holiday, Monday 7 the bridge before it.
        (datetime(2026, 12, 9, 9, tzinfo=dates.BuenosAires()), datetime(2026, 12, 3, 9, tzinfo=dates.BuenosAires())),
    ],
)
def test_idle_counts_business_days(now: datetime, since: datetime) -> None:
    assert alerts.idle_since(now) == since


@given(st.dates(date(2024, 1, 1), date(2028, 12, 31)))
def test_broken_today_is_what_lost_its_grace_since_the_last_business_day(today: date) -> None:
    start, end = alerts.broken_today(today)
    last = dates.previous_business_day(today)
    near = [today - timedelta(days=number) for number in range(25)]
    expected = [day for day in near if last <= rules.last_day_of_grace(day, promise_terms()) < today]
    assert (start, end) == (min(expected), max(expected))


def test_promises_broken_today_lead_to_them(admin_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    factories.ActivityFactory(case=case)
    due = alerts.broken_today(dates.today()).start
    factories.PromiseFactory(case=case, status="broken", promise_date=due)
    factories.PromiseFactory(case=case, status="broken", promise_date=due - timedelta(days=1))
    factories.PromiseFactory(case=case, status="pending", promise_date=due)
    [notice] = notices(admin_client)
    assert notice.text == "1 promesa se incumplió hoy"
    behind = admin_client.get(notice.href)
    assert [line["cells"][0]["text"] for line in behind.context["lines"]] == [f"{due:%d/%m/%Y}"]


def decided(case: Case, day: date, kept: int, broken: int) -> None:
    for status, count in (("fulfilled", kept), ("broken", broken)):
        for _ in range(count):
            done = day if status == "fulfilled" else None
            factories.PromiseFactory(case=case, status=status, promise_date=day, fulfilled_date=done)


@pytest.mark.parametrize(("kept", "broken", "is_told"), [(6, 4, True), (7, 3, False), (8, 2, False)])
def test_a_cartera_that_fell_by_more_than_ten_points(
    admin_client: Client, gestor_user: User, kept: int, broken: int, is_told: bool
) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user, amount=Decimal("90000.00"))
    factories.ActivityFactory(case=case)
    decided(case, dates.today() - timedelta(days=45), 8, 2)  # 80 % before
    decided(case, dates.today() - timedelta(days=15), kept, broken)
    found = [notice for notice in notices(admin_client) if "cayeron" in notice.text]
    if not is_told:
        assert found == []
        return
    [notice] = found
    assert notice.text.replace("\xa0", " ").endswith("las promesas cumplidas cayeron de 80,00 % a 60,00 %")
    assert len(admin_client.get(notice.href).context["lines"]) == broken


def test_many_alerts_fold_behind_the_first(admin_client: Client) -> None:
    for _ in range(8):
        gestor = factories.GestorFactory(date_joined=timezone.now() - timedelta(days=30))
        factories.CaseFactory(assigned_to=gestor)
    response = admin_client.get("/dashboard-admin")
    shown, _, folded = response.text.partition("Ver los 8 avisos")
    assert (shown.count("sin gestiones en 48"), folded.count("sin gestiones en 48")) == (
        6 * 2,
        2 * 2,
    )  # and for readers


def test_cases_of_somebody_who_left_lead_to_where_they_are_passed_on(
    admin_client: Client, gestor_user: User, other_gestor: User
) -> None:
    factories.CaseFactory.create_batch(2, assigned_to=gestor_user)
    factories.CaseFactory(assigned_to=gestor_user, status_slug="incobrable")
    User.objects.filter(pk=gestor_user.pk).update(is_active=False)

    [notice] = notices(admin_client)

    assert (notice.level, notice.action) == ("danger", "Reasignar")
    assert notice.text == "2 casos abiertos de un gestor inactivo: Gabriel Gestor"
    page = admin_client.get(notice.href)
    assert page.status_code == 200
    assert "Olga Gestora" in page.text
    done = {"to": other_gestor.pk, "cartera": "", "stage": "", "expected": "2"}
    assert admin_client.post(notice.href, done).status_code == 302
    assert [notice.text for notice in notices(admin_client) if "inactivo" in notice.text] == []


def test_people_of_several_gestores_are_united_with_one_click(
    admin_client: Client, gestor_user: User, other_gestor: User
) -> None:
    small = factories.CaseFactory(assigned_to=gestor_user, amount=Decimal(10))
    factories.CaseFactory(debtor=small.debtor, assigned_to=other_gestor)
    factories.CaseFactory(assigned_to=gestor_user)

    [notice] = notices(admin_client)

    assert notice.text == "1 persona con deudas abiertas en manos de varios gestores"
    page = admin_client.get(notice.href)
    assert small.debtor.listed_name in page.text
    assert admin_client.post(notice.href, {"expected": "7"}).status_code == 409
    assert admin_client.post(notice.href, {"expected": "1"}).status_code == 302
    small.refresh_from_db()
    assert small.assigned_to == other_gestor
    assert notices(admin_client) == []
    assert "no hay nada que cambiar" in admin_client.get(notice.href).text


# --- Arrangements ----------------------------------------------------------------------------------------
def arranged(gestor: User, *, signed_at: datetime | None = None, first_due_on: date | None = None, **terms) -> Case:
    """A case of 250.000,00 with an accepted arrangement, whose gestor is not idle."""
    factories.DiscountLimitFactory(role="gestor", max_percent=50)
    case = factories.CaseFactory(
        assigned_to=gestor, amount=Decimal(250_000), placed_on=dates.today() - timedelta(days=60)
    )
    factories.ActivityFactory(case=case)
    asked = services.ArrangementTerms(first_due_on or dates.today() + timedelta(days=5), **terms)
    services.propose_arrangement(case=case, by=gestor, terms=asked, accept=True, accepted_how="phone", now=signed_at)
    return case


def behind(client: Client, notice) -> list[str]:
    """The debtors of the rows that a notice leads to, as many as it counts."""
    page = client.get(notice.href)
    assert page.status_code == 200
    return [next(cell["text"] for cell in line["cells"] if cell["is_debtor"]) for line in page.context["lines"]]


def test_a_creditor_who_restates_a_running_arrangement_is_told_once(admin_client: Client, gestor_user: User) -> None:
    case = arranged(gestor_user)
    assert notices(admin_client) == []
    for total in (262_500, 270_000):
        services.refresh_total(case=case, by=None, total=Decimal(total))
    [notice] = notices(admin_client)
    assert notice.text == "1 convenio vigente con una actualización del acreedor"
    assert behind(admin_client, notice) == [case.debtor.listed_name]
    assert behind(admin_client, notices(admin_client, gestor=gestor_user.pk)[0]) == [case.debtor.listed_name]
    assert notices(admin_client, cartera=factories.CarteraFactory().pk) == []


def test_a_total_of_long_ago_is_no_news(admin_client: Client, gestor_user: User) -> None:
    case = arranged(gestor_user)
    for days, told in ((31, []), (30, [case.debtor.listed_name])):
        case.arrangements.update(restated_on=dates.today() - timedelta(days=days))
        assert [name for notice in notices(admin_client) for name in behind(admin_client, notice)] == told


def test_an_arrangement_that_forgave_more_than_was_authorised(admin_client: Client, gestor_user: User) -> None:
    case = arranged(gestor_user, waiver_percent=Decimal(40))
    services.refresh_total(case=case, by=None, total=Decimal(262_500))
    services.record_payment(case=case, by=gestor_user, amount=Decimal(150_000))
    [notice] = notices(admin_client)
    assert notice.text == "1 convenio cumplido perdonó más de lo autorizado"
    page = admin_client.get(notice.href)
    assert behind(admin_client, notice) == [case.debtor.listed_name]
    assert [cell["text"] for cell in page.context["lines"][0]["cells"]][-2:] == ["$ 112.500,00", "$ 0,00"]
    case.arrangements.update(closed_on=dates.today() - timedelta(days=31))
    assert notices(admin_client) == []


def test_an_arrangement_that_stays_ended_though_it_was_paid_in_time(admin_client: Client, gestor_user: User) -> None:
    today = dates.today()
    signed_on, due_on, paid_on = (today - timedelta(days=days) for days in (25, 20, 21))
    case = arranged(gestor_user, first_due_on=due_on, signed_at=dates.start_of_day(signed_on))
    services.promise_payment(case=case, by=gestor_user, amount=Decimal(1000), promise_date=today + timedelta(days=2))
    assert notices(admin_client) == []
    services.record_payment(case=case, by=gestor_user, amount=Decimal(249_000), value_date=paid_on)
    assert notices(admin_client) == []
    services.record_payment(case=case, by=gestor_user, amount=Decimal(1000), value_date=paid_on)
    [notice] = notices(admin_client)
    assert notice.text == (
        "1 convenio terminado seguiría en pie por sus pagos, pero hubo otro acuerdo o se cerró el caso"
    )
    assert behind(admin_client, notice) == [case.debtor.listed_name]
    case.arrangements.update(stays_ended_since=today - timedelta(days=31))
    assert notices(admin_client) == []
