"""What production writes: a JSON object a line, with the request's number, and nobody's personal data."""

import io
import json
import logging
from pathlib import Path

import pytest
from django.db import IntegrityError, connection
from django.test import Client

from accounts.tokens import issue_token
from cases.models import Debtor
from nova import logs
from tests import serving
from tests.factories import CaseFactory, DebtorFactory
from tests.operations.cluster import ask

SECRETS = ("31415926", "Quintana", "quintana@correo.example", "secreto-buscado", "clave-muy-secreta")


@pytest.fixture
def log(settings, monkeypatch) -> io.StringIO:
    """The lines of this process, formatted as production does; the middleware in its place."""
    settings.MIDDLEWARE = ["nova.logs.RequestLogMiddleware", *settings.MIDDLEWARE, "nova.logs.LogUserMiddleware"]
    settings.TRUSTED_PROXY_HOPS = 1
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Formatter())
    handler.addFilter(logs.ContextFilter())
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler])
    monkeypatch.setattr(root, "level", logging.INFO)
    return stream


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.django_db
def test_a_request_is_one_line_with_its_number_its_user_and_its_time(gestor_client: Client, gestor_user, log):
    case = CaseFactory(assigned_to=gestor_user)

    response = gestor_client.get(f"/cases/{case.pk}?search=secreto-buscado")

    (line,) = [line for line in lines(log) if line["name"] == "nova.access"]
    assert line["request_id"] == response["X-Request-ID"]
    assert (line["user_id"], line["status"], line["method"]) == (gestor_user.pk, 200, "GET")
    assert line["route"] == "/cases/<int:pk>"
    assert line["duration_ms"] > 0
    assert line["time"].endswith("+00:00")


@pytest.mark.django_db
def test_a_token_is_somebody_too(client: Client, admin_user, log):
    token = issue_token(user=admin_user, name="prueba", by=admin_user)[1]

    client.get("/api/v1/cases", headers={"Authorization": f"Token {token}"})

    assert lines(log)[-1]["user_id"] == admin_user.pk
    assert token not in log.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "is_taken"),
    [("del-proxy-12345678", True), ("x", False), ('con"comillas\n', False), ("a" * 65, False)],
)
def test_a_proxys_number_is_kept_where_there_is_one(client: Client, log, given, is_taken):
    response = client.get("/login", headers={"X-Request-ID": given})

    assert (response["X-Request-ID"] == given) is is_taken


@pytest.mark.django_db
def test_without_a_proxy_nobody_chooses_the_number(client: Client, log, settings):
    settings.TRUSTED_PROXY_HOPS = 0

    assert client.get("/login", headers={"X-Request-ID": "elegido-por-mi"})["X-Request-ID"] != "elegido-por-mi"


@pytest.mark.django_db
def test_probes_and_files_say_nothing(client: Client, log):
    client.get("/healthz")
    client.get("/static/css/app.css").close()
    client.get("/login")

    assert [line["route"] for line in lines(log) if line["name"] == "nova.access"] == ["/login"]


@pytest.mark.django_db
def test_nothing_that_was_typed_or_stored_is_in_the_log(client: Client, gestor_client: Client, gestor_user, log):
    """Searched, refused, failed, broken: whatever happens, no line has it."""
    case = CaseFactory(assigned_to=gestor_user, debtor=DebtorFactory(dni="31415926", last_name="Quintana"))
    gestor_client.raise_request_exception = False

    gestor_client.get("/dashboard-gestor?search=secreto-buscado")
    gestor_client.get("/api/v1/cases?search=Quintana")
    typed = {"username": "quintana@correo.example", "password": "clave-muy-secreta"}
    client.post("/api/login", typed, "application/json")
    client.post("/contact", {"email": "quintana@correo.example", "message": "Quintana"})
    gestor_client.get("/cases/999999999?dni=31415926")
    gestor_client.post(f"/cases/{case.pk}/datos", {"last_name": "Quintana"})

    assert len(lines(log)) > 5
    assert [secret for secret in SECRETS if secret in log.getvalue()] == []


@pytest.mark.django_db
def test_an_error_of_the_database_does_not_say_what_it_quotes(log):
    DebtorFactory(dni="31415926", last_name="Quintana")

    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {Debtor._meta.db_table} (first_name, last_name, dni, email, street, street_number, city,"  # noqa: S608
                " postal_code, provincia, notes, created_at) SELECT first_name, last_name, dni, email, street,"
                f" street_number, city, postal_code, provincia, notes, created_at FROM {Debtor._meta.db_table}"
            )
    except IntegrityError:
        logging.getLogger("nova").exception("it failed")

    (line,) = lines(log)
    assert "IntegrityError" in line["exc_info"]
    assert "31415926" not in log.getvalue()


def test_values_go_and_the_rest_of_a_traceback_stays():
    text = (
        'Traceback (most recent call last):\n  File "cases/services/money.py", line 3, in pay\n'
        'psycopg.errors.UniqueViolation: duplicate key value violates unique constraint "debtor_dni_unique"\n'
        "DETAIL:  Key (dni)=(31415926) already exists.\n"
        'django.db.utils.DataError: invalid input syntax for type date: "31/02/Quintana"\n'
        "LINE 1: INSERT INTO x VALUES ('Quintana')\n"
    )

    kept = logs.without_values(text)

    assert "31415926" not in kept
    assert "Quintana" not in kept
    assert "duplicate key value violates unique constraint" in kept
    assert 'File "cases/services/money.py", line 3, in pay' in kept


def test_an_error_tracker_gets_no_personal_data():
    event = {
        "exception": {"values": [{"type": "DataError", "value": 'invalid input: "Quintana"\nDETAIL: 31415926'}]},
        "request": {"url": "https://x/cases?search=Quintana", "query_string": "search=Quintana", "cookies": "c",
                    "data": {"dni": "31415926"}, "headers": {"Authorization": "Token x"}, "method": "GET"},
        "breadcrumbs": {"values": [{"message": "SELECT 'Quintana'"}]},
    }  # fmt: skip

    text = json.dumps(logs.without_personal_data(event, None))

    assert "Quintana" not in text
    assert "31415926" not in text
    assert '"method": "GET"' in text


@pytest.mark.deployment
def test_a_deployment_writes_nothing_but_json(prepared: Path, tmp_path: Path):
    env = serving.installation(prepared, tmp_path, redis_url="", workers=1) | {"METRICS_TOKEN": "una-llave"}
    written = tmp_path / "log"
    with written.open("w") as stream, serving.gunicorn(env, log=stream) as port:
        for path in ("/login", "/no-existe", "/cases/1", "/healthz"):
            ask(port, "GET", path)
        metrics = ask(port, "GET", "/metrics", headers={"Authorization": "Bearer una-llave"})
        refused = [ask(port, "GET", "/metrics", headers=headers)[0] for headers in ({}, {"Authorization": "Bearer no"})]

    found = [json.loads(line) for line in written.read_text().splitlines()]
    assert [line["message"] for line in found if line["name"] == "nova.access"] == [
        "GET /login 200", "GET (unknown) 404", "GET /cases/<int:pk> 302",
    ]  # fmt: skip
    assert {"gunicorn.error", "nova.access"} <= {line["name"] for line in found}
    assert metrics[0] == 200
    assert 'nova_http_requests_total{method="GET",route="/login",status="200"} 1.0' in metrics[1]
    assert refused == [404, 404]
