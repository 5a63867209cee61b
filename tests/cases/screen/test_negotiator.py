"""The negotiator: offers and other terms in the form of the gestión; the card of an arrangement; its words in lists."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases import services
from cases.desk.rows import rows_of
from cases.models import Activity, Arrangement, Case
from nova.lib import dates
from tests import factories
from tests.steps import pay

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def case(gestor_user: User) -> Case:
    return factories.CaseFactory(assigned_to=gestor_user, amount=D("100000.00"), debtor__last_name="Núñez")


@pytest.fixture
def limits() -> None:
    for role, percent in (("gestor", 10), ("admin", 30), ("creditor", 50)):
        factories.DiscountLimitFactory(role=role, max_percent=D(percent), max_instalments=12)


@pytest.fixture
def offers(limits: None) -> None:
    """A waiver within the limit of a gestor, a plan with interest, a waiver beyond the limit."""
    factories.OfferFactory(name="Contado", waiver_percent=D(10), position=1)
    factories.OfferFactory(name="Francés", system="french", instalments=6, monthly_rate=D(5), position=2)
    factories.OfferFactory(name="Grande", waiver_percent=D(30), position=3)


def opened(client: Client, case: Case) -> Any:
    """The form with the negotiator open."""
    return client.get(case.get_absolute_url(), {"edit": "arrangement"}).context["screen"].gestion_form


def sent(client: Client, case: Case, **data: Any) -> Any:
    """The form of the gestión with an arrangement, posted; `offer` is the place of a card."""
    form = opened(client, case)
    given = {"token": form["token"].value(), "type": "call", "with_arrangement": "on", "arrangement_how": "phone"}
    if "offer" in data:
        given["arrangement_offer"] = form.cards[data.pop("offer")].value
    return client.post(f"{case.get_absolute_url()}/activities", {**given, **data})


def own(client: Client, case: Case, **terms: Any) -> Any:
    """Other terms, sent with the seal of what they come to."""
    given = {f"arrangement_{name}": value for name, value in terms.items() if name not in ("how", "ask")}
    shown = client.get(f"{case.get_absolute_url()}/arrangements/figures", given).context["worked"]
    kept = {f"arrangement_{name}": terms[name] for name in ("how", "ask") if name in terms}
    return sent(client, case, arrangement_offer="own", arrangement_seal=shown.seal, **given, **kept)


# --- What is offered --------------------------------------------------------------------------------------
def test_the_offers_are_worked_out_for_this_debt(gestor_client: Client, case: Case, offers: None) -> None:
    assert "arrangement_offer" not in gestor_client.get(case.get_absolute_url()).text
    page = gestor_client.get(case.get_absolute_url(), {"edit": "arrangement"})

    cards = page.context["screen"].gestion_form.cards
    assert [card.name for card in cards] == ["Contado", "Francés", "Grande"]
    assert [card.needs for card in cards] == ["", "", "admin"]
    first = dates.today() + timedelta(days=7)
    for words in ("$ 90.000,00", "1 pago", f"hasta el {first:%d/%m}", "Quita $ 10.000,00 (10\u00a0%)", "es su límite"):
        assert words in page.text
    for words in ("$ 118.210,48", "6 × $ 19.701,75", "Interés $ 18.210,48 · TEA 79,59", "Supera su límite"):
        assert words in page.text


def test_the_part_comes_alone_and_to_nobody_else(
    gestor_client: Client, other_gestor_client: Client, client: Client, case: Case, offers: None
) -> None:
    url = f"{case.get_absolute_url()}?edit=arrangement"
    htmx = {"HX-Request": "true", "HX-Target": "negotiator"}
    assert gestor_client.get(url, headers=htmx).text.lstrip().startswith('<div id="negotiator"')
    figures = f"{case.get_absolute_url()}/arrangements/figures"
    assert [other_gestor_client.get(address).status_code for address in (url, figures)] == [404, 404]
    assert client.get(figures).url.startswith("/login")


def test_an_offer_that_was_accepted_is_saved_with_the_gestion(
    gestor_client: Client, gestor_user: User, case: Case, offers: None
) -> None:
    assert sent(gestor_client, case, offer=0, notes="Paga el viernes").status_code == 303

    plan = case.arrangements.get()
    assert (plan.status, plan.agreed_total, plan.accepted_how) == ("active", D("90000.00"), "phone")
    assert plan.requested_by == gestor_user
    gestion = case.activities.get()
    assert (gestion.result.code, gestion.notes, gestion.is_system) == ("PP", "Paga el viernes", False)
    assert plan.activity == gestion
    case.refresh_from_db()
    assert case.status.slug == "con-arreglo"


def test_what_is_accepted_by_message_is_a_message_and_later_is_a_proposal(
    gestor_client: Client, case: Case, offers: None
) -> None:
    sent(gestor_client, case, offer=0, arrangement_how="later")
    assert case.arrangements.get().status == "proposed"
    assert case.activities.get().result.code == "NEG"
    sent(gestor_client, case, offer=1, arrangement_how="message")
    assert case.arrangements.latest("id").status == "active"
    assert case.activities.latest("id").type == Activity.Type.MESSAGE


def test_two_clicks_make_one(gestor_client: Client, case: Case, offers: None) -> None:
    form = opened(gestor_client, case)
    data = {"token": form["token"].value(), "type": "call", "with_arrangement": "on", "arrangement_how": "phone"}
    data["arrangement_offer"] = form.cards[0].value
    url = f"{case.get_absolute_url()}/activities"
    assert [gestor_client.post(url, data).status_code for _ in range(2)] == [303, 303]
    assert case.arrangements.count() == case.activities.count() == 1


def test_what_lacks_is_said_at_its_field(gestor_client: Client, case: Case, offers: None) -> None:
    refused = sent(gestor_client, case, arrangement_how="", notes="Lo que dijo")
    assert refused.status_code == 422
    for words in ("Diga cómo aceptó", "Elija una oferta", "Lo que dijo"):
        assert words in refused.text
    gone = sent(gestor_client, case, arrangement_offer="999999~1", arrangement_how="phone")
    assert (gone.status_code, "Esa oferta ya no está" in gone.text) == (422, True)
    both = sent(gestor_client, case, offer=0, with_promise="on", promise_amount="10", promise_date="mañana")
    assert (both.status_code, "no van juntos" in both.text) == (422, True)
    assert not Arrangement.objects.exists()


def test_nobody_agrees_to_figures_that_a_payment_has_changed(gestor_client: Client, case: Case, offers: None) -> None:
    card = opened(gestor_client, case).cards[0]
    pay(case, 5_000)

    refused = sent(gestor_client, case, arrangement_offer=card.value)

    assert (refused.status_code, "El saldo cambió: elija de nuevo" in refused.text) == (422, True)
    assert "$ 85.500,00" in refused.text
    assert not Arrangement.objects.exists()


def test_a_second_one_is_a_conflict_and_keeps_what_was_typed(
    gestor_client: Client, gestor_user: User, case: Case, offers: None
) -> None:
    value = opened(gestor_client, case).cards[0].value
    terms = services.ArrangementTerms(first_due_on=dates.today() + timedelta(days=7))
    plan = services.propose_arrangement(case=case, by=gestor_user, terms=terms, accept=True, accepted_how="phone")
    data = {"token": "t", "type": "call", "with_arrangement": "on", "arrangement_how": "phone", "notes": "Quiere otro"}

    refused = gestor_client.post(f"{case.get_absolute_url()}/activities", {**data, "arrangement_offer": value})

    assert refused.status_code == 409
    assert "El caso ya tiene un convenio: uno vigente. No se guardó nada" in refused.text
    assert "Quiere otro" in refused.text
    assert list(case.arrangements.all()) == [plan]


# --- Beyond the limit -----------------------------------------------------------------------------------
def test_beyond_the_limit_it_is_asked_for_in_a_second_step(gestor_client: Client, case: Case, offers: None) -> None:
    first = sent(gestor_client, case, offer=2)
    assert first.status_code == 422
    assert "lo autoriza un administrador. Usted puede dar quita de hasta 10" in first.text
    assert "Pedir autorización</button>" in first.text
    assert not Activity.objects.exists()

    assert sent(gestor_client, case, offer=2, arrangement_ask="yes").status_code == 303

    plan = case.arrangements.get()
    assert (plan.status, plan.accepted_how) == ("awaiting_approval", "phone")
    assert plan.policy["exceeded"] == ["waiver_percent"]
    assert case.activities.get().result.code == "NEG"
    page = gestor_client.get(case.get_absolute_url()).text
    assert "Convenio sin autorizar todavía" in page
    assert 'data-do="arrange"' not in page


def test_an_admin_with_the_creditors_word_asks_nobody(admin_client: Client, case: Case, offers: None) -> None:
    terms = {"waiver_percent": "40", "how": "signed"}
    assert own(admin_client, case, **terms).status_code == 422
    assert own(admin_client, case, **terms, creditor_authorisation="Mail de Pérez").status_code == 303
    assert case.arrangements.get().status == "active"


# --- Other terms ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"agreed_total": "95 mil", "instalments": "2"}, ["$ 95.000,00", "2 × $ 47.500,00", "Quita $ 5.000,00 (5"]),
        ({"waiver_percent": "10 %"}, ["$ 90.000,00", "1 pago", "es su límite"]),
        ({"system": "direct", "monthly_rate": "5", "instalments": "6"}, ["$ 130.000,00", "TEA 153,32", "21.666,70"]),
        ({"down_payment": "40.000", "instalments": "3"}, ["Anticipo $ 40.000,00", "3 × $ 20.000,00"]),
        ({"waiver_percent": "30"}, ["Supera lo que usted puede otorgar"]),
        ({"waiver_percent": "60"}, ["Supera la quita máxima"]),
        ({"instalments": "61"}, ["entre 1 y 60 cuotas"]),
        ({"first_due_on": "1/1/2020"}, ["La primera cuota debe vencer entre hoy"]),
        ({"agreed_total": "mucho"}, ["no es un importe"]),
        ({"agreed_total": "5000", "waiver_percent": "5"}, ["no los dos"]),
        ({"system": "free"}, ["Escriba la fecha y el importe de cada cuota"]),
        ({"system": "free", "schedule": "ayer\n"}, ["Línea 1, «ayer»"]),
    ],
)
def test_other_terms_are_worked_out_as_they_are_typed(
    gestor_client: Client, case: Case, limits: None, terms: dict[str, str], words: list[str]
) -> None:
    data = {f"arrangement_{name}": value for name, value in terms.items()}
    answer = gestor_client.get(f"{case.get_absolute_url()}/arrangements/figures", data)
    assert answer.status_code == 200
    for said in words:
        assert said in answer.text
    assert not Arrangement.objects.exists()


def test_other_terms_are_saved_as_they_were_shown(gestor_client: Client, case: Case, limits: None) -> None:
    unseen = sent(gestor_client, case, arrangement_offer="own", arrangement_instalments="4")
    assert (unseen.status_code, "Revise cómo queda" in unseen.text) == (422, True)
    assert "4 × $ 25.000,00" in unseen.text

    assert own(gestor_client, case, instalments="4", first_due_on="+5", how="phone").status_code == 303

    plan = case.arrangements.get()
    assert (plan.instalments, plan.agreed_total, plan.first_due_on) == (
        4,
        D("100000.00"),
        dates.add_business_days(dates.today(), 5),
    )


def test_a_schedule_of_ones_own_has_a_line_a_payment(gestor_client: Client, case: Case, limits: None) -> None:
    days = [dates.today() + timedelta(days=ahead) for ahead in (10, 50)]
    schedule = f"{days[0]:%d/%m/%Y} 60.000\n\n{days[1]:%d/%m/%Y}  40 mil"
    # What other systems ask for stays in the fields that are out of sight.
    assert own(gestor_client, case, system="free", schedule=schedule, agreed_total="1", how="phone").status_code == 303
    parts = case.arrangements.get().schedule.values_list("due_on", "amount")
    assert list(parts) == [(days[0], D("60000.00")), (days[1], D("40000.00"))]


def test_without_script_a_button_works_it_out_and_saves_nothing(
    gestor_client: Client, case: Case, limits: None
) -> None:
    shown = sent(
        gestor_client,
        case,
        arrangement_offer="own",
        arrangement_instalments="5",
        then="calculate",
        arrangement_how="",
        notes="Lo que dijo",
    )
    assert shown.status_code == 200
    for words in ("5 × $ 20.000,00", "Lo que dijo", 'name="arrangement_seal"'):
        assert words in shown.text
    assert "No se guardó" not in shown.text
    assert not Activity.objects.exists()


def test_a_stopped_case_and_one_without_balance_have_no_negotiator(
    gestor_client: Client, gestor_user: User, case: Case
) -> None:
    assert 'data-do="arrange"' in gestor_client.get(case.get_absolute_url()).text
    services.record_activity(case=case, by=gestor_user, type="call", result=factories.result("REC"))
    assert 'data-do="arrange"' not in gestor_client.get(case.get_absolute_url()).text


# --- While it runs ------------------------------------------------------------------------------------------
@pytest.fixture
def plan(gestor_user: User, case: Case) -> Arrangement:
    terms = services.ArrangementTerms(first_due_on=dates.today() + timedelta(days=10), instalments=3)
    return services.propose_arrangement(case=case, by=gestor_user, terms=terms, accept=True, accepted_how="phone")


def test_the_card_says_where_it_stands(gestor_client: Client, case: Case, plan: Arrangement) -> None:
    pay(case, D("43333.33"))
    page = gestor_client.get(case.get_absolute_url()).text
    second = plan.schedule.get(number=2)
    for words in (
        "Convenio vigente",
        "$ 100.000,00 · 3 × $ 33.333,33 (última $ 33.333,34)",
        "pagado <span",
        "$ 43.333,33",
        f"Cuota 2 de 3: $ 33.333,33 vence el {second.due_on:%d/%m/%Y}",
        "faltan $ 23.333,33",
        "Ver las 3 fechas",
    ):
        assert words in page
    assert 'data-do="arrange"' not in page


def test_a_promise_becomes_a_call_for_its_day(gestor_client: Client, case: Case, plan: Arrangement) -> None:
    day = dates.add_business_days(dates.today(), 4)
    data = {"token": "p1", "type": "call", "result": factories.result("PP").pk, "notes": "Llame el viernes"}
    data |= {"promise_amount": "1000", "promise_date": f"{day:%d/%m/%Y}", "with_promise": "on"}

    refused = gestor_client.post(f"{case.get_absolute_url()}/activities", data)

    assert refused.status_code == 422
    assert "El caso tiene un convenio: no se suma una promesa" in refused.text
    form = refused.context["screen"].gestion_form
    again = {name: form[name].value() for name in ("token", "type", "result", "notes", "next_action_at")}
    assert form["with_promise"].value() is False
    assert gestor_client.post(f"{case.get_absolute_url()}/activities", again).status_code == 303
    made = case.activities.latest("id")
    assert (made.result.code, made.notes) == ("VLL", "Llame el viernes")
    case.refresh_from_db()
    assert case.next_action_at == dates.start_of_day(day) + timedelta(hours=9)
    assert not case.promises.exists()


def test_only_who_made_it_or_an_admin_cancels_it_and_says_why(
    gestor_client: Client, other_gestor_client: Client, admin_client: Client, case: Case, plan: Arrangement
) -> None:
    url = f"/arrangements/{plan.pk}/cancellation"
    assert other_gestor_client.post(url, {"reason": "x"}).status_code == 404
    silent = gestor_client.post(url, {"reason": " "})
    assert (silent.status_code, "Escriba por qué se cancela" in silent.text) == (422, True)
    htmx = {"HX-Request": "true", "HX-Target": "arrangements"}
    part = gestor_client.post(url, {"reason": "Se arrepintió"}, headers=htmx)
    assert part.text.lstrip().startswith('<div id="arrangements"')
    for words in ('id="negotiator"', "Convenio cancelado.", 'id="timeline"'):
        assert words in part.text
    plan.refresh_from_db()
    assert plan.status == "cancelled"
    again = admin_client.post(url, {"reason": "x"})
    assert (again.status_code, "El convenio está cancelado" in again.text) == (409, True)
    history = gestor_client.get(case.get_absolute_url(), {"kind": "convenios"}).text
    assert "Convenio de $ 100.000,00 en 3 cuotas · cancelado el" in history


def test_one_that_somebody_else_made_is_not_cancelled(
    gestor_client: Client, gestor_user: User, admin_user: User, case: Case, plan: Arrangement
) -> None:
    Arrangement.objects.filter(pk=plan.pk).update(requested_by=admin_user)
    assert "Cancelar el convenio" not in gestor_client.get(case.get_absolute_url()).text
    refused = gestor_client.post(f"/arrangements/{plan.pk}/cancellation", {"reason": "x"})
    assert refused.status_code == 403
    plan.refresh_from_db()
    assert plan.status == "active"


def test_a_proposal_is_accepted_with_one_click(
    gestor_client: Client, other_gestor_client: Client, gestor_user: User, case: Case
) -> None:
    terms = services.ArrangementTerms(first_due_on=dates.today() + timedelta(days=7))
    plan = services.propose_arrangement(case=case, by=gestor_user, terms=terms)
    url = f"/arrangements/{plan.pk}/acceptance"
    assert "Convenio propuesto" in gestor_client.get(case.get_absolute_url()).text
    assert other_gestor_client.post(url, {"accepted_how": "phone"}).status_code == 404
    assert gestor_client.post(url, {"accepted_how": "nadie"}).status_code == 422
    assert gestor_client.post(url, {"accepted_how": "signed"}, follow=True).status_code == 200
    plan.refresh_from_db()
    assert (plan.status, plan.accepted_how) == ("active", "signed")
    assert gestor_client.post(url, {"accepted_how": "signed"}).status_code == 409


# --- The queue ----------------------------------------------------------------------------------------------
def reason_of(case: Case) -> str:
    found = Case.objects.listed().get(pk=case.pk)
    return rows_of([found], now=timezone.now())[0].reason


def test_the_queue_says_which_instalment_is_due(case: Case, plan: Arrangement) -> None:
    pay(case, D("33333.33"))
    tomorrow = dates.today() + timedelta(days=1)
    plan.schedule.filter(number=2).update(due_on=tomorrow)
    Case.objects.filter(pk=case.pk).update(queue_band=Case.Band.PROMISE_DUE, next_action_at=timezone.now())
    assert reason_of(case) == "Cuota 2 de 3 vence mañana"
    plan.schedule.filter(number=2).update(due_on=dates.today() - timedelta(days=2))
    assert reason_of(case) == "Cuota 2 de 3 venció hace 2 días"


def test_the_queue_says_that_it_lapsed(case: Case, plan: Arrangement) -> None:
    closed = dates.today() - timedelta(days=1)
    Arrangement.objects.filter(pk=plan.pk).update(status="lapsed", closed_on=closed)
    Case.objects.filter(pk=case.pk).update(queue_band=Case.Band.BROKEN_PROMISE, next_action_at=timezone.now())
    assert reason_of(case) == "Convenio caído ayer"


@pytest.mark.parametrize(("answer", "words"), [("approve", "Autorizaron el convenio"), ("reject", "No autorizaron")])
@pytest.mark.parametrize("how", ["", "phone"])
def test_the_answer_is_in_the_queue_and_an_alert(
    gestor_client: Client,
    gestor_user: User,
    admin_user: User,
    case: Case,
    limits: None,
    answer: str,
    words: str,
    how: str,
) -> None:
    terms = services.ArrangementTerms(first_due_on=dates.today() + timedelta(days=7), waiver_percent=D(20))
    asked = services.propose_arrangement(case=case, by=gestor_user, terms=terms, accept=bool(how), accepted_how=how)
    if answer == "approve":
        services.approve_arrangement(arrangement=asked, by=admin_user)
    else:
        services.reject_arrangement(arrangement=asked, by=admin_user, notes="Es mucho")

    case.refresh_from_db()
    assert case.queue_band == Case.Band.CALL_BACK
    assert reason_of(case).startswith(words)
    other = factories.CaseFactory(assigned_to=gestor_user)
    alert = gestor_client.get("/dashboard-gestor/due", headers={"HX-Request": "true"}).text
    assert words in alert
    assert words in gestor_client.get(other.get_absolute_url()).text
    agreed = timezone.now() - timedelta(minutes=1)
    Case.objects.filter(pk=case.pk).update(next_action_at=agreed)  # a call that was agreed since
    assert reason_of(case).startswith("Acordó que lo llamen")
