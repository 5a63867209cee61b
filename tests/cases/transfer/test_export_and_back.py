"""`export_data`, and its file into an empty installation: identical (DESIGN §10)."""

import json
import stat
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent
from cases import services
from cases.models import (
    Activity,
    ActivityResult,
    Arrangement,
    CarteraField,
    Case,
    CaseStatus,
    Debtor,
    Document,
    DocumentCounter,
    LedgerEntry,
    PaperText,
    Promise,
    StopFlag,
)
from cases.models.activity import USUAL_KEYS
from cases.transfer import export
from cases.transfer.sections import SECTIONS
from nova.lib import dates
from tests.cases.transfer.command import empty_tables, forget_papers, run, section
from tests.factories import (
    ActivityFactory,
    ArrangementFactory,
    CarteraFieldFactory,
    CaseFactory,
    ContactSubmissionFactory,
    DebtorFactory,
    DebtorPhoneFactory,
    GestorFactory,
    ImportBatchFactory,
    result,
)
from tests.steps import issue, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency(settings, gestor_user, admin_user):
    """An agency that has worked: payments and reversals, promises, stopped cases, an import, a message."""
    settings.DEBUG = True
    run("create_sample_data", "--cases", "25")
    forget_papers()  # those of a test are in `papers`
    case = CaseFactory(assigned_to=gestor_user, nro_cliente=None, debtor__dni=None)
    phone = DebtorPhoneFactory(debtor=case.debtor)
    services.record_activity(
        case=case, by=gestor_user, type=Activity.Type.CALL, result=result("PP"), phone=phone, notes="«Ñandú»\n\ttab",
        promise={"amount": Decimal("100.10"), "promise_date": dates.today() + timedelta(days=3)},
    )  # fmt: skip
    payment = pay(case, "0.10", by=gestor_user, reference="R-1")
    services.reverse_payment(payment=payment, by=admin_user)
    arranged = CaseFactory(assigned_to=gestor_user)
    services.propose_arrangement(
        case=arranged,
        by=gestor_user,
        terms=services.ArrangementTerms(dates.today(), system="french", instalments=3, monthly_rate=Decimal(5)),
        accept=True,
        accepted_how="phone",
    )
    pay(arranged, "5000.00", by=gestor_user)
    ArrangementFactory(
        case=case, status="lapsed", is_historic=True, external_id="plan-7", notes="Del sistema anterior",
        accepted_at=dates.start_of_day(dates.today() - timedelta(days=400)), closed_on=dates.today(),
    )  # fmt: skip
    CarteraFieldFactory(cartera=case.cartera, header="N° de tarjeta", label="Tarjeta", searchable=True)
    Case.objects.filter(pk=case.pk).update(extra={"N° de tarjeta": "4509 «ñ»"}, extra_text="4509n")
    ImportBatchFactory(counts={"rejected_by": {"total": 1}, "created": 3}, mapping={"b": [1, 2], "a": None})
    ContactSubmissionFactory(message="Línea 1\nLínea 2")
    return case


@pytest.fixture
def papers(agency, gestor_user, admin_user):
    """The agency has issued papers, one of which was void, with a text of its own."""
    issue(agency, "receipt", by=gestor_user, entry=pay(agency, "0.20", by=gestor_user))
    services.void_document(document=issue(agency, "statement"), by=admin_user, reason="Mal emitido")
    PaperText.objects.filter(slug="clearance").update(text="Nada debe {deudor}.")


def assert_sound() -> None:
    checked = run("verify_data")
    assert checked.code == 0, checked.out


def test_into_an_empty_installation_and_out_again_is_identical(agency, papers, tmp_path):
    run("export_data", tmp_path / "out.json")
    empty_tables()

    ran = run("import_data", tmp_path / "out.json")

    assert (ran.code, ran.error) == (0, "")
    run("export_data", tmp_path / "again.json")
    assert (tmp_path / "out.json").read_text() == (tmp_path / "again.json").read_text()
    assert_sound()


def test_into_a_working_installation_the_kept_columns_come_along(agency, tmp_path):
    run("export_data", tmp_path / "out.json")
    empty_tables()
    kept = CarteraFieldFactory(cartera__name=agency.cartera.name, header="N° DE TARJETA", label="Plástico")
    DebtorFactory()

    ran = run("import_data", tmp_path / "out.json")

    assert ran.code == 0, ran
    assert list(CarteraField.objects.values_list("cartera", "label")) == [(kept.cartera_id, "Plástico")]
    assert Case.objects.exclude(extra={}).values_list("extra", "extra_text").get() == (
        {"N° de tarjeta": "4509 «ñ»"},
        "4509n",
    )


def test_into_a_working_installation_the_stops_come_along(agency, gestor_user, tmp_path):
    services.set_stop(debtor=agency.debtor, by=gestor_user, reason="fallecido")
    run("export_data", tmp_path / "out.json")
    told = StopFlag.objects.count()
    empty_tables()
    here = CaseFactory(assigned_to=gestor_user)  # not empty: every row gets another number

    ran = run("import_data", tmp_path / "out.json")

    assert ran.code == 0, ran
    assert StopFlag.objects.count() == told > 1
    old = Arrangement.objects.get(external_id="plan-7")
    assert (old.status, old.is_historic, old.schedule.count(), old.notes) == ("lapsed", True, 3, "Del sistema anterior")
    stopped = Case.objects.filter(stopped_at__isnull=False)
    assert stopped.exists()
    assert not stopped.filter(pk=here.pk).exists()
    assert_sound()


def test_file_from_before_the_stops(agency, tmp_path):
    """Its cases say that they are stopped and by which result: that becomes a stop of the person or the debt."""
    services.record_activity(case=agency, by=agency.assigned_to, type="call", result=result("NOC"))
    run("export_data", tmp_path / "out.json")
    document = json.loads((tmp_path / "out.json").read_text())
    of_people = {row["debtor"] for row in document.pop("stops") if row["case"] is None}
    for row in document["activity_results"]:
        del row["stops_person"]
    (tmp_path / "old.json").write_text(json.dumps(document))
    empty_tables()

    ran = run("import_data", tmp_path / "old.json")

    assert ran.code == 0, ran
    assert result("NOC").stops_person
    assert set(StopFlag.objects.filter(case=None).values_list("debtor", flat=True)) == of_people
    assert_sound()


def test_second_time_adds_nothing(agency, tmp_path):
    run("export_data", tmp_path / "out.json")

    ran = run("import_data", tmp_path / "out.json")

    assert ran.code == 0
    assert ran.summary.startswith("created=0 ")
    assert ran.summary.endswith("rejected=0 warnings=0")


def test_work_goes_on_with_numbers_of_its_own(agency, tmp_path, gestor_user):
    """The sequences stand behind what came in."""
    run("export_data", tmp_path / "out.json")
    empty_tables()
    run("import_data", tmp_path / "out.json")

    case = Case.objects.get(pk=agency.pk)
    pay(case, "1.00", by=gestor_user)
    CaseFactory()

    assert_sound()


def test_into_another_agency_it_adds_what_is_not_there(agency, tmp_path, gestor_user):
    """Numbers are taken here: everything gets new ones, and still hangs together."""
    run("export_data", tmp_path / "out.json")
    known = Case.objects.exclude(nro_cliente=None).filter(activities__isnull=False).first()
    key = (known.cartera.name, known.nro_cliente)
    counts = [model.objects.count() for model in (Case, Activity, Promise, LedgerEntry)]
    empty_tables()
    for _ in range(5):
        CaseFactory(assigned_to=gestor_user)

    first, second = run("import_data", tmp_path / "out.json"), run("import_data", tmp_path / "out.json")

    assert (first.code, second.code) == (0, 0)
    now = [model.objects.count() for model in (Case, Activity, Promise, LedgerEntry)]
    assert now == [counts[0] + 5, counts[1], counts[2], counts[3] + 5]
    assert Case.objects.get(cartera__name=key[0], nro_cliente=key[1]).activities.exists()
    assert_sound()


def test_case_that_is_here_keeps_its_own_money(agency, tmp_path, gestor_user):
    run("export_data", tmp_path / "out.json")
    pay(Case.objects.get(pk=agency.pk), "500.00", by=gestor_user)

    run("import_data", tmp_path / "out.json")

    assert Case.objects.get(pk=agency.pk).balance == agency.amount - 500


def test_catalogues_of_the_file_replace_the_seeded_ones(tmp_path, db):
    """A status renamed, one added, one removed: an empty installation takes the agency's own words."""
    CaseStatus.objects.filter(slug="contactado").update(name="Ubicado", color="#112233")
    CaseStatus.objects.filter(slug="a-juicio").delete()
    CaseStatus.objects.create(slug="refinanciada", name="Refinanciada", stage="promesa", position=20)
    ActivityResult.objects.filter(code="PP").update(name="Se compromete")
    run("export_data", tmp_path / "out.json")
    CaseStatus.objects.filter(slug="refinanciada").delete()
    CaseStatus.objects.filter(slug="contactado").update(name="Contactado")

    run("import_data", tmp_path / "out.json")

    assert CaseStatus.objects.get(slug="contactado").name == "Ubicado"
    assert CaseStatus.objects.filter(slug="refinanciada").exists()
    run("export_data", tmp_path / "again.json")
    assert (tmp_path / "out.json").read_text() == (tmp_path / "again.json").read_text()


def test_author_who_is_not_here_stays_by_name(tmp_path, gestor_user):
    ana = GestorFactory(username="ana.vieja")
    ActivityFactory(case=CaseFactory(assigned_to=ana), created_by=ana)
    run("export_data", tmp_path / "out.json")
    empty_tables()
    ana.username = "otra"
    ana.is_active = False
    ana.save()

    ran = run("import_data", tmp_path / "out.json")

    activity = Activity.objects.get()
    assert (activity.created_by, activity.imported_author) == (None, "ana.vieja")
    assert activity.case.assigned_to == gestor_user  # the only active gestor
    assert "ana.vieja" in ran.out


def test_users_map_serves_our_own_file_too(tmp_path):
    ana = GestorFactory(username="ana")
    CaseFactory(assigned_to=ana)
    run("export_data", tmp_path / "out.json")
    empty_tables()
    ana.username = "ana.nueva"
    ana.save()
    users_map = tmp_path / "mapa.csv"
    users_map.write_text("legacy_id;username\nana;ana.nueva\n", encoding="utf-8")

    run("import_data", tmp_path / "out.json", "--users-map", users_map)

    assert Case.objects.get().assigned_to == ana


def test_rows_without_their_case_are_reported_and_skipped(agency, tmp_path):
    run("export_data", tmp_path / "out.json")
    document = json.loads((tmp_path / "out.json").read_text())
    gone = document["cases"].pop(0)["id"]
    lost = sum(
        row["case"] == gone
        for name in ("activities", "promises", "arrangements", "ledger", "stops")
        for row in document[name]
    )
    (tmp_path / "out.json").write_text(json.dumps(document))
    empty_tables()

    ran = run("import_data", tmp_path / "out.json")

    assert ran.code == 1
    assert f"rejected={lost} " in ran.summary
    assert_sound()


@pytest.mark.parametrize(
    ("name", "field", "value", "reason"),
    [
        ("cases", "amount", "mucho", "no es un importe"),
        ("cases", "status", "inventado", "no está en el catálogo"),
        ("ledger", "value_date", "31/12", "no es un valor posible"),
        ("debtors", "first_name", "x" * 151, "supera los 150"),
        ("activities", "is_system", "si", "no es verdadero ni falso"),
    ],
)
def test_damaged_row_is_named_and_nothing_is_saved(agency, tmp_path, name, field, value, reason):
    run("export_data", tmp_path / "out.json")
    document = json.loads((tmp_path / "out.json").read_text())
    document[name][0][field] = value
    (tmp_path / "out.json").write_text(json.dumps(document))
    empty_tables()

    ran = run("import_data", tmp_path / "out.json")

    assert ran.code == 2
    assert reason in ran.error
    assert f"«{name}»" in ran.error
    assert not Debtor.objects.exists()


def test_every_field_of_every_table_is_in_the_file(agency, papers, tmp_path):
    run("export_data", tmp_path / "out.json")

    assert [item.name for item in SECTIONS] == [
        "carteras", "cartera_fields",
        "case_statuses", "activity_results", "paper_texts", "users", "debtors", "phones", "cases",
        "activities", "stops", "promises", "discount_limits", "offers", "arrangements", "instalments", "ledger",
        "documents", "import_batches", "contact_submissions",
    ]  # fmt: skip
    for item in SECTIONS:
        rows = section(tmp_path / "out.json", item.name)
        assert len(rows) == item.model._base_manager.count()
        assert rows
    case = next(row for row in section(tmp_path / "out.json", "cases") if row["id"] == agency.pk)
    assert case["amount"] == "10000.00"
    assert case["assigned_to"] == "gabriel.gestor"


def test_no_password_leaves(agency, tmp_path, gestor_user):
    run("export_data", tmp_path / "out.json")

    text = (tmp_path / "out.json").read_text()
    assert gestor_user.password not in text
    assert set(section(tmp_path / "out.json", "users")[0]) == {
        "username", "first_name", "last_name", "role", "is_active",
    }  # fmt: skip


def test_file_is_for_its_owner_alone_and_the_audit_knows(agency, tmp_path):
    run("export_data", tmp_path / "out.json")

    assert stat.S_IMODE((tmp_path / "out.json").stat().st_mode) == 0o600
    event = AuditEvent.objects.get(action="export")
    assert event.after["cases"] == Case.objects.count()


def test_dry_run_and_bad_places(agency, tmp_path):
    tried = run("export_data", tmp_path / "out.json", "--dry-run")

    assert f"cases={Case.objects.count()}" in tried.summary
    assert list(tmp_path.iterdir()) == []
    assert run("export_data", tmp_path / "no" / "out.json").code == 2
    assert run("export_data", tmp_path).code == 2
    assert list(tmp_path.iterdir()) == []


def test_queries_grow_with_chunks_alone(db, tmp_path, django_assert_max_num_queries, monkeypatch):
    CaseFactory.create_batch(12)
    monkeypatch.setattr(export, "CHUNK", 5)

    with django_assert_max_num_queries(60):
        run("export_data", tmp_path / "out.json")

    assert [row["id"] for row in section(tmp_path / "out.json", "cases")] == sorted(
        Case.objects.values_list("pk", flat=True)
    )


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_written_meanwhile_is_not_in_the_file(tmp_path):
    """One moment: a case placed while the export runs is in none of its tables."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL=postgres://…")
    CaseFactory.create_batch(3)
    other = connection.copy()

    class Late:
        text = ""

        def write(self, text: str) -> None:
            if '"debtors"' in text:
                with other.cursor() as cursor:
                    cursor.execute(
                        "INSERT INTO cases_debtor (first_name, last_name, email, street, street_number, city, "
                        "postal_code, provincia, notes, created_at) VALUES ('Tarde','','','','','','','','',%s)",
                        [timezone.now()],
                    )
            self.text += text

    late = Late()
    try:
        export.export(late)
    finally:
        other.close()

    assert "Tarde" not in late.text
    assert DebtorFactory._meta.model.objects.filter(first_name="Tarde").exists()


def test_the_letters_of_an_older_file_become_the_usual_digits(tmp_path, db):
    run("export_data", tmp_path / "out.json")
    text = (tmp_path / "out.json").read_text()
    keys = {"PP": "p", "YP": "y", "VLL": "v", "NC": "n", "BUZ": "b", "EQ": "e", "REC": "c", "OCU": "o"}
    document = json.loads(text)
    for row in document["activity_results"]:
        row["shortcut"] = keys.get(row["code"], "")
    (tmp_path / "old.json").write_text(json.dumps(document))

    run("import_data", tmp_path / "old.json")

    assert dict(ActivityResult.objects.exclude(shortcut="").values_list("code", "shortcut")) == USUAL_KEYS


def test_numbers_of_papers_go_on_where_they_were(agency, papers, tmp_path):
    run("export_data", tmp_path / "out.json")
    empty_tables()
    DocumentCounter.objects.update(last=0)

    assert run("import_data", tmp_path / "out.json").code == 0

    assert PaperText.objects.get(slug="clearance").text == "Nada debe {deudor}."
    case = Case.objects.get(pk=agency.pk)
    assert issue(case, "statement").number == 2
    assert_sound()


def test_papers_stay_where_their_numbers_are_from(agency, papers, gestor_user, tmp_path):
    """In a working installation their numbers are of other papers, or would leave a gap."""
    run("export_data", tmp_path / "out.json")
    again = run("import_data", tmp_path / "out.json")
    assert again.code == 0  # they are here already
    empty_tables()
    DocumentCounter.objects.update(last=0)
    CaseFactory(assigned_to=gestor_user)

    ran = run("import_data", tmp_path / "out.json")

    assert ran.code == 1
    assert "lleva el número de otra instalación" in ran.out
    assert not Document.objects.exists()
    assert_sound()
