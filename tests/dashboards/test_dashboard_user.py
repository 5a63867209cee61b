"""GET /dashboard-user."""

import pytest
from django.test import Client

from accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db


def test_shows_who_they_are_and_their_session_and_no_case(user_client: Client, user_user: User) -> None:
    factories.CaseFactory(debtor__last_name="Deudora")

    page = user_client.get("/dashboard-user").text

    for text in ["ursula.usuaria", "Úrsula Usuaria", "ursula.usuaria@example.com", "Usuario", "Esta sesión termina"]:
        assert text in page
    assert "Deudora" not in page
