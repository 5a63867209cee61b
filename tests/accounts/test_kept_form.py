"""What was typed survives a session that ended: /cuenta/seguir."""

import pytest
from django.test import Client

from accounts import kept_form
from accounts.models import User
from cases.models import Activity, Debtor
from tests import factories
from tests.steps import log_in

pytestmark = pytest.mark.django_db
DEBTOR = "/admin/cases/debtor/add/"
TYPED = {
    "first_name": "Marta",
    "last_name": "Ruiz",
    "notes": "Vive con su hermana",
    "phones-TOTAL_FORMS": "0",
    "phones-INITIAL_FORMS": "0",
}


def test_a_form_of_the_administration_is_saved_after_all(client: Client, admin_user: User) -> None:
    expired = client.post(DEBTOR, TYPED)
    assert (expired.status_code, expired.url) == (302, f"/login?next={DEBTOR}")
    assert "Lo que escribió no se perdió" in client.get(expired.url).text

    assert log_in(client, admin_user).url == "/cuenta/seguir"
    page = client.get("/cuenta/seguir")
    assert "Ana Admin" in page.text
    assert "Vive con su hermana" in page.text
    assert not Debtor.objects.exists()

    client.post("/cuenta/seguir", dict(page.context["kept"]["fields"]), follow=True)
    assert Debtor.objects.get().notes == "Vive con su hermana"
    assert client.get("/cuenta/seguir").url == "/dashboard-admin"


def test_a_gestion_is_saved_after_all_and_under_htmx_too(client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    sent = {"token": "t", "type": "call", "result": factories.result("NC").pk, "notes": "Suena y corta"}
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver/cases/{case.pk}"}

    expired = client.post(f"/cases/{case.pk}/activities", sent, headers=headers)
    assert expired["HX-Redirect"] == f"/login?next=/cases/{case.pk}"
    log_in(client, gestor_user)
    page = client.get("/cuenta/seguir")
    assert f'href="/cases/{case.pk}"' in page.text
    client.post("/cuenta/seguir", dict(page.context["kept"]["fields"]), follow=True)

    assert Activity.objects.get().notes == "Suena y corta"


def test_several_values_are_kept_and_no_password(client: Client, gestor_user: User) -> None:
    client.post(
        "/cuenta/clave", {"old_password": "x", "new_password1": "y", "also": ["1", "2"], "csrfmiddlewaretoken": "z"}
    )

    assert client.session[kept_form.KEY]["fields"] == [["also", "1"], ["also", "2"]]


def test_who_may_not_save_it_is_refused_as_always(client: Client, other_gestor: User, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    client.post(f"/cases/{case.pk}/activities", {"token": "t", "type": "note", "notes": "hola"})
    log_in(client, other_gestor)
    kept = client.get("/cuenta/seguir").context["kept"]

    answer = client.post("/cuenta/seguir", dict(kept["fields"]), follow=True)

    assert answer.status_code == 404
    assert not Activity.objects.exists()


def test_a_wrong_password_keeps_it(client: Client, gestor_user: User) -> None:
    client.post("/cases/1/activities", {"notes": "hola"})
    log_in(client, gestor_user, "mala")

    assert log_in(client, gestor_user).url == "/cuenta/seguir"


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/cases/1/activities", "notes=" + "x" * 300_000, "application/x-www-form-urlencoded"),
        ("/cases/1/activities", '{"notes": "x"}', "application/json"),
        ("/cases/1/activities", "texto", "text/plain"),
    ],
)
def test_what_is_no_form_of_a_person_is_not_kept(client: Client, path: str, body: str, kind: str) -> None:
    client.post(path, body, content_type=kind)

    assert kept_form.KEY not in client.session


def test_nobody_fills_the_sessions(client: Client) -> None:
    for _ in range(25):
        answer = Client().post("/cases/1/activities", {"notes": "x"})

    assert answer.status_code == 302
    assert "sessionid" not in answer.cookies


def test_a_page_elsewhere_is_never_led_to(client: Client, gestor_user: User) -> None:
    client.post("/cases/1/activities", {"notes": "x"}, headers={"Referer": "https://evil.example/x"})
    log_in(client, gestor_user)

    assert "evil.example" not in client.get("/cuenta/seguir").text


@pytest.fixture
def old_page(gestor_user: User) -> Client:
    """A browser that logged in again in another tab: the token of the open page no longer holds."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(gestor_user, backend="django.contrib.auth.backends.ModelBackend")
    return client


HERE = {"Origin": "http://testserver"}


@pytest.mark.parametrize("htmx", [True, False])
def test_a_page_older_than_the_log_in_loses_nothing(old_page: Client, gestor_user: User, htmx: bool) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    sent = {"token": "t", "type": "call", "result": factories.result("NC").pk, "notes": "Suena y corta"}
    headers = {**HERE, **({"HX-Request": "true", "HX-Target": "desk"} if htmx else {})}

    refused = old_page.post(f"/cases/{case.pk}/activities", sent, headers=headers)

    assert (refused["HX-Redirect"] if htmx else refused.url) == "/cuenta/seguir"
    assert not Activity.objects.exists()
    page = old_page.get("/cuenta/seguir")
    assert "Suena y corta" in page.text
    assert str(gestor_user) in page.text
    token = {"csrfmiddlewaretoken": page.context["csrf_token"]}
    old_page.post("/cuenta/seguir", {**dict(page.context["kept"]["fields"]), **token}, headers=HERE, follow=True)
    assert Activity.objects.get().notes == "Suena y corta"


@pytest.mark.parametrize("origin", [{}, {"Origin": "https://malo.example"}, {"Origin": "null"}])
def test_nothing_is_kept_of_what_another_site_sent(old_page: Client, gestor_user: User, origin: dict[str, str]) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    refused = old_page.post(f"/cases/{case.pk}/activities", {"notes": "de otro sitio"}, headers=origin)

    assert refused.status_code == 403
    assert "de otro sitio" not in refused.text
    assert kept_form.KEY not in old_page.session


def test_a_form_with_a_password_is_typed_again(old_page: Client) -> None:
    refused = old_page.post("/cuenta/clave", {"old_password": "x", "new_password1": "y"}, headers=HERE)

    assert refused.url == "/cuenta/clave"
    assert "escríbalo otra vez" in old_page.get(refused.url).text
    assert kept_form.KEY not in old_page.session


def test_a_visitor_sends_the_same_form_again() -> None:
    visitor = Client(enforce_csrf_checks=True)
    refused = visitor.post("/contact", {"name": "Ana", "message": "Quiero <pagar>"}, headers=HERE)

    assert refused.status_code == 403
    assert 'name="message" value="Quiero &lt;pagar&gt;"' in refused.text
    assert 'name="csrfmiddlewaretoken"' in refused.text
