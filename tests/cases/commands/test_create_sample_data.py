"""`create_sample_data`: an agency that could be one, sound to the cent, and never outside a demonstration."""

from collections import Counter
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from accounts.models import User
from cases import nightly, sample_data
from cases.models import (
    Activity,
    Arrangement,
    Cartera,
    Case,
    Debtor,
    DebtorPhone,
    Document,
    Instalment,
    LedgerEntry,
    Promise,
)
from cases.transfer import verify
from nova.lib import dates
from nova.lib.documents import parse_document
from nova.lib.phones import to_e164

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings):
    """A machine where demonstrations are allowed."""
    settings.DEBUG = True


def create(**given) -> str:
    out = StringIO()
    call_command("create_sample_data", stdout=out, **given)
    return out.getvalue()


def agency(cases=60, seed=1, now=None) -> sample_data.Summary:
    return sample_data.create(cases=cases, seed=seed, now=now or timezone.now(), progress=lambda ready: None)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=dates.BuenosAires())


# --- Never outside a demonstration ---------------------------------------------------------------
def test_without_debug_it_refuses_and_leaves_nobody(settings):
    settings.DEBUG = False
    for given in ({}, {"if_empty": True}):
        with pytest.raises(CommandError) as error:
            create(**given)
        assert error.value.returncode == 2
        assert "DEBUG" in str(error.value)
    assert not User.objects.exists()


def test_second_run_adds_nothing_and_says_so(demo):
    create(cases=12)
    before = (Case.objects.count(), Activity.objects.count(), User.objects.count())
    with pytest.raises(CommandError) as error:
        create(cases=12)
    assert error.value.returncode == 2
    assert "no se agregó nada" in str(error.value)
    told = create(cases=12, if_empty=True)
    assert "se conservan como están" in told
    assert "admin123" in told
    assert (Case.objects.count(), Activity.objects.count(), User.objects.count()) == before


@pytest.mark.parametrize("cases", ["0", "-3", "muchos"])
def test_impossible_number_of_cases_is_refused(demo, cases):
    with pytest.raises(CommandError):
        call_command("create_sample_data", f"--cases={cases}")


# --- Who works there -----------------------------------------------------------------------------
def test_everybody_gets_in_with_the_printed_login(demo, rf):
    told = create(cases=12)
    for login in sample_data.LOGINS:
        assert f"{login.username:<8}/ {login.password}" in told
        assert authenticate(rf.post("/login"), username=login.username, password=login.password) is not None
    roles = dict(User.objects.values_list("username", "role"))
    assert (roles["admin"], roles["gestor"], roles["usuario"]) == ("admin", "gestor", "user")
    assert User.objects.get(username="admin").is_superuser
    assert User.objects.gestores().count() == 6
    assert not User.objects.get(username="datos").is_admin


def test_user_who_was_there_keeps_password_and_role(demo, rf):
    User.objects.create_user("admin", password="la-de-siempre", role=User.Role.USER)
    create(cases=12)
    kept = User.objects.get(username="admin")
    assert kept.check_password("la-de-siempre")
    assert kept.role == User.Role.USER


# --- What they did -------------------------------------------------------------------------------
def test_agency_is_believable(demo):
    now = at("2026-11-24T11:00")  # chance falls otherwise on another day
    summary = agency(cases=150, now=now)
    assert (summary.carteras, summary.gestores, summary.cases) == (3, 6, 150)
    assert Cartera.objects.count() == 3
    debts = Counter(Case.objects.values_list("debtor_id", flat=True))
    assert 0.18 < sum(count > 1 for count in debts.values()) / len(debts) < 0.22
    outcomes = Counter(Promise.objects.values_list("status", flat=True))
    # Half of them, give or take the chance in sixty.
    assert 0.3 <= outcomes["fulfilled"] / (outcomes["fulfilled"] + outcomes["broken"]) <= 0.7
    assert outcomes["pending"]
    assert set(LedgerEntry.objects.values_list("kind", flat=True)) == {"placement", "adjustment", "payment", "reversal"}
    stages = set(Case.objects.values_list("stage", flat=True))
    assert stages == {"en_gestion", "promesa", "pagada", "incobrable", "de_baja"}
    assert Case.objects.stopped().exists()
    several = Case.objects.stopped().values("debtor").annotate(debts=Count("pk")).filter(debts__gt=1)
    assert several.exists(), "a person with several debts asked not to be contacted"
    assert Case.objects.open().unassigned().exists()
    assert Activity.objects.filter(voided_at__isnull=False).exists()
    assert DebtorPhone.objects.filter(state="bad").exists()
    placed = Case.objects.order_by("placed_on").values_list("placed_on", flat=True).first()
    assert timedelta(days=330) < dates.local_date(now) - placed < timedelta(days=400)


def test_arrangements_in_every_state_and_papers_of_every_kind(demo):
    now = at("2026-11-24T11:00")
    agency(cases=150, now=now)
    today = dates.local_date(now)
    arrangements = Arrangement.objects.all()
    assert set(arrangements.values_list("status", flat=True)) == set(Arrangement.Status.values)
    assert 0.15 < arrangements.values("case").distinct().count() / 150 < 0.35  # about a fifth
    expired = arrangements.filter(status="cancelled", accepted_at=None, closed_on__lt=today)
    assert expired.exists()
    assert set(arrangements.awaiting().standing(now).values_list("policy__needs", flat=True)) == {"admin", "creditor"}
    assert arrangements.filter(status="active", approved_by__isnull=False).exists()
    assert set(Instalment.objects.filter(arrangement__status="active").values_list("status", flat=True)) == {
        "pending",
        "paid",
        "overdue",
    }
    assert Instalment.objects.asked().filter(due_on=today).exists()
    month_ago = today - timedelta(days=30)
    assert arrangements.restated(month_ago).exists()
    assert arrangements.waived_beyond().filter(closed_on__gte=month_ago).exists()
    papers = Document.objects.all()
    assert set(papers.valid().values_list("kind", flat=True)) == set(Document.Kind.values)
    assert papers.filter(kind="receipt", arrangement__isnull=False).exists()
    assert papers.filter(voided_at__isnull=False).count() == 1
    outcomes = list(verify.run(today=today, keep=3))
    assert len(outcomes) > 10
    assert [outcome for outcome in outcomes if outcome.errors] == []


def test_people_have_valid_documents_and_phones(demo):
    agency(cases=60)
    dnis = Debtor.objects.exclude(dni=None).values_list("dni", flat=True)
    cuits = Debtor.objects.exclude(cuit=None).values_list("cuit", flat=True)
    phones = DebtorPhone.objects.values_list("number", flat=True)
    emails = Debtor.objects.exclude(email="").values_list("email", flat=True)
    assert min(len(dnis), len(cuits), len(phones), len(emails)) > 5
    assert [parse_document(dni).dni for dni in dnis] == list(dnis)
    assert [parse_document(cuit).cuit for cuit in cuits] == list(cuits)
    assert [to_e164(phone) for phone in phones] == list(phones)
    assert {email.partition("@")[2] for email in emails} == {"example.com"}


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-29T00:10",  # Sunday after midnight
        "2026-12-09T08:00",  # after a weekend with bridge and holiday
        "2026-12-31T23:50",
        "2028-02-29T10:00",  # leap day and carnival
    ],
)
def test_any_morning_finds_a_sound_book_and_full_queues(demo, moment):
    now = at(moment)
    agency(now=now)
    outcomes = list(verify.run(today=dates.local_date(now), keep=3))
    assert len(outcomes) > 10
    assert [outcome for outcome in outcomes if outcome.errors] == []
    gestor = User.objects.get(username="gestor")
    bands = set(Case.objects.in_queue(gestor, now).values_list("queue_band", flat=True))
    assert bands == {1, 2, 3, 4, 5, 6, 7}
    today = dates.local_date(now)
    due = set(Promise.objects.pending().values_list("promise_date", flat=True))
    assert {today, today + timedelta(days=1)} <= due
    assert not Activity.objects.filter(created_at__gt=now).exists()
    assert not LedgerEntry.objects.filter(created_at__gt=now).exists()
    night = nightly.run(now=now)
    assert (night.promises_decided, night.brought_forward) == (0, 0)


def test_same_seed_gives_the_same_agency_and_another_another(demo):
    now = at("2026-11-24T11:00")

    def made(seed):
        with transaction.atomic():
            agency(cases=20, seed=seed, now=now)
            rows = (
                list(Debtor.objects.order_by("id").values_list("first_name", "last_name", "dni")),
                list(Case.objects.order_by("id").values_list("nro_cliente", "amount", "balance", "next_action_at")),
                list(Activity.objects.order_by("id").values_list("result__code", "created_at", "notes")),
            )
            transaction.set_rollback(True)
        return rows

    first = made(seed=7)
    assert made(seed=7) == first
    assert made(seed=8) != first
