"""What somebody signed in was shown is kept nowhere: `private, no-store`, walked over all addresses there are."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from accounts.models import User
from accounts.tokens import issue_token
from tests import factories
from tests.conftest import ClientOf
from tests.routes import all_addresses
from tests.steps import log_in, pay

pytestmark = pytest.mark.django_db
# The same for everybody, without a name in them.
PUBLIC = {"/apple-touch-icon.png", "/favicon.ico", "/logo-dark.png", "/logo.png", "/robots.txt"}
LEAVING = {"/logout", "/admin/logout/"}
EXPORTS = [
    *("/dashboard-admin/exports/xlsx", "/dashboard-admin/exports/csv", "/dashboard-admin/exports/pdf"),
    *("/dashboard-admin/casos/exports/xlsx", "/dashboard-admin/movimientos/exports/csv"),
    *("/rendiciones/exports/pdf?cartera={}", "/rendiciones/exports/csv?cartera={}&part=pagos"),
    *("/submissions/exports/csv", "/submissions/exports/xlsx"),
]


def is_kept(answer: Any) -> bool:
    said = {word.strip() for word in answer.get("Cache-Control", "").split(",")}
    if answer.streaming:
        answer.getvalue()
    return not {"private", "no-store"} <= said or "public" in said


@pytest.fixture
def everything(settings, admin_user: User, gestor_user: User) -> int:
    """Something on every page with the key 1. The key of the cartera is returned."""
    settings.SIGNED_IN_FORM_RATE, settings.SIGNED_IN_API_RATES = "9999/m", ("9999/m",)
    admin_user.is_superuser = True
    admin_user.save()
    case = factories.CaseFactory(pk=1, assigned_to=gestor_user)
    pay(case)
    factories.ContactSubmissionFactory(pk=1)
    return case.cartera_id


@pytest.mark.usefixtures("everything")
def test_no_page_of_the_session_is_kept(admin_client: Client) -> None:
    answers = {path: admin_client.get(path) for path in all_addresses()}
    assert {path for path, answer in answers.items() if is_kept(answer)} == PUBLIC
    statuses = [answer.status_code for answer in answers.values()]
    assert statuses.count(200) > 60
    assert {302, 404, 405} <= set(statuses)  # what redirects and refuses is an answer as well


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("who", ["admin", "gestor"])
def test_no_fragment_is_kept(request: pytest.FixtureRequest, who: str) -> None:
    client = request.getfixturevalue(f"{who}_client")
    paths = [path for path in all_addresses() if path not in PUBLIC and not path.startswith("/admin/")]
    answers = {path: client.get(path, headers={"HX-Request": "true"}) for path in paths}
    assert {path for path, answer in answers.items() if is_kept(answer)} == set()
    assert any("<html" not in answer.text for answer in answers.values() if answer.status_code == 200)


@pytest.mark.usefixtures("everything")
def test_no_answer_to_a_form_is_kept(gestor_client: Client) -> None:
    answers = {path: gestor_client.post(path) for path in all_addresses() if path not in LEAVING}
    assert len(answers) > 120
    assert {path for path, answer in answers.items() if is_kept(answer)} == set()


@pytest.mark.usefixtures("everything")
def test_no_answer_to_a_token_is_kept(client: Client, admin_user: User) -> None:
    _, text = issue_token(user=admin_user, name="Sistema", by=admin_user)
    headers = {"Authorization": f"Token {text}"}
    paths = [path for path in all_addresses() if path.startswith("/api/")]
    assert len(paths) > 20
    answers = {path: client.get(path, headers=headers) for path in paths}
    assert [path for path, answer in answers.items() if is_kept(answer)] == []
    assert [answer.status_code for answer in answers.values()].count(200) > 12
    assert is_kept(client.get("/logo.png", headers=headers))
    for method in ("post", "put", "patch", "delete"):
        for path in paths:
            asked = getattr(client, method)(path, "{}", content_type="application/json", headers=headers)
            assert not is_kept(asked), (method, path)


def test_no_export_is_kept(admin_client: Client, everything: int) -> None:
    for path in EXPORTS:
        answer = admin_client.get(path.format(everything))
        assert (answer.status_code, "attachment" in answer["Content-Disposition"]) == (200, True), path
        assert not is_kept(answer), path


def test_whoever_is_sent_to_the_log_in_leaves_no_copy(client: Client) -> None:
    answers = {path: client.get(path) for path in all_addresses()}
    for answer in answers.values():
        answer.close()
    refused = {
        path: answer
        for path, answer in answers.items()
        if answer.status_code == 401 or answer.get("Location", "").startswith("/login?next=")
    }
    assert len(refused) > 90
    assert {path for path, answer in refused.items() if is_kept(answer)} == {"/admin/login/"}


def test_the_public_page_is_anybodys_until_one_signs_in(client: Client, gestor_client: Client) -> None:
    assert "Cache-Control" not in client.get("/").headers
    assert not is_kept(gestor_client.get("/"))


def test_the_answer_that_begins_a_session_is_not_kept(client: Client, gestor_user: User) -> None:
    assert not is_kept(log_in(client, gestor_user))
    assert not is_kept(client.get("/login/codigo"))


def test_no_error_is_kept(client_of: ClientOf, gestor_user: User, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(gestor_user, enforce_csrf_checks=True, raise_request_exception=False)
    settings.SIGNED_IN_FORM_RATE = "2/m"
    answers = [
        client.get("/no-existe"),
        client.get("/cases/999"),
        client.get("/", headers={"Host": "evil.example"}),
        client.post("/cuenta/sesiones"),
        *(client.post("/cuenta/clave") for _ in range(2)),
    ]
    monkeypatch.setattr("accounts.views.account.shown", lambda request: 1 / 0)
    answers.append(client.get("/cuenta"))
    with connection.execute_wrapper(_away):
        answers.append(client.get("/cuenta"))
    assert [answer.status_code for answer in answers] == [404, 404, 400, 403, 403, 429, 500, 503]
    assert [answer.status_code for answer in answers if is_kept(answer)] == []


def _away(*args: Any) -> Any:
    raise OperationalError("database is locked" if connection.vendor == "sqlite" else "connection lost")
