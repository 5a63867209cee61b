"""Arrangements over the API: proposed, asked for, approved, accepted, refused; and what a case says of them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Arrangement, Case, Instalment, LedgerEntry, StopFlag
from nova.lib import dates
from tests import factories
from tests.conftest import ClientOf
from tests.steps import pay, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(gestor_user: User) -> Case:
    return factories.CaseFactory(
        assigned_to=gestor_user, amount=Decimal("250000.00"), placed_on=dates.today() - timedelta(days=400)
    )


@pytest.fixture
def limits(case: Case) -> None:
    for role, percent in (("gestor", 10), ("admin", 30), ("creditor", 50)):
        factories.DiscountLimitFactory(role=role, max_percent=percent)


def soon(days: int = 14) -> str:
    return (dates.today() + timedelta(days=days)).isoformat()


def propose(client: Client, case: Case, **terms: Any) -> Any:
    """The answer to a settlement in one payment, or to other terms; None leaves a key out."""
    body = {"system": "none", "instalments": 1, "first_due_on": soon(), "accept": False, **terms}
    return send(
        client,
        "POST",
        f"cases/{case.pk}/arrangements",
        {name: value for name, value in body.items() if value is not None},
    )


def decide(client: Client, arrangement: int, deed: str, **body: Any) -> Any:
    return send(client, "POST", f"arrangements/{arrangement}/{deed}", body)


def asked(client: Client, case: Case, **terms: Any) -> int:
    """A request beyond the limit of a gestor, which an admin may grant."""
    response = propose(client, case, waiver_percent="20", **terms)
    assert (response.status_code, response.json()["data"]["status"]) == (201, "awaiting_approval"), response.text
    return response.json()["data"]["id"]


# --- What is answered ----------------------------------------------------------------------------------
def test_a_waiver_that_was_accepted_at_once(gestor_client: Client, case: Case, limits: None, gestor_user: User) -> None:
    response = propose(gestor_client, case, waiver_percent="10", accept=True, accepted_how="phone", notes="el martes")

    assert response.status_code == 201, response.text
    data = response.json()["data"]
    assert data.pop("created_at")
    assert data.pop("accepted_at")
    assert data == {
        "id": Arrangement.objects.get().pk,
        "case_id": case.pk,
        "status": "active",
        "system": "none",
        "base_balance": "250000.00",
        "agreed_total": "225000.00",
        "waiver_percent": "10.00",
        "waived_if_completed": "25000.00",
        "plan_interest": "0.00",
        "down_payment": "0.00",
        "monthly_rate": "0.00",
        "tea": None,
        "first_due_on": soon(),
        "instalments": [
            {
                "number": 1,
                "due_on": soon(),
                "amount": "225000.00",
                "paid_amount": "0.00",
                "status": "pending",
                "paid_on": None,
            }
        ],
        "needs": None,
        "exceeded": [],
        "limit": {
            "percent_left": "0.00",
            "max_percent": "10.00",
            "max_instalments": 60,
            "min_down_percent": "0.00",
            "keeps_capital": False,
            "monthly_rate": None,
        },
        "accepted_how": "phone",
        "requested_by_id": gestor_user.pk,
        "approved_by_id": None,
        "creditor_authorisation": "",
        "notes": "el martes",
        "closed_on": None,
    }
    assert gestor_client.get(f"/api/v1/arrangements/{data['id']}").json()["data"].items() >= data.items()
    (listed,) = gestor_client.get(f"/api/v1/cases/{case.pk}/arrangements").json()["data"]
    assert listed.items() >= data.items()


def test_a_plan_with_interest_to_the_cent(gestor_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user, amount=Decimal("480000.00"))
    data = propose(
        gestor_client, case, system="direct", monthly_rate=5, down_payment="80000.00", instalments=6, accept=True,
        accepted_how="signed", first_due_on=soon(30),
    ).json()["data"]  # fmt: skip
    amounts = [part["amount"] for part in data["instalments"]]
    assert amounts == ["80000.00", *["86666.66"] * 5, "86666.70"]
    assert [part["number"] for part in data["instalments"]] == list(range(7))
    keys = ("agreed_total", "plan_interest", "waiver_percent", "waived_if_completed", "monthly_rate", "tea")
    assert [data[key] for key in keys] == ["600000.00", "120000.00", "0.00", "0.00", "5.00", data["tea"]]
    assert Decimal(data["tea"]) > 100

    shown = gestor_client.get(f"/api/v1/cases/{case.pk}").json()["data"]
    assert (shown["balance"], shown["capital"], shown["interest"]) == ("600000.00", "480000.00", "120000.00")
    assert shown["arrangement"] == {
        "id": data["id"],
        "status": "active",
        "next_due_on": dates.today().isoformat(),
        "next_amount": "80000.00",
        "overdue": 0,
    }
    entry = case.entries.get(kind="adjustment")
    assert (entry.reason, entry.amount, entry.arrangement_id) == ("plan_interest", Decimal("120000.00"), data["id"])


def test_instalments_of_ones_own(gestor_client: Client, case: Case) -> None:
    schedule = [{"due_on": soon(5), "amount": "100000.00"}, {"due_on": soon(40), "amount": 150000}]
    data = propose(gestor_client, case, system="free", instalments=None, first_due_on=None, schedule=schedule).json()
    assert [(part["due_on"], part["amount"]) for part in data["data"]["instalments"]] == [
        (soon(5), "100000.00"),
        (soon(40), "150000.00"),
    ]
    assert (data["data"]["status"], data["data"]["first_due_on"]) == ("proposed", soon(5))


def test_offers_are_worked_out_and_stored_nowhere(gestor_client: Client, case: Case, limits: None) -> None:
    factories.OfferFactory(name="Contado", waiver_percent=10, position=1)
    factories.OfferFactory(name="Tres cuotas", instalments=3, position=2)
    factories.OfferFactory(name="Nadie lo da", waiver_percent=60, position=3)
    factories.OfferFactory(name="De otra", cartera=factories.CarteraFactory(), position=4)
    factories.OfferFactory(name="Con autorización", waiver_percent=25, position=5)

    cash, plan, more = gestor_client.get(f"/api/v1/offers?case_id={case.pk}").json()["data"]

    made = propose(gestor_client, case).json()["data"]
    stored = {"accepted_at", "accepted_how", "requested_by_id", "approved_by_id", "creditor_authorisation"}
    assert set(cash) - {"offer_id", "name"} == set(made) - stored - {"notes", "closed_on", "created_at"}
    assert (cash["name"], cash["id"], cash["status"]) == ("Contado", None, None)
    assert (cash["agreed_total"], cash["waived_if_completed"]) == ("225000.00", "25000.00")
    assert [part["amount"] for part in plan["instalments"]] == ["83333.33", "83333.33", "83333.34"]
    assert (more["name"], more["needs"], more["exceeded"]) == ("Con autorización", "admin", ["waiver_percent"])
    assert more["limit"]["percent_left"] == "-15.00"


# --- Authority -----------------------------------------------------------------------------------------
def test_beyond_ones_limit_an_admin_is_asked(
    gestor_client: Client, admin_client: Client, case: Case, limits: None, admin_user: User
) -> None:
    within = propose(gestor_client, case, agreed_total="225000.00").json()["data"]
    assert (within["status"], within["needs"]) == ("proposed", None)
    beyond = propose(gestor_client, case, agreed_total="224999.99", accept=True, accepted_how="message").json()["data"]
    assert (beyond["status"], beyond["needs"]) == ("awaiting_approval", "admin")
    live = gestor_client.get(f"/api/v1/cases/{case.pk}").json()["data"]["arrangement"]
    assert (live["id"], live["status"]) == (beyond["id"], "awaiting_approval")

    assert decide(gestor_client, beyond["id"], "approval").status_code == 403
    approved = decide(admin_client, beyond["id"], "approval", notes="por esta vez")
    assert approved.status_code == 201, approved.text
    data = approved.json()["data"]
    assert (data["status"], data["approved_by_id"], data["accepted_how"]) == ("active", admin_user.pk, "message")
    twice = decide(admin_client, beyond["id"], "approval")
    assert (twice.status_code, twice.json()["error"]) == (409, "El convenio está vigente.")
    assert AuditEvent.objects.filter(action="arrangement", actor=admin_user).count() == 1


def test_above_the_ceiling_of_the_creditor_nobody_may(admin_client: Client, case: Case, limits: None) -> None:
    response = propose(admin_client, case, waiver_percent="50.01")
    assert (response.status_code, list(response.json()["details"])) == (400, ["waiver_percent"])
    # Between the admin's limit and the ceiling an admin who brings the creditor's word needs nobody else.
    alone = propose(admin_client, case, waiver_percent="40").json()["data"]
    assert (alone["status"], alone["needs"]) == ("awaiting_approval", "creditor")
    assert decide(admin_client, alone["id"], "cancellation", reason="falta la nota").status_code == 201
    told = propose(admin_client, case, waiver_percent="40", creditor_authorisation="Mail de Paz, 12/11").json()["data"]
    assert (told["status"], told["needs"]) == ("proposed", None)


def test_nobody_decides_on_what_they_asked_for(
    admin_client: Client, client_of: ClientOf, case: Case, limits: None
) -> None:
    pk = propose(admin_client, case, waiver_percent="40").json()["data"]["id"]
    for deed in ("approval", "rejection"):
        own = decide(admin_client, pk, deed, notes="sí")
        assert own.status_code == 403
        assert own.json()["error"] == "Quien pidió el convenio no puede decidirlo: lo hace otro administrador."
    assert Arrangement.objects.get().status == "awaiting_approval"
    other = client_of(factories.AdminFactory())
    missing = decide(other, pk, "approval")
    assert (missing.status_code, list(missing.json()["details"])) == (400, ["creditor_authorisation"])
    granted = decide(other, pk, "approval", creditor_authorisation="Mail de Paz, 12/11")
    assert (granted.status_code, granted.json()["data"]["status"]) == (201, "proposed")


def test_a_request_is_rejected_with_a_reason(
    gestor_client: Client, admin_client: Client, case: Case, limits: None
) -> None:
    pk = asked(gestor_client, case)
    assert list(decide(admin_client, pk, "rejection").json()["details"]) == ["notes"]
    assert list(decide(admin_client, pk, "rejection", notes="  ").json()["details"]) == ["notes"]
    rejected = decide(admin_client, pk, "rejection", notes="no alcanza")
    assert (rejected.status_code, rejected.json()["data"]["status"]) == (201, "rejected")
    assert decide(admin_client, pk, "approval").status_code == 409
    assert gestor_client.get(f"/api/v1/cases/{case.pk}").json()["data"]["arrangement"] is None


def test_the_limits_of_another_cartera_are_not_ours(gestor_client: Client, case: Case) -> None:
    factories.DiscountLimitFactory(cartera=factories.CarteraFactory(), max_percent=40)
    response = propose(gestor_client, case, waiver_percent="1")
    assert (response.status_code, list(response.json()["details"])) == (400, ["waiver_percent"])
    assert not Arrangement.objects.exists()


# --- One at a time, in time -----------------------------------------------------------------------------
def test_a_second_one_is_a_conflict(gestor_client: Client, case: Case) -> None:
    first, second = (propose(gestor_client, case).json()["data"]["id"] for _ in range(2))
    assert decide(gestor_client, first, "acceptance", accepted_how="phone").json()["data"]["status"] == "active"
    for response in (
        propose(gestor_client, case),
        propose(gestor_client, case, accept=True, accepted_how="phone"),
        decide(gestor_client, second, "acceptance", accepted_how="phone"),
        decide(gestor_client, first, "acceptance", accepted_how="phone"),
    ):
        assert response.status_code == 409, response.text
        assert response.json()["error"].startswith("El c")
    assert Arrangement.objects.filter(status="active").count() == 1


def test_what_has_expired_is_not_accepted(gestor_client: Client, case: Case) -> None:
    pk = propose(gestor_client, case, first_due_on=soon(30)).json()["data"]["id"]
    Arrangement.objects.update(created_at=timezone.now() - timedelta(days=8))
    response = decide(gestor_client, pk, "acceptance", accepted_how="phone")
    assert (response.status_code, "venció" in response.json()["error"]) == (409, True), response.text
    assert case.entries.count() == 1


def test_an_expired_request_is_no_longer_the_arrangement_of_its_case(
    gestor_client: Client, case: Case, limits: None
) -> None:
    asked(gestor_client, case)
    Arrangement.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert gestor_client.get(f"/api/v1/cases/{case.pk}").json()["data"]["arrangement"] is None
    assert propose(gestor_client, case).status_code == 201


def test_what_was_agreed_on_another_balance_is_proposed_again(gestor_client: Client, case: Case) -> None:
    pk = propose(gestor_client, case).json()["data"]["id"]
    pay(case, 1000)
    response = decide(gestor_client, pk, "acceptance", accepted_how="phone")
    assert (response.status_code, "proponga" in response.json()["error"]) == (409, True)
    assert Arrangement.objects.get().status == "proposed"


def test_cancelling_is_for_its_author_and_admins(
    gestor_client: Client, admin_client: Client, admin_user: User, case: Case
) -> None:
    theirs = propose(admin_client, case).json()["data"]["id"]
    refused = decide(gestor_client, theirs, "cancellation", reason="x")
    assert (refused.status_code, "Solo quien hizo" in refused.json()["error"]) == (403, True)
    mine = propose(gestor_client, case, accept=True, accepted_how="phone").json()["data"]["id"]
    assert list(decide(gestor_client, mine, "cancellation", reason=" ").json()["details"]) == ["reason"]
    done = decide(gestor_client, mine, "cancellation", reason="se arrepintió")
    assert (done.status_code, done.json()["data"]["status"]) == (201, "cancelled")
    assert done.json()["data"]["closed_on"] == dates.today().isoformat()
    assert decide(admin_client, mine, "cancellation", reason="otra vez").status_code == 409


def test_somebody_elses_is_not_there(
    client_of: ClientOf, other_gestor: User, gestor_client: Client, case: Case
) -> None:
    pk = propose(gestor_client, case).json()["data"]["id"]
    stranger = client_of(other_gestor)
    assert propose(stranger, case).status_code == 404
    assert stranger.get(f"/api/v1/cases/{case.pk}/arrangements").status_code == 404
    assert stranger.get(f"/api/v1/offers?case_id={case.pk}").status_code == 404
    assert stranger.get(f"/api/v1/arrangements/{pk}").status_code == 404
    assert decide(stranger, pk, "acceptance", accepted_how="phone").status_code == 404
    assert decide(stranger, pk, "cancellation", reason="x").status_code == 404
    assert gestor_client.get("/api/v1/offers").json()["details"] == {"case_id": ["Este campo es requerido."]}
    assert gestor_client.get("/api/v1/arrangements/99999999").status_code == 404


def test_the_same_key_and_body_are_one_arrangement(gestor_client: Client, case: Case) -> None:
    key, url = {"Idempotency-Key": "convenio-1"}, f"cases/{case.pk}/arrangements"
    body = {"system": "none", "first_due_on": soon()}
    first, again = (send(gestor_client, "POST", url, body, headers=key) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert send(gestor_client, "POST", url, {**body, "notes": "otro"}, headers=key).status_code == 409
    pk = first.json()["data"]["id"]
    done = [
        send(gestor_client, "POST", f"arrangements/{pk}/acceptance", {"accepted_how": "phone"}, headers=other)
        for other in ({"Idempotency-Key": "acepta-1"}, {"Idempotency-Key": "acepta-1"}, {})
    ]
    assert [response.status_code for response in done] == [201, 201, 409]
    assert done[0].json() == done[1].json()
    assert Arrangement.objects.count() == 1


# --- Bad input -----------------------------------------------------------------------------------------
TYPED = [{"due_on": "2126-01-01", "amount": "1.00"}]


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"system": None}, "system"),
        ({"system": "alemán"}, "system"),
        ({"system": 1}, "system"),
        ({"first_due_on": None}, "first_due_on"),
        ({"first_due_on": "ayer"}, "first_due_on"),
        ({"first_due_on": "2026-02-30"}, "first_due_on"),
        ({"first_due_on": "2020-01-01"}, "first_due_on"),
        ({"first_due_on": "2126-01-01"}, "first_due_on"),
        ({"agreed_total": "0"}, "agreed_total"),
        ({"agreed_total": "0.00"}, "agreed_total"),
        ({"agreed_total": "-1.00"}, "agreed_total"),
        ({"agreed_total": -1}, "agreed_total"),
        ({"agreed_total": "1.001"}, "agreed_total"),
        ({"agreed_total": "1,5"}, "agreed_total"),
        ({"agreed_total": "NaN"}, "agreed_total"),
        ({"agreed_total": "99999999999999.00"}, "agreed_total"),
        ({"agreed_total": True}, "agreed_total"),
        ({"agreed_total": "200000.00", "waiver_percent": "10"}, "waiver_percent"),
        ({"waiver_percent": "-1"}, "waiver_percent"),
        ({"waiver_percent": "100"}, "waiver_percent"),
        ({"waiver_percent": "51"}, "waiver_percent"),
        ({"waiver_percent": "1e1"}, "waiver_percent"),
        ({"waiver_percent": "10.005"}, "waiver_percent"),
        ({"waiver_percent": "diez"}, "waiver_percent"),
        ({"down_payment": "-1"}, "down_payment"),
        ({"down_payment": "0.001"}, "down_payment"),
        ({"down_payment": "250000.00"}, "down_payment"),
        ({"down_payment": "250000.01"}, "down_payment"),
        ({"instalments": 0}, "instalments"),
        ({"instalments": -1}, "instalments"),
        ({"instalments": 61}, "instalments"),
        ({"instalments": 1.5}, "instalments"),
        ({"instalments": "3"}, "instalments"),
        ({"monthly_rate": "5"}, "monthly_rate"),
        ({"system": "direct", "monthly_rate": "-5"}, "monthly_rate"),
        ({"system": "direct", "monthly_rate": "15.01"}, "monthly_rate"),
        ({"system": "french", "monthly_rate": "100000"}, "monthly_rate"),
        ({"system": "french", "waiver_percent": "5"}, "waiver_percent"),
        ({"system": "direct", "agreed_total": "300000.00"}, "agreed_total"),
        ({"system": "free"}, "schedule"),
        ({"system": "free", "schedule": []}, "schedule"),
        ({"system": "free", "schedule": "diez"}, "schedule"),
        ({"system": "none", "schedule": TYPED, "first_due_on": "2126-01-01"}, "schedule"),
        ({"system": "free", "schedule": TYPED, "first_due_on": None}, "schedule"),
        ({"system": "free", "schedule": TYPED * 61, "first_due_on": None}, "schedule"),
        ({"system": "free", "schedule": TYPED}, "first_due_on"),
        ({"system": "free", "schedule": TYPED, "first_due_on": None, "instalments": 5}, "instalments"),
        ({"system": "free", "first_due_on": None, "schedule": [{"amount": "1.00"}]}, "schedule.0.due_on"),
        ({"system": "free", "first_due_on": None, "schedule": [{**TYPED[0], "amount": "0"}]}, "schedule.0.amount"),
        ({"system": "free", "first_due_on": None, "schedule": [{**TYPED[0], "cuota": 1}]}, "schedule.0.cuota"),
        ({"accept": True}, "accepted_how"),
        ({"accept": True, "accepted_how": ""}, "accepted_how"),
        ({"accept": True, "accepted_how": "paloma"}, "accepted_how"),
        ({"accept": "sí"}, "accept"),
        ({"creditor_authorisation": "x" * 2001}, "creditor_authorisation"),
        ({"notes": "x" * 5001}, "notes"),
        ({"status": "active"}, "status"),
        ({"base_balance": "1.00"}, "base_balance"),
    ],
)
def test_bad_terms_are_refused_by_field(
    gestor_client: Client, case: Case, limits: None, terms: dict[str, Any], field: str
) -> None:
    response = propose(gestor_client, case, **terms)
    assert response.status_code == 400, response.text
    assert list(response.json()["details"]) == [field]
    assert not Arrangement.objects.exists()
    assert not Instalment.objects.exists()
    assert LedgerEntry.objects.count() == 1


@pytest.mark.parametrize(
    "parts",
    [
        [(5, "100000.00"), (40, "149999.99")],
        [(5, "100000.00"), (40, "150000.01")],
        [(40, "100000.00"), (5, "150000.00")],
        [(5, "100000.00"), (5, "150000.00")],
        [(-1, "100000.00"), (5, "150000.00")],
    ],
)
def test_a_schedule_that_does_not_add_up_or_goes_back(
    gestor_client: Client, case: Case, parts: list[tuple[int, str]]
) -> None:
    schedule = [{"due_on": soon(days), "amount": amount} for days, amount in parts]
    terms = {"system": "free", "instalments": None, "first_due_on": None, "agreed_total": "250000.00"}
    response = propose(gestor_client, case, **terms, schedule=schedule)
    assert (response.status_code, list(response.json()["details"])) == (400, ["schedule"]), response.text
    assert not Arrangement.objects.exists()


def test_a_total_that_is_out_of_all_proportion(gestor_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user, amount=Decimal("9000.00"))
    schedule = [{"due_on": soon(10), "amount": "60000.00"}, {"due_on": soon(40), "amount": "9999999999999.99"}]
    for terms, field in (
        ({"system": "free", "schedule": [{**part, "amount": "500000.00"} for part in schedule]}, "schedule"),
        ({"system": "free", "schedule": schedule}, "agreed_total"),
        ({"agreed_total": "9999999999999.99", "first_due_on": soon(1)}, "agreed_total"),
    ):
        response = propose(gestor_client, case, **{"instalments": None, "first_due_on": None, **terms})
        assert (response.status_code, list(response.json()["details"])) == (400, [field]), response.text
    assert not Arrangement.objects.exists()


def test_a_case_that_admits_none_says_why(gestor_client: Client, admin_user: User, case: Case) -> None:
    services.set_stop(debtor=case.debtor, case=case, by=admin_user, reason=StopFlag.Reason.RECLAMO)
    stopped = propose(gestor_client, case)
    assert (stopped.status_code, list(stopped.json()["details"])) == (400, ["case"])
    paid = factories.CaseFactory(assigned_to=case.assigned_to, amount=Decimal(100))
    pay(paid, 100)
    assert list(propose(gestor_client, paid).json()["details"]) == ["case"]


def test_while_one_runs_a_promise_is_refused(gestor_client: Client, case: Case) -> None:
    propose(gestor_client, case, accept=True, accepted_how="phone")
    response = send(
        gestor_client,
        "POST",
        f"cases/{case.pk}/promises",
        {"amount": "10.00", "promise_date": dates.today().isoformat()},
    )
    assert response.status_code == 400
    assert "convenio" in str(response.json()["details"])


# --- The case ------------------------------------------------------------------------------------------
def test_a_case_says_what_it_consists_of(gestor_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(
        assigned_to=gestor_user, amount=Decimal("145000.00"), initial_amount=Decimal("100000.00")
    )
    paid = pay(case, 60000)
    url = f"/api/v1/cases/{case.pk}"
    data = gestor_client.get(url).json()["data"]
    assert (data["capital"], data["interest"], data["arrangement"]) == ("85000.00", "0.00", None)
    (listed,) = gestor_client.get("/api/v1/cases").json()["data"]
    assert (listed["capital"], listed["interest"], listed["arrangement"]) == ("85000.00", "0.00", None)
    services.reverse_payment(payment=paid, by=factories.AdminFactory())
    data = gestor_client.get(url).json()["data"]
    assert (data["balance"], data["capital"], data["interest"]) == ("145000.00", "100000.00", "45000.00")
    # What was read may be sent back as it is.
    assert send(gestor_client, "PUT", f"cases/{case.pk}", data).status_code == 200
    refused = send(gestor_client, "PUT", f"cases/{case.pk}", {**data, "capital": "1.00", "arrangement": {"id": 1}})
    assert sorted(refused.json()["details"]) == ["arrangement", "capital"]


def test_what_comes_next_of_a_plan_and_what_is_overdue(gestor_client: Client, case: Case) -> None:
    propose(gestor_client, case, instalments=3, first_due_on=soon(10), accept=True, accepted_how="phone")
    pay(case, "100000.00")
    data = gestor_client.get(f"/api/v1/cases/{case.pk}").json()["data"]["arrangement"]
    schedule = Instalment.objects.order_by("number")
    assert (data["next_due_on"], data["overdue"]) == (schedule[1].due_on.isoformat(), 0)
    assert data["next_amount"] == "66666.66"  # of 83,333.33; 16,666.67 were left over from the first
    schedule.filter(number=2).update(status="overdue")
    assert gestor_client.get(f"/api/v1/cases/{case.pk}").json()["data"]["arrangement"]["overdue"] == 1


def test_an_entry_says_its_reason(admin_client: Client, case: Case) -> None:
    made = send(admin_client, "POST", f"cases/{case.pk}/payments", {"amount": "10.00"}).json()["data"]
    assert made["reason"] is None
