"""`assign_cases`: by cartera, status and number; to one, in equal shares or by weight (DESIGN §10)."""

from collections import Counter

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEvent
from cases.models import Case
from cases.services.assignment import _turns
from tests.cases.transfer.command import run
from tests.factories import CarteraFactory, CaseFactory, GestorFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return GestorFactory(username="ana")


@pytest.fixture
def luis():
    return GestorFactory(username="luis")


def held() -> Counter:
    return Counter(Case.objects.values_list("assigned_to__username", flat=True))


def test_equal_shares_among_the_active_gestores(ana, luis):
    GestorFactory(username="inactiva", is_active=False)
    CaseFactory.create_batch(5)

    ran = run("assign_cases")

    assert held() == {"ana": 3, "luis": 2}
    assert "ana: +3 casos abiertos, ahora 3" in ran.out
    assert (ran.code, ran.summary) == (0, "assigned=5")
    assert AuditEvent.objects.filter(action="assigned").count() == 5


def test_what_somebody_has_stays_theirs_unless_asked(ana, luis):
    CaseFactory.create_batch(2, assigned_to=luis)
    CaseFactory.create_batch(2)

    run("assign_cases", "--to", "ana")
    assert held() == {"ana": 2, "luis": 2}

    run("assign_cases", "--to", "ana", "--include-assigned")
    assert held() == {"ana": 4}


def test_weights(ana, luis):
    CaseFactory.create_batch(9)

    run("assign_cases", "--weights", "ana=2,luis=1")

    assert held() == {"ana": 6, "luis": 3}


def test_among_some(ana, luis):
    GestorFactory(username="olga")
    CaseFactory.create_batch(4)

    run("assign_cases", "--among", "ana, olga")

    assert held() == {"ana": 2, "olga": 2}


def test_filters_narrow_and_the_number_takes_the_oldest(ana):
    cristal, favacard = CarteraFactory(name="Cristal Cash"), CarteraFactory(name="Favacard")
    cases = CaseFactory.create_batch(4, cartera=cristal)
    CaseFactory(cartera=favacard)
    CaseFactory(cartera=cristal, status_slug="contactado")

    run("assign_cases", "--to", "ana", "--cartera", "cristal cash", "--status", "sin-gestion", "--number", 2)

    assert list(Case.objects.filter(assigned_to=ana).order_by("id")) == cases[:2]


def test_closed_cases_are_left_alone_unless_their_status_is_named(ana):
    CaseFactory(status_slug="incobrable")
    assert run("assign_cases", "--to", "ana").summary == "assigned=0"

    assert run("assign_cases", "--to", "ana", "--status", "incobrable").summary == "assigned=1"


def test_dry_run_tells_and_keeps_nothing(ana):
    CaseFactory.create_batch(3)

    ran = run("assign_cases", "--dry-run")

    assert ran.summary == "assigned=3"
    assert "ana: +3" in ran.out
    assert held() == {None: 3}


def test_second_run_finds_nothing_to_do(ana):
    CaseFactory.create_batch(3)
    run("assign_cases")

    assert run("assign_cases").summary == "assigned=0"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--to", "nadie"], "No existe el usuario «nadie»"),
        (["--to", "ursula"], "no es un gestor activo"),
        (["--cartera", "Otra"], "No existe la cartera «Otra»"),
        (["--status", "raro"], "No existe el estado «raro»"),
        (["--number", "0"], "--number va de 1 en adelante"),
        (["--weights", "ana"], "ana=2,luis=1"),
        (["--weights", "ana=0"], "ana=2,luis=1"),
    ],
)
def test_mistakes_are_2_and_nothing_is_done(ana, options, reason):
    UserFactory(username="ursula")
    CaseFactory()

    ran = run("assign_cases", *options)

    assert ran.code == 2
    assert reason in ran.error
    assert held() == {None: 1}


def test_no_gestores_at_all(db):
    CaseFactory()

    assert run("assign_cases").code == 2


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 200))
def test_no_share_is_ever_a_whole_case_from_what_is_due(weights, cases):
    turns = _turns(list(range(len(weights))), weights)
    dealt = Counter(next(turns) for _ in range(cases))

    for gestor, weight in enumerate(weights):
        assert abs(dealt[gestor] - cases * weight / sum(weights)) < 1


def test_a_person_has_one_gestor_unless_cases_are_asked_for(ana, luis):
    first = CaseFactory()
    CaseFactory(debtor=first.debtor)

    run("assign_cases", "--by-case")
    assert held() == {"ana": 1, "luis": 1}
    Case.objects.update(assigned_to=None)
    run("assign_cases")
    assert held() == {"ana": 2}
    Case.objects.update(assigned_to=None)
    run("assign_cases", "--by-person")
    assert held() == {"ana": 2}
    with pytest.raises(CommandError, match="not allowed with"):
        call_command("assign_cases", "--by-person", "--by-case")
