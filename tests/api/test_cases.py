"""/api/v1/cases: reading, loading and editing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Case, Debtor
from tests import factories
from tests.conftest import ClientOf
from tests.queries import queries_do_not_grow
from tests.steps import pay, send

pytestmark = pytest.mark.django_db
KEYS = {
    *("id", "nro_cliente", "entity", "debtor_name", "name", "lastname", "dni", "amount", "initial_amount", "balance"),
    *("status", "management_status", "status_name", "cartera", "cartera_id", "assigned_to_id", "assigned_to"),
    *("last_payment_date", "telefono", "email", "street", "street_number", "city", "postal_code", "provincia", "notes"),
    *("version", "created_at", "updated_at", "capital", "interest", "arrangement", "extra"),
}


def test_a_case_has_exactly_the_keys_of_the_design(gestor_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user, amount=Decimal("10000.50"))
    factories.DebtorPhoneFactory(debtor=case.debtor, number="+5491100000001", state="bad")
    factories.DebtorPhoneFactory(debtor=case.debtor, number="+5491100000002", state="unverified")
    factories.DebtorPhoneFactory(debtor=case.debtor, number="+5491100000003", state="good")

    listed = gestor_client.get("/api/v1/cases").json()
    detail = gestor_client.get(f"/api/v1/cases/{case.pk}")

    row = listed["data"][0]
    assert set(row) == KEYS
    assert (row["amount"], row["balance"], row["status"]) == ("10000.50", "10000.50", "en_gestion")
    assert row["telefono"] == "+5491100000003"
    assert listed["pagination"] == {"page": 1, "per_page": 50, "total": 1, "pages": 1}
    assert set(detail.json()["data"]) == KEYS | {"promises", "activities"}
    assert detail["ETag"] == f'"{case.version}"'


def test_filters_order_and_pages(admin_client: Client, gestor_user: User) -> None:
    mine = factories.CaseFactory(assigned_to=gestor_user, amount=Decimal(900), debtor__last_name="Zubiría")
    paid = factories.CaseFactory(amount=Decimal(100))
    pay(paid, 100)
    other = factories.CaseFactory(amount=Decimal(500), status=factories.status("contactado"))

    def found(query: str) -> list[int]:
        return [row["id"] for row in admin_client.get(f"/api/v1/cases?{query}").json()["data"]]

    assert found("ordering=-balance") == [mine.pk, other.pk, paid.pk]
    assert found("ordering=id") == [mine.pk, paid.pk, other.pk]
    assert found("ordering=-last_payment_date") == [paid.pk, other.pk, mine.pk]
    assert found("ordering=last_payment_date") == [paid.pk, mine.pk, other.pk]
    assert found(f"gestor_id={gestor_user.pk}") == [mine.pk]
    assert found("status=pagada") == [paid.pk]
    assert found("status=contactado") == found("management_status=contactado") == [other.pk]
    assert found(f"cartera_id={paid.cartera_id}&status=pagada") == [paid.pk]
    assert found("search=zubiria") == [mine.pk]
    past = admin_client.get("/api/v1/cases?page=999999999999999999&per_page=500").json()
    assert past["data"] == []
    assert past["pagination"] == {"page": 999999999999999999, "per_page": 100, "total": 3, "pages": 1}
    assert [len(admin_client.get(f"/api/v1/cases?per_page=2&page={page}").json()["data"]) for page in (1, 2)] == [2, 1]


def test_the_gestors_cases_come_in_the_order_of_work(gestor_client: Client, gestor_user: User) -> None:
    now = timezone.now()
    later = factories.CaseFactory(assigned_to=gestor_user, next_action_at=now + timedelta(days=3), queue_band=1)
    due = factories.CaseFactory(assigned_to=gestor_user, next_action_at=now - timedelta(days=1), queue_band=6)
    first = factories.CaseFactory(assigned_to=gestor_user, next_action_at=now - timedelta(days=1), queue_band=2)
    factories.CaseFactory()
    rows = gestor_client.get("/api/v1/cases/gestor").json()["data"]
    assert [row["id"] for row in rows] == [first.pk, due.pk, later.pk]


def test_the_queue_has_one_case_a_person(gestor_client: Client, admin_client: Client, gestor_user: User) -> None:
    now = timezone.now()
    later = factories.CaseFactory(assigned_to=gestor_user, next_action_at=now + timedelta(days=3), queue_band=1)
    best = factories.CaseFactory(
        assigned_to=gestor_user, debtor=later.debtor, amount=Decimal("3000.00"), cartera__name="Uno", queue_band=6
    )
    factories.CaseFactory(debtor=later.debtor, assigned_to=gestor_user, amount=Decimal("500"), queue_band=6)
    first = factories.CaseFactory(assigned_to=gestor_user, next_action_at=now, queue_band=2)
    factories.CaseFactory()

    answer = gestor_client.get("/api/v1/cases/queue").json()

    assert [row["id"] for row in answer["data"]] == [first.pk, best.pk]
    assert answer["pagination"]["total"] == 2
    person = answer["data"][1]["person"]
    assert (person["balance"], person["debts"]) == ("13500.00", 3)
    assert person["carteras"][:2] == [later.cartera.name, "Uno"]
    assert admin_client.get("/api/v1/cases/queue").json()["data"] == []
    asked = admin_client.get("/api/v1/cases/queue", {"gestor_id": gestor_user.pk, "cartera_id": best.cartera_id}).json()
    assert [row["id"] for row in asked["data"]] == [best.pk]


def test_queries_do_not_grow_with_rows(admin_client: Client) -> None:
    def more() -> None:
        for case in factories.CaseFactory.create_batch(12):
            factories.DebtorPhoneFactory(debtor=case.debtor)

    more()
    queries_do_not_grow(lambda: admin_client.get("/api/v1/cases"), more)


def test_the_total_follows_every_way_of_writing_cases(admin_client: Client, admin_user: User) -> None:
    def total() -> int:
        return admin_client.get("/api/v1/cases").json()["pagination"]["total"]

    cases = factories.CaseFactory.create_batch(3)
    assert total() == 3
    for case in cases[:2]:
        services.delete_case(case=case, by=admin_user)
    assert total() == 1


def test_loading_a_case(admin_client: Client, gestor_user: User) -> None:
    cartera = factories.CarteraFactory(name="Cristal Cash")
    known = factories.DebtorFactory(first_name="Ana", last_name="Gómez", dni="20111222", email="", city="Azul")
    response = send(
        admin_client,
        "POST",
        "cases",
        {
            "debtor_name": "GOMEZ, ANA MARIA",
            "dni": "20.111.222",
            "amount": "10000.50",
            "cartera": "cristal cash",
            "nro_cliente": "A-1",
            "email": "ana@example.com",
            "city": "Tandil",
            "telefono": "011 15-4444-5555",
            "assigned_to_id": gestor_user.pk,
            "management_status": "contactado",
            "last_payment_date": "2026-01-15",
        },
    )
    assert response.status_code == 201, response.text
    data = response.json()["data"]
    case = Case.objects.get(pk=data["id"])
    assert (case.debtor, case.cartera, case.balance) == (known, cartera, Decimal("10000.50"))
    assert case.entries.get().kind == "placement"
    known.refresh_from_db()
    assert (known.first_name, known.email, known.city) == ("Ana", "ana@example.com", "Azul")  # blanks alone are filled
    line = AuditEvent.objects.get(action="edited", target_type="debtor", target_id=str(known.pk))
    assert (line.before, line.after) == ({"email": ""}, {"email": "ana@example.com"})
    assert (data["telefono"], data["entity"]) == ("+5491144445555", "Cristal Cash")
    assert (data["management_status"], data["assigned_to_id"]) == ("contactado", gestor_user.pk)
    again = send(
        admin_client, "POST", "cases", {"lastname": "X", "amount": 5, "cartera": "Cristal Cash", "nro_cliente": "A-1"}
    )
    assert (again.status_code, list(again.json()["details"])) == (400, ["nro_cliente"])
    assert Debtor.objects.count() == 1


def test_what_was_read_can_be_put_back(admin_client: Client) -> None:
    case = factories.CaseFactory()
    read = admin_client.get(f"/api/v1/cases/{case.pk}").json()["data"]

    same = send(admin_client, "PUT", f"cases/{case.pk}", read)
    edited = send(admin_client, "PUT", f"cases/{case.pk}", {**read, "notes": "llamar de tarde", "lastname": "Nuevo"})

    assert same.status_code == 200, same.text
    assert same.json()["data"]["version"] == read["version"]
    assert (edited.json()["data"]["notes"], edited.json()["data"]["lastname"]) == ("llamar de tarde", "Nuevo")
    assert AuditEvent.objects.filter(action="edited").count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "1.00"}, "amount"),
        ({"balance": "0.00"}, "balance"),
        ({"id": 7}, "id"),
        ({"created_at": "2020-01-01"}, "created_at"),
        ({"cartera": "Otra"}, "cartera"),
        ({"inventado": 1}, "inventado"),
        ({"status": "no-existe"}, "status"),
        ({"assigned_to_id": 99999}, "assigned_to_id"),
        ({"dni": "hola"}, "dni"),
        ({"email": "hola"}, "email"),
        ({"version": "x"}, "version"),
    ],
)
def test_what_an_edit_refuses_by_name(admin_client: Client, change: dict, field: str) -> None:
    case = factories.CaseFactory()
    response = send(admin_client, "PATCH", f"cases/{case.pk}", {"notes": "esto no", **change})
    assert response.status_code == 400, response.text
    assert field in response.json()["details"]
    case.refresh_from_db()
    assert case.notes == ""


def test_a_gestor_edits_contact_and_notes_alone(gestor_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    read = gestor_client.get(f"/api/v1/cases/{case.pk}").json()["data"]
    right = send(
        gestor_client, "PUT", f"cases/{case.pk}", {**read, "city": "Azul", "notes": "n", "telefono": "1144445555"}
    )
    wrong = send(gestor_client, "PATCH", f"cases/{case.pk}", {"entity": "Otra", "notes": "no"})
    assert right.status_code == 200, right.text
    assert wrong.status_code == 403
    case.refresh_from_db()
    assert (case.debtor.city, case.notes) == ("Azul", "n")
    assert case.debtor.phones.get().number == "+541144445555"


def test_a_stale_version_is_409_and_writes_nothing(admin_client: Client) -> None:
    case = factories.CaseFactory()
    address = f"cases/{case.pk}"
    assert send(admin_client, "PATCH", address, {"notes": "uno", "version": case.version}).status_code == 200
    for body, headers in (
        ({"notes": "dos", "version": case.version}, None),
        ({"notes": "dos"}, {"If-Match": f'"{case.version}"'}),
        ({"notes": "dos"}, {"If-Match": f'W/"{case.version}"'}),
    ):
        stale = send(admin_client, "PATCH", address, body, headers=headers)
        assert (stale.status_code, list(stale.json()["details"])) == (409, ["version"])
    status = send(admin_client, "POST", "update-status", {"case_id": case.pk, "status": "contactado", "version": 1})
    assert status.status_code == 409
    assert send(admin_client, "PATCH", address, {}, headers={"If-Match": "x"}).status_code == 400
    case.refresh_from_db()
    assert (case.notes, case.status.slug) == ("uno", "sin-gestion")


def test_status_by_slug_and_by_stage(gestor_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    first = send(gestor_client, "POST", "update-status", {"case_id": case.pk, "status": "contactado"})
    second = send(gestor_client, "POST", "update-status", {"case_id": case.pk, "status": "incobrable"})
    refused = send(gestor_client, "POST", "update-status", {"case_id": case.pk, "status": "pagada"})
    assert first.json()["data"]["management_status"] == "contactado"
    assert second.json()["data"]["status"] == "incobrable"
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["status"])


def test_a_status_of_a_stage_goes_with_that_stage(admin_client: Client) -> None:
    case = factories.CaseFactory()
    address = f"cases/{case.pk}"
    together = send(admin_client, "PATCH", address, {"status": "incobrable", "management_status": "a-juicio"})
    apart = send(admin_client, "PATCH", address, {"status": "de_baja", "management_status": "contactado"})
    assert together.json()["data"]["management_status"] == "a-juicio"
    assert (apart.status_code, list(apart.json()["details"])) == (400, ["status"])
    body = {"debtor_name": "Ruiz, Eva", "amount": "5", "cartera_id": case.cartera_id, "status": "pagada"}
    refused = send(admin_client, "POST", "cases", {**body, "management_status": "contactado"})
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["status"])


def test_only_an_untouched_case_is_deleted(admin_client: Client) -> None:
    case = factories.CaseFactory()
    touched = factories.CaseFactory()
    pay(touched, 1)
    stale = send(admin_client, "DELETE", f"cases/{case.pk}", headers={"If-Match": '"7"'})
    assert (stale.status_code, list(stale.json()["details"])) == (409, ["version"])
    gone = send(admin_client, "DELETE", f"cases/{case.pk}")
    kept = send(admin_client, "DELETE", f"cases/{touched.pk}")
    assert (gone.status_code, gone.json()) == (200, {"success": True, "data": {"id": case.pk}})
    assert not Debtor.objects.filter(pk=case.debtor_id).exists()
    assert kept.status_code == 409
    assert "De baja" in kept.json()["error"]
    assert Case.objects.filter(pk=touched.pk).exists()


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"status": "en_gestion"},
        {"status": "contactado"},
        {"management_status": "pagada"},
        {"status": "en_gestion", "management_status": "contactado"},
        {"status": "pagada", "management_status": "contactado"},
        {"cartera_id": "first"},
        {"gestor_id": "first", "status": "en_gestion"},
        {"gestor_id": "first", "cartera_id": "first"},
        {"gestor_id": "other"},
    ],
)
@pytest.mark.parametrize("who", ["admin_user", "gestor_user"])
def test_the_total_is_what_a_count_would_give(
    client_of: ClientOf, gestor_user: User, other_gestor: User, query: dict[str, str], who: str, request
) -> None:
    cartera = factories.CarteraFactory()
    for slug in ("sin-gestion", "contactado", "contactado", "pagada", "en-gestion"):
        for gestor in (gestor_user, other_gestor, None):
            factories.CaseFactory(status_slug=slug, assigned_to=gestor, cartera=cartera)
    factories.CaseFactory(assigned_to=gestor_user)
    Case.objects.filter(status__slug="en-gestion").update(assigned_to=gestor_user)
    named = {"cartera_id": cartera.pk, "gestor_id": other_gestor.pk if query.get("gestor_id") == "other" else None}
    asked = {key: (named[key] or gestor_user.pk) if key in named else value for key, value in query.items()}
    answer = client_of(request.getfixturevalue(who)).get("/api/v1/cases", {**asked, "per_page": 100}).json()
    assert answer["pagination"]["total"] == len(answer["data"])


# --- Documents that are not the person's --------------------------------------------------------------
@pytest.mark.parametrize("dni", ["11111111", "12345678", "0", "30-00000000-7"])
def test_a_document_that_nobody_has_joins_nobody(admin_client: Client, dni: str) -> None:
    cartera = factories.CarteraFactory()
    for name in ("PAZ, ANA", "GIL, EVA"):
        body = {"cartera": cartera.name, "amount": "1000.00", "dni": dni, "debtor_name": name}
        answer = send(admin_client, "POST", "cases", body)
        assert (answer.status_code, answer.json()["data"]["dni"]) == (201, None)
        assert "relleno" in answer.json()["data"]["warnings"]["dni"][0]
    assert Debtor.objects.count() == 2
    case = Case.objects.latest("id")
    assert send(admin_client, "PATCH", f"cases/{case.pk}", {"dni": "22222222"}).status_code == 400


def test_a_known_document_under_another_surname_is_somebody_else(admin_client: Client) -> None:
    cartera = factories.CarteraFactory()

    def post(name: str) -> dict:
        body = {"cartera": cartera.name, "amount": "1000.00", "dni": "20111222", "debtor_name": name}
        return send(admin_client, "POST", "cases", body).json()["data"]

    first, other, same = post("PAZ, ANA"), post("GÓMEZ, RAÚL"), post("PAZ GIL, ANA")

    assert (first["dni"], first["warnings"]) == ("20111222", {})
    assert other["dni"] is None
    assert "¿la misma?" in other["warnings"]["dni"][0]
    assert (same["dni"], same["warnings"]) == ("20111222", {})
    assert Debtor.objects.count() == 2
