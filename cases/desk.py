"""What the gestor's screen shows, read from the database: the queue, one case with its person, what to do next."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from accounts.models import User
from cases.filters import CaseFilter
from cases.models import ActivityResult, Cartera, Case, CaseStatus, DebtorPhone, Promise
from cases.querysets import CaseQuerySet
from cases.rules import queue
from cases.rules.instalments import with_interest
from cases.rules.reasons import PromiseOf, reason
from nova.lib import dates
from nova.lib.documents import format_dni
from nova.lib.money import format_money
from nova.lib.phones import whatsapp_link

QUEUE_PAGE = 25
# What a row of the queue is made of: sixty columns of four tables otherwise, most of them unread.
ROW_FIELDS = (
    *("cartera__name", "status__name", "debtor__first_name", "debtor__last_name", "debtor__dni", "assigned_to"),
    *("balance", "placed_on", "last_payment_date", "stage", "next_action_at", "queue_band", "stopped_at"),
)


@dataclass(frozen=True)
class Row:
    """A case as the lists show it."""

    case: Case
    name: str
    dni: str
    months: int
    balance: str
    reason: str  # why it is in the queue, or else where it stands
    next_action: str
    facts: str
    in_queue: bool
    address: str
    band: str
    phone: str = ""  # the number to call: a good one, else an unverified one; read for lists that call from the row
    token: str = ""


def with_tools(rows: list[Row]) -> list[Row]:
    """The rows with what it takes to act on them without opening the case. Runs one query."""
    usable = DebtorPhone.objects.filter(debtor__in={row.case.debtor_id for row in rows}).usable()
    phones: dict[int, str] = {}
    for debtor_id, number in usable.values_list("debtor_id", "number"):
        phones.setdefault(debtor_id, number)
    return [replace(row, phone=phones.get(row.case.debtor_id, ""), token=new_token()) for row in rows]


def new_token() -> str:
    """Says of two requests that they are the same form sent twice."""
    return uuid4().hex


def rows_of(cases: Iterable[Case], *, now: datetime) -> list[Row]:
    """`cases` come with debtor, cartera and status. Runs one query, whatever their number."""
    cases = list(cases)
    today = dates.local_date(now)
    pending, broken = _promises_of(open_promises([case.pk for case in cases]))
    return [_row(case, pending.get(case.pk), broken.get(case.pk), now=now, today=today) for case in cases]


def _row(case: Case, pending: PromiseOf | None, broken: PromiseOf | None, *, now: datetime, today: date) -> Row:
    is_due = case.is_open and (case.next_action_at is None or case.next_action_at <= now)
    in_queue = is_due and case.stopped_at is None
    next_at = case.next_action_at if case.is_open else None
    next_action = dates.format_moment(next_at) if next_at else ""
    if in_queue:
        band, at = case.queue_band, case.next_action_at
        words = reason(band=band, next_action_at=at, pending=pending, broken=broken, today=today)
    elif case.is_open and case.stopped_at is not None:
        words = "Detenido"
    else:
        words = f"Próxima acción: {next_action}" if next_action else case.status.name
    months = case.months_in_arrears(today)
    near = dates.format_near(next_at, today) if next_at and in_queue else ""
    arrears = f"mora {months} {'mes' if months == 1 else 'meses'}" if months else ""
    return Row(
        case=case,
        name=case.debtor.listed_name,
        dni=format_dni(case.debtor.dni) if case.debtor.dni else "",
        months=months,
        balance=format_money(case.balance),
        reason=words,
        next_action=next_action,
        facts=" · ".join(filter(None, (case.cartera.name, arrears, near))),
        in_queue=in_queue,
        address=f"/cases/{case.pk}",
        band=Case.Band(case.queue_band).label,
    )


def open_promises(cases: list[int]) -> list[Promise]:
    """What is pending or was broken on these cases, by date. One query."""
    statuses = [Promise.Status.PENDING, Promise.Status.BROKEN]
    return list(Promise.objects.filter(case__in=cases, status__in=statuses).order_by("promise_date", "id"))


def _promises_of(promises: list[Promise]) -> tuple[dict[int, PromiseOf], dict[int, PromiseOf]]:
    """The earliest pending and the latest broken promise of each case."""
    pending: dict[int, PromiseOf] = {}
    broken: dict[int, PromiseOf] = {}
    for promise in promises:
        said = PromiseOf(promise.amount, promise.promise_date)
        if promise.status == Promise.Status.PENDING:
            pending.setdefault(promise.case_id, said)
        else:
            broken[promise.case_id] = said
    return pending, broken


# --- The queue -------------------------------------------------------------------------------------
class Queue:
    """The queue of a gestor as their filters narrow it, a page at a time."""

    def __init__(self, gestor: User, filters: Any, *, now: datetime) -> None:
        self.gestor, self.now, self.filters = gestor, now, filters
        self.is_search = bool(filters.get("search", "").strip())

    @cached_property
    def filter(self) -> CaseFilter:
        filter = CaseFilter(self.filters, queryset=self._everything())
        form = filter.form
        form.auto_id = "id_filter_%s"  # the gestión beside it has a status too
        # Lists, not querysets: Django would open a server-side cursor for the few rows of each.
        carteras = Cartera.objects.values_list("pk", "name")
        form.fields["cartera"].widget.choices = [("", "Todas las carteras"), *carteras]
        statuses = CaseStatus.objects.values_list("slug", "name")
        form.fields["status"].widget.choices = [("", "Todos los estados"), *statuses]
        return filter

    def _everything(self) -> CaseQuerySet:
        """The queue; for a search all the gestor's cases: whoever calls back may be in no queue today."""
        if self.is_search:
            return Case.objects.visible_to(self.gestor).by_next_action()
        return Case.objects.visible_to(self.gestor).in_queue(self.gestor, self.now)

    @cached_property
    def is_narrowed(self) -> bool:
        return CaseFilter.narrows(self.filters)

    @property
    def complaints(self) -> list[str]:
        return self.filter.complaints if self.is_narrowed else []

    @cached_property
    def cases(self) -> CaseQuerySet:
        return self.filter.qs if self.is_narrowed else self._everything()

    @cached_property
    def bands(self) -> dict[int, int]:
        """How many cases of the whole queue stand in each band. Runs a query."""
        return Case.objects.in_queue(self.gestor, self.now).count_by_band()

    @cached_property
    def filtered_bands(self) -> dict[int, int]:
        """The same under the filters of cartera and status."""
        names = ("cartera", "status")
        narrowed = {name: self.filters.get(name, "") for name in names}
        if not any(narrowed.values()):
            return self.bands
        return CaseFilter(narrowed, queryset=Case.objects.in_queue(self.gestor, self.now)).qs.count_by_band()

    def page(self, after: Case | None = None) -> tuple[list[Row], bool]:
        """A page from just after a case, and whether there are more. Runs two queries."""
        cases = self.cases if after is None or self.is_search else self.cases.after_in_queue(after)
        found = list(cases.select_related("debtor", "cartera", "status").only(*ROW_FIELDS)[: QUEUE_PAGE + 1])
        return rows_of(found[:QUEUE_PAGE], now=self.now), len(found) > QUEUE_PAGE

    def next_after(self, place: Case | None, *, leaving: int | None = None) -> Case | None:
        """The case to work next: the first after `place`, else the first of all; never the one just left."""
        cases = Case.objects.in_queue(self.gestor, self.now) if self.is_search else self.cases
        others = cases.exclude(pk=leaving) if leaving else cases
        following = others.after_in_queue(place).first() if place is not None else None
        return following or others.first()


def place_of(case: Case) -> str:
    """Where a case stood in the queue when it was read, as a text for an address."""
    moment = case.next_action_at.isoformat() if case.next_action_at else ""
    return f"{case.queue_band}~{moment}~{case.balance}~{case.pk}"


def parse_place(text: str) -> Case | None:
    """The case that `place_of` described, with those four fields alone; None for what nobody wrote."""
    try:
        band, moment, balance, pk = text.split("~")
        at = datetime.fromisoformat(moment) if moment else None
        if at is not None and at.tzinfo is None:
            return None
        amount = Decimal(balance)
        if not amount.is_finite() or abs(amount) >= 10**13 or not 0 < int(pk) < 2**63 or not 1 <= int(band) <= 7:
            return None
        return Case(pk=int(pk), queue_band=int(band), next_action_at=at, balance=amount)
    except (ValueError, ArithmeticError):
        return None


# --- One case ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PhoneLine:
    phone: DebtorPhone
    whatsapp: str  # empty where nobody says that it is a mobile

    @property
    def pk(self) -> str:
        """For addresses: a template writes numbers with their thousands apart."""
        return str(self.phone.pk)


class Sheet:
    """One case with all that its screen says of the person."""

    def __init__(self, case: Case, user: User, *, now: datetime) -> None:
        self.case, self.user, self.now = case, user, now
        self.today = dates.local_date(now)

    @property
    def name(self) -> str:
        return self.case.debtor.listed_name

    @cached_property
    def row(self) -> Row:
        pending, broken = _promises_of(self._promises)
        return _row(self.case, pending.get(self.case.pk), broken.get(self.case.pk), now=self.now, today=self.today)

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
        """A greeting that says nothing of the debt: anybody may pick up that phone."""
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
        """What the debt amounts to today; None when nothing is owed."""
        if self.case.balance <= 0 or not self.months:
            return None
        rate = self.case.cartera.monthly_interest_rate
        return with_interest(balance=self.case.balance, monthly_rate=rate, months=self.months)

    @cached_property
    def siblings(self) -> list[Case]:
        """The other debts of the same person, whoever works them: read-only (DESIGN §2)."""
        others = Case.objects.filter(debtor=self.case.debtor_id).exclude(pk=self.case.pk)
        return list(others.select_related("cartera", "status", "assigned_to").order_by("-balance", "id")[:50])

    def sibling_lines(self) -> list[tuple[Case, bool]]:
        """Each with whether this user may open it."""
        return [(case, self.user.is_admin or case.assigned_to_id == self.user.pk) for case in self.siblings]

    @property
    def consolidated(self) -> Decimal:
        """What the person owes in all; a debt given back to its creditor, or overpaid, adds nothing."""
        debts = [self.case, *self.siblings]
        owed = [case.balance for case in debts if case.stage != CaseStatus.Stage.DE_BAJA and case.balance > 0]
        return sum(owed, Decimal("0.00"))

    @cached_property
    def _promises(self) -> list[Promise]:
        return open_promises([self.case.pk])

    @property
    def promises(self) -> list[Promise]:
        """The last one that was broken, and the pending ones."""
        broken = [promise for promise in self._promises if promise.status == Promise.Status.BROKEN]
        return [*broken[-1:], *(promise for promise in self._promises if promise.status == Promise.Status.PENDING)]

    @property
    def unpromised(self) -> Decimal:
        """What of the balance no pending promise holds yet: what a new one is proposed for."""
        pending = (promise for promise in self._promises if promise.status == Promise.Status.PENDING)
        held = sum((promise.amount - promise.paid_amount for promise in pending), Decimal("0.00"))
        return max(self.case.balance - held, Decimal("0.00"))


def proposed_action(result: ActivityResult, *, case: Case, now: datetime) -> datetime | None:
    """The next action that a result code proposes; None where it leaves it to the person or to a promise."""
    if result.asks_when or result.needs_promise or result.stops_case:
        return None
    return queue.next_action_after_saving(
        chosen=None,
        promise_date=None,
        result_days=result.next_action_days,
        current=case.next_action_at if case.next_action_at and case.next_action_at > now else None,
        today=dates.local_date(now),
    )
