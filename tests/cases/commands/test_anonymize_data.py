"""`anonymize_data`: a copy of production in which nobody can be found again (DESIGN §10)."""

import json

import pytest
from auditlog.models import LogEntry
from django.db import connection

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Activity, Case, Debtor, ImportChange, Promise
from nova.lib import dates
from tests.cases.transfer.command import run
from tests.factories import (
    AuditEventFactory,
    CaseFactory,
    ContactSubmissionFactory,
    DebtorPhoneFactory,
    ImportBatchFactory,
)
from tests.steps import issue, pay

pytestmark = pytest.mark.django_db
SECRETS = ("Quintana", "31415926", "20314159269", "quintana@correo.example", "Combate de los Pozos", "+5491155556666",
           "le debe a la cuñada", "K-77", "rapipago 991", "ztorres", "carga_quintana", "MP-4509")  # fmt: skip


@pytest.fixture
def agency(settings):
    settings.DEBUG = True
    run("create_sample_data", "--cases", "15")
    gestor = User.objects.filter(role="gestor").first()
    gestor.username, gestor.first_name = "ztorres", "Zulema"
    gestor.save()
    case = CaseFactory(
        nro_cliente="K-77", notes="le debe a la cuñada", assigned_to=gestor,
        extra={"Tarjeta": "MP-4509"}, extra_text="mp4509",
        debtor__first_name="Ana", debtor__last_name="Quintana", debtor__dni="31415926", debtor__cuit="20314159269",
        debtor__email="quintana@correo.example", debtor__street="Combate de los Pozos", debtor__notes="Quintana",
    )  # fmt: skip
    DebtorPhoneFactory(debtor=case.debtor, number="+5491155556666", note="Quintana")
    Activity.objects.create(case=case, type="note", notes="le debe a la cuñada", imported_author="ztorres",
                            is_system=True)  # fmt: skip
    Promise.objects.create(case=case, amount=1, promise_date=dates.today(), notes="Quintana", is_historic=True,
                           status="cancelled")  # fmt: skip
    payment = pay(case, 1, by=gestor, reference="rapipago 991", notes="Quintana")
    services.void_document(document=issue(case, "receipt", entry=payment), by=gestor, reason="Quintana")
    batch = ImportBatchFactory(
        file_name="carga_quintana.csv", report="1,dni,31415926", originals=[["K-77", "Quintana"]]
    )
    ImportChange.objects.create(batch=batch, case=case, former={"extra": {"Tarjeta": "MP-4509"}})
    ContactSubmissionFactory(name="Quintana", message="le debe a la cuñada")
    AuditEventFactory(actor=gestor, target_label="Quintana", before={"dni": "31415926"})
    return case


def everything() -> str:
    """All text of all tables, but for what Django keeps of itself."""
    texts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(("django_migrations", "django_content", "auth_permission", "nova_cache")):
                continue
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            texts.append(json.dumps(cursor.fetchall(), default=str, ensure_ascii=False))
    return "\n".join(texts)


def figures() -> list[tuple]:
    return list(
        Case.objects.order_by("id").values_list("id", "amount", "balance", "status", "placed_on", "assigned_to")
    )


def test_nothing_personal_is_left_anywhere(agency):
    before = everything()
    assert all(secret in before for secret in SECRETS)

    ran = run("anonymize_data", "--confirm", connection.settings_dict["NAME"])

    after = everything()
    assert ran.code == 0
    assert [secret for secret in SECRETS if secret in after] == []
    assert not AuditEvent.objects.exists()
    assert not LogEntry.objects.exists()


def test_figures_stay_and_the_data_is_sound(agency):
    facts = list(
        Case.objects.order_by("id").values_list("id", "amount", "balance", "status", "placed_on", "assigned_to")
    )
    documents = Debtor.objects.exclude(dni=None).count(), Debtor.objects.exclude(cuit=None).count()

    run("anonymize_data", "--confirm", connection.settings_dict["NAME"])

    assert facts == figures()
    assert documents == (Debtor.objects.exclude(dni=None).count(), Debtor.objects.exclude(cuit=None).count())
    checked = run("verify_data")
    assert checked.code == 0, checked.out


def test_nobody_gets_in_with_an_old_password(agency):
    run("anonymize_data", "--confirm", connection.settings_dict["NAME"])

    assert {user.has_usable_password() for user in User.objects.all()} == {False}


def test_it_asks_for_the_name_of_the_database(agency):
    before = everything()

    assert run("anonymize_data").code == 2
    assert run("anonymize_data", "--confirm", "otra").code == 2
    assert everything() == before


def test_dry_run_counts_and_keeps(agency):
    before = everything()

    ran = run("anonymize_data", "--dry-run")

    assert f"cases={Case.objects.count()}" in ran.summary
    assert everything() == before


@pytest.mark.postgres
def test_the_ledger_is_guarded_again(agency):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL=postgres://…")
    run("anonymize_data", "--confirm", connection.settings_dict["NAME"])

    with connection.cursor() as cursor:
        cursor.execute("SELECT tgenabled FROM pg_trigger WHERE tgname = 'ledger_append_only'")
        assert cursor.fetchone() == ("O",)
