"""«Posponer» on the case: by a button or as it is said, the next case comes, one undo takes it back."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases import services
from cases.models import Activity, Case
from nova.lib import dates
from tests.factories import CaseFactory
from tests.steps import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(gestor_user: User) -> Case:
    return CaseFactory(assigned_to=gestor_user)


def token_of(client: Client, case: Case) -> str:
    return client.get(case.get_absolute_url()).context["screen"].snooze_form["token"].value()


def test_it_goes_on_to_the_next_case(gestor_client: Client, gestor_user: User, case: Case) -> None:
    other = CaseFactory(assigned_to=gestor_user)
    data = {"until": "mañana", "token": token_of(gestor_client, case)}

    response = gestor_client.post(f"{case.get_absolute_url()}/snooze", data)

    assert response["Location"].startswith(other.get_absolute_url())
    case.refresh_from_db()
    assert case.next_action_at == dates.start_of_day(dates.today() + timedelta(days=1))
    page = gestor_client.get(response["Location"])
    assert "Pospuesto: vuelve el" in page.content.decode()  # the offer to undo
    activity = Activity.objects.get(case=case)
    gestor_client.post(f"/activities/{activity.pk}/undo")
    case.refresh_from_db()
    assert case.next_action_at is None


def test_the_usual_days_are_buttons_that_are_accepted(gestor_client: Client, gestor_user: User) -> None:
    sample = CaseFactory(assigned_to=gestor_user)
    choices = gestor_client.get(sample.get_absolute_url()).context["screen"].snooze_form.choices()
    assert len(choices) == 4
    for _, value in choices:
        case = CaseFactory(assigned_to=gestor_user)
        response = gestor_client.post(f"{case.get_absolute_url()}/snooze", {"until": value, "token": value})
        assert response.status_code == 303, response.content


def test_a_refusal_is_shown_where_it_was_asked_with_what_was_typed(gestor_client: Client, case: Case) -> None:
    token = token_of(gestor_client, case)
    for htmx in ({}, {"HX-Request": "true", "HX-Target": "desk"}):
        for said, why in (("en un año", "En un año"), ("+30", "como máximo 15 días"), ("", "cuándo vuelve")):
            response = gestor_client.post(
                f"{case.get_absolute_url()}/snooze", {"until": said, "token": token}, headers=htmx
            )
            assert response.status_code == 422, said
            page = response.content.decode()
            assert (f'value="{said}"' in page or not said, why.lower() in page.lower()) == (True, True), said
            assert bool(htmx) == (response.headers.get("HX-Retarget") == "#snooze")
    case.refresh_from_db()
    assert case.next_action_at is None


def test_two_clicks_are_one(gestor_client: Client, case: Case) -> None:
    data = {"until": "mañana", "token": token_of(gestor_client, case)}
    for _ in range(2):
        assert gestor_client.post(f"{case.get_absolute_url()}/snooze", data).status_code == 303
    assert Activity.objects.count() == 1


def test_an_outsider_gets_404_and_nobody_is_offered_it_on_a_stopped_case(
    gestor_client: Client, other_gestor_client: Client, admin_client: Client, gestor_user: User, case: Case
) -> None:
    data = {"until": "mañana", "token": "1"}
    assert other_gestor_client.post(f"{case.get_absolute_url()}/snooze", data).status_code == 404
    assert gestor_client.get(f"{case.get_absolute_url()}/snooze").status_code == 405
    assert admin_client.post(f"{case.get_absolute_url()}/snooze", data)["Location"] == case.get_absolute_url()
    assert 'id="snooze"' in gestor_client.get(case.get_absolute_url()).content.decode()
    services.set_stop(debtor=case.debtor, by=gestor_user, reason="reclamo")
    assert 'id="snooze"' not in gestor_client.get(case.get_absolute_url()).content.decode()


def test_the_api_snoozes_by_the_same_rules(gestor_client: Client, case: Case) -> None:
    until = dates.start_of_day(dates.today() + timedelta(days=2))

    answer = send(gestor_client, "POST", f"cases/{case.pk}/snooze", {"until": until.isoformat()})

    assert answer.status_code == 201
    data = answer.json()["data"]
    assert data == {"case_id": case.pk, "activity_id": Activity.objects.get().pk, "until": data["until"]}
    undone = send(gestor_client, "POST", f"activities/{data['activity_id']}/undo")
    assert undone.json()["data"] == {"activities": [data["activity_id"]], "left": []}
    far = (timezone.now() + timedelta(days=40)).isoformat()
    refused = send(gestor_client, "POST", f"cases/{case.pk}/snooze", {"until": far})
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["until"])
    assert (
        send(gestor_client, "POST", f"cases/{case.pk}/snooze", {"until": until.isoformat(), "x": 1}).status_code == 400
    )
