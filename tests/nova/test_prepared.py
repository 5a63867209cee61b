"""Queries whose SQL is made once give what Django's own would."""

from typing import Any

import pytest
from django.db import models
from django.db.models.expressions import RawSQL

from cases.models import Case
from nova.lib import dates
from nova.lib.prepared import KEY, MOMENT, Prepared
from tests.factories import CaseFactory
from tests.queries import queries_of

pytestmark = pytest.mark.django_db


def test_the_rows_are_those_of_the_queryset() -> None:
    cases = CaseFactory.create_batch(3)
    others = Prepared(
        lambda debtor, now: (
            Case.objects.exclude(debtor=debtor).filter(created_at__lte=now).select_related("debtor").order_by("-id")
        ),
        debtor=KEY,
        now=MOMENT,
    )
    now = dates.start_of_day(dates.today())
    Case.objects.filter(pk=cases[0].pk).update(created_at=now)

    assert others(debtor=cases[2].debtor_id, now=now) == [cases[0]]
    Case.objects.update(created_at=now)
    for case in cases:  # the same SQL with other values
        rest = [other for other in reversed(cases) if other != case]
        found = others(debtor=case.debtor_id, now=now)
        assert found == rest
        assert queries_of(lambda found=found: [row.debtor.last_name for row in found]) == []


def test_an_in_takes_as_many_values_as_there_are() -> None:
    cases = CaseFactory.create_batch(4)
    some = Prepared(
        lambda pks, debtors: Case.objects.filter(pk__in=pks, debtor__in=debtors).order_by("id").values_list("pk"),
        pks=KEY,
        debtors=KEY,
    )
    everybody = [case.debtor_id for case in cases]
    for number in (4, 1, 3):
        keys = [case.pk for case in cases[:number]]
        assert some(pks=keys, debtors=everybody) == [(key,) for key in keys]
    assert some(pks=[case.pk for case in cases], debtors=everybody[2:3]) == [(cases[2].pk,)]


def test_the_sql_is_made_once_and_is_djangos() -> None:
    case, made = CaseFactory(), []

    def build(balance: Any) -> models.QuerySet:
        made.append(balance)
        return Case.objects.filter(balance__gte=balance).order_by("-balance", "id")[:5]

    rich = Prepared(build, balance=models.DecimalField(max_digits=15, decimal_places=2))
    assert rich(balance=case.balance) == [case]
    times = len(made)
    asked = queries_of(lambda: rich(balance=case.balance))
    assert len(made) == times
    plain = queries_of(lambda: list(Case.objects.filter(balance__gte=case.balance).order_by("-balance", "id")[:5]))
    assert [sql.replace("(", "").replace(")", "") for sql in asked] == [
        sql.replace("(", "").replace(")", "") for sql in plain
    ]


@pytest.mark.parametrize("values", [{}, {"pk": None}, {"pk": []}, {"pk": 1, "debtor": 2}])
def test_a_value_that_would_need_other_sql_is_refused(values: dict[str, Any]) -> None:
    one = Prepared(lambda pk: Case.objects.filter(pk=pk), pk=KEY)
    with pytest.raises(TypeError, match="takes pk"):
        one(**values)


def test_a_text_that_looks_like_a_place_is_refused() -> None:
    odd = Prepared(lambda pk: Case.objects.filter(pk=pk).annotate(text=RawSQL("'%%s'", [])), pk=KEY)
    with pytest.raises(ValueError, match="looks like the place"):
        odd(pk=1)
