"""Reading cases with what the API shows of them."""

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404

from accounts.models import User
from cases.models import Case, DebtorPhone, Promise
from cases.querysets import CaseQuerySet


def listed(cases: CaseQuerySet) -> CaseQuerySet:
    """The cases with the relations that `CaseOut` shows."""
    phones = Prefetch("debtor__phones", DebtorPhone.objects.offered(), to_attr="usable_phones")
    return cases.listed().prefetch_related(phones)


def with_debts(cases: CaseQuerySet) -> CaseQuerySet:
    """The cases with all debts of their person, the largest first: `QueueCaseOut` sums them."""
    debts = Case.objects.select_related("cartera").order_by("-balance", "id")
    return cases.prefetch_related(Prefetch("debtor__cases", debts, to_attr="all_debts"))


def visible_case(user: User, pk: int) -> Case:
    """The case with the relations that `CaseDetailOut` shows. Raises Http404 when the user may not see it."""
    promises = Prefetch("promises", Promise.objects.select_related("created_by").order_by("promise_date", "id"))
    return get_object_or_404(listed(Case.objects.visible_to(user)).prefetch_related(promises), pk=pk)
