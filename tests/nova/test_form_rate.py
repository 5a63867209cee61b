"""How many forms a minute somebody signed in may send: DESIGN §8."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _three_a_minute(settings):
    settings.SIGNED_IN_FORM_RATE = "3/m"


def test_form_beyond_the_limit_is_answered_429_with_when_to_come_back(gestor_client):
    answers = [gestor_client.post("/cuenta/clave", {}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60


def test_limit_is_each_persons_own_and_reading_does_not_count(gestor_client, other_gestor_client):
    for _ in range(4):
        gestor_client.post("/cuenta/clave", {})
    assert other_gestor_client.post("/cuenta/clave", {}).status_code == 200
    assert gestor_client.get("/dashboard-gestor").status_code == 200
