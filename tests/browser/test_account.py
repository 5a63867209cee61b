"""Mi cuenta and the second factor, as a person uses them; and errors, and frames of other sites."""

import base64
import re

import pytest
from django.test import Client
from django_otp.oath import TOTP
from playwright.sync_api import Browser, Page, expect

from accounts.models import SecondFactor, Session, User
from accounts.tokens import issue_token
from tests import factories
from tests.browser.conftest import PageOf, assert_accessible, assert_fits
from tests.conftest import ClientOf
from tests.factories import PASSWORD
from tests.steps import log_in

pytestmark = pytest.mark.django_db(transaction=True)


def code_of(page: Page) -> str:
    key = re.sub(r"\s", "", page.locator("code").inner_text())
    return f"{TOTP(base64.b32decode(key)).token():06d}"


def check(page: Page) -> None:
    assert_accessible(page)
    assert_fits(page)


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_from_the_password_to_two_factors(page_of: PageOf, admin_user: User, width: int, theme: str) -> None:
    log_in(Client(headers={"User-Agent": "Firefox/1 Windows"}), admin_user)
    page = page_of(admin_user, width=width, theme=theme)
    page.goto("/dashboard-admin")
    page.get_by_title("Mi cuenta").click()
    check(page)
    expect(page.locator("main")).to_contain_text("Firefox en Windows")

    page.get_by_role("link", name="Activar").click()
    check(page)
    page.fill("#id_code", "000000")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Activar").click()
    expect(page.locator(".field-error")).to_contain_text("Ese código no es el de ahora")
    check(page)
    page.fill("#id_code", code_of(page))
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Activar").click()
    expect(page.locator("h1")).to_have_text("Guarde estos códigos")
    check(page)
    recovery = page.locator(".recovery-codes code").first.inner_text()
    page.get_by_role("link", name="Ya los guardé").click()
    expect(page.locator("main")).not_to_contain_text("Firefox en Windows")  # it took the password alone
    page.get_by_role("link", name="Administrar").click()
    check(page)

    page.get_by_role("button", name="Salir").click()
    page.fill("#id_username", admin_user.username)
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Ingresar").click()
    expect(page.locator("h1")).to_have_text("Un paso más")
    check(page)
    page.fill("#id_code", recovery)
    page.get_by_role("button", name="Ingresar").click()
    page.wait_for_url("**/dashboard-admin")
    assert SecondFactor.objects.filter(user=admin_user).exists()


def test_other_sessions_are_closed(page_of: PageOf, gestor_user: User) -> None:
    other = Client(headers={"User-Agent": "Firefox/1 Windows"})
    log_in(other, gestor_user)
    page = page_of(gestor_user)
    page.goto("/cuenta")
    form = page.locator("#sessions")
    form.get_by_label("Su contraseña").fill("mala")
    form.get_by_role("button").click()
    expect(page.locator("#sessions .field-error")).to_have_text("No es su contraseña actual.")
    check(page)
    form.get_by_label("Su contraseña").fill(PASSWORD)
    form.get_by_role("button").click()
    expect(page.locator("#messages")).to_contain_text("Se cerró otra sesión.")
    assert other.get("/cuenta").status_code == 302


def test_an_expired_session_in_a_fragment_leads_to_the_log_in_and_back(page_of: PageOf, admin_user: User) -> None:
    factories.CarteraFactory(name="Crédito Andino")
    page = page_of(admin_user)
    page.goto("/dashboard-admin")
    Session.objects.all().delete()
    page.get_by_label("Cartera").select_option(label="Crédito Andino")
    page.wait_for_url(re.compile(r"/login\?next=/dashboard-admin$"))
    page.fill("#id_username", admin_user.username)
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Ingresar").click()
    page.wait_for_url(re.compile(r"/dashboard-admin"))


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_error_pages(page_of: PageOf, gestor_user: User, width: int, theme: str) -> None:
    page = page_of(gestor_user, width=width, theme=theme)
    for path, status in (("/no-existe", 404), ("/admin/", 200), ("/cuenta/sesiones", 405)):  # /admin/ leads to a log-in
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == status
        check(page)
    page.goto("/no-existe")
    page.get_by_role("link", name="Ir a mi panel").click()
    page.wait_for_url("**/dashboard-gestor")


def test_no_other_site_frames_a_page(chromium: Browser, client_of: ClientOf, gestor_user: User, live_server) -> None:
    """Clickjacking: the browser refuses to draw it. Its complaint is the proof, so this page is watched by itself."""
    context = chromium.new_context()
    session = client_of(gestor_user).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url, "sameSite": "Lax"}])
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{live_server.url}/cuenta")
    expect(page.locator("h1")).to_have_text("Mi cuenta")
    for path in ("/cuenta", "/login", "/admin/", "/"):
        complaints.clear()
        page.set_content(f'<iframe src="{live_server.url}{path}"></iframe>')
        page.wait_for_timeout(500)
        assert any("frame-ancestors" in text for text in complaints), (path, complaints)
        [frame] = page.frames[1:]
        assert "NOVA" not in frame.content(), path
    context.close()


def test_a_new_password_may_end_the_tokens(page_of: PageOf, admin_user: User, gestor_user: User) -> None:
    issue_token(user=gestor_user, name="Discador", by=admin_user)
    page = page_of(gestor_user, width=390, theme="dark")
    page.goto("/cuenta/clave")
    check(page)
    page.fill("#id_old_password", PASSWORD)
    page.fill("#id_new_password1", "otra-clave-larga-7")
    page.fill("#id_new_password2", "otra-clave-larga-7")
    page.get_by_label("Revocar también el token de la API").check()
    page.get_by_role("button", name="Guardar").click()
    expect(page.locator("body")).to_contain_text("Se revocó un token de la API.")
    assert not gestor_user.auth_token_set.exists()
