"""POST /contact."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from contact import outbox
from contact.models import ContactSubmission
from tests.mailing import VISITOR, filled_in, ticket_of_age

pytestmark = pytest.mark.django_db


def test_a_message_is_stored_and_thanked_for(client: Client) -> None:
    answer = client.post("/contact", filled_in())

    assert answer.status_code == 302
    assert answer.url == "/?enviado#contacto"
    submission = ContactSubmission.objects.get()
    assert {name: getattr(submission, name) for name in VISITOR} == VISITOR
    assert submission.notified_at is None
    assert "Recibimos su mensaje" in client.get("/?enviado").text
    assert not client.cookies.get("sessionid")  # a visitor costs no session


def test_it_is_mailed_afterwards(client: Client) -> None:
    client.post("/contact", filled_in())
    assert mail.outbox == []
    outbox.drain()
    assert [sent.reply_to for sent in mail.outbox] == [[VISITOR["email"]]]


def test_a_double_click_is_one_message(client: Client) -> None:
    form = filled_in()
    assert [client.post("/contact", form).status_code for _ in range(2)] == [302, 302]
    assert ContactSubmission.objects.count() == 1


def test_another_text_from_the_same_page_is_another_message(client: Client) -> None:
    form = filled_in()
    client.post("/contact", form)
    client.post("/contact", {**form, "message": "Me olvidaba: son 4.000."})
    assert ContactSubmission.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_is_one_message() -> None:
    form = filled_in()

    def submit(_: int) -> int:
        try:
            return Client().post("/contact", form).status_code
        finally:
            connection.close()

    if connection.vendor == "sqlite":
        assert [submit(0), submit(1)] == [302, 302]  # in memory, writers of two threads do not wait for each other
    else:
        with ThreadPoolExecutor(6) as pool:
            assert set(pool.map(submit, range(6))) == {302}
    assert ContactSubmission.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "Escriba su nombre."),
        ({"name": "   "}, "Escriba su nombre."),
        ({"name": "x" * 201}, "200"),
        ({"entity": "x" * 201}, "200"),
        ({"email": ""}, "Escriba su correo electrónico"),
        ({"email": "marta"}, "Revise el correo"),
        ({"phone": "llámeme"}, "Revise el teléfono"),
        ({"phone": "1" * 51}, "50"),
        ({"message": ""}, "Escriba su mensaje."),
        ({"message": "x" * 5_001}, "5000"),
        ({"name": "Marta\r\nBcc: victima@example.com"}, "un solo renglón"),
        ({"entity": "Banco\nBcc: victima@example.com"}, "un solo renglón"),
        ({"email": "marta@example.com\nBcc: victima@example.com"}, "Revise el correo"),
        ({"name": "Marta\u2028Núñez"}, "un solo renglón"),
        ({"name": "Marta\x00"}, "nul"),
    ],
)
def test_bad_input_is_explained_and_kept(client: Client, changes: dict[str, str], message: str) -> None:
    answer = client.post("/contact", filled_in(**changes))

    assert answer.status_code == 422
    assert message.lower() in answer.text.lower()
    kept = [value.split("\n")[0] for name, value in VISITOR.items() if name not in changes]
    assert kept
    assert [value for value in kept if value not in answer.text] == []
    assert not ContactSubmission.objects.exists()


def test_line_breaks_count_once_as_in_the_browser(client: Client) -> None:
    message = "\r\n".join(["x"] * 2_500)  # 4,999 characters as a browser counts them, 7,498 as it sends them
    assert client.post("/contact", filled_in(message=message)).status_code == 302
    assert ContactSubmission.objects.get().message == message.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ticket": ""}, "No pudimos comprobar el formulario"),
        ({"ticket": "inventado:1:2"}, "No pudimos comprobar el formulario"),
        ({"website": "https://spam.example"}, "No pudimos comprobar el formulario"),
    ],
)
def test_programs_are_refused_and_people_get_another_go(client: Client, changes: dict[str, str], message: str) -> None:
    answer = client.post("/contact", filled_in(**changes))

    assert answer.status_code == 422
    assert message in answer.text
    assert VISITOR["name"] in answer.text
    assert "spam.example" not in answer.text
    assert f'value="{changes.get("ticket") or "nada"}"' not in answer.text
    assert not ContactSubmission.objects.exists()


@pytest.mark.parametrize(("age", "status"), [(0, 422), (1, 422), (5, 302), (23 * 3600, 302), (25 * 3600, 422)])
def test_a_form_takes_a_person_seconds_and_not_a_day(client: Client, age: int, status: int) -> None:
    assert client.post("/contact", filled_in(ticket=ticket_of_age(age))).status_code == status


def test_a_form_of_yesterday_comes_back_with_its_text_and_can_be_sent(client: Client) -> None:
    answer = client.post("/contact", filled_in(ticket=ticket_of_age(26 * 3600)))
    form = answer.context["form"]
    assert VISITOR["message"].split("\n")[0] in answer.text
    assert form["ticket"].value() in answer.text


def test_fifty_an_hour_from_one_address(client: Client) -> None:
    for _ in range(50):
        assert client.post("/contact", filled_in()).status_code == 302
    answer = client.post("/contact", filled_in(message="La que sobra"))

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert "Espere" in answer.text
    assert "La que sobra" in answer.text  # what was typed is not lost
    assert client.post("/contact", filled_in(), REMOTE_ADDR="192.0.2.7").status_code == 302
    assert client.get("/").status_code == 200


def test_a_forged_forwarded_address_is_not_another_visitor(client: Client) -> None:
    for number in range(50):
        client.post("/contact", filled_in(), headers={"X-Forwarded-For": f"192.0.2.{number}"})
    assert client.post("/contact", filled_in(), headers={"X-Forwarded-For": "192.0.2.99"}).status_code == 429


def test_it_needs_the_csrf_token() -> None:
    answer = Client(enforce_csrf_checks=True).post("/contact", filled_in())
    assert answer.status_code == 403
    assert not ContactSubmission.objects.exists()


def test_fields_of_the_row_that_are_no_fields_of_the_form_are_ignored(client: Client) -> None:
    client.post("/contact", filled_in(handled_at="2020-01-01", notified_at="2020-01-01", id="77", attempts="9"))
    submission = ContactSubmission.objects.get()
    assert (submission.handled_at, submission.notified_at, submission.attempts) == (None, None, 0)
    assert submission.pk != 77


def test_the_address_of_the_form_leads_to_it(client: Client) -> None:
    assert client.get("/contact").url == "/#contacto"
    assert client.put("/contact").status_code == 405


def test_a_program_gets_json(client: Client) -> None:
    answer = client.post("/contact", filled_in(email=""), headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["details"]["email"] == ["Escriba su correo electrónico, para poder responderle."]
    assert client.post("/contact", filled_in(), headers={"Accept": "application/json"}).status_code == 201
