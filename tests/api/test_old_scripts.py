"""What scripts of the old API send and ask, where taking it is harmless (docs/api.md, «Desde la API anterior»)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from cases.models import Activity, Case, Promise
from nova.lib import dates
from tests import factories
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def case(gestor_user: User) -> Case:
    return factories.CaseFactory(assigned_to=gestor_user)


# --- Posted forms -------------------------------------------------------------------------------------
def test_update_status_takes_a_form(gestor_client: Client, case: Case) -> None:
    body = f"case_id={case.pk}&status=contactado&notes=Atendi%C3%B3"

    response = gestor_client.post("/api/v1/update-status", body, content_type=FORM)

    assert response.status_code == 200, response.content
    assert response.json()["data"]["management_status"] == "contactado"


def test_register_management_takes_a_form(gestor_client: Client, case: Case) -> None:
    body = f"case_id={case.pk}&type=call&result=NC&notes=Ma%C3%B1ana+%26+tarde&phone="

    response = gestor_client.post("/api/v1/register-management", body, content_type=f"{FORM}; charset=utf-8")

    assert response.status_code == 201, response.content
    made = Activity.objects.by_people().get()
    assert (made.case, made.notes, made.result.code) == (case, "Mañana & tarde", "NC")


def test_form_of_a_session_needs_the_csrf_header_and_may_repeat_it(gestor_user: User, case: Case) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(gestor_user)
    body = f"case_id={case.pk}&status=contactado"
    assert client.post("/api/v1/update-status", body, content_type=FORM).status_code == 403

    client.cookies["csrftoken"] = "a" * 32
    repeated = f"{body}&csrfmiddlewaretoken={'a' * 32}"
    response = client.post("/api/v1/update-status", repeated, content_type=FORM, headers={"X-CSRFToken": "a" * 32})

    assert response.status_code == 200, response.content


def test_form_by_token(gestor_user: User, case: Case) -> None:
    _, token = ApiToken.objects.create(user=gestor_user, expiry=None)
    header = {"Authorization": f"Token {token}"}

    response = Client().post("/api/v1/update-status", f"case_id={case.pk}&status=contactado", content_type=FORM,
                             headers=header)  # fmt: skip

    assert response.status_code == 200, response.content


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("status=contactado", "case_id"),
        ("case_id=x&status=contactado", "case_id"),
        ("case_id={pk}&status=contactado&total=1", "total"),
        ("case_id={pk}&status=contactado&status=pagada", None),
        ("case_id={pk}&status=%FF", None),
    ],
)
def test_wrong_form_is_explained(gestor_client: Client, case: Case, body: str, field: str | None) -> None:
    response = gestor_client.post("/api/v1/update-status", body.format(pk=case.pk), content_type=FORM)

    assert response.status_code == 400
    assert list(response.json()["details"]) == ([field] if field else [])
    case.refresh_from_db()
    assert case.status.slug == "sin-gestion"


def test_other_routes_take_json_alone(gestor_client: Client, case: Case) -> None:
    response = gestor_client.post(f"/api/v1/cases/{case.pk}/activities", "type=call", content_type=FORM)
    assert response.status_code == 415


# --- Numbers as text, whole moments -------------------------------------------------------------------
def test_ids_may_be_text(admin_client: Client, gestor_user: User, case: Case) -> None:
    sent = {"debtor_name": "Gómez, Ana", "amount": "10.50", "cartera_id": str(case.cartera_id)}
    made = admin_client.post(
        "/api/v1/cases", {**sent, "assigned_to_id": str(gestor_user.pk)}, content_type="application/json"
    )
    assert made.status_code == 201, made.content
    assert made.json()["data"]["assigned_to_id"] == gestor_user.pk

    for wrong in ("", " 1", "1.0", "-1", "0", "9" * 19, "uno"):
        answer = admin_client.post("/api/v1/update-status", {"case_id": wrong, "status": "contactado"},
                                   content_type="application/json")  # fmt: skip
        assert answer.status_code == 400, wrong


@pytest.mark.parametrize(
    ("hour", "days"), [("T12:00:00", 0), ("T03:00:00.000Z", 0), ("T02:59:59Z", -1), ("T23:00:00-03:00", 0)]
)
def test_day_of_a_whole_moment_is_the_local_one(admin_client: Client, case: Case, hour: str, days: int) -> None:
    due = dates.today() + timedelta(days=20)
    body = {"amount": "10", "promise_date": f"{due}{hour}"}

    response = admin_client.post(f"/api/v1/cases/{case.pk}/promises", body, content_type="application/json")

    assert response.status_code == 201, response.content
    assert Promise.objects.get().promise_date == due + timedelta(days=days)


@pytest.mark.parametrize(
    "wrong", ["2026-13-01T00:00:00Z", "2026-12-01T99:00:00", "2026-12-01 de tarde", "20261201T000000"]
)
def test_wrong_moment_for_a_day_is_a_400(admin_client: Client, case: Case, wrong: str) -> None:
    body = {"amount": "10", "promise_date": wrong}
    response = admin_client.post(f"/api/v1/cases/{case.pk}/promises", body, content_type="application/json")
    assert response.status_code == 400
    assert "promise_date" in response.json()["details"]


def test_dashboard_takes_whole_moments(admin_client: Client) -> None:
    plain = admin_client.get("/api/v1/dashboard/kpis?start_date=2026-11-01&end_date=2026-11-15").json()
    whole = admin_client.get(
        "/api/v1/dashboard/kpis?start_date=2026-11-01T00:00:00-03:00&end_date=2026-11-16T02:00:00Z"
    ).json()
    assert plain == whole


# --- Cases of a gestor --------------------------------------------------------------------------------
def test_cases_of_a_gestor_are_filtered_and_open_to_an_admin(
    admin_client: Client, client_of: ClientOf, gestor_user: User, other_gestor: User, case: Case
) -> None:
    other = factories.CaseFactory(assigned_to=gestor_user, debtor__last_name="Zabaleta")
    factories.CaseFactory(assigned_to=other_gestor)

    def ids(client: Client, query: str) -> list[int]:
        response = client.get(f"/api/v1/cases/gestor?{query}")
        assert response.status_code == 200, response.content
        return sorted(row["id"] for row in response.json()["data"])

    mine = client_of(gestor_user)
    assert ids(mine, "") == [case.pk, other.pk]
    assert ids(mine, f"cartera_id={other.cartera_id}") == [other.pk]
    assert ids(mine, "status=pagada") == []
    assert ids(mine, "search=zabaleta") == [other.pk]
    assert ids(mine, f"gestor_id={other_gestor.pk}") == []
    assert ids(admin_client, f"gestor_id={gestor_user.pk}") == [case.pk, other.pk]
    assert ids(admin_client, "") == []
    assert admin_client.get("/api/v1/cases/gestor?gestor_id=999999").status_code == 400


# --- People with all their debts ----------------------------------------------------------------------
def test_debtors_have_all_their_debts(
    admin_client: Client, client_of: ClientOf, gestor_user: User, other_gestor: User
) -> None:
    debtor = factories.DebtorFactory(first_name="Ana", last_name="Gómez", dni="20111222")
    factories.DebtorPhoneFactory(debtor=debtor, number="+541144445555")
    mine = factories.CaseFactory(debtor=debtor, assigned_to=gestor_user, amount=Decimal("100.00"))
    theirs = factories.CaseFactory(debtor=debtor, assigned_to=other_gestor, amount=Decimal("50.50"))
    factories.CaseFactory(assigned_to=other_gestor)

    data = client_of(gestor_user).get("/api/v1/debtors?search=20.111.222").json()["data"]

    assert len(data) == 1
    person = data[0]
    assert (person["id"], person["dni"], person["balance"]) == (debtor.pk, "20111222", "150.50")
    assert (person["name"], person["lastname"], person["telefono"]) == ("Ana", "Gómez", "+541144445555")
    debts = {debt["id"]: debt for debt in person["debts"]}
    assert (debts[mine.pk]["nro_cliente"], debts[mine.pk]["amount"]) == (mine.nro_cliente, "100.00")
    assert (debts[theirs.pk]["nro_cliente"], debts[theirs.pk]["amount"]) == (None, None)
    assert (debts[theirs.pk]["balance"], debts[theirs.pk]["is_visible"]) == ("50.50", False)
    whole = admin_client.get("/api/v1/debtors?search=gomez").json()["data"][0]
    assert [(debt["id"], debt["is_visible"], debt["amount"]) for debt in whole["debts"]] == [
        (mine.pk, True, "100.00"),
        (theirs.pk, True, "50.50"),
    ]


def test_debtors_are_those_of_the_gestor_and_are_filtered(
    admin_client: Client, user_client: Client, client_of: ClientOf, gestor_user: User, other_gestor: User
) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    foreign = factories.CaseFactory(assigned_to=other_gestor)

    def ids(client: Client, query: str = "") -> set[int]:
        return {row["id"] for row in client.get(f"/api/v1/debtors?{query}").json()["data"]}

    assert ids(client_of(gestor_user)) == {case.debtor_id}
    assert ids(user_client) == set()
    assert ids(admin_client) == {case.debtor_id, foreign.debtor_id}
    assert ids(admin_client, f"cartera_id={foreign.cartera_id}") == {foreign.debtor_id}
    assert ids(admin_client, f"gestor_id={gestor_user.pk}") == {case.debtor_id}
    assert ids(client_of(gestor_user), f"search={foreign.debtor.dni}") == set()
    for wrong in ("cartera_id=99999999", "gestor_id=99999999", "dni=1"):
        assert admin_client.get(f"/api/v1/debtors?{wrong}").status_code == 400
