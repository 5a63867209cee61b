"""A second file about cases with an arrangement (DESIGN §3.8): what settled them, what runs, what has lapsed unseen."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from cases import services
from cases.models import Case
from cases.services import ArrangementTerms
from nova.lib import dates
from tests.cases.importing.command import import_cases, portfolio
from tests.factories import DiscountLimitFactory
from tests.steps import ledger_sum, pay

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def load(tmp_path):
    def load(total):
        file = portfolio(tmp_path, f"1;ANA;PÉREZ;20111222;{total}", header="cliente;nombre;apellido;dni;total")
        ran = import_cases(file, "--report", str(tmp_path / "report.csv"))
        assert ran.code == 0, ran
        return (tmp_path / "report.csv").read_text(encoding="utf-8-sig"), int(ran.summary["warnings"])

    return load


def the_case():
    case = Case.objects.select_related("status").get()
    assert case.balance == ledger_sum(case)
    return case


def agree(by, *, days_ago=0, **terms):
    now = timezone.now() - timedelta(days=days_ago)
    return services.propose_arrangement(
        case=the_case(),
        by=by,
        terms=ArrangementTerms(dates.local_date(now) + timedelta(days=3), **terms),
        accept=True,
        accepted_how="phone",
        now=now,
    )


@pytest.fixture
def limit():
    DiscountLimitFactory(role="admin", max_percent=D(50))


def test_another_total_of_a_settled_case_is_told_and_posts_nothing(load, admin_user, limit):
    load(250_000)
    agree(admin_user, waiver_percent=D(40))
    pay(the_case(), 150_000, by=admin_user)
    report, warnings = load(262_500)
    case = the_case()
    assert (case.balance, case.creditor_total, case.status.slug) == (0, 262_500, "pagada-con-quita")
    assert "Saldado por convenio: informe al acreedor" in report
    assert warnings == 1
    assert load(262_500)[1] == 0  # once


def test_another_total_of_a_running_arrangement_is_the_creditors(load, admin_user, limit):
    load(250_000)
    agree(admin_user, waiver_percent=D(40))
    load(262_500)
    case = the_case()
    assert (case.balance, case.status.slug) == (262_500, "con-arreglo")
    assert case.entries.get(amount=12_500).reason == "creditor"
    pay(case, 150_000, by=admin_user)
    assert (the_case().balance, -the_case().entries.get(reason="waiver").amount) == (0, 112_500)


def test_a_total_that_was_paid_already_completes_it(load, admin_user, limit):
    load(250_000)
    agree(admin_user, waiver_percent=D(40))
    pay(the_case(), 100_000, by=admin_user)
    load(1)
    pay(the_case(), 1, by=admin_user)
    case = the_case()
    assert (case.status.slug, case.arrangements.get().status) == ("pagada", "completed")


def test_what_has_lapsed_unseen_gives_its_interest_back_before_the_new_total(load, admin_user):
    load(480_000)
    agree(admin_user, days_ago=120, system="direct", instalments=12, monthly_rate=D(5))
    assert the_case().balance == 768_000
    load(500_000)
    case = the_case()
    assert (case.balance, case.status.slug, case.arrangements.get().status) == (500_000, "en-gestion", "lapsed")
    services.settle(case, now=timezone.now())
    assert the_case().balance == 500_000
