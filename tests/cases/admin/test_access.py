"""Who gets into the admin of cases, and what its pages promise: Spanish, no inline style or script, a trail."""

import re

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from tests.factories import ActivityFactory, CaseFactory, ImportBatchFactory, PromiseFactory, result

pytestmark = pytest.mark.django_db
MODELS = [
    "cartera",
    "casestatus",
    "activityresult",
    "debtor",
    "case",
    "promise",
    "ledgerentry",
    "activity",
    "importbatch",
]


def rows_of_everything():
    case = CaseFactory()
    ActivityFactory(case=case, result=result("NC"))
    PromiseFactory(case=case)
    ImportBatchFactory(cartera=case.cartera)
    return {
        "cartera": case.cartera,
        "casestatus": case.status,
        "activityresult": result("NC"),
        "debtor": case.debtor,
        "case": case,
        "promise": case.promises.get(),
        "ledgerentry": case.entries.get(),
        "activity": case.activities.get(),
        "importbatch": case.cartera.import_batches.get(),
    }


@pytest.mark.parametrize("model", MODELS)
def test_gestor_user_and_visitor_are_sent_to_log_in(client, gestor_client, user_client, model):
    for who in (client, gestor_client, user_client):
        response = who.get(f"/admin/cases/{model}/")
        assert response.status_code == 302
        assert "login" in response["Location"]


@pytest.mark.parametrize("model", MODELS)
def test_staff_of_the_data_group_see_lists_and_pages(staff_client, model):
    row = rows_of_everything()[model]
    assert staff_client.get(f"/admin/cases/{model}/").status_code == 200
    assert staff_client.get(f"/admin/cases/{model}/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize("path", ["gestores", "debtors"])
def test_staff_without_permission_search_nobody(client_of, user_user, path):
    user_user.is_staff = True
    user_user.save()
    assert client_of(user_user).get(f"/admin/cases/case/{path}/").status_code == 403


def test_staff_assign_in_bulk_but_delete_nothing(staff_client, gestor_user):
    case = CaseFactory()
    data = {ACTION_CHECKBOX_NAME: [case.pk], "confirmed": "1"}
    staff_client.post("/admin/cases/case/", {**data, "action": "assign_to_gestor", "gestor": gestor_user.pk})
    staff_client.post("/admin/cases/case/", {**data, "action": "delete_untouched"})
    case.refresh_from_db()
    assert case.assigned_to == gestor_user


@pytest.mark.parametrize("model", MODELS)
def test_each_page_links_to_the_trail_of_its_object(admin_client, staff_client, model):
    row = rows_of_everything()[model]
    page = admin_client.get(f"/admin/cases/{model}/{row.pk}/change/").content.decode()
    url = re.search(r'href="([^"]+)">Auditoría<', page)[1].replace("&amp;", "&")
    assert admin_client.get(url).status_code == 200
    mine = staff_client.get(f"/admin/cases/{model}/{row.pk}/change/").content.decode()
    assert "Auditoría<" not in mine, "the trail is the admin's to read"


@pytest.mark.parametrize("model", MODELS)
def test_pages_keep_the_content_security_policy(admin_client, model):
    row = rows_of_everything()[model]
    paths = [f"/admin/cases/{model}/", f"/admin/cases/{model}/{row.pk}/change/"]
    if model == "case":
        paths += [f"/admin/cases/case/{row.pk}/{page}/" for page in ("payment", "adjustment", "delete")]
        paths += ["/admin/cases/case/add/"]
    for path in paths:
        page = admin_client.get(path).content.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page), path
        scripts = re.findall(r"<script[^>]*>", page)
        assert scripts, path
        assert all("src=" in tag or "application/json" in tag for tag in scripts), path
