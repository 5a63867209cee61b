"""Rows are locked in one way, which gives a list: what a lock protects cannot be read before it is held."""

import ast
from collections.abc import Iterator

import pytest
from django.db import IntegrityError, transaction
from django.db.transaction import TransactionManagementError

from cases.models import Case, Debtor
from nova.lib.databases import Gone, is_collision, lock_row, lock_rows
from tests.at_once import after_waiting
from tests.factories import CaseFactory, DebtorFactory, status
from tests.serving import ROOT

APPS = ("accounts", "cases", "contact", "dashboards", "nova", "payments")
THE_ONE = "nova/lib/databases.py"
BY_HAND = ("FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE", "FOR KEY SHARE")


def sources() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def locking(tree: ast.Module) -> list[int]:
    """The lines that lock rows: `select_for_update` however it is called or passed on, and SQL by hand."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "select_for_update":
            found.append(node.lineno)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = " ".join(node.value.upper().split())
            if words == "SELECT_FOR_UPDATE" or any(f" {lock}" in words for lock in BY_HAND):
                found.append(node.lineno)
    return found


def test_nobody_else_locks_rows() -> None:
    found = [f"{name}:{line}" for name, tree in sources() for line in locking(tree)]
    assert {place.split(":")[0] for place in found} == {THE_ONE}, found


@pytest.mark.parametrize(
    "code",
    [
        "rows = Case.objects.select_for_update().filter(pk__in=keys)",
        "for row in Case.objects.filter(pk=1).select_for_update(no_key=True): row",
        "lock = Case.objects.all().select_for_update",
        "getattr(rows, 'select_for_update')()",
        'cursor.execute("SELECT id FROM cases_case WHERE id = %s FOR UPDATE", [pk])',
        'cursor.execute("""SELECT id\n  FROM cases_case\n  FOR NO KEY UPDATE""")',
    ],
)
def test_a_lock_of_another_kind_is_found(code: str) -> None:
    assert locking(ast.parse(code)) == [1]


# --- What it gives ---------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_rows_come_as_a_list_by_key() -> None:
    made = DebtorFactory.create_batch(3)
    keys = [row.pk for row in reversed(made)]
    found = lock_rows(Debtor.objects.order_by("-pk"), keys)
    assert type(found) is list
    assert found == made
    assert lock_rows(Debtor.objects.all(), []) == []


@pytest.mark.django_db
def test_a_row_that_is_not_among_them_is_left_out_or_gone() -> None:
    first, second = DebtorFactory(last_name="Gómez"), DebtorFactory(last_name="Paz")
    gomez = Debtor.objects.filter(last_name="Gómez")
    assert lock_rows(gomez, [first.pk, second.pk, 0]) == [first]
    with pytest.raises(Gone):
        lock_row(gomez, second.pk)


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_there_is_no_lock() -> None:
    """On SQLite too, where nothing else would say so."""
    with pytest.raises(TransactionManagementError):
        lock_row(Debtor.objects.all(), DebtorFactory().pk)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("no_key", [False, True])
def test_what_was_waited_for_is_read_afterwards(no_key: bool) -> None:
    """The row, the row it refers to, and the condition over both."""
    case = CaseFactory(status_slug="sin-gestion")
    moved = status("contactado")

    def move() -> None:
        Case.objects.filter(pk=case.pk).update(status=moved, notes="otra")

    @transaction.atomic
    def read() -> list[tuple[str, str]]:
        open_ones = Case.objects.filter(status__stage="en_gestion").select_related("status")
        return [(row.notes, row.status.slug) for row in lock_rows(open_ones, [case.pk], no_key=no_key)]

    assert after_waiting(move, read) == [("otra", "contactado")]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_was_deleted_meanwhile_is_gone() -> None:
    debtor = DebtorFactory()
    read = transaction.atomic(lambda: lock_row(Debtor.objects.all(), debtor.pk))
    with pytest.raises(Gone):
        after_waiting(debtor.delete, read)


@pytest.mark.django_db
def test_a_collision_is_told_from_other_errors() -> None:
    dni = DebtorFactory().dni
    with pytest.raises(IntegrityError) as twice, transaction.atomic():
        DebtorFactory(dni=dni)
    with pytest.raises(IntegrityError) as nameless, transaction.atomic():
        DebtorFactory(first_name="", last_name="")
    assert (is_collision(twice.value), is_collision(nameless.value), is_collision(ValueError())) == (True, False, False)
