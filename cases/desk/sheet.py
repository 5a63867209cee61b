"""One case with its debtor, as the screen shows them: phones, other debts, promises, debt with interest."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from urllib.parse import quote

from django.db.models import Exists, OuterRef

from accounts.models import User
from cases.desk.rows import Row, open_promises, promises_of, row_of
from cases.models import ActivityResult, Case, CaseStatus, DebtorPhone, LedgerEntry, Promise
from cases.rules import queue
from cases.rules.allocation import Posted, Split, allocate
from cases.rules.instalments import with_interest
from cases.services.touch import agreed_call
from nova.lib import dates
from nova.lib.phones import whatsapp_link


@dataclass(frozen=True)
class PhoneLine:
    phone: DebtorPhone
    whatsapp: str  # empty unless the phone is known to be a mobile


class Sheet:
    """One case with all data of the debtor that its screen shows."""

    def __init__(self, case: Case, user: User, *, now: datetime) -> None:
        self.case, self.user, self.now = case, user, now
        self.today = dates.local_date(now)

    @property
    def name(self) -> str:
        return self.case.debtor.listed_name

    @cached_property
    def row(self) -> Row:
        pending, broken = promises_of(self._promises)
        return row_of(self.case, pending.get(self.case.pk), broken.get(self.case.pk), now=self.now, today=self.today)

    @cached_property
    def phones(self) -> list[PhoneLine]:
        """Good ones first, bad ones last."""
        order = [state.value for state in (DebtorPhone.State.GOOD, DebtorPhone.State.UNVERIFIED, DebtorPhone.State.BAD)]
        phones = sorted(self.case.debtor.phones.all(), key=lambda phone: (order.index(phone.state), phone.pk))
        return [PhoneLine(phone, self._whatsapp(phone)) for phone in phones]

    @property
    def phone_to_call(self) -> DebtorPhone | None:
        first = self.phones[0].phone if self.phones else None
        return first if first and first.state != DebtorPhone.State.BAD else None

    def _whatsapp(self, phone: DebtorPhone) -> str:
        """A link with a greeting that does not mention the debt, because another person may read it."""
        if phone.state == DebtorPhone.State.BAD:
            return ""
        name = self.case.debtor.first_name.split(" ")[0] or self.case.debtor.last_name
        text = f"Hola, ¿hablo con {name}? Soy {self.user}. ¿Podemos conversar un momento?"
        link = whatsapp_link(phone.number, is_mobile=phone.kind == DebtorPhone.Kind.MOBILE)
        return f"{link}?text={quote(text)}" if link else ""

    @property
    def address(self) -> str:
        debtor = self.case.debtor
        street = f"{debtor.street} {debtor.street_number}".strip()
        city = f"{debtor.city} ({debtor.postal_code})" if debtor.city and debtor.postal_code else debtor.city
        return ", ".join(filter(None, (street, city or debtor.postal_code, debtor.provincia)))

    @property
    def months(self) -> int:
        return self.case.months_in_arrears(self.today)

    @property
    def with_interest(self) -> Decimal | None:
        """The balance with interest on its capital up to today, in ARS; None when nothing is owed."""
        if self.case.balance <= 0 or not self.months:
            return None
        rate = self.case.cartera.monthly_interest_rate
        return with_interest(
            balance=self.case.balance, monthly_rate=rate, months=self.months, capital=self.split.capital
        )

    @cached_property
    def split(self) -> Split:
        """The capital and the interest that the balance consists of. Runs a query."""
        void = Exists(LedgerEntry.objects.filter(reverses=OuterRef("pk")))
        entries = self.case.entries.order_by().annotate(void=void)
        posted = [Posted(*row) for row in entries.values_list("kind", "amount", "value_date", "id", "void")]
        return allocate(posted, initial_amount=self.case.initial_amount)

    @cached_property
    def siblings(self) -> list[Case]:
        """The other cases of the debtor, of any gestor: read-only (DESIGN §2)."""
        others = Case.objects.filter(debtor=self.case.debtor_id).exclude(pk=self.case.pk)
        return list(others.select_related("cartera", "status", "assigned_to").order_by("-balance", "id")[:50])

    def sibling_lines(self) -> list[tuple[Case, bool]]:
        """(other case, whether this user may open it)."""
        return [(case, self.user.is_admin or case.assigned_to_id == self.user.pk) for case in self.siblings]

    @property
    def consolidated(self) -> Decimal:
        """The sum of the debtor's balances, in ARS. Cases returned to the creditor and overpaid ones count as zero."""
        debts = [self.case, *self.siblings]
        owed = [case.balance for case in debts if case.stage != CaseStatus.Stage.DE_BAJA and case.balance > 0]
        return sum(owed, Decimal("0.00"))

    @cached_property
    def _promises(self) -> list[Promise]:
        return open_promises([self.case.pk])

    @property
    def promises(self) -> list[Promise]:
        """The latest broken promise and the pending ones."""
        broken = [promise for promise in self._promises if promise.status == Promise.Status.BROKEN]
        return [*broken[-1:], *(promise for promise in self._promises if promise.status == Promise.Status.PENDING)]

    @property
    def unpromised(self) -> Decimal:
        """The part of the balance (ARS) without a pending promise; the proposed amount of a new one."""
        pending = (promise for promise in self._promises if promise.status == Promise.Status.PENDING)
        held = sum((promise.amount - promise.paid_amount for promise in pending), Decimal("0.00"))
        return max(self.case.balance - held, Decimal("0.00"))


def proposed_action(result: ActivityResult, *, case: Case, now: datetime) -> datetime | None:
    """The next action that a result code proposes; None when the person or a promise decides it."""
    if result.asks_when or result.needs_promise or result.stops_case:
        return None
    if (agreed := agreed_call(case, result=result, now=now)) is not None:
        return agreed
    return queue.next_action_after_saving(
        chosen=None,
        promise_date=None,
        result_days=result.next_action_days,
        current=case.next_action_at if case.next_action_at and case.next_action_at > now else None,
        today=dates.local_date(now),
    )
