"""Five failures a minute for a username, twenty for an address, a minute to cool off (DESIGN §8)."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import limits
from accounts.models import AuditEvent, User
from tests.conftest import ClientOf
from tests.steps import log_in

pytestmark = pytest.mark.django_db


def test_sixth_failure_of_a_username_waits_even_with_the_right_password(client: Client, gestor_user: User) -> None:
    statuses = [log_in(client, gestor_user, "mala").status_code for _ in range(5)]
    refused = log_in(client, gestor_user)

    assert statuses == [400] * 5
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert "Demasiados intentos" in refused.text
    assert AuditEvent.objects.filter(action="login_failed").count() == 5


def test_every_answer_over_the_limit_speaks_the_language_of_the_asker(client: Client, gestor_user: User) -> None:
    for _ in range(5):
        log_in(client, gestor_user, "mala")

    as_json = client.post(
        "/api/login", json.dumps({"username": gestor_user.username, "password": "x"}), content_type="application/json"
    )

    assert as_json.status_code == 429
    assert as_json.json()["status_code"] == 429
    assert "Retry-After" in as_json.headers


def test_unknown_username_is_limited_alike(client: Client) -> None:
    statuses = [log_in(client, "nadie", "mala").status_code for _ in range(6)]

    assert statuses == [400] * 5 + [429]


@pytest.mark.parametrize("variant", ["GABRIEL.GESTOR", "Gabriel.gestor", "ｇabriel.gestor"])
def test_another_way_to_write_the_name_does_not_help(client: Client, gestor_user: User, variant: str) -> None:
    for _ in range(5):
        log_in(client, variant, "mala")

    assert log_in(client, gestor_user, "mala").status_code == 429


def test_a_minute_later_the_door_opens(client: Client, gestor_user: User, clock) -> None:
    for _ in range(5):
        log_in(client, gestor_user, "mala")
    clock.now += 59
    assert log_in(client, gestor_user).status_code == 429

    clock.now += 2
    assert log_in(client, gestor_user).status_code == 302


def test_failures_spread_over_the_edge_of_a_window_count_together(client: Client, gestor_user: User, clock) -> None:
    clock.now = clock.now - clock.now % 60 + 57
    for _ in range(5):
        assert log_in(client, gestor_user, "mala").status_code == 400
        clock.now += 1

    assert log_in(client, gestor_user, "mala").status_code == 429


def test_slow_failures_are_no_attack(client: Client, gestor_user: User, clock) -> None:
    for _ in range(10):
        assert log_in(client, gestor_user, "mala").status_code == 400
        clock.now += 20


def test_successes_do_not_count(client: Client, gestor_user: User) -> None:
    assert {log_in(client, gestor_user).status_code for _ in range(25)} == {302}
    for _ in range(4):
        log_in(client, gestor_user, "mala")

    assert log_in(client, gestor_user).status_code == 302


def test_an_address_that_tries_many_names_is_stopped(client: Client, gestor_user: User) -> None:
    statuses = [log_in(client, f"usuario{n}", "mala").status_code for n in range(20)]

    assert statuses == [400] * 20
    assert log_in(client, gestor_user).status_code == 429
    assert log_in(client, gestor_user, REMOTE_ADDR="203.0.113.9").status_code == 302


def test_ipv6_neighbours_are_one_address(client: Client, gestor_user: User) -> None:
    for n in range(20):
        log_in(client, f"usuario{n}", "mala", REMOTE_ADDR=f"2001:db8::{n + 1:x}")

    assert log_in(client, gestor_user, REMOTE_ADDR="2001:db8::ffff").status_code == 429
    assert log_in(client, gestor_user, REMOTE_ADDR="2001:db8:0:1::1").status_code == 302


def test_an_invented_forwarded_address_does_not_help(client: Client, settings) -> None:
    settings.TRUSTED_PROXY_HOPS = 0
    statuses = [
        log_in(client, f"usuario{n}", "mala", headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
        for n in range(21)
    ]
    assert statuses[-1] == 429

    cache.clear()
    settings.TRUSTED_PROXY_HOPS = 1
    statuses = [
        log_in(client, f"usuario{n}", "mala", headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.5"}).status_code
        for n in range(21)
    ]
    assert statuses[-1] == 429


def test_parallel_guesses_do_not_slip_through() -> None:
    """More in flight than may fail: the surplus is refused before its password is looked at."""
    where = "203.0.113.1"
    attempt = limits.Attempt(limits.counters_of("nadie", where=where, address=where, is_known=False))

    def take(_: int) -> bool:
        try:
            attempt.take()
        except limits.TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        taken = sum(pool.map(take, range(50)))

    assert taken == 5


def test_axes_locks_over_the_hour_with_the_same_answer(client: Client, gestor_user: User, clock, settings) -> None:
    settings.AXES_FAILURE_LIMIT = 6
    for _ in range(5):
        log_in(client, gestor_user, "mala")
    clock.now += 61
    locked = log_in(client, gestor_user, "mala")
    still = log_in(client, gestor_user)

    assert locked.status_code == still.status_code == 429
    assert 3500 <= int(still["Retry-After"]) <= 3600
    assert "Demasiados intentos. Espere 60 minutos" in still.text
    assert log_in(client, gestor_user, REMOTE_ADDR="203.0.113.9").status_code == 302, (
        "another address is not locked out"
    )


def test_a_right_password_forgets_the_history_of_failures(client_of: ClientOf, client, gestor_user, settings) -> None:
    settings.AXES_FAILURE_LIMIT = 4
    for _ in range(3):
        for _ in range(3):
            log_in(client, gestor_user, "mala")
        assert log_in(client, gestor_user).status_code == 302
        cache.clear()
