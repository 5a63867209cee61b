"""An arrangement as the person's page and the inbox of requests show it: where it stands, in words."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from accounts.models import User
from cases.desk import plan_words
from cases.models import Arrangement, Case, Instalment
from cases.rules.reasons import days_away, payment_name
from nova.lib import dates
from nova.lib.money import format_money

Status = Arrangement.Status
OPEN = (Status.ACTIVE, Status.AWAITING_APPROVAL, Status.PROPOSED)
MOST = 5  # proposals may pile up


@dataclass(frozen=True)
class PlanCard:
    """An arrangement with its schedule, as this person sees it today."""

    plan: Arrangement
    user: User
    today: date

    @cached_property
    def schedule(self) -> list[Instalment]:
        return sorted(self.plan.schedule.all(), key=lambda part: part.number)

    @property
    def title(self) -> str:
        """«Convenio vigente»."""
        return f"Convenio {TITLES[self.plan.status]}"

    @property
    def terms(self) -> str:
        """«$ 184.250,50 · 3 × $ 61.416,83 (última $ 61.416,84)»."""
        return f"{format_money(self.plan.agreed_total)} · {plan_words.paid_in(self.schedule)}"

    @property
    def started(self) -> str:
        return plan_words.started(self.schedule)

    @property
    def forgiven(self) -> str:
        """What it forgives or adds; empty without either."""
        plan = self.plan
        if plan.waived_if_completed:
            when = "al cumplirlo" if plan.status in OPEN else ""
            return f"quita {format_money(plan.waived_if_completed)} {when}".strip()
        return f"con {format_money(plan.plan_interest)} de interés" if plan.plan_interest else ""

    @property
    def paid(self) -> Decimal:
        return sum((part.paid_amount for part in self.schedule), Decimal("0.00"))

    @property
    def paid_percent(self) -> int:
        """For the bar; it is full only when all is paid."""
        return int(self.paid * 100 / self.plan.agreed_total)

    @property
    def _unpaid(self) -> list[Instalment]:
        return [part for part in self.schedule if part.status != Instalment.Status.PAID]

    @property
    def count(self) -> int:
        return len(plan_words.instalments_of(self.schedule))

    def _asked(self, unpaid: Decimal) -> Decimal:
        """No more than the case owes, which the creditor may have lowered."""
        return max(min(unpaid, self.plan.case.balance), Decimal("0.00"))

    @property
    def next_words(self) -> str:
        """«Cuota 2 de 3: $ 61.416,83 vence el 30/12/2026, en 5 días»."""
        if not self._unpaid:
            return ""
        part = self._unpaid[0]
        verb = "vence" if part.due_on >= self.today else "venció"
        asked = self._asked(part.unpaid)
        rest = f", faltan {format_money(asked)}" if asked != part.amount else ""
        name = payment_name(part.number, self.count)
        return f"{name}: {format_money(part.amount)} {verb} {self._when(part.due_on)}{rest}"

    def _when(self, day: date) -> str:
        near = days_away(day, self.today)
        return near if near.startswith("el ") else f"el {day:%d/%m/%Y}, {near}"

    @property
    def overdue_words(self) -> str:
        """«1 cuota vencida: $ 61.416,83»; empty when nothing is."""
        overdue = [part for part in self.schedule if part.status == Instalment.Status.OVERDUE]
        if not overdue:
            return ""
        owed = sum((part.unpaid for part in overdue), Decimal("0.00"))
        what = "1 cuota vencida" if len(overdue) == 1 else f"{len(overdue)} cuotas vencidas"
        return f"{what}: {format_money(self._asked(owed))}"

    @property
    def rows(self) -> list[tuple[str, Instalment]]:
        return [(payment_name(part.number, self.count), part) for part in self.schedule]

    @property
    def may_cancel(self) -> bool:
        is_theirs = self.plan.requested_by_id == self.user.pk
        return self.plan.status in OPEN and (self.user.is_admin or is_theirs)

    @property
    def cancel_words(self) -> str:
        return CANCEL.get(self.plan.status, "")

    @property
    def may_accept(self) -> bool:
        return self.plan.status == Status.PROPOSED

    @property
    def asked_words(self) -> str:
        """«Lo pidió Gabriela Muestra hace 2 días»."""
        if self.plan.status != Status.AWAITING_APPROVAL:
            return ""
        who = self.plan.requested_by or "el sistema"
        return f"Lo pidió {who} {days_away(dates.local_date(self.plan.created_at), self.today)}"


TITLES = {
    Status.PROPOSED.value: "propuesto",
    Status.AWAITING_APPROVAL.value: "sin autorizar todavía",
    Status.ACTIVE.value: "vigente",
    Status.COMPLETED.value: "cumplido",
    Status.LAPSED.value: "caído",
    Status.CANCELLED.value: "cancelado",
    Status.REJECTED.value: "no autorizado",
}


CANCEL = {
    Status.PROPOSED.value: "Retirar la propuesta",
    Status.AWAITING_APPROVAL.value: "Retirar el pedido",
    Status.ACTIVE.value: "Cancelar el convenio",
}


def open_plans(case: Case, user: User, *, today: date) -> list[PlanCard]:
    """What of a case runs, waits or is on the table, that first. A query, and another where there is any."""
    found = case.arrangements.filter(status__in=OPEN).select_related("requested_by").prefetch_related("schedule")
    order = [status.value for status in OPEN]
    cards = [PlanCard(plan, user, today) for plan in found.order_by("-id")[:MOST]]
    return sorted(cards, key=lambda card: order.index(card.plan.status))


def told(plan: Arrangement) -> str:
    """An arrangement in the timeline: «Convenio de $ 150.000,00 en 3 cuotas · caído el 12/12/2026»."""
    count = plan.instalments
    words = f"Convenio de {format_money(plan.agreed_total)} en {count} {'pago' if count == 1 else 'cuotas'}"
    if plan.down_payment:
        words += f" con anticipo de {format_money(plan.down_payment)}"
    if plan.waived_if_completed:
        words += f", quita {format_money(plan.waived_if_completed)}"
    state = TITLES[plan.status]
    return f"{words} · {state}" + (f" el {plan.closed_on:%d/%m/%Y}" if plan.closed_on else "")
