"""Two people in the administration store the same at the same moment: the later one is told, and nothing is a 500."""

import pytest
from django.test import Client

from cases.models import Cartera, Debtor
from tests.at_once import after_waiting
from tests.factories import CarteraFactory, DebtorFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_the_same_name_is_a_conflict_in_words(admin_client: Client) -> None:
    typed = {"name": "Cristal Cash", "is_active": "on", "monthly_interest_rate": "5"}

    answer = after_waiting(
        lambda: CarteraFactory(name="Cristal Cash"), lambda: admin_client.post("/admin/cases/cartera/add/", typed)
    )

    assert (answer.status_code, Cartera.objects.count()) == (409, 1)
    assert "otra persona guardó o eliminó lo mismo" in answer.text


def test_the_same_document_is_a_form_with_what_was_typed(admin_client: Client) -> None:
    typed = {"last_name": "Gómez", "first_name": "Ana", "dni": "20.111.222"}
    formset = {"phones-TOTAL_FORMS": "0", "phones-INITIAL_FORMS": "0"}

    answer = after_waiting(
        lambda: DebtorFactory(dni="20111222"),
        lambda: admin_client.post("/admin/cases/debtor/add/", typed | formset),
    )

    form = answer.context["adminform"].form
    assert (form["first_name"].value(), form.non_field_errors()) == ("Ana", ["Ya existe un deudor con ese DNI."])
    assert Debtor.objects.count() == 1
