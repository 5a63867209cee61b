"""Movements, gestiones and import batches: everybody who may sees them, nobody changes them."""

import pytest

from tests.factories import ActivityFactory, CaseFactory, ImportBatchFactory, PromiseFactory
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db


def a_row(model):
    case = CaseFactory(nro_cliente="K-1")
    return {
        "ledgerentry": lambda: case.entries.get(),
        "activity": lambda: ActivityFactory(case=case),
        "promise": lambda: PromiseFactory(case=case),
        "importbatch": lambda: ImportBatchFactory(counts={"created": 3}, report="row,column\n1,DNI\n"),
    }[model]()


MODELS = ["ledgerentry", "activity", "promise", "importbatch"]


@pytest.mark.parametrize("model", MODELS)
def test_nobody_adds_changes_or_deletes(admin_client, model):
    row = a_row(model)
    base = f"/admin/cases/{model}/"
    assert admin_client.get(base).status_code == 200
    page = admin_client.get(f"{base}{row.pk}/change/")
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert admin_client.get(f"{base}add/").status_code == 403
    assert admin_client.post(f"{base}{row.pk}/change/", {"notes": "x", "status": "fulfilled"}).status_code == 403
    assert admin_client.post(f"{base}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", MODELS[:3])
def test_rows_of_a_case_are_found_by_its_key_and_by_its_filter(admin_client, model):
    row = a_row(model)
    CaseFactory()
    base = f"/admin/cases/{model}/"
    for query in (
        {"q": "K-1"},
        {"q": str(row.case.debtor.dni)},
        {"q": row.case.debtor.first_name},
        {"case__id__exact": row.case_id},
    ):
        assert list(admin_client.get(base, query).context["cl"].result_list) == [row], query


def test_movement_is_found_by_its_reference(admin_client):
    case = CaseFactory()
    payment = case.entries.create(
        cartera=case.cartera, kind="payment", amount=5, value_date=case.placed_on, reference="R-9"
    )
    page = admin_client.get("/admin/cases/ledgerentry/", {"q": "R-9"})
    assert list(page.context["cl"].result_list) == [payment]


@pytest.mark.parametrize("model", MODELS[:3])
def test_rows_add_no_queries(admin_client, gestor_user, model):
    base = f"/admin/cases/{model}/"

    def some(count):
        for _ in range(count):
            case = CaseFactory(assigned_to=gestor_user)
            ActivityFactory(case=case)
            PromiseFactory(case=case)

    some(2)
    admin_client.get(base)
    assert queries_do_not_grow(lambda: admin_client.get(base), lambda: some(6)) <= 12
