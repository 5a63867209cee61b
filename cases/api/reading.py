"""Reading cases with what the API shows of them."""

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404

from accounts.models import User
from cases.models import Arrangement, Case, DebtorPhone, Instalment, LedgerEntry, Promise
from cases.models.ledger import SPLIT_BY, split
from cases.querysets import CaseQuerySet
from cases.rules.allocation import Split

LIVE = [Arrangement.Status.ACTIVE, Arrangement.Status.AWAITING_APPROVAL]


def listed(cases: CaseQuerySet) -> CaseQuerySet:
    """The cases with the relations that `CaseOut` shows."""
    schedule = Prefetch("schedule", Instalment.objects.order_by("number"))
    live = Arrangement.objects.filter(status__in=LIVE).prefetch_related(schedule)
    return cases.listed().prefetch_related(
        Prefetch("debtor__phones", DebtorPhone.objects.offered(), to_attr="usable_phones"),
        Prefetch("entries", LedgerEntry.objects.only(*SPLIT_BY), to_attr="folded_entries"),
        Prefetch("arrangements", live, to_attr="live_arrangements"),
    )


def split_of(case: Case) -> Split:
    """Capital and interest of the balance of a listed case (DESIGN §2)."""
    return split(case.folded_entries, initial_amount=case.initial_amount)  # type: ignore[attr-defined]


def with_debts(cases: CaseQuerySet) -> CaseQuerySet:
    """The cases with all debts of their person, the largest first: `QueueCaseOut` sums them."""
    debts = Case.objects.select_related("cartera").order_by("-balance", "id")
    return cases.prefetch_related(Prefetch("debtor__cases", debts, to_attr="all_debts"))


def visible_case(user: User, pk: int) -> Case:
    """The case with the relations that `CaseDetailOut` shows. Raises Http404 when the user may not see it."""
    promises = Prefetch("promises", Promise.objects.select_related("created_by").order_by("promise_date", "id"))
    return get_object_or_404(listed(Case.objects.visible_to(user)).prefetch_related(promises), pk=pk)
