"""Session fixation, theft and cookies."""

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Session, User
from tests.steps import log_in

pytestmark = pytest.mark.django_db
COOKIE = settings.SESSION_COOKIE_NAME


def test_a_session_that_an_attacker_planted_is_not_the_one_that_is_signed_in(gestor_user: User) -> None:
    attacker = Client()
    attacker.post("/cases/1/activities", {"notes": "x"})  # makes an anonymous session
    planted = attacker.cookies[COOKIE].value

    victim = Client()
    victim.cookies[COOKIE] = planted
    log_in(victim, gestor_user)

    assert victim.get("/cuenta").status_code == 200
    assert victim.cookies[COOKIE].value != planted
    assert attacker.get("/cuenta").status_code == 302
    assert not Session.objects.filter(session_key=planted).exists()


def test_an_invented_key_becomes_no_session(gestor_user: User) -> None:
    victim = Client()
    victim.cookies[COOKIE] = "a" * 32
    log_in(victim, gestor_user)
    assert victim.cookies[COOKIE].value != "a" * 32


def test_logging_in_over_the_session_of_another_takes_nothing_along(gestor_user: User, user_user: User) -> None:
    client = Client()
    log_in(client, gestor_user)
    session = client.session
    session["something"] = "of the gestor"
    session.save()
    first = client.cookies[COOKIE].value
    log_in(client, user_user)
    assert "something" not in client.session
    assert not Session.objects.filter(session_key=first).exists()


def test_a_stolen_cookie_dies_with_the_log_out(gestor_user: User) -> None:
    client, thief = Client(), Client()
    log_in(client, gestor_user)
    thief.cookies[COOKIE] = client.cookies[COOKIE].value
    assert thief.get("/cuenta").status_code == 200
    client.post("/logout")
    assert thief.get("/cuenta").status_code == 302


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(gestor_user: User) -> None:
    client = Client()
    log_in(client, gestor_user)
    cookie = client.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == settings.SESSION_LIFETIME_HOURS * 3600
    assert cookie["domain"] == ""
