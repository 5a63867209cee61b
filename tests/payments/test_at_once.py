"""Two people, or a process that dies, at the same file: no payment is posted twice."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from cases.importing.errors import ImportConflict
from cases.models import Case, LedgerEntry
from nova.lib import dates
from payments.models import Layout, PaymentFile, PaymentRow
from payments.services.deciding import Decision, decide
from payments.services.posting import post
from payments.services.staging import stage
from payments.services.undoing import undo
from tests import factories
from tests.at_once import at_once
from tests.payments.command import import_payments, payments_file

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    cases = [factories.CaseFactory(nro_cliente=f"A-{number}") for number in range(40)]
    day = f"{dates.today() - timedelta(1):%d/%m/%Y}"
    return payments_file(tmp_path, *[f"{case.nro_cliente};;{day};1.000,00;R-{case.nro_cliente};" for case in cases])


def test_two_people_post_the_same_file(file: Path, admin_user: User) -> None:
    import_payments(file)
    stored = PaymentFile.objects.get()
    posted = at_once(*[lambda: post(stored, by=admin_user)] * 3)
    assert sum(one.rows for one in posted) == 40
    assert LedgerEntry.objects.filter(kind="payment").count() == 40


def test_two_people_load_the_same_file(file: Path, admin_user: User) -> None:
    layout = Layout.objects.get(code="generic")
    loaded = at_once(*[lambda: stage(file, layout=layout, by=admin_user)] * 3)
    done = [one for one in loaded if isinstance(one, PaymentFile)]
    refused = [one for one in loaded if isinstance(one, ImportConflict)]
    assert len(done) + len(refused) == 3
    assert {one.pk for one in done} == {PaymentFile.objects.get().pk}
    for one in done:
        post(one, by=admin_user)
    assert LedgerEntry.objects.filter(kind="payment").count() == 40


def test_one_posts_while_another_undoes(file: Path, admin_user: User) -> None:
    import_payments(file)
    stored = PaymentFile.objects.get()
    at_once(lambda: post(stored, by=admin_user), lambda: undo(stored, by=admin_user))
    stored.refresh_from_db()
    standing = LedgerEntry.objects.effective_payments().filter(kind="payment").count()
    posted = PaymentRow.objects.filter(state="posted").count()
    assert (stored.status, standing, posted) == ("undone", 0, 0)


def test_two_people_decide_about_one_row(file: Path, admin_user: User) -> None:
    import_payments(file, "--post")
    day = f"{dates.today() - timedelta(1):%d/%m/%Y}"
    import_payments(payments_file(file.parent, f"X;;{day};5,00;Z-1;", name="otro.csv"), "--post")
    row, (one, two) = PaymentRow.objects.get(own_id="Z-1"), Case.objects.order_by("pk")[:2]
    decided = at_once(
        lambda: decide(row, Decision(case=one.pk), by=admin_user),
        lambda: decide(row, Decision(case=two.pk), by=admin_user),
    )
    assert sorted(type(answer).__name__ for answer in decided) == ["PaymentRow", "ValidationError"]
    assert LedgerEntry.objects.filter(kind="payment", amount=5).count() == 1
    with pytest.raises(ValidationError):
        decide(row, Decision(ignore="No"), by=admin_user)


def test_of_six_decisions_about_a_row_that_is_not_posted_yet_one_stands(file: Path, admin_user: User) -> None:
    import_payments(file)
    row, cases = PaymentRow.objects.get(own_id="R-A-0"), list(Case.objects.order_by("pk")[1:6])
    ignoring = Decision(ignore="No es")
    decided = at_once(
        *[lambda case=case: decide(row, Decision(case=case.pk), by=admin_user) for case in cases],
        lambda: decide(row, ignoring, by=admin_user),
    )
    refused = [answer for answer in decided if isinstance(answer, ValidationError)]
    assert len(refused) == 5
    row.refresh_from_db()
    assert row.version == 2
