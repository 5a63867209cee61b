"""A case that was deleted between the look-up of a write and its lock is a 404 in every write (DESIGN §2).

A real transaction deletes it: the write sees the case, waits, and goes on when the deletion is committed.
"""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from cases import nightly, services
from cases.models import Activity, Case, Debtor, DebtorPhone, LedgerEntry, Promise, Submission
from nova.lib import dates
from tests.at_once import after_waiting
from tests.factories import CaseFactory, DebtorPhoneFactory, result, status
from tests.steps import send

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LATER = (dates.today() + timedelta(days=5)).isoformat()
WRITES_OF_THE_API = {
    "gestión": ("POST", "cases/{pk}/activities", {"type": "call", "result": "NC"}),
    "gestión of the old system": ("POST", "register-management", {"case_id": "{pk}", "type": "call", "result": "NC"}),
    "payment": ("POST", "cases/{pk}/payments", {"amount": "100"}),
    "promise": ("POST", "cases/{pk}/promises", {"amount": "100", "promise_date": LATER}),
    "edit": ("PATCH", "cases/{pk}", {"notes": "otra"}),
    "edit of the version read": ("PATCH", "cases/{pk}", {"notes": "otra", "version": 1}),
    "phone": ("PATCH", "cases/{pk}", {"telefono": "1144445555"}),
    "assignment": ("PATCH", "cases/{pk}", {"assigned_to_id": None}),
    "status": ("POST", "update-status", {"case_id": "{pk}", "status": "contactado"}),
    "deletion": ("DELETE", "cases/{pk}", None),
}
FORMS_OF_THE_SCREEN = {
    "activities": {"token": "a", "type": "call", "notes": "No contesta."},
    "activities of a status alone": {"token": "a", "type": "note", "status": "{status}", "version": "1"},
    "payments": {"token": "a", "payment_amount": "100"},
    "promises": {"token": "a", "promise_amount": "100", "promise_date": LATER},
    "contact": {"email": "ana@example.com", "initial-email": "", "read_version": "1"},
    "phones": {"number": "11 4444-5555", "kind": "mobile"},
    "phones/{phone}/state": {"state": "good"},
}
FORMS_OF_THE_ADMIN = {
    "{case}/payment": {"amount": "100", "value_date": f"{dates.today():%d/%m/%Y}"},
    "{case}/adjustment": {"amount": "100", "notes": "quita"},
    "{case}/release": {"next_action_at": f"{dates.today() + timedelta(days=2)}T10:00"},
    "{case}/change": {"read_version": "1", "notes": "otra", "initial-notes": "", "status": "{status}"},
    "{case}/delete": {"post": "yes"},
    # The debtor went with the case: saving them would bring them back without any.
    "{debtor}/change": {"last_name": "Otro", "phones-TOTAL_FORMS": "0", "phones-INITIAL_FORMS": "0"},
}


@pytest.fixture
def case(gestor_user: User) -> Case:
    return CaseFactory(assigned_to=gestor_user)


def filled(value: Any, **known: Any) -> Any:
    if isinstance(value, dict):
        return {key: filled(inner, **known) for key, inner in value.items()}
    if value == "{pk}":
        return known["pk"]
    return value.format(**known) if isinstance(value, str) else value


def written() -> list[str]:
    """What the writes left in the trail of cases, but for the deletions."""
    told = AuditEvent.objects.filter(target_type="case").exclude(action="deleted")
    kept = (Case, Debtor, DebtorPhone, Activity, Promise, LedgerEntry)
    return [*told.values_list("action", flat=True), *(model.__name__ for model in kept if model.objects.exists())]


def test_in_the_api(admin_client: Client, admin_user: User, gestor_user: User) -> None:
    answers = {}
    for name, (method, address, body) in WRITES_OF_THE_API.items():
        case = CaseFactory(assigned_to=gestor_user)
        answer = after_waiting(
            partial(services.delete_case, case=case, by=admin_user),
            partial(send, admin_client, method, filled(address, pk=case.pk), filled(body, pk=case.pk)),
        )
        answers[name] = (answer.status_code, answer.json()["error"])
    assert answers == dict.fromkeys(WRITES_OF_THE_API, (404, "No existe, o no está a su cargo."))
    assert written() == []


def test_in_the_api_the_key_is_free_again(admin_client: Client, admin_user: User, case: Case) -> None:
    pay = partial(
        send, admin_client, "POST", f"cases/{case.pk}/payments", {"amount": "100"}, headers={"Idempotency-Key": "k"}
    )
    assert after_waiting(partial(services.delete_case, case=case, by=admin_user), pay).status_code == 404
    assert not Submission.objects.exists()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "desk"}], ids=["page", "htmx"])
def test_on_the_screen(gestor_client: Client, gestor_user: User, admin_user: User, headers: dict[str, str]) -> None:
    answers = {}
    for name, form in FORMS_OF_THE_SCREEN.items():
        case = CaseFactory(assigned_to=gestor_user)
        phone = DebtorPhoneFactory(debtor=case.debtor)
        address = f"/cases/{case.pk}/{name.split()[0].format(phone=phone.pk)}"
        answer = after_waiting(
            partial(services.delete_case, case=case, by=admin_user),
            partial(gestor_client.post, address, filled(form, status=status("contactado").pk), headers=headers),
        )
        answers[name] = (answer.status_code, "entretanto alguien eliminó el caso" in answer.text)
    assert answers == dict.fromkeys(FORMS_OF_THE_SCREEN, (404, True))
    assert written() == []


def test_in_the_administration(admin_client: Client, admin_user: User) -> None:
    answers = {}
    for page, form in FORMS_OF_THE_ADMIN.items():
        case = CaseFactory(stopped_at=timezone.now(), stopped_by_result=result("DES"))
        address = f"/admin/cases/{page}/".format(case=f"case/{case.pk}", debtor=f"debtor/{case.debtor_id}")
        answer = after_waiting(
            partial(services.delete_case, case=case, by=admin_user),
            partial(admin_client.post, address, filled(form, status=case.status_id)),
        )
        answers[page] = (answer.status_code, "entretanto alguien eliminó el caso" in answer.text)
    assert answers == dict.fromkeys(FORMS_OF_THE_ADMIN, (404, True))
    assert written() == []


def test_the_nightly_run_passes_it_by(admin_user: User, case: Case) -> None:
    """It is no case that failed: whoever is told of one looks for it in vain."""
    Case.objects.update(next_action_at=timezone.now())  # band 5 with a date: one of those that a night moves

    report = after_waiting(
        lambda: services.delete_case(case=case, by=admin_user), lambda: nightly.run(now=timezone.now())
    )

    assert (report.failed, report.brought_forward, Case.objects.count()) == (0, 0, 0)


def test_a_change_of_many_leaves_it_out(admin_user: User, case: Case, other_gestor: User) -> None:
    left = CaseFactory()

    changed = after_waiting(
        lambda: services.delete_case(case=case, by=admin_user),
        lambda: services.assign_cases(cases=Case.objects.all(), gestor=other_gestor, by=admin_user),
    )

    assert (changed, list(Case.objects.values_list("pk", "assigned_to"))) == (1, [(left.pk, other_gestor.pk)])
