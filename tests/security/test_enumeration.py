"""Whether a user exists is told neither by the answer nor by the time it takes."""

import statistics
import time

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from tests.factories import PASSWORD
from tests.steps import log_in

pytestmark = pytest.mark.django_db
ROUNDS = 9


class FewerRounds(PBKDF2PasswordHasher):
    iterations = 250_000


@pytest.fixture
def real_hashing(settings, gestor_user: User, user_user: User) -> None:
    """As in production, where checking a password takes most of the time of a log-in, with fewer rounds: what is
    compared are ratios, and all that is no hash weighs more in them."""
    settings.PASSWORD_HASHERS = [f"{__name__}.FewerRounds"]
    for user in (gestor_user, user_user):
        user.set_password(PASSWORD)
        user.save()
    User.objects.filter(pk=user_user.pk).update(is_active=False)


def attempt(username: str, password: str = "no-es-esta-clave") -> tuple[int, str, float]:
    cache.clear()  # the limits are not what is measured
    client = Client()
    started = time.process_time()
    answer = log_in(client, username, password)
    seconds = time.process_time() - started
    return answer.status_code, answer.text.replace(username, "—"), seconds


def test_the_answer_is_the_same(gestor_user: User, user_user: User) -> None:
    User.objects.filter(pk=user_user.pk).update(is_active=False)
    wrong = attempt(gestor_user.username)
    unknown = attempt("nadie.con.este.nombre")
    inactive = attempt(user_user.username, PASSWORD)

    def without_token(text: str) -> str:
        return "\n".join(line for line in text.splitlines() if "csrf" not in line.lower())

    assert wrong[0] == unknown[0] == inactive[0] == 400
    assert without_token(wrong[1]) == without_token(unknown[1]) == without_token(inactive[1])


@pytest.mark.usefixtures("real_hashing")
def test_the_time_is_the_same(gestor_user: User, user_user: User) -> None:
    kinds = {
        "wrong password": (gestor_user.username, "no-es-esta-clave"),
        "unknown user": ("nadie.con.este.nombre", "no-es-esta-clave"),
        "inactive user, right password": (user_user.username, PASSWORD),
        "inactive user, wrong password": (user_user.username, "no-es-esta-clave"),
    }
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(ROUNDS):  # in turns, so that what slows the machine down slows all of them
        for kind, (username, password) in kinds.items():
            times[kind].append(attempt(username, password)[2])
    medians = {kind: statistics.median(found) for kind, found in times.items()}
    assert max(medians.values()) < 1.25 * min(medians.values()), medians


def test_both_are_locked_out_alike(gestor_user: User) -> None:
    for username in (gestor_user.username, "nadie.con.este.nombre"):
        cache.clear()
        client = Client()
        codes = [log_in(client, username, "x").status_code for _ in range(7)]
        assert codes == [400] * 5 + [429] * 2
