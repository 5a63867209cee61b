"""The OpenAPI schema, and every operation of it against the running application."""

from decimal import Decimal
from typing import Any

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from accounts.models import User
from cases import services
from nova.lib import dates
from tests import factories
from tests.api.test_permissions import ROUTES
from tests.conftest import ClientOf
from tests.steps import pay

pytestmark = pytest.mark.django_db
EXAMPLES = 12
OUTSIDE = {"schema", "docs"}


@pytest.fixture
def schema(admin_client: Client) -> dict[str, Any]:
    response = admin_client.get("/api/v1/schema")
    assert response.status_code == 200
    return response.json()


def test_every_route_is_documented_with_its_refusals(schema: dict[str, Any]) -> None:
    documented = {
        (method.upper(), path.removeprefix("/api/v1/").replace("{id}", "{pk}")): operation["responses"]
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    }
    routes = {(method, address.replace("<int:pk>", "{pk}")) for method, address in ROUTES if address not in OUTSIDE}
    assert set(documented) == routes > {("GET", "cases")}
    for responses in documented.values():
        refusals = {code: response for code, response in responses.items() if not code.startswith("2")}
        assert refusals.keys() >= {"400", "401", "403", "429", "500"}
        for response in refusals.values():
            assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Refusal"}


def test_the_page_of_the_docs_comes_from_our_own_origin(admin_client: Client) -> None:
    page = admin_client.get("/api/v1/docs").text
    script = admin_client.get("/api/v1/docs?script=")
    assert "/static/drf_spectacular_sidecar/" in page
    assert "://" not in page
    assert "<style" not in page
    assert script["Content-Type"].startswith("application/javascript")


def _name_something_that_exists(sent: Any, pk: int) -> None:
    """Left to chance, an id is nobody's, and what a success answers would never be seen."""
    if not sent.meta.generation.mode.is_positive:
        return
    if sent.path_parameters:
        sent.path_parameters["id"] = pk
    if isinstance(sent.body, dict) and "case_id" in sent.body:
        sent.body["case_id"] = pk


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("who", ["admin", "gestor", "anonymous"])
def test_no_request_leaves_the_schema(
    who: str,
    live_server: Any,
    client_of: ClientOf,
    admin_user: User,
    gestor_user: User,
    schema: dict[str, Any],
    settings: Any,
) -> None:
    settings.ANONYMOUS_API_RATES = settings.SIGNED_IN_API_RATES = ("1000000/s",)
    known = []
    for case in factories.CaseFactory.create_batch(3, assigned_to=gestor_user):
        activity = factories.ActivityFactory(case=case, created_by=gestor_user)
        promise = services.promise_payment(case=case, by=gestor_user, amount=Decimal(10), promise_date=dates.today())
        payment = pay(case, 1, by=gestor_user)
        terms = services.ArrangementTerms(first_due_on=dates.today())
        proposed = services.propose_arrangement(case=case, by=gestor_user, terms=terms)
        known += [case.pk, activity.pk, promise.pk, payment.pk, proposed.pk]
    factories.OfferFactory()
    headers = {"X-CSRFToken": "a" * 32}
    cookies = {"csrftoken": "a" * 32}
    if who != "anonymous":
        session = client_of({"admin": admin_user, "gestor": gestor_user}[who])
        cookies["sessionid"] = session.cookies[settings.SESSION_COOKIE_NAME].value

    # Made-up tokens would be refused before anything else is looked at.
    config = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})
    operations = list(schemathesis.openapi.from_dict(schema, config=config).get_all_operations())
    assert len(operations) == len(ROUTES) - len(OUTSIDE) > 0
    for found in operations:
        operation = found.ok()
        either = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

        @hypothesis_settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(sent=either, pk=st.sampled_from(known))
        def check(sent: Any, pk: int) -> None:
            _name_something_that_exists(sent, pk)
            # What the schema allows may still break a rule of the trade (a balance, a date, somebody else's id): 400.
            sent.call_and_validate(
                base_url=live_server.url,
                headers=headers,
                cookies=cookies,
                excluded_checks=[positive_data_acceptance],
            )

        check()
