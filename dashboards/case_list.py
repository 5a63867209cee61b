"""A list of cases as a page shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from cases.models import Case, CaseStatus
from cases.querysets import CaseQuerySet
from nova.lib import dates
from nova.lib.documents import format_dni
from nova.lib.money import format_money


@dataclass(frozen=True)
class CaseRow:
    """A case as a list shows it: everything already text, but for the status."""

    name: str
    dni: str
    nro_cliente: str
    cartera: str
    balance: str
    status: CaseStatus
    gestor: str
    next_action: str
    is_due: bool
    is_stopped: bool


def case_rows(cases: Iterable[Case], *, now: datetime) -> list[CaseRow]:
    """`cases` come with debtor, cartera, status and gestor (`CaseQuerySet.listed`): no query is run here."""
    return [
        CaseRow(
            name=_listed_name(case),
            dni=format_dni(case.debtor.dni) if case.debtor.dni else "—",
            nro_cliente=case.nro_cliente or "—",
            cartera=case.cartera.name,
            balance=format_money(case.balance),
            status=case.status,
            gestor=str(case.assigned_to) if case.assigned_to else "Sin gestor",
            next_action=dates.format_moment(case.next_action_at) if case.is_open and case.next_action_at else "",
            is_due=case.is_open and (case.next_action_at is None or case.next_action_at <= now),
            is_stopped=case.is_open and case.stopped_at is not None,
        )
        for case in cases
    ]


def _listed_name(case: Case) -> str:
    debtor = case.debtor
    return ", ".join(filter(None, (debtor.last_name, debtor.first_name)))


def newest_first(user: User) -> CaseQuerySet:
    return Case.objects.visible_to(user).listed().order_by("-created_at", "-id")
