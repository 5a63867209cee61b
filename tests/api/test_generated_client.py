"""A client that somebody generated from the schema works: no key of it was written by us."""

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from accounts.models import User
from accounts.tokens import issue_token
from cases.models import Activity
from nova.lib import dates
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore")]
PACKAGE = "generated_nova_client"


@dataclass
class Generated:
    """What came of the schema: its package, its models, and each operation by its id."""

    folder: Path

    @property
    def package(self) -> Any:
        return importlib.import_module(PACKAGE)

    @property
    def models(self) -> Any:
        return importlib.import_module(f"{PACKAGE}.models")

    def call(self, operation: str, *arguments: Any, **more: Any) -> Any:
        (found,) = (self.folder / PACKAGE / "api").glob(f"*/{operation}.py")
        return importlib.import_module(f"{PACKAGE}.api.{found.parent.name}.{operation}").sync(*arguments, **more)


@pytest.fixture
def generated(admin_client: Client, tmp_path: Path) -> Iterator[Generated]:
    source = tmp_path / "schema.json"
    source.write_text(json.dumps(admin_client.get("/api/v1/schema").json()))
    config = Config.from_sources(
        ConfigFile(post_hooks=[], content_type_overrides={"application/pdf": "application/octet-stream"}),
        meta_type=MetaType.NONE,
        document_source=source,
        file_encoding="utf-8",
        overwrite=False,
        output_path=tmp_path / PACKAGE,
    )
    assert generate(config=config) == []
    sys.path.insert(0, str(tmp_path))
    yield Generated(tmp_path)
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_a_day_of_a_creditors_system(
    generated: Generated, live_server: Any, admin_user: User, gestor_user: User
) -> None:
    models = generated.models
    _, token = issue_token(user=admin_user, name="acreedor", by=admin_user)
    nova = generated.package.AuthenticatedClient(base_url=live_server.url, token=token, prefix="Token")
    api = partial(generated.call, client=nova)
    today = dates.today()
    factories.CarteraFactory(name="Cristal Cash")

    # A case comes in, twice by mistake.
    body = models.CaseCreateRequest(debtor_name="Gómez, Ana", amount="10000.50", cartera="Cristal Cash", dni="20111222")
    body.assigned_to_id = gestor_user.pk
    case = api("cases_create", body=body, idempotency_key="alta-1").data
    assert api("cases_create", body=body, idempotency_key="alta-1").data.id == case.id
    assert (case.balance, case.status, case.lastname) == ("10000.50", models.Stage.EN_GESTION, "Gómez")

    # It is worked: a gestión with a promise, a payment, its reversal.
    promise = models.PromiseInRequest(amount="500.00", promise_date=today + timedelta(days=3))
    work = models.ManagementInRequest(case_id=case.id, type_=models.RecordedType.CALL, result="PP", promise=promise)
    management = api("register_management", body=work).data
    assert (management.result, management.promise.status) == ("PP", models.PromiseStatus.PENDING)
    paying = models.PaymentInRequest(amount=500.5, reference="recibo 1", method=models.PaymentMethod.TRANSFER)
    paid = api("cases_payments_create", case.id, body=paying, idempotency_key="pago-1").data
    assert (paid.amount, paid.balance, paid.method) == ("500.50", "9500.00", models.PaymentMethod.TRANSFER)
    back = api("reverse_payment", paid.id, body=models.ReversalInRequest(notes="rebotó"))
    assert (back.data.kind, back.data.balance, back.data.method) == (models.EntryKind.REVERSAL, "10000.50", None)

    # It is read back, edited by version, and found in a list.
    found = api("cases_list", search="gomez", ordering=models.CasesListOrdering("-balance"))
    assert ([row.id for row in found.data], found.pagination.total) == ([case.id], 1)
    read = api("cases_retrieve", case.id).data
    assert read.promises[0].amount == "500.00"
    edit = models.PatchedCaseUpdateRequest(notes="Llamar de tarde", version=read.version)
    assert api("cases_partial_update", case.id, body=edit).data.notes == "Llamar de tarde"
    stale = api("cases_partial_update", case.id, body=edit)
    assert (stale.status_code, list(stale.details.additional_properties)) == (409, ["version"])
    status = models.UpdateStatusInRequest(case_id=case.id, status="contactado")
    assert api("update_status", body=status).data.management_status == "contactado"

    # Gestiones: listed, and one voided.
    gestiones = api("activities_of_case", case.id).data
    assert len(gestiones) == Activity.objects.count()
    voided = api("void_activity", gestiones[0].id).data
    assert voided.id == gestiones[0].id

    # The catalogues and the figures.
    assert len(api("activity_results").data) > 20
    assert api("case_statuses").data[0].slug == "sin-gestion"
    assert api("carteras").data[0].name == "Cristal Cash"
    assert api("users_gestores").data[0].id == gestor_user.pk
    kpis = api("dashboard_kpis", cartera="Cristal Cash", start_date=today).data
    assert (kpis.monto_recuperado, kpis.tasa_recupero, kpis.previous.total_casos) == ("0.00", 0.0, None)
    comparison = api("dashboard_comparison").data
    assert comparison.current.total_casos == 1
    assert len(api("dashboard_performance").data.labels) == 4
    assert api("dashboard_carteras").data.datasets[0].label == "Saldo"
    assert api("dashboard_ranking", limit=1).data[0].gestor_id == gestor_user.pk
    assert sum(share.count for share in api("dashboard_cases_by_status").data) == 1

    # What is refused is an answer too.
    refused = api("cases_payments_create", case.id, body=models.PaymentInRequest(amount="99999"))
    assert (refused.status_code, list(refused.details.additional_properties)) == (400, ["confirm_overpayment"])
    nova.get_httpx_client().close()  # or its socket would complain in the middle of another test
    stranger = generated.package.AuthenticatedClient(base_url=live_server.url, token="nada", prefix="Token")
    assert api("cases_list", client=stranger).status_code == 401
    stranger.get_httpx_client().close()
