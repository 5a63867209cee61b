"""The second factor: setting it up, logging in with it, losing the phone, and having to have one."""

import re
import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP

from accounts import second_factor
from accounts.limits import TooManyAttempts
from accounts.models import AuditEvent, RecoveryCode, SecondFactor, Session, User
from tests.at_once import at_once
from tests.conftest import ClientOf
from tests.factories import PASSWORD, AdminFactory
from tests.steps import log_in

pytestmark = pytest.mark.django_db
SETUP, CODE = "/cuenta/segundo-factor", "/login/codigo"


class Phone:
    """An app of codes; `steps` ahead of now, in half minutes."""

    def __init__(self, key: str) -> None:
        self.totp = TOTP(bytes.fromhex(key))

    def code(self, steps: int = 0) -> str:
        self.totp.time = time.time() + 30 * steps
        return f"{self.totp.token():06d}"


def set_up(client: Client) -> tuple[Phone, list[str]]:
    client.get(SETUP)
    phone = Phone(client.session["second_factor_key"])
    page = client.post(SETUP, {"code": phone.code(), "password": PASSWORD})
    assert page.status_code == 200
    return phone, page.context["codes"]


@pytest.fixture
def phone(admin_client: Client) -> Phone:
    """Ana's, whose last code was used half a minute ago."""
    phone, _ = set_up(admin_client)
    SecondFactor.objects.update(last_step=int(time.time()) // 30 - 1)
    return phone


def give_password(user: User, **more: str) -> tuple[Client, object]:
    client = Client()
    return client, log_in(client, user, fields=more)


def is_in(client: Client) -> bool:
    return client.get("/cuenta").status_code == 200


# --- Setting it up ------------------------------------------------------------------------------------------
def test_the_key_is_shown_as_picture_and_as_text(admin_client: Client, admin_user: User) -> None:
    page = admin_client.get(SETUP).text
    assert "<svg" in page
    key = admin_client.session["second_factor_key"]
    assert second_factor.shown_key(key) in page
    assert admin_client.get(SETUP).context["key"] == second_factor.shown_key(key)  # a reload keeps it
    url = second_factor.app_url(admin_user, key)
    assert url.startswith("otpauth://totp/NOVA%20Gesti%C3%B3n%20de%20Cobranzas%3Aana.admin?secret=")
    assert "issuer=NOVA%20Gesti%C3%B3n" in url


def test_the_first_code_turns_it_on_and_shows_the_recovery_codes_once(admin_client: Client, admin_user: User) -> None:
    _, codes = set_up(admin_client)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([A-Z2-7]{6}-){3}[A-Z2-7]{6}", code) for code in codes)
    assert SecondFactor.objects.get().user == admin_user
    assert AuditEvent.objects.filter(action="second_factor_on", actor=admin_user).exists()
    assert codes[0] not in admin_client.get(SETUP).text
    stored = " ".join(RecoveryCode.objects.values_list("digest", flat=True))
    assert not [code for code in codes if code.replace("-", "") in stored]


@pytest.mark.parametrize(
    ("code", "password", "message"),
    [
        ("000000", PASSWORD, "Ese código no es el de ahora"),
        ("abc", PASSWORD, "Ese código no es el de ahora"),
        ("١٢٣٤٥٦", PASSWORD, "Ese código no es el de ahora"),
        ("", PASSWORD, "Escriba los 6 números"),
        (None, "mala", "No es su contraseña actual"),
    ],
)
def test_without_code_and_password_it_stays_off(admin_client, code: str | None, password: str, message: str) -> None:
    admin_client.get(SETUP)
    code = Phone(admin_client.session["second_factor_key"]).code() if code is None else code
    answer = admin_client.post(SETUP, {"code": code, "password": password})
    assert answer.status_code == 422
    assert message in answer.text
    assert not SecondFactor.objects.exists()


def test_sessions_that_took_the_password_alone_end(admin_client: Client, admin_user: User) -> None:
    other, _ = give_password(admin_user)
    assert is_in(other)
    set_up(admin_client)
    assert is_in(admin_client)
    assert not is_in(other)


# --- Logging in ---------------------------------------------------------------------------------------------
def test_the_password_alone_signs_nobody_in(phone: Phone, admin_user: User) -> None:
    client, answer = give_password(admin_user)
    assert answer.url == CODE
    assert not is_in(client)
    assert client.get("/api/v1/cases").status_code == 401
    assert client.get("/admin/").status_code == 302
    assert not Session.objects.filter(user=admin_user, session_key=client.session.session_key).exists()


def test_the_code_completes_it_and_leads_where_they_were_going(phone: Phone, admin_user: User) -> None:
    client, _ = give_password(admin_user, next="/dashboard-admin/casos")
    assert "Escriba" not in client.get(CODE).text
    answer = client.post(CODE, {"code": phone.code()})
    assert answer.url == "/dashboard-admin/casos"
    assert is_in(client)
    assert AuditEvent.objects.filter(action="login", actor=admin_user).count() == 2  # with that of the fixture


def test_a_wrong_code_is_told_and_in_the_trail(phone: Phone, admin_user: User) -> None:
    client, _ = give_password(admin_user)
    answer = client.post(CODE, {"code": phone.code(steps=10)})
    assert answer.status_code == 400
    assert "Ese código no sirve" in answer.text
    assert not is_in(client)
    event = AuditEvent.objects.get(action="login_failed")
    assert (event.target_label, event.after) == (admin_user.username, {"reason": "código del segundo factor"})


def test_a_code_is_good_once(phone: Phone, admin_user: User) -> None:
    code = phone.code()
    first, _ = give_password(admin_user)
    second, _ = give_password(admin_user)
    assert first.post(CODE, {"code": code}).status_code == 302
    assert second.post(CODE, {"code": code}).status_code == 400


@pytest.mark.parametrize(("steps", "status"), [(-2, 400), (0, 302), (1, 302), (3, 400)])
def test_half_a_minute_early_is_good_enough(phone: Phone, admin_user: User, steps: int, status: int) -> None:
    client, _ = give_password(admin_user)
    assert client.post(CODE, {"code": phone.code(steps)}).status_code == status


def test_a_recovery_code_is_good_once(admin_client: Client, admin_user: User) -> None:
    _, codes = set_up(admin_client)
    first, _ = give_password(admin_user)
    assert first.post(CODE, {"code": f" {codes[0].lower()} "}).status_code == 302
    second, _ = give_password(admin_user)
    assert second.post(CODE, {"code": codes[0]}).status_code == 400
    assert second.post(CODE, {"code": codes[1].replace("-", "")}).status_code == 302
    assert RecoveryCode.objects.count() == 8


def test_codes_of_one_are_of_no_use_to_another(admin_client: Client, client_of: ClientOf) -> None:
    _, codes = set_up(admin_client)
    olga = AdminFactory(username="olga.admin")
    set_up(client_of(olga))
    client, _ = give_password(olga)
    assert client.post(CODE, {"code": codes[0]}).status_code == 400


def test_guessing_is_held_up(phone: Phone, admin_user: User) -> None:
    client, _ = give_password(admin_user)
    for _ in range(5):
        assert client.post(CODE, {"code": "000000"}).status_code == 400
    answer = client.post(CODE, {"code": phone.code()})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= 60
    again, _ = give_password(admin_user)  # another browser does not start from nought
    assert again.post(CODE, {"code": phone.code()}).status_code == 429


def test_whoever_has_the_password_and_patience_guesses_nothing(phone: Phone, admin_user: User) -> None:
    """Past the limit of each minute, day after day: the waits grow until a day holds one guess."""
    for _ in range(second_factor.FREE_FAILURES):
        assert not second_factor.accept(admin_user, "000000")
    with pytest.raises(TooManyAttempts) as blocked:
        second_factor.accept(admin_user, phone.code())
    assert 55 < blocked.value.wait <= 60
    client, _ = give_password(admin_user)
    answer = client.post(CODE, {"code": phone.code()})
    assert (answer.status_code, answer["Retry-After"]) == (429, str(blocked.value.wait))
    assert [second_factor.block_after(failures).total_seconds() / 60 for failures in (10, 11, 14, 21, 999)] == [
        *(1, 2, 16),
        *(1440, 1440),
    ]

    SecondFactor.objects.update(blocked_until=timezone.now())
    cache.clear()
    assert client.post(CODE, {"code": phone.code()}).status_code == 302  # and a right one starts anew
    assert SecondFactor.objects.get().failures == 0


def test_a_recovery_code_is_good_while_codes_are_blocked(admin_client: Client, admin_user: User) -> None:
    _, codes = set_up(admin_client)
    SecondFactor.objects.update(failures=20, blocked_until=timezone.now() + timedelta(hours=5))
    client, _ = give_password(admin_user)
    assert client.post(CODE, {"code": codes[0]}).status_code == 302


def test_a_visit_without_a_password_leaves_no_session(client: Client) -> None:
    client.get(CODE)
    assert not Session.objects.exists()


def test_the_page_of_the_code_is_for_those_who_gave_their_password(client: Client, phone: Phone, admin_user) -> None:
    assert client.get(CODE).url == "/login"
    assert client.post(CODE, {"code": phone.code()}).url == "/login"
    half, _ = give_password(admin_user)
    session = half.session
    session["half_way"] = {**session["half_way"], "since": int(time.time()) - 301}
    session.save()
    assert half.post(CODE, {"code": phone.code()}).url == "/login"


def test_a_password_that_changes_meanwhile_stops_it(phone: Phone, admin_user: User) -> None:
    client, _ = give_password(admin_user)
    admin_user.set_password("otra-clave-larga-7")
    admin_user.save()
    assert client.post(CODE, {"code": phone.code()}).url == "/login"


def test_whoever_is_deactivated_meanwhile_stays_out(phone: Phone, admin_user: User) -> None:
    client, _ = give_password(admin_user)
    User.objects.filter(pk=admin_user.pk).update(is_active=False)
    assert client.post(CODE, {"code": phone.code()}).url == "/login"


def test_the_key_of_the_session_changes_at_each_step(phone: Phone, admin_user: User) -> None:
    client = Client()
    client.post("/dashboard-gestor", {"notes": "algo"})  # a session before any log-in
    before = client.cookies["sessionid"].value
    log_in(client, admin_user)
    half = client.cookies["sessionid"].value
    client.post(CODE, {"code": phone.code()})
    assert len({before, half, client.cookies["sessionid"].value}) == 3


def test_programs_send_it_along(phone: Phone, admin_user: User) -> None:
    client = Client()

    def enter(**code: str):
        return log_in(client, admin_user, fields=code, content_type="application/json")

    answer = enter()
    assert (answer.status_code, answer.json()["details"]) == (400, {"code": ["Falta el código de su segundo factor."]})
    assert enter(code="000000").status_code == 400
    assert not is_in(client)
    assert enter(code=phone.code()).json()["data"]["redirect"] == "/dashboard-admin"
    assert is_in(client)


def test_htmx_is_led_to_the_page_of_the_code(phone: Phone, admin_user: User) -> None:
    assert log_in(Client(), admin_user, headers={"HX-Request": "true"})["HX-Redirect"] == CODE


# --- Turning it off, and losing the phone -------------------------------------------------------------------
def test_it_is_turned_off_with_the_password(admin_client: Client, phone: Phone, admin_user: User) -> None:
    assert admin_client.post(f"{SETUP}/baja", {"password": "mala"}).status_code == 422
    assert SecondFactor.objects.exists()
    assert admin_client.post(f"{SETUP}/baja", {"password": PASSWORD}).url == "/cuenta"
    assert not SecondFactor.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert AuditEvent.objects.filter(action="second_factor_off", actor=admin_user).exists()
    _, answer = give_password(admin_user)
    assert answer.url == "/dashboard-admin"


def test_new_recovery_codes_replace_the_old(admin_client: Client, admin_user: User) -> None:
    _, old = set_up(admin_client)
    assert admin_client.post(f"{SETUP}/codigos", {"password": "mala"}).status_code == 422
    new = admin_client.post(f"{SETUP}/codigos", {"password": PASSWORD}).context["codes"]
    assert not set(old) & set(new)
    assert not second_factor.accept(admin_user, old[0])
    assert second_factor.accept(admin_user, new[0])


def test_an_admin_helps_another_who_lost_the_phone(phone: Phone, admin_user: User, client_of: ClientOf) -> None:
    their, _ = give_password(admin_user)
    their.post(CODE, {"code": phone.code()})
    olga = AdminFactory(username="olga.admin")
    data = {"action": "remove_second_factor", "_selected_action": [admin_user.pk]}
    answer = client_of(olga).post("/admin/accounts/user/", data, follow=True)
    assert "se les quitó el segundo factor: 1." in answer.text
    assert not SecondFactor.objects.exists()
    assert not is_in(their)
    assert AuditEvent.objects.get(action="second_factor_off").actor == olga


def test_an_admin_does_not_touch_a_superuser(client_of: ClientOf, admin_client: Client) -> None:
    boss = AdminFactory(username="jefa", is_superuser=True)
    set_up(client_of(boss))
    data = {"action": "remove_second_factor", "_selected_action": [boss.pk]}
    admin_client.post("/admin/accounts/user/", data)
    assert SecondFactor.objects.filter(user=boss).exists()


def test_the_command_for_the_last_admin(phone: Phone, admin_user: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("remove_second_factor", "ANA.admin")
    assert "ya no tiene segundo factor" in capsys.readouterr().out
    assert not SecondFactor.objects.exists()
    with pytest.raises(CommandError, match="no tiene segundo factor"):
        call_command("remove_second_factor", "ana.admin")
    with pytest.raises(CommandError, match="No hay un usuario"):
        call_command("remove_second_factor", "nadie")


# --- Having to have one -------------------------------------------------------------------------------------
@pytest.fixture
def required(settings) -> None:
    settings.REQUIRE_ADMIN_2FA = True


def test_an_admin_does_nothing_before_setting_it_up(required, admin_client: Client) -> None:
    for path in ("/dashboard-admin", "/admin/", "/cuenta", "/submissions"):
        assert admin_client.get(path).url == SETUP
    assert admin_client.get("/dashboard-admin", headers={"HX-Request": "true"})["HX-Redirect"] == SETUP
    answer = admin_client.get("/api/v1/cases")
    assert (answer.status_code, answer.json()["error"]) == (
        403,
        "Active su segundo factor en el sitio antes de seguir.",
    )
    assert "ingresan con contraseña y código" in admin_client.get(SETUP).text
    set_up(admin_client)
    assert admin_client.get("/dashboard-admin").status_code == 200
    assert admin_client.get("/api/v1/cases").status_code == 200


def test_a_first_password_comes_before_it(required, client_of: ClientOf) -> None:
    client = client_of(AdminFactory(must_change_password=True))
    assert client.get(SETUP).url == "/cuenta/clave"


def test_it_is_asked_of_nobody_else(required, gestor_client: Client, user_client: Client, staff_client: Client) -> None:
    assert gestor_client.get("/dashboard-gestor").status_code == 200
    assert user_client.get("/dashboard-user").status_code == 200
    assert staff_client.get("/admin/").status_code == 200


def test_turning_it_off_asks_for_it_again(required, admin_client: Client) -> None:
    set_up(admin_client)
    admin_client.post(f"{SETUP}/baja", {"password": PASSWORD})
    assert admin_client.get("/dashboard-admin").url == SETUP


def test_anybody_may_have_one(gestor_client: Client, gestor_user: User) -> None:
    phone, _ = set_up(gestor_client)
    SecondFactor.objects.update(last_step=0)
    client, answer = give_password(gestor_user)
    assert answer.url == CODE
    assert client.post(CODE, {"code": phone.code()}).url == "/dashboard-gestor"


def test_an_installation_may_ask_it_of_everybody(settings, gestor_client: Client) -> None:
    settings.REQUIRE_2FA = True
    assert gestor_client.get("/dashboard-gestor").url == SETUP


def test_what_was_typed_before_survives_both_steps(phone: Phone, admin_user: User) -> None:
    client = Client()
    client.post("/cases/1/activities", {"notes": "Prometió pagar el viernes"})
    log_in(client, admin_user)
    assert client.post(CODE, {"code": phone.code()}).url == "/cuenta/seguir"
    assert "Prometió pagar el viernes" in client.get("/cuenta/seguir").text


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_wrong_codes_at_the_same_moment_do_not_outrun_the_wait(admin_user: User) -> None:
    """The tenth begins it: the others of the same moment are not even compared."""
    factor = SecondFactor.objects.create(user=admin_user, key=second_factor.new_key(), last_step=0, failures=9)

    outcomes = at_once(*[lambda: second_factor.accept(admin_user, "000000")] * 6)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["TooManyAttempts"] * 5 + ["bool"]
    factor.refresh_from_db()
    assert factor.failures == 10
