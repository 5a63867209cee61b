"""/api/v1/saved-lists: what one saves, what others see of it, and nothing that no list knows."""

import pytest
from django.test import Client

from accounts.models import User
from cases.models import SavedList
from tests.queries import queries_do_not_grow
from tests.steps import send

pytestmark = pytest.mark.django_db
QUERY = {"focus": "idle", "over": "500000", "order": "-balance"}


def save(client: Client, **body) -> dict:
    return send(client, "POST", "saved-lists", {"name": "Grandes", "query": QUERY, **body}).json()


def test_one_list_from_its_creation_to_its_end(gestor_client: Client, gestor_user: User) -> None:
    made = save(gestor_client)["data"]
    assert {name: made[name] for name in ("name", "query", "shared", "owner_id")} == {
        "name": "Grandes",
        "query": QUERY,
        "shared": False,
        "owner_id": gestor_user.pk,
    }
    path = f"saved-lists/{made['id']}"
    changed = send(gestor_client, "PATCH", path, {"name": " Las  grandes", "shared": True}).json()["data"]
    assert changed == {**made, "name": "Las grandes", "shared": True}
    assert gestor_client.get(f"/api/v1/{path}").json()["data"] == changed
    assert send(gestor_client, "PATCH", path, {"query": {"days": "30"}}).json()["data"]["query"] == {"days": "30"}
    assert send(gestor_client, "DELETE", path).json()["data"]["name"] == "Las grandes"
    assert gestor_client.get(f"/api/v1/{path}").status_code == 404


def test_ones_own_is_nobody_elses_until_it_is_shared(
    gestor_client: Client, other_gestor_client: Client, admin_client: Client
) -> None:
    path = f"saved-lists/{save(gestor_client)['data']['id']}"
    for client in (other_gestor_client, admin_client):
        assert client.get("/api/v1/saved-lists").json()["data"] == []
        assert client.get(f"/api/v1/{path}").status_code == 404
        assert send(client, "DELETE", path).status_code == 404
    send(gestor_client, "PATCH", path, {"shared": True})
    assert [row["name"] for row in other_gestor_client.get("/api/v1/saved-lists").json()["data"]] == ["Grandes"]
    assert send(other_gestor_client, "PATCH", path, {"name": "Mía"}).status_code == 403
    assert send(admin_client, "PATCH", path, {"shared": False}).status_code == 200


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"shared": "sí"}, "shared"),
        ({"query": {"gestor": "3"}}, "query.gestor"),
        ({"query": {"focus": "nada"}}, "query"),
        ({"query": {"over": "mucho"}}, "query"),
        ({"query": {"days": "0"}}, "query"),
        ({"query": {"cartera": "99"}}, "query"),
        ({"query": {"order": "id"}}, "query"),
        ({"query": {"over": 5}}, "query.over"),
        ({"query": []}, "query.non_field_errors"),
        ({"owner": 1}, "owner"),
    ],
)
def test_what_no_list_knows_is_refused_by_name(gestor_client: Client, body: dict, key: str) -> None:
    answer = send(gestor_client, "POST", "saved-lists", {"name": "Lista", **body})
    assert (answer.status_code, key in answer.json()["details"]) == (400, True), answer.json()
    assert not SavedList.objects.exists()


def test_a_name_is_used_once(gestor_client: Client, other_gestor_client: Client) -> None:
    save(gestor_client)
    assert "Ya tiene una lista con ese nombre." in str(save(gestor_client, name="GRANDES")["details"])
    assert save(other_gestor_client)["success"] is True


def test_fifty_are_enough(gestor_client: Client, gestor_user: User) -> None:
    SavedList.objects.bulk_create(SavedList(owner=gestor_user, name=f"L{number}") for number in range(50))
    assert "50 listas" in save(gestor_client)["details"]["name"][0]


def test_queries_do_not_grow(gestor_client: Client, gestor_user: User) -> None:
    def more() -> None:
        SavedList.objects.bulk_create(
            SavedList(owner=gestor_user, name=f"{SavedList.objects.count()}-{number}") for number in range(5)
        )

    more()
    queries_do_not_grow(lambda: gestor_client.get("/api/v1/saved-lists"), more)
