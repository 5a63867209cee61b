"""The supervisor's bar of a case and «Detenidos»: decisions of admins by the services of the administration."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Activity, Case, LedgerEntry
from nova.lib import dates
from tests.at_once import at_once
from tests.conftest import ClientOf
from tests.factories import AdminFactory, CaseFactory, DebtorFactory, GestorFactory, result, status
from tests.queries import queries_do_not_grow
from tests.steps import ledger_sum, pay

pytestmark = pytest.mark.django_db
ACTIONS = ["reassignment", "release", "status", "adjustment", "reversal"]
LIST = "/detenidos"


@pytest.fixture
def case(gestor_user: User) -> Case:
    return CaseFactory(assigned_to=gestor_user, debtor__last_name="Núñez", debtor__first_name="Ana")


def stop(case: Case, by: User, *, code: str = "REC", notes: str = "No reconoce el consumo") -> None:
    services.record_activity(case=case, by=by, type="call", result=result(code), notes=notes)


def sent(client: Client, case: Case, action: str, **data):
    """The form as the page gives it, with these fields, posted."""
    form = client.get(f"{case.get_absolute_url()}/{action}").context["form"]
    hidden = {field.name: field.value() for field in form.hidden_fields()}
    return client.post(f"{case.get_absolute_url()}/{action}", {**hidden, **data}, follow=True)


# --- The bar -------------------------------------------------------------------------------------------
def test_an_admin_has_the_bar_and_a_gestor_has_none(admin_client: Client, gestor_client: Client, case: Case) -> None:
    bar = admin_client.get(case.get_absolute_url()).text
    for action in ACTIONS:
        assert (f'href="{case.get_absolute_url()}/{action}"' in bar) == (action != "release"), action
    assert 'aria-label="Supervisión"' not in gestor_client.get(case.get_absolute_url()).text


@pytest.mark.parametrize("action", ACTIONS)
def test_page_part_outsiders(
    admin_client: Client, gestor_client: Client, client: Client, case: Case, action: str
) -> None:
    url = f"{case.get_absolute_url()}/{action}"
    assert "Volver sin guardar" in admin_client.get(url).text
    part = admin_client.get(url, headers={"HX-Request": "true", "HX-Target": "decision"}).text
    assert part.lstrip().startswith("<form")
    assert f'action="{url}"' in part
    assert admin_client.get(f"/cases/{case.pk + 1}/{action}").status_code == 404
    for method in (gestor_client.get, gestor_client.post):
        assert method(url)["Location"] == "/dashboard-gestor"
    assert client.get(url)["Location"].startswith("/login")
    assert admin_client.post(url, {"token": "1"}).status_code == 422


def test_reassigning_takes_the_person_along_or_not(
    admin_client: Client, case: Case, gestor_user: User, other_gestor: User
) -> None:
    other = CaseFactory(debtor=case.debtor, assigned_to=gestor_user)
    closed = CaseFactory(debtor=case.debtor, assigned_to=gestor_user, status_slug="incobrable")

    sent(admin_client, case, "reassignment", gestor=other_gestor.pk)
    assert list(Case.objects.filter(assigned_to=other_gestor)) == [case]
    done = sent(admin_client, case, "reassignment", gestor=other_gestor.pk, whole_person="on")
    assert "Casos que pasaron a Olga Gestora: 1." in done.text
    assert set(Case.objects.filter(assigned_to=other_gestor)) == {case, other}
    closed.refresh_from_db()
    assert closed.assigned_to == gestor_user
    assert sent(admin_client, case, "reassignment", gestor="").status_code == 422


def test_a_stop_is_lifted_with_its_reason(admin_client: Client, case: Case, gestor_user: User) -> None:
    stop(case, gestor_user)
    missing = sent(admin_client, case, "release", next_action_at="mañana", reason="")
    assert (missing.status_code, "Escriba el motivo" in missing.text) == (422, True)
    past = sent(admin_client, case, "release", next_action_at="1/1/2020", reason="x")
    assert past.status_code == 422

    done = sent(admin_client, case, "release", next_action_at="mañana", reason="El acreedor confirmó la deuda")

    assert "Casos que volvieron a la bandeja: 1." in done.text
    case.refresh_from_db()
    assert case.stopped_at is None
    assert case.next_action_at == dates.start_of_day(dates.today() + timedelta(days=1))
    assert "El acreedor confirmó" in Activity.objects.filter(is_system=True).latest("pk").notes


def test_a_status_by_hand_and_one_that_somebody_else_changed(
    admin_client: Client, admin_user: User, case: Case
) -> None:
    chosen = status("a-juicio").pk
    done = sent(admin_client, case, "status", status=chosen, reason="Demanda presentada")
    assert "El estado es ahora «A juicio»." in done.text
    case.refresh_from_db()
    assert case.status.slug == "a-juicio"
    made = Activity.objects.latest("pk")
    assert (made.is_system, "Demanda presentada" in made.notes) == (True, True)

    stale = {"status": status("contactado").pk, "reason": "x", "token": "9", "version": 1}
    refused = admin_client.post(f"{case.get_absolute_url()}/status", stale)
    assert refused.status_code == 409
    assert "Otra persona cambió el caso: su estado es «A juicio»" in refused.text
    assert f'name="version" value="{case.version}"' in refused.text
    assert sent(admin_client, case, "status", status=status("pagada").pk, reason="x").status_code == 422


def test_an_adjustment_adds_or_with_a_minus_subtracts(admin_client: Client, case: Case) -> None:
    assert "$ 10.500,00" in sent(admin_client, case, "adjustment", amount="500", reason="Intereses").text
    assert "$ 9.000,50" in sent(admin_client, case, "adjustment", amount="- 1.499,50", reason="Quita").text
    for wrong in ("0", "mucho", "--5", ""):
        assert sent(admin_client, case, "adjustment", amount=wrong, reason="x").status_code == 422
    case.refresh_from_db()
    assert case.balance == Decimal("9000.50") == ledger_sum(case)


def test_a_payment_is_reversed_once(admin_client: Client, case: Case, gestor_user: User) -> None:
    payment = pay(case, 400, by=gestor_user)
    others = pay(CaseFactory(assigned_to=gestor_user), 10, by=gestor_user)
    assert sent(admin_client, case, "reversal", payment=others.pk, reason="x").status_code == 422

    form = admin_client.get(f"{case.get_absolute_url()}/reversal").context["form"]
    data = {"payment": payment.pk, "reason": "Era de otro", "token": form["token"].value()}
    for _ in range(2):  # two clicks
        done = admin_client.post(f"{case.get_absolute_url()}/reversal", data, follow=True)
        assert "Pago de $ 400,00 revertido." in done.text

    assert LedgerEntry.objects.filter(reverses=payment).count() == 1
    case.refresh_from_db()
    assert case.balance == Decimal("10000.00")
    assert AuditEvent.objects.filter(action="reversal").count() == 1
    assert "No hay pagos" in admin_client.get(f"{case.get_absolute_url()}/reversal").text


# --- Detenidos -----------------------------------------------------------------------------------------
def listed(client: Client, **parameters) -> list[str]:
    return [line.name for line in client.get(LIST, parameters).context["lines"]]


def test_why_since_when_and_whose(admin_client: Client, case: Case, gestor_user: User) -> None:
    stop(case, gestor_user)
    CaseFactory(assigned_to=gestor_user)

    page = admin_client.get(LIST)

    (line,) = page.context["lines"]
    assert (line.name, line.reasons, line.reach, line.note, line.days, line.balance) == (
        *("Núñez, Ana", "Reclamo", "esta deuda", "No reconoce el consumo", 0, "$ 10.000,00"),
    )
    assert "Gabriel Gestor" in page.text


def test_closed_cases_and_those_of_inactive_carteras_wait_for_nothing(
    admin_client: Client, case: Case, gestor_user: User
) -> None:
    stop(case, gestor_user)
    assert listed(admin_client) == ["Núñez, Ana"]
    case.cartera.is_active = False
    case.cartera.save()
    closed = CaseFactory(status_slug="incobrable")
    services.set_stop(debtor=closed.debtor, by=None, reason="reclamo")
    assert listed(admin_client) == []


def test_the_stops_of_the_person_stand_on_each_debt(admin_client: Client, case: Case, gestor_user: User) -> None:
    CaseFactory(debtor=case.debtor)
    stop(case, gestor_user, code="FAL", notes="Informó la hija")
    lines = admin_client.get(LIST).context["lines"]
    assert [(line.reasons, line.reach, line.note) for line in lines] == [
        ("Fallecido", "toda la persona", "Informó la hija")
    ] * 2


def test_filters(admin_client: Client, gestor_user: User, other_gestor: User) -> None:
    one = CaseFactory(assigned_to=gestor_user, debtor__last_name="Uno", debtor__first_name="", cartera__name="Alfa")
    two = CaseFactory(assigned_to=other_gestor, debtor__last_name="Dos", debtor__first_name="")
    three = CaseFactory(debtor__last_name="Tres", debtor__first_name="")
    for number, (stopped, reason) in enumerate([(one, "reclamo"), (two, "fallecido"), (three, "missing")]):
        services.set_stop(
            debtor=stopped.debtor, by=None, reason=reason, now=timezone.now() - timedelta(days=9 - number)
        )

    assert listed(admin_client) == ["Uno", "Dos", "Tres"]  # the longest waiting first
    assert listed(admin_client, reason="fallecido") == ["Dos"]
    assert listed(admin_client, gestor=gestor_user.pk) == ["Uno"]
    assert listed(admin_client, gestor="none") == ["Tres"]
    assert listed(admin_client, cartera=one.cartera_id) == ["Uno"]
    assert listed(admin_client, search="dos") == ["Dos"]
    wrong = admin_client.get(LIST, {"reason": "nada", "gestor": "x"})
    assert (wrong.status_code, len(wrong.context["filter"].complaints)) == (200, 2)


def test_several_come_back_at_once(admin_client: Client, gestor_user: User) -> None:
    person = DebtorFactory()
    both = [CaseFactory(debtor=person, assigned_to=gestor_user) for _ in range(2)]
    alone, untouched = CaseFactory.create_batch(2, assigned_to=gestor_user)
    for stopped in (both[0], alone):
        services.set_stop(debtor=stopped.debtor, by=gestor_user, reason="reclamo")
    chosen = {"case": [one.pk for one in (*both, alone, untouched)], "back": f"{LIST}?reason=reclamo"}
    asked = admin_client.get(f"{LIST}/release", chosen)
    assert "4 casos" in asked.text

    data = {**chosen, "token": asked.context["form"]["token"].value(), "next_action_at": "mañana", "reason": "Resuelto"}
    done = admin_client.post(f"{LIST}/release", data, follow=True)

    assert done.redirect_chain[0][0] == f"{LIST}?reason=reclamo"
    assert "Casos que volvieron a la bandeja: 3." in done.text
    assert "Sin cambiar: 1. El caso no está detenido." in done.text
    assert not Case.objects.filter(stopped_at__isnull=False).exists()
    assert Case.objects.filter(next_action_at__isnull=False).count() == 3


def test_several_are_reassigned(admin_client: Client, other_gestor: User, case: Case, gestor_user: User) -> None:
    stop(case, gestor_user)
    asked = admin_client.get(f"{LIST}/reassignment", {"case": [case.pk]})
    data = {"case": [case.pk], "gestor": other_gestor.pk, "token": asked.context["form"]["token"].value()}
    admin_client.post(f"{LIST}/reassignment", data)
    case.refresh_from_db()
    assert (case.assigned_to, case.stopped_at is None) == (other_gestor, False)


@pytest.mark.parametrize("url", [LIST, f"{LIST}/release", f"{LIST}/reassignment"])
def test_it_is_for_admins(url: str, client: Client, gestor_client: Client, user_client: Client) -> None:
    assert client.get(url)["Location"].startswith("/login")
    assert gestor_client.get(url)["Location"] == "/dashboard-gestor"
    assert user_client.get(url)["Location"] == "/dashboard-user"


def test_htmx_gets_the_part_and_queries_do_not_grow(admin_client: Client, gestor_user: User) -> None:
    assert "Nadie espera una decisión" in admin_client.get(LIST).text
    part = admin_client.get(LIST, headers={"HX-Request": "true", "HX-Target": "list"}).text
    assert part.lstrip().startswith('<div id="list">')

    def more() -> None:
        for made in CaseFactory.create_batch(3, assigned_to=GestorFactory()):
            stop(made, gestor_user)

    more()
    assert queries_do_not_grow(lambda: admin_client.get(LIST), more) <= 12


def test_the_dashboards_notice_leads_there(admin_client: Client, gestor_user: User, case: Case) -> None:
    stop(case, gestor_user)
    assert 'href="/detenidos"' in admin_client.get("/dashboard-admin").text


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_releasing_people_while_others_are_reassigned_is_no_deadlock(client_of: ClientOf) -> None:
    admin, gestor = AdminFactory(), GestorFactory()
    people = DebtorFactory.create_batch(3)
    for _ in range(3):  # the debts of the three people alternate
        for person in people:
            CaseFactory(debtor=person)
    for person in people:
        services.set_stop(debtor=person, by=admin, reason="reclamo")
    tomorrow = dates.start_of_day(dates.today() + timedelta(days=1))
    release = partial(services.release_cases, by=admin, next_action_at=tomorrow, notes="x")

    outcomes = at_once(
        partial(release, cases=Case.objects.filter(debtor__in=people[:2])),
        partial(release, cases=Case.objects.filter(debtor__in=people[1:])),
        partial(services.assign_cases, cases=Case.objects.all(), gestor=gestor, by=admin),
    )

    assert [type(outcome) for outcome in outcomes] == [services.BulkResult, services.BulkResult, int], outcomes
    assert Case.objects.filter(stopped_at__isnull=True, assigned_to=gestor).count() == 9
