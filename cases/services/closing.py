"""The end of a cartera that is no longer worked: its open cases go back to the creditor, *de baja* (DESIGN §3.5)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Sum

from accounts.models import User
from cases.models import Cartera, Case, CaseStatus, Promise
from cases.querysets import CaseQuerySet
from cases.services.many import REQUEST_LIMIT
from cases.services.statuses import change_status_of_cases
from nova.lib.databases import lock_row
from nova.lib.money import round_total


@dataclass(frozen=True)
class Closing:
    """What closing the open cases of a cartera is about. Amounts in ARS; `kept` are people with other open debts."""

    cases: int
    people: int
    balance: Decimal
    promises: int
    promised: Decimal
    kept: int


def open_cases_of(cartera: Cartera) -> CaseQuerySet:
    return Case.objects.open().filter(cartera=cartera)


def preview_closing(cartera: Cartera) -> Closing:
    """Runs three queries, whatever the number of cases."""
    cases = open_cases_of(cartera).order_by()
    found = cases.aggregate(count=Count("pk"), people=Count("debtor", distinct=True), balance=Sum("balance"))
    pending = Promise.objects.pending().filter(case__in=cases.values("pk")).order_by()
    promised = pending.aggregate(count=Count("pk"), owed=Sum(F("amount") - F("paid_amount")))
    others = Case.objects.open().exclude(cartera=cartera).filter(debtor__in=cases.values("debtor")).order_by()
    return Closing(
        cases=found["count"],
        people=found["people"],
        balance=round_total(found["balance"] or Decimal(0)),
        promises=promised["count"],
        promised=round_total(promised["owed"] or Decimal(0)),
        kept=others.aggregate(people=Count("debtor", distinct=True))["people"],
    )


@transaction.atomic
def close_cartera(
    *,
    cartera: Cartera,
    by: User,
    expected: int,
    notes: str = "",
    now: datetime | None = None,
    limit: int = REQUEST_LIMIT,
) -> tuple[int, int]:
    """Set the open cases of an inactive cartera to the default of `de_baja`, which cancels their pending promises.

    Returns how many changed, of at most `limit`, and how many are still open. Raises ValidationError for an active
    cartera, and when the number of open cases is not `expected`. Lock order: the cartera, so that nobody activates it
    or closes it too meanwhile, then its cases in chunks.
    """
    cartera = lock_row(Cartera.objects.all(), cartera.pk, no_key=True)  # payments, which refer to it, go on
    if cartera.is_active:
        raise ValidationError(f"La cartera {cartera} está activa: desactívela antes de cerrar sus casos.")
    cases = open_cases_of(cartera)
    count = cases.count()
    if count != expected:
        raise ValidationError(f"Entretanto cambió: ahora los casos abiertos son {count}. Revise y confirme de nuevo.")
    last = cases.order_by("id").values_list("pk", flat=True)[limit - 1 : limit].first()
    chosen = cases if last is None else cases.filter(pk__lte=last)
    status = CaseStatus.objects.default_of(CaseStatus.Stage.DE_BAJA)
    result = change_status_of_cases(cases=chosen, status=status, by=by, notes=notes, now=now)
    return result.changed, cases.count()
