"""«Autorizaciones»: who may decide, what a decision needs to know, and what comes of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases import services
from cases.models import Arrangement, Case
from nova.lib import dates
from tests import factories
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db
LIST = "/autorizaciones"
HTMX = {"HX-Request": "true", "HX-Target": "requests"}


@pytest.fixture(autouse=True)
def _limits() -> None:
    for role, percent in (("gestor", 10), ("admin", 30), ("creditor", 50)):
        factories.DiscountLimitFactory(role=role, max_percent=Decimal(percent))


def request_of(gestor: User, *, percent: int = 20, how: str = "phone", name: str = "Núñez", by: User | None = None):
    case = factories.CaseFactory(assigned_to=gestor, amount=Decimal("100000.00"), debtor__last_name=name)
    first = dates.today() + timedelta(days=7)
    terms = services.ArrangementTerms(first_due_on=first, waiver_percent=Decimal(percent))
    return services.record_activity(
        case=case,
        by=by or gestor,
        type="call",
        result=factories.result("NEG"),
        notes="Cobra el viernes",
        arrangement={"terms": terms, "accept": bool(how), "accepted_how": how},
    ).arrangement


def test_a_request_says_what_a_decision_needs(admin_client: Client, gestor_user: User) -> None:
    asked = request_of(gestor_user)
    factories.PromiseFactory(case=asked.case, status="broken")
    old = factories.CaseFactory(debtor=asked.case.debtor)
    pay(old, 2_500)
    factories.ArrangementFactory(
        case=old, status="lapsed", accepted_at=timezone.now() - timedelta(days=90), closed_on=dates.today()
    )

    page = admin_client.get(LIST).text

    for words in (
        "Núñez",
        "$ 100.000,00 → $ 80.000,00",
        "quita 20\u00a0%",
        f"{gestor_user}, hoy",
        "aceptó por teléfono",
        "quita de hasta 10\u00a0%",
        "1 promesa incumplida · 1 convenio caído · pagó $ 2.500,00",
        "Cobra el viernes",
    ):
        assert words in page, words


def test_who_may_see_and_decide(
    gestor_client: Client, user_client: Client, client: Client, admin_client: Client, gestor_user: User
) -> None:
    asked = request_of(gestor_user)
    for action in ("approval", "rejection"):
        url = f"/arrangements/{asked.pk}/{action}"
        assert gestor_client.post(url, {"notes": "x"})["Location"] == "/dashboard-gestor"
        assert user_client.post(url)["Location"] == "/dashboard-user"
        assert client.post(url)["Location"].startswith("/login")
        assert admin_client.get(url).status_code == 405
        assert admin_client.post(f"/arrangements/{asked.pk + 1}/{action}").status_code == 404
    assert gestor_client.get(LIST)["Location"] == "/dashboard-gestor"
    assert client.get(LIST)["Location"].startswith("/login")
    asked.refresh_from_db()
    assert asked.status == "awaiting_approval"


def test_a_yes_makes_it_run_and_leaves_the_list(admin_client: Client, admin_user: User, gestor_user: User) -> None:
    first, second = request_of(gestor_user, name="Primera"), request_of(gestor_user, name="Segunda", how="")
    assert ">2</span>" in admin_client.get("/dashboard-admin").text

    answer = admin_client.post(f"/arrangements/{first.pk}/approval", {"notes": "Dale"}, headers=HTMX)

    assert answer.status_code == 200
    assert "Segunda" in answer.text
    assert "Primera" not in answer.text.split('id="messages"')[0]
    for words in ("Autorizado: Primera", "El convenio está vigente", 'id="requests-count"', ">1</span>"):
        assert words in answer.text
    first.refresh_from_db()
    assert (first.status, first.approved_by, "Dale" in first.notes) == ("active", admin_user, True)

    assert admin_client.post(f"/arrangements/{second.pk}/approval").url == LIST
    second.refresh_from_db()
    assert second.status == "proposed"
    assert "Nadie espera una autorización" in admin_client.get(LIST).text


def test_a_no_says_why(admin_client: Client, gestor_client: Client, gestor_user: User) -> None:
    asked = request_of(gestor_user)
    url = f"/arrangements/{asked.pk}/rejection"
    silent = admin_client.post(url, {"notes": " "}, headers=HTMX)
    assert (silent.status_code, "Escriba por qué se rechaza" in silent.text) == (422, True)

    assert admin_client.post(url, {"notes": "Con 15 % alcanza"}, follow=True).status_code == 200

    asked.refresh_from_db()
    assert asked.status == "rejected"
    page = gestor_client.get(asked.case.get_absolute_url()).text
    assert "No autorizaron el convenio" in page
    assert "Con 15 % alcanza" in page


def test_above_the_admins_limit_the_creditors_word_is_asked_for(admin_client: Client, gestor_user: User) -> None:
    asked = request_of(gestor_user, percent=40)
    url = f"/arrangements/{asked.pk}/approval"
    assert 'name="creditor_authorisation"' in admin_client.get(LIST).text
    refused = admin_client.post(url, {"notes": "Consultado"})
    assert refused.status_code == 422
    for words in ("escriba quién lo autorizó", 'value="Consultado"'):
        assert words in refused.text
    assert admin_client.post(url, {"creditor_authorisation": "Mail de Pérez"}).status_code == 302
    asked.refresh_from_db()
    assert (asked.status, asked.creditor_authorisation) == ("active", "Mail de Pérez")


def test_nobody_decides_about_their_own(admin_client: Client, admin_user: User, gestor_user: User) -> None:
    asked = request_of(gestor_user, percent=40, by=admin_user)
    assert "Lo pidió usted: lo decide otro administrador" in admin_client.get(LIST).text
    assert admin_client.post(f"/arrangements/{asked.pk}/approval", {"creditor_authorisation": "x"}).status_code == 403
    asked.refresh_from_db()
    assert asked.status == "awaiting_approval"


def test_what_has_changed_or_was_decided_is_a_conflict(admin_client: Client, gestor_user: User) -> None:
    asked = request_of(gestor_user)
    pay(asked.case, 1_000)
    assert "El saldo cambió: era $ 100.000,00 y es $ 99.000,00" in admin_client.get(LIST).text
    assert admin_client.post(f"/arrangements/{asked.pk}/approval", headers=HTMX).status_code == 409
    admin_client.post(f"/arrangements/{asked.pk}/rejection", {"notes": "No"})
    again = admin_client.post(f"/arrangements/{asked.pk}/rejection", {"notes": "No"})
    assert (again.status_code, "El convenio está rechazado" in again.text) == (409, True)


def test_an_expired_request_is_not_counted(admin_client: Client, gestor_user: User, settings) -> None:
    asked = request_of(gestor_user)
    days = timedelta(days=settings.PROPOSAL_DAYS)
    Arrangement.objects.filter(pk=asked.pk).update(created_at=dates.start_of_day(dates.today()) - days)
    assert "Núñez" in admin_client.get(LIST).text
    Arrangement.objects.filter(pk=asked.pk).update(
        created_at=dates.start_of_day(dates.today()) - days - timedelta(minutes=1)
    )
    assert "Nadie espera una autorización" in admin_client.get(LIST).text


@pytest.mark.parametrize("answer", ["approval", "rejection"])
def test_an_answer_may_be_taken_back_from_where_it_was_given(
    admin_client: Client, gestor_user: User, answer: str
) -> None:
    asked = request_of(gestor_user)
    page = admin_client.post(f"/arrangements/{asked.pk}/{answer}", {"notes": "Dale"}, headers=HTMX)
    message, offer = page.text.split('id="messages"', 1)[1].split("data-undo=", 1)
    assert " hidden>" in message  # the offer says it too
    address = offer.split('action="', 1)[1].split('"', 1)[0]
    assert 'data-undo="' in admin_client.get(LIST).text

    undone = admin_client.post(address)

    assert undone.url == LIST
    asked.refresh_from_db()
    assert (asked.status, asked.approved_by) == ("awaiting_approval", None)
    again = admin_client.get(LIST).text
    assert "Deshecho: Convenio" in again
    assert "data-undo=" not in again
    assert f'id="request-{asked.pk}"' in again


def test_queries_do_not_grow(admin_client: Client, gestor_user: User) -> None:
    request_of(gestor_user)
    queries_do_not_grow(lambda: admin_client.get(LIST), lambda: [request_of(gestor_user) for _ in range(3)])


def test_the_person_says_that_it_waits(gestor_client: Client, gestor_user: User) -> None:
    asked = request_of(gestor_user)
    case = Case.objects.get(pk=asked.case_id)
    page = gestor_client.get(case.get_absolute_url()).text
    assert "Convenio sin autorizar todavía" in page
    assert f"Lo pidió {gestor_user} hoy" in page
    assert "Retirar el pedido" in page
