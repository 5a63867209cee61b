"""Limits and offers are edited in the admin; arrangements are shown (DESIGN §2)."""

from decimal import Decimal

import pytest

from cases.models import Arrangement, DiscountLimit, Offer
from tests.factories import ArrangementFactory, CarteraFactory, DiscountLimitFactory, OfferFactory

pytestmark = pytest.mark.django_db

LIMIT = {
    "cartera": "",
    "role": "gestor",
    "arrears_from_months": "0",
    "max_percent": "10",
    "max_instalments": "12",
    "min_down_percent": "0",
    "monthly_rate": "",
}
OFFER = {
    "cartera": "",
    "name": "Contado",
    "system": "none",
    "instalments": "1",
    "waiver_percent": "30",
    "down_percent": "0",
    "monthly_rate": "",
    "valid_days": "10",
    "arrears_from_months": "0",
    "position": "1",
    "is_active": "on",
}


def test_admin_sets_a_limit_and_an_offer(admin_client):
    admin_client.post("/admin/cases/discountlimit/add/", LIMIT)
    admin_client.post("/admin/cases/offer/add/", OFFER)
    assert DiscountLimit.objects.get().max_percent == Decimal("10.00")
    assert Offer.objects.get().waiver_percent == Decimal("30.00")
    assert "Todas" in admin_client.get("/admin/cases/discountlimit/").content.decode()


def test_a_second_limit_of_a_role_is_refused_in_words(admin_client):
    DiscountLimitFactory()
    own = DiscountLimitFactory(cartera=CarteraFactory())
    page = admin_client.post("/admin/cases/discountlimit/add/", LIMIT).content.decode()
    assert "Ya hay un límite general para ese rol y esos meses." in page
    page = admin_client.post("/admin/cases/discountlimit/add/", LIMIT | {"cartera": own.cartera_id}).content.decode()
    assert "Esa cartera ya tiene un límite para ese rol y esos meses." in page
    assert DiscountLimit.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"system": "french"}, "Una oferta tiene quita o interés, no ambos"),
        ({"system": "free"}, "Seleccione una opción válida"),
        ({"waiver_percent": "101"}, "menor o igual a 100"),
        ({"instalments": "61"}, "menor o igual a 60"),
        ({"name": "  "}, "Este campo es requerido"),
    ],
)
def test_an_impossible_offer_is_refused_in_words(admin_client, wrong, said):
    page = admin_client.post("/admin/cases/offer/add/", OFFER | wrong).content.decode()
    assert said in page
    assert not Offer.objects.exists()


def test_an_arrangement_is_shown_with_its_instalments_and_edited_by_nobody(admin_client):
    arrangement = ArrangementFactory()
    OfferFactory()
    url = f"/admin/cases/arrangement/{arrangement.pk}/change/"
    page = admin_client.get(url).content.decode()
    assert "$ 3.333,34" in page
    assert "Guardar" not in page
    assert admin_client.post(url, {"status": "active"}).status_code == 403
    assert Arrangement.objects.get().status == "proposed"
    assert str(arrangement.case.debtor) in admin_client.get("/admin/cases/arrangement/").content.decode()


def test_only_admins_see_them(staff_client, gestor_client):
    for model in ("discountlimit", "offer", "arrangement"):
        assert staff_client.get(f"/admin/cases/{model}/").status_code == 403
        assert gestor_client.get(f"/admin/cases/{model}/").status_code == 302


@pytest.mark.parametrize(("page", "given"), [("discountlimit", LIMIT), ("offer", OFFER)])
def test_a_rate_that_no_arrangement_may_have_is_refused(admin_client, page, given):
    data = given | {"system": "french", "waiver_percent": "0"}
    refused = admin_client.post(f"/admin/cases/{page}/add/", data | {"monthly_rate": "15.01"}).text
    assert "La tasa máxima de un convenio es del 15 % mensual." in refused
    assert admin_client.post(f"/admin/cases/{page}/add/", data | {"monthly_rate": "15"}).status_code == 302
