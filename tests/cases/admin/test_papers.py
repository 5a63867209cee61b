"""Papers in the Django admin: read-only; their texts are edited, with the wrong placeholder named."""

import pytest
from auditlog.models import LogEntry
from django.test import Client

from cases.models import PaperText
from tests import factories
from tests.steps import issue

pytestmark = pytest.mark.django_db


def address(slug: str) -> str:
    return f"/admin/cases/papertext/{PaperText.objects.get(slug=slug).pk}/change/"


def test_a_text_is_edited_and_the_trail_knows(admin_client: Client) -> None:
    page = admin_client.get(address("receipt")).text
    assert "{importe_en_letras}" in page
    saved = admin_client.post(address("receipt"), {"text": "Pagó {deudor}.\r\nGracias."})
    assert saved.status_code == 302
    text = PaperText.objects.get(slug="receipt")
    assert text.text == "Pagó {deudor}.\nGracias."
    assert LogEntry.objects.get_for_object(text).exists()


@pytest.mark.parametrize(
    ("slug", "text", "said"),
    [
        ("receipt", "Pagó {deudora}.", "«{deudora}» no se puede usar aquí."),
        ("receipt", "Cancela el convenio {convenio}.", "«{convenio}» no se puede usar aquí."),
        ("agency_cuit", "{deudor}", "Este texto no lleva datos entre llaves."),
        ("clearance", "Nada debe {deudor", "Hay una llave { o } sin su par."),
    ],
)
def test_the_wrong_placeholder_is_named(admin_client: Client, slug: str, text: str, said: str) -> None:
    before = PaperText.objects.get(slug=slug).text
    answer = admin_client.post(address(slug), {"text": text})
    assert (answer.status_code, said in answer.text) == (200, True)
    assert PaperText.objects.get(slug=slug).text == before


def test_the_seeded_texts_can_be_filled_in() -> None:
    texts = PaperText.objects.order_by("slug")
    assert {text.slug: text.wrong for text in texts} == {slug.value: [] for slug in PaperText.Slug}


def test_texts_are_neither_added_nor_deleted(admin_client: Client) -> None:
    assert admin_client.get("/admin/cases/papertext/add/").status_code == 403
    assert admin_client.get(address("receipt").replace("change", "delete")).status_code == 403


def test_staff_who_edit_data_write_no_legal_texts(staff_client: Client) -> None:
    assert staff_client.get("/admin/cases/papertext/").status_code == 403
    assert staff_client.get("/admin/cases/document/").status_code == 403


def test_a_paper_is_read_only(admin_client: Client) -> None:
    document = issue(factories.CaseFactory(), "statement")
    page = admin_client.get(f"/admin/cases/document/{document.pk}/change/").text
    assert document.sha256 in page
    assert f'href="/documents/{document.pk}/file"' in page
    assert 'name="_save"' not in page
    assert "Estado de deuda N° 00000001" in admin_client.get("/admin/cases/document/").text
    assert admin_client.get(f"/admin/cases/document/{document.pk}/delete/").status_code == 403
