"""Carteras, statuses and result codes: edited by staff, deactivated rather than deleted once in use."""

import pytest
from auditlog.models import LogEntry
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from cases.models import ActivityResult, Cartera, CaseStatus
from tests.factories import ActivityFactory, CarteraFactory, CaseFactory, ImportBatchFactory, result, status
from tests.steps import NO_FIELDS

pytestmark = pytest.mark.django_db


def in_use(kind):
    if kind == "cartera":
        return CaseFactory().cartera
    if kind == "imported":
        return ImportBatchFactory().cartera
    if kind == "status":
        return CaseFactory(status=status("contactado")).status
    if kind == "rule":
        return status("en-gestion")
    return ActivityFactory(result=result("NC")).result


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("cartera", "tiene casos"),
        ("imported", "tiene importaciones"),
        ("status", "hay casos en ese estado"),
        ("rule", "las reglas lo usan"),
        ("result", "hay gestiones con ese resultado"),
    ],
)
@pytest.mark.parametrize("way", ["page", "list"])
def test_what_is_in_use_is_refused_in_words(admin_client, kind, words, way):
    row = in_use(kind)
    base = f"/admin/cases/{row._meta.model_name}/"
    if way == "page":
        page = admin_client.get(f"{base}{row.pk}/delete/")
        admin_client.post(f"{base}{row.pk}/delete/", {"post": "yes"})
    else:
        data = {"action": "delete_selected", ACTION_CHECKBOX_NAME: [row.pk]}
        page = admin_client.post(base, {**data, "index": "0"})
        admin_client.post(base, {**data, "post": "yes"})
    assert page.status_code == 200
    assert words in page.content.decode()
    assert 'name="post"' not in page.content.decode()
    assert type(row).objects.filter(pk=row.pk).exists()


def test_what_nothing_uses_is_deleted(admin_client):
    cartera = CarteraFactory()
    admin_client.post(f"/admin/cases/cartera/{cartera.pk}/delete/", {"post": "yes"})
    unused = status("contactado")
    admin_client.post(
        "/admin/cases/casestatus/", {"action": "delete_selected", ACTION_CHECKBOX_NAME: [unused.pk], "post": "yes"}
    )
    assert not Cartera.objects.exists()
    assert not CaseStatus.objects.filter(pk=unused.pk).exists()


def test_history_that_comes_between_question_and_answer_is_no_error(admin_client, monkeypatch):
    cartera = CaseFactory().cartera
    monkeypatch.setattr("cases.admin.catalogues.CarteraAdmin.deletion_refusal", lambda self, obj: "")
    response = admin_client.post(f"/admin/cases/cartera/{cartera.pk}/delete/", {"post": "yes"}, follow=True)
    assert response.status_code == 200
    assert "No se eliminó" in response.content.decode()


def test_staff_edit_a_cartera_and_the_trail_has_it(staff_client, staff_user):
    cartera = CarteraFactory(name="Vieja")
    data = {"name": "Nueva", "is_active": "on", "monthly_interest_rate": "4.50", **NO_FIELDS}
    assert staff_client.post(f"/admin/cases/cartera/{cartera.pk}/change/", data).status_code == 302
    entry = LogEntry.objects.get_for_object(cartera).filter(action=LogEntry.Action.UPDATE).get()
    assert entry.changes["name"] == ["Vieja", "Nueva"]
    assert entry.actor == staff_user


def test_two_carteras_never_share_a_name(admin_client):
    CarteraFactory(name="Cristal Cash")
    response = admin_client.post("/admin/cases/cartera/add/", {"name": "CRISTAL CASH", "monthly_interest_rate": "5"})
    assert "Ya existe una cartera con ese nombre" in response.content.decode()


def test_default_of_a_stage_changes_hands(admin_client):
    row = status("contactado")
    admin_client.post(
        "/admin/cases/casestatus/", {"action": "make_default", ACTION_CHECKBOX_NAME: [row.pk], "index": "0"}
    )
    assert CaseStatus.objects.default_of("en_gestion") == row
    row.is_active = False
    status_url = f"/admin/cases/casestatus/{row.pk}/change/"
    data = {"slug": row.slug, "name": row.name, "stage": row.stage, "color": row.color, "position": row.position}
    assert "no puede desactivarse" in admin_client.post(status_url, data).content.decode()


def test_status_that_rules_name_keeps_slug_and_stage(admin_client):
    row = status("en-gestion")
    data = {
        "slug": "en-gestion",
        "name": "En gestión",
        "stage": "promesa",
        "color": row.color,
        "position": 1,
        "is_active": "on",
    }
    response = admin_client.post(f"/admin/cases/casestatus/{row.pk}/change/", data)
    assert "su etapa no puede cambiarse" in response.content.decode()
    row.refresh_from_db()
    assert row.stage == "en_gestion"


def test_result_code_is_edited(admin_client):
    row = result("NC")
    form = admin_client.get(f"/admin/cases/activityresult/{row.pk}/change/").context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value not in (None, False)}
    data["next_action_days"] = 4
    assert admin_client.post(f"/admin/cases/activityresult/{row.pk}/change/", data).status_code == 302
    assert ActivityResult.objects.get(code="NC").next_action_days == 4


def test_carteras_cases_and_batches_lead_to_the_import(admin_client):
    link = 'href="/admin/cases/importupload/add/">Importar cartera<'
    cartera = CarteraFactory()
    for path in ["cartera/", f"cartera/{cartera.pk}/change/", "case/", "importbatch/"]:
        assert link in admin_client.get(f"/admin/cases/{path}").content.decode()
