"""GET /submissions, its marks and its files."""

import csv
import io
from datetime import timedelta

import openpyxl
import pytest
from auditlog.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from contact.models import ContactSubmission
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db


def stored(name: str = "Marta Núñez", **changes) -> ContactSubmission:
    given = {"entity": "Banco del Plata", "email": "marta@example.com", "phone": "011 4444-5555", "message": "Hola."}
    return ContactSubmission.objects.create(name=name, **{**given, **changes})


def test_an_admin_reads_what_visitors_wrote(admin_client: Client) -> None:
    stored(message="Primera línea\n\n<b>Segunda</b>")
    page = admin_client.get("/submissions").text
    assert "Marta Núñez" in page
    assert 'href="mailto:marta@example.com"' in page
    assert "<p>Primera línea</p>" in page
    assert "&lt;b&gt;Segunda&lt;/b&gt;" in page
    assert "Sin atender" in page


@pytest.mark.parametrize("path", ["/submissions", "/submissions/exports/csv", "/submissions/exports/xlsx"])
def test_others_are_sent_to_their_own_page(
    gestor_client: Client, user_client: Client, client: Client, path: str
) -> None:
    stored()
    assert gestor_client.get(path).url == "/dashboard-gestor"
    assert user_client.get(path).url == "/dashboard-user"
    assert client.get(path).url == f"/login?next={path}"


def test_a_gestor_marks_nothing(gestor_client: Client) -> None:
    submission = stored()
    gestor_client.post(f"/submissions/{submission.pk}/handled")
    submission.refresh_from_db()
    assert submission.handled_at is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Marta", "Pedro", "Olga"}),
        ("?show=pendientes", {"Marta", "Olga"}),
        ("?show=atendidos", {"Pedro"}),
        ("?search=plata", {"Marta"}),
        ("?search=PLATA+mar", {"Marta"}),
        ("?search=plata+pedro", set()),
        ("?search=555", {"Olga"}),
        ("?search=cheques&show=atendidos", {"Pedro"}),
        ("?search=%00", {"Marta", "Pedro", "Olga"}),
        ("?show=otra", {"Marta", "Pedro", "Olga"}),
    ],
)
def test_search_and_state(admin_client: Client, query: str, names: set[str]) -> None:
    stored("Marta", phone="")
    stored("Pedro", entity="", phone="", email="p@example.com", message="Cheques", handled_at=timezone.now())
    stored("Olga", entity="", phone="555-1234", email="o@example.com")
    found = admin_client.get(f"/submissions{query}")
    assert {submission.name for submission in found.context["page"].object_list} == names


def test_a_message_is_marked_and_unmarked_and_the_trail_says_by_whom(admin_client: Client, admin_user: User) -> None:
    submission = stored()
    answer = admin_client.post(f"/submissions/{submission.pk}/handled", {"show": "pendientes", "search": "a&b"})
    assert answer.url == "/submissions?show=pendientes&search=a%26b"
    submission.refresh_from_db()
    assert submission.handled_at is not None

    admin_client.post(f"/submissions/{submission.pk}/handled")  # a second click changes nothing
    admin_client.post(f"/submissions/{submission.pk}/handled", {"undo": "1"})
    submission.refresh_from_db()
    assert submission.handled_at is None
    events = AuditEvent.objects.filter(action="edited", target_type="contactsubmission", target_id=submission.pk)
    assert [event.actor for event in events] == [admin_user, admin_user]
    assert admin_client.post("/submissions/999999/handled").status_code == 404
    assert admin_client.get(f"/submissions/{submission.pk}/handled").status_code == 405


def test_a_search_survives_what_it_cannot_mean(admin_client: Client) -> None:
    submission = stored()
    answer = admin_client.post(f"/submissions/{submission.pk}/handled", {"show": "//evil.example"})
    assert answer.url == "/submissions"


def test_files_hold_what_the_page_shows_and_no_formula(admin_client: Client) -> None:
    stored("=HYPERLINK(1)", message="+1+cmd|' /C calc'!A0")
    stored("Pedro", handled_at=timezone.now())
    answer = admin_client.get("/submissions/exports/csv?show=pendientes")
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:3] == ["Recibido", "Nombre", "Entidad"]
    assert [row[1] for row in rows[1:]] == ["'=HYPERLINK(1)"]
    assert rows[1][5] == "'+1+cmd|' /C calc'!A0"

    book = openpyxl.load_workbook(io.BytesIO(admin_client.get("/submissions/exports/xlsx").content))
    cells = [cell for row in book["Mensajes"].iter_rows() for cell in row]
    assert {"=HYPERLINK(1)", "Pedro"} <= {cell.value for cell in cells}
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert [event.target_label.split(".")[1] for event in AuditEvent.objects.filter(action="export")] == ["xlsx", "csv"]


def test_what_could_not_be_mailed_says_why(admin_client: Client, settings) -> None:
    stored(attempts=3, last_error="El servidor no atiende.", next_attempt_at=timezone.now() + timedelta(hours=1))
    page = admin_client.get("/submissions").text
    assert "Sin avisar tras 3 intentos. El servidor no atiende." in page
    assert "1 mensaje espera su aviso" in page
    settings.CONTACT_RECIPIENTS = []
    assert "falta CONTACT_RECIPIENTS" in admin_client.get("/submissions").text


def test_queries_do_not_grow_with_messages(admin_client: Client) -> None:
    def more() -> None:
        for _ in range(5):
            stored()

    more()
    assert queries_do_not_grow(lambda: admin_client.get("/submissions"), more) <= 8


def test_pages_of_twenty_five(admin_client: Client) -> None:
    for number in range(30):
        stored(f"Nombre {number}")
    first = admin_client.get("/submissions")
    assert len(first.context["page"].object_list) == 25
    assert first.context["page"].object_list[0].name == "Nombre 29"
    assert len(admin_client.get("/submissions?page=2").context["page"].object_list) == 5
    assert admin_client.get("/submissions?page=zz").status_code == 200


def test_programs_get_the_envelope(admin_client: Client, gestor_client: Client) -> None:
    for number in range(26):
        stored(f"Nombre {number}")
    headers = {"Accept": "application/json"}
    answer = admin_client.get("/submissions?search=nombre", headers=headers).json()
    assert answer["success"] is True
    assert answer["pagination"] == {"page": 1, "per_page": 25, "total": 26, "pages": 2}
    assert answer["data"][0]["name"] == "Nombre 25"
    assert answer["data"][0]["handled_at"] is None
    assert gestor_client.get("/submissions", headers=headers).status_code == 302


def test_the_django_admin_reads_marks_and_logs(admin_client: Client, admin_user: User) -> None:
    submission = stored()
    edits = LogEntry.objects.filter(content_type__app_label="contact")
    assert not edits.exists()  # what a visitor sends is not an edit
    page = admin_client.get(f"/admin/contact/contactsubmission/{submission.pk}/change/")
    assert "marta@example.com" in page.text
    assert 'name="message"' not in page.text
    form = {"handled_at_0": "27/11/2026", "handled_at_1": "10:00", "name": "Otro"}
    admin_client.post(f"/admin/contact/contactsubmission/{submission.pk}/change/", form)
    submission.refresh_from_db()
    assert submission.handled_at is not None
    assert submission.name == "Marta Núñez"
    assert edits.get().actor == admin_user
    admin_client.post(f"/admin/contact/contactsubmission/{submission.pk}/delete/", {"post": "yes"})
    assert not ContactSubmission.objects.exists()
    assert [(entry.action, entry.actor) for entry in edits] == [(2, admin_user), (1, admin_user)]
