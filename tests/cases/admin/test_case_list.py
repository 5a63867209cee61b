"""/admin/cases/case/: what is found, what is shown, and that rows add no queries."""

from decimal import Decimal

import pytest
from django.utils import timezone

from cases.models import Case
from tests.factories import CarteraFactory, CaseFactory, DebtorFactory, DebtorPhoneFactory, status
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db
LIST = "/admin/cases/case/"


def shown(response) -> set[int]:
    return {case.pk for case in response.context["cl"].result_list}


@pytest.mark.parametrize(
    "text",
    ["Nuñez", "nunez maria", "27.123.456", "27123456", "DNI 27.123.456", "20-27123456-3", "0042", "341 450-0123"],
)
def test_case_is_found_by_name_dni_key_or_phone(admin_client, text):
    debtor = DebtorFactory(first_name="María", last_name="Núñez", dni="27123456")
    DebtorPhoneFactory(debtor=debtor, number="+543414500123")
    case = CaseFactory(debtor=debtor, nro_cliente="0042")
    CaseFactory(nro_cliente="0043")
    assert shown(admin_client.get(LIST, {"q": text})) == {case.pk}


def test_row_says_who_owes_what(admin_client, gestor_user):
    debtor = DebtorFactory(first_name="Ana", last_name="Sosa", dni="20737173")
    CaseFactory(debtor=debtor, amount=Decimal("1234567.89"), assigned_to=gestor_user)
    page = admin_client.get(LIST).content.decode()
    for text in ["Ana Sosa", "20.737.173", "$ 1.234.567,89", "Gabriel Gestor", 'fill="#', "Sin gestión"]:
        assert text in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"assigned": "0"}, {"free", "paid", "stopped"}),
        ({"assigned": "1"}, {"mine"}),
        ({"stage": "pagada"}, {"paid"}),
        ({"stage": "open"}, {"mine", "free", "stopped"}),
        ({"stopped": "1"}, {"stopped"}),
        ({"queue_band__exact": "2"}, {"mine"}),
        ({"cartera__id__exact": "OTHER"}, {"free"}),
        ({"assigned_to__id__exact": "GESTOR"}, {"mine"}),
    ],
)
def test_filters(admin_client, gestor_user, query, expected):
    cartera, other = CarteraFactory(), CarteraFactory()
    cases = {
        "mine": CaseFactory(cartera=cartera, assigned_to=gestor_user, queue_band=2),
        "free": CaseFactory(cartera=other),
        "paid": CaseFactory(cartera=cartera, status=status("pagada")),
        "stopped": CaseFactory(cartera=cartera, stopped_at=timezone.now()),
    }
    known = {"OTHER": str(other.pk), "GESTOR": str(gestor_user.pk)}
    response = admin_client.get(LIST, {key: known.get(value, value) for key, value in query.items()})
    assert shown(response) == {cases[name].pk for name in expected}


def test_a_filter_keeps_the_others(admin_client, gestor_user):
    page = admin_client.get(LIST, {"assigned_to__id__exact": gestor_user.pk, "stage": "open", "q": "gomez"})
    html = page.content.decode()
    assert '<input type="hidden" name="stage" value="open">' in html
    assert f'<option value="{gestor_user.pk}" selected>' in html


def test_impossible_filter_goes_back_to_the_list(admin_client):
    response = admin_client.get(LIST, {"cartera__id__exact": "x"})
    assert response.status_code == 302
    assert response["Location"].endswith("?e=1")


def test_rows_add_no_queries(admin_client, gestor_user):
    def more():
        CaseFactory.create_batch(12, assigned_to=gestor_user)

    more()
    admin_client.get(LIST)  # warms the caches of content types and permissions
    assert queries_do_not_grow(lambda: admin_client.get(LIST, {"q": "gomez"}), more) <= 16


def test_list_counts_no_further_than_its_limit(admin_client, monkeypatch):
    monkeypatch.setattr("nova.lib.paginators.CappedPaginator.count_limit", 60)
    Case.objects.bulk_create(
        [
            Case(cartera=case.cartera, debtor=case.debtor, amount=1, status=case.status, stage=case.stage)
            for case in [CaseFactory()]
            for _ in range(70)
        ]
    )
    page = admin_client.get(LIST, {"p": "2"})
    assert "Más de 60 casos" in page.content.decode()
    assert len(shown(page)) == 10


def test_select_of_gestores_offers_the_active_ones_that_match(admin_client, gestor_user, other_gestor, user_user):
    other_gestor.is_active = False
    other_gestor.save()
    results = admin_client.get("/admin/cases/case/gestores/").json()["results"]
    assert [row["id"] for row in results] == [str(gestor_user.pk)]
    assert admin_client.get("/admin/cases/case/gestores/", {"term": "zzz"}).json()["results"] == []
    assert admin_client.get("/admin/cases/case/gestores/", {"term": "gabr"}).json()["results"] == results


def test_select_of_debtors_tells_namesakes_apart(admin_client):
    debtor = DebtorFactory(first_name="Ana", last_name="Gómez", dni="20737173")
    results = admin_client.get("/admin/cases/case/debtors/", {"term": "gomez"}).json()["results"]
    assert results == [{"id": str(debtor.pk), "text": "Ana Gómez · DNI 20.737.173"}]
