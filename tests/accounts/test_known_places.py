"""Whoever guesses a password keeps out nobody who comes from a place they have logged in from, and gains nothing."""

import hashlib
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessFailureLog
from django.core.signing import get_cookie_signer
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP

from accounts import limits, places, second_factor
from accounts.limits import TooManyAttempts
from accounts.models import AuditEvent, KnownPlace, SecondFactor, User
from cases import nightly
from tests.accounts.conftest import Clock
from tests.conftest import ClientOf
from tests.factories import PASSWORD
from tests.steps import log_in

pytestmark = pytest.mark.django_db
HOME, OFFICE, ATTACKER = "203.0.113.1", "203.0.113.2", "198.51.100.66"
CODE = "/login/codigo"
COOKIE = "place"
NEW = "otra-clave-larga-7"
ATTEMPTS, SECONDS = 149, 130


def from_(address: str) -> dict[str, str]:
    return {"REMOTE_ADDR": address}


def elsewhere(number: int) -> dict[str, str]:
    """Another address each time: the café, the phone…"""
    return from_(f"192.0.2.{number % 250 + 1}")


@pytest.fixture
def browser(gestor_user: User) -> Client:
    """Gabriel's, at home. Signed out, it keeps the cookie alone."""
    browser = Client()
    log_in(browser, gestor_user, **from_(HOME))
    browser.post("/logout")
    return browser


def name_is_blocked(user: User) -> bool:
    return log_in(Client(), user, **from_("192.0.2.254")).status_code == 429


def block_name(user: User) -> None:
    """For strangers, during the next minute."""
    for _ in range(5):
        log_in(Client(), user, "mala", **from_(ATTACKER))
    assert name_is_blocked(user)


# --- The owner gets in ---------------------------------------------------------------------------------------
def attacked(clock: Clock, attack: Any, own: Any, *, tries: int) -> tuple[Counter[int], Counter[str]]:
    """The answers to 149 attempts of a stranger in 130 seconds, and where the owner's tries meanwhile lead to."""
    strangers: Counter[int] = Counter()
    owners: Counter[str] = Counter()
    for number in range(ATTEMPTS):
        strangers[attack().status_code] += 1
        if number * tries // ATTEMPTS != (number + 1) * tries // ATTEMPTS:
            owners[own(number).get("Location")] += 1
        clock.now += SECONDS / ATTEMPTS
    return strangers, owners


def test_the_owner_gets_in_every_time_while_somebody_guesses(browser: Client, gestor_user: User, clock: Clock) -> None:
    attacker = Client()
    strangers, owners = attacked(
        clock,
        lambda: log_in(attacker, gestor_user, "mala", content_type="application/json", **from_(ATTACKER)),
        lambda number: log_in(browser, gestor_user, **elsewhere(number)),
        tries=63,
    )
    assert owners == {"/dashboard-gestor": 63}
    assert set(strangers) == {400, 429}
    assert strangers[400] <= 15


def test_a_known_address_is_as_good_as_a_known_browser(browser: Client, gestor_user: User, clock: Clock) -> None:
    attacker = Client()
    _, owners = attacked(
        clock,
        lambda: log_in(attacker, gestor_user, "mala", content_type="application/json", **from_(ATTACKER)),
        lambda number: log_in(Client(), gestor_user, **from_(HOME)),
        tries=21,
    )
    assert owners == {"/dashboard-gestor": 21}


def test_nor_does_whoever_knows_the_password_and_guesses_codes(
    browser: Client, gestor_user: User, clock: Clock
) -> None:
    key = second_factor.new_key()
    SecondFactor.objects.create(user=gestor_user, key=key)
    attacker = Client(headers={"Accept": "application/json"})
    log_in(attacker, gestor_user, **from_(ATTACKER))

    def own(number: int) -> Any:
        SecondFactor.objects.update(last_step=0)  # in these seconds a phone shows few codes
        log_in(browser, gestor_user, **elsewhere(number))
        return browser.post(CODE, {"code": f"{TOTP(bytes.fromhex(key)).token():06d}"}, **elsewhere(number))

    attack = {"code": "000000"}
    strangers, owners = attacked(clock, lambda: attacker.post(CODE, attack, **from_(ATTACKER)), own, tries=21)
    assert owners == {"/dashboard-gestor": 21}
    assert set(strangers) == {400, 429}
    assert strangers[400] <= 15


def test_a_signed_in_user_confirms_with_the_password_while_somebody_guesses_it(
    client_of: ClientOf, gestor_user: User
) -> None:
    client = client_of(gestor_user)
    block_name(gestor_user)
    for _ in range(4):
        assert client.post("/cuenta/clave", {"old_password": NEW}).status_code == 422
    data = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post("/cuenta/clave", data).status_code == 302


def test_whoever_took_over_a_session_does_not_guess_the_password_on_and_on(
    client_of: ClientOf, gestor_user: User, clock: Clock
) -> None:
    """From whatever address: the limit is the session's."""
    client, answers = client_of(gestor_user), Counter()
    for number in range(40):
        answers[client.post("/cuenta/clave", {"old_password": NEW}, **elsewhere(number)).status_code] += 1
        clock.now += 30
    assert answers == {422: 20, 429: 20}


def test_one_address_keeps_out_somebody_new_for_minutes_only(gestor_user: User, clock: Clock) -> None:
    """A new browser at a new address shares the strangers' counter, until the guesser has used up an hour's guesses."""
    for _ in range(4):
        block_name(gestor_user)
        clock.now += 61
    for number in range(8):
        for _ in range(6):
            assert log_in(Client(), gestor_user, "mala", **from_(ATTACKER)).status_code == 429
        assert log_in(Client(), gestor_user, **elsewhere(number)).status_code == 302
        clock.now += 60


# --- The guesser gains nothing -------------------------------------------------------------------------------
def most_guesses(clock: Clock, addresses: list[str], known: set[str], *, seconds: int = 3600) -> Counter[str]:
    """How many passwords can be tried for one user in that time, by whoever waits for nothing longer than needed."""
    made: Counter[str] = Counter()
    free_at = dict.fromkeys(addresses, clock.now)
    end = clock.now + seconds
    while clock.now < end:
        for address in addresses:
            while free_at[address] <= clock.now:
                counters = limits.counters_of("vera", where=address, address=address, is_known=address in known)
                attempt = limits.Attempt(counters)
                try:
                    attempt.take()
                except TooManyAttempts as refused:
                    free_at[address] = clock.now + refused.wait
                else:
                    attempt.failed()
                    made[address] += 1
        clock.now = max(clock.now + 1, min(free_at.values()))
    return made


@pytest.mark.parametrize(
    ("addresses", "known", "most"),
    [(1, 0, 20), (3, 0, 60), (15, 0, 300), (40, 0, 300), (40, 1, 320), (1, 1, 20)],
)
def test_what_can_be_guessed_in_an_hour(clock: Clock, addresses: int, known: int, most: int) -> None:
    """20 from one address (50 where django-axes alone counts), 300 from everywhere, 20 at each place of the user's."""
    names = [f"198.51.100.{number}" for number in range(addresses)]
    made = most_guesses(clock, names, set(names[:known]))
    assert 0.9 * most <= made.total() <= most
    assert max(made.values()) <= 20


def test_through_the_door_it_is_the_same(gestor_user: User, clock: Clock) -> None:
    answers: Counter[int] = Counter()
    end = clock.now + 3600
    while clock.now < end:
        answer = log_in(Client(), gestor_user, "mala", **from_(ATTACKER))
        answers[answer.status_code] += 1
        clock.now += int(answer.get("Retry-After", 0))
    assert answers[400] == 20


def test_a_colleague_at_the_same_address_has_the_limit_of_the_place(
    browser: Client, gestor_user: User, clock: Clock
) -> None:
    """The office: its address is known, so no stranger shares its counter, and it is no way to guess on and on."""
    answers: Counter[int] = Counter()
    for _ in range(30):
        answers[log_in(Client(), gestor_user, "mala", **from_(HOME)).status_code] += 1
        clock.now += 60
    assert answers[400] == 20
    assert log_in(browser, gestor_user, **from_(HOME)).status_code == 302


def test_a_known_browser_has_limits_too(browser: Client, gestor_user: User, clock: Clock) -> None:
    other = Client()
    log_in(other, gestor_user, **from_(OFFICE))
    assert [log_in(browser, gestor_user, "mala", **from_(HOME)).status_code for _ in range(6)] == [400] * 5 + [429]
    for _ in range(3):
        clock.now += 61
        for _ in range(5):
            log_in(browser, gestor_user, "mala", **from_(HOME))
    clock.now += 61
    refused = log_in(browser, gestor_user, **from_(HOME))
    assert (refused.status_code, 3000 < int(refused["Retry-After"]) <= 3600) == (429, True)
    assert log_in(other, gestor_user, **from_(OFFICE)).status_code == 302
    clock.now += 3600
    assert log_in(browser, gestor_user, **from_(HOME)).status_code == 302


def test_what_django_axes_refuses_counts_for_nothing(gestor_user: User, clock: Clock, settings) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    for _ in range(3):
        log_in(Client(), gestor_user, "mala", **from_(ATTACKER))
    written = (AuditEvent.objects.count(), AccessFailureLog.objects.count())
    clock.now += 90
    answers = [log_in(Client(), gestor_user, "mala", **from_(ATTACKER)) for _ in range(30)]

    assert {answer.status_code for answer in answers} == {429}
    assert int(answers[-1]["Retry-After"]) > 3000
    assert log_in(Client(), gestor_user, **from_("192.0.2.9")).status_code == 302
    assert (AuditEvent.objects.count(), AccessFailureLog.objects.count()) == (written[0] + 1, written[1])


def test_what_is_refused_is_in_nobodys_way(gestor_user: User, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even while it is being refused: a flood of it would fill the counter that strangers share."""
    block_name(gestor_user)
    counted: list[str] = []
    monkeypatch.setattr(limits.Counter, "add", lambda counter, delta: counted.append(counter.key))
    assert log_in(Client(), gestor_user, "mala", **from_(ATTACKER)).status_code == 429
    assert counted == []


# --- Nobody claims a place that is another's -----------------------------------------------------------------
def test_no_cookie_but_ones_own_is_a_known_browser(
    browser: Client, gestor_user: User, other_gestor: User, clock: Clock
) -> None:
    insider = Client()
    log_in(insider, other_gestor, **from_(OFFICE))
    own = browser.cookies[COOKIE].value
    id, rest = own.split(":", 1)
    digest = hashlib.sha256(f"browser {id}".encode()).hexdigest()
    assert KnownPlace.objects.filter(user=gestor_user, digest=digest).exists()
    block_name(gestor_user)
    forged = [
        *(insider.cookies[COOKIE].value, id, f"{digest}:{rest}", f"{id}.{digest}:{rest}"),
        *(f"{id}:{rest[:-1]}x", f"x{own}", own[:-1], get_cookie_signer(salt="another").sign(id)),
        *("", ":", "::", "\xff", '"\\000"', "a" * 5000),
    ]
    for value in forged:
        client = Client()
        client.cookies[COOKIE] = value
        assert log_in(client, gestor_user, **from_("192.0.2.8")).status_code == 429, value
    assert log_in(browser, gestor_user, **from_("192.0.2.8")).status_code == 302


def test_a_cookie_planted_before_a_log_in_is_worth_nothing_after(gestor_user: User, other_gestor: User) -> None:
    """Olga leaves hers in the browser that Gabriel is about to use, and has it at home."""
    shared = Client()
    log_in(shared, other_gestor, **from_(OFFICE))
    planted = shared.cookies[COOKIE].value
    log_in(shared, gestor_user, **from_(OFFICE))
    block_name(gestor_user)
    at_home = Client()
    at_home.cookies[COOKIE] = planted
    assert log_in(at_home, gestor_user, **from_("192.0.2.8")).status_code == 429
    assert log_in(shared, gestor_user, **from_("192.0.2.8")).status_code == 302
    block_name(other_gestor)
    assert log_in(shared, other_gestor, **from_("192.0.2.8")).status_code == 302  # both are known there


def test_the_password_alone_makes_no_place_known(gestor_user: User) -> None:
    SecondFactor.objects.create(user=gestor_user, key=second_factor.new_key())
    client = Client()
    assert log_in(client, gestor_user).url == CODE
    assert COOKIE not in client.cookies
    assert client.post(CODE, {"code": "000000"}).status_code == 400
    assert not KnownPlace.objects.exists()


def test_a_failed_log_in_makes_no_place_known(client: Client, gestor_user: User) -> None:
    log_in(client, gestor_user, "mala")
    assert COOKIE not in client.cookies
    assert not KnownPlace.objects.exists()


# --- What is kept --------------------------------------------------------------------------------------------
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client, gestor_user: User) -> None:
    cookie = log_in(client, gestor_user).cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == 90 * 24 * 3600


def test_the_table_tells_neither_cookie_nor_address(browser: Client) -> None:
    stored = str(list(KnownPlace.objects.values()))
    assert browser.cookies[COOKIE].value.split(":")[0] not in stored
    assert HOME not in stored


def test_a_place_is_known_once_and_for_as_long_as_it_is_used(browser: Client, gestor_user: User) -> None:
    log_in(browser, gestor_user, **from_(HOME))
    assert KnownPlace.objects.count() == 2  # browser and address
    KnownPlace.objects.update(seen_at=timezone.now() - timedelta(days=89))
    log_in(browser, gestor_user, **from_(HOME))
    nightly.run(now=timezone.now() + timedelta(days=80))
    assert KnownPlace.objects.count() == 2
    nightly.run(now=timezone.now() + timedelta(days=91))
    assert not KnownPlace.objects.exists()


def test_a_place_unused_for_months_is_a_strangers(browser: Client, gestor_user: User) -> None:
    KnownPlace.objects.update(seen_at=timezone.now() - timedelta(days=91))
    block_name(gestor_user)
    assert log_in(browser, gestor_user, **from_(HOME)).status_code == 429


def test_a_program_without_cookies_fills_no_table(gestor_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PLACES_PER_USER", 4)
    for _ in range(9):
        log_in(Client(), gestor_user, **from_(HOME))
    assert KnownPlace.objects.count() == 4
    block_name(gestor_user)
    assert log_in(Client(), gestor_user, **from_(HOME)).status_code == 302  # its address is among them


def test_ipv6_neighbours_are_one_place(gestor_user: User) -> None:
    log_in(Client(), gestor_user, **from_("2001:db8::1"))
    block_name(gestor_user)
    assert log_in(Client(), gestor_user, **from_("2001:db8::ffff")).status_code == 302
    assert log_in(Client(), gestor_user, **from_("2001:db8:0:1::1")).status_code == 429


# --- The waits of the second factor --------------------------------------------------------------------------
@pytest.fixture
def factor(gestor_user: User) -> SecondFactor:
    return SecondFactor.objects.create(user=gestor_user, key=second_factor.new_key())


@pytest.fixture
def place(gestor_user: User) -> KnownPlace:
    return KnownPlace.objects.create(user=gestor_user, digest="a" * 64)


def guess(user: User, place: KnownPlace | None = None, *, times: int = second_factor.FREE_FAILURES) -> None:
    assert [second_factor.accept(user, "000000", place=place) for _ in range(times)] == [False] * times


def right_code(factor: SecondFactor) -> str:
    SecondFactor.objects.update(last_step=0)
    return f"{TOTP(bytes.fromhex(factor.key)).token():06d}"


def test_wrong_codes_of_strangers_make_no_known_place_wait(
    gestor_user: User, factor: SecondFactor, place: KnownPlace
) -> None:
    guess(gestor_user)
    with pytest.raises(TooManyAttempts):
        second_factor.accept(gestor_user, right_code(factor))
    assert second_factor.accept(gestor_user, right_code(factor), place=place)
    with pytest.raises(TooManyAttempts):  # the owner's log-in does not let the guesser begin anew
        second_factor.accept(gestor_user, right_code(factor))


def test_a_known_place_waits_as_long_for_its_own(gestor_user: User, factor: SecondFactor, place: KnownPlace) -> None:
    guess(gestor_user, place)
    with pytest.raises(TooManyAttempts) as refused:
        second_factor.accept(gestor_user, right_code(factor), place=place)
    assert 55 < refused.value.wait <= 60
    other = KnownPlace.objects.create(user=gestor_user, digest="b" * 64)
    assert second_factor.accept(gestor_user, right_code(factor), place=other)
    assert second_factor.accept(gestor_user, right_code(factor))


def test_a_place_that_was_forgotten_meanwhile_counts_as_a_strangers(
    gestor_user: User, factor: SecondFactor, place: KnownPlace
) -> None:
    KnownPlace.objects.all().delete()
    guess(gestor_user, place)
    factor.refresh_from_db()
    assert factor.failures == second_factor.FREE_FAILURES


@pytest.mark.parametrize(("days", "failures"), [(29, 21), (31, 1)])
def test_an_old_attack_is_forgotten(gestor_user: User, factor: SecondFactor, days: int, failures: int) -> None:
    SecondFactor.objects.update(failures=20, blocked_until=timezone.now() - timedelta(days=days))
    guess(gestor_user, times=1)
    factor.refresh_from_db()
    assert factor.failures == failures


def test_a_new_second_factor_finds_no_old_waits(client_of: ClientOf, gestor_user: User, place: KnownPlace) -> None:
    KnownPlace.objects.update(failures=20, blocked_until=timezone.now() + timedelta(days=1))
    client = client_of(gestor_user)
    client.get("/cuenta/segundo-factor")
    key = client.session["second_factor_key"]
    code = f"{TOTP(bytes.fromhex(key)).token():06d}"
    client.post("/cuenta/segundo-factor", {"code": code, "password": PASSWORD})
    place.refresh_from_db()
    assert (place.failures, place.blocked_until) == (0, None)
