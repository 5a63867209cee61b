"""Arrangements: plans and waivers (DESIGN §3.8). Pure: no database, no clock. Amounts are Decimals in ARS.

Three parts: how a total is divided (`schedule`), what becomes of an arrangement (`outcome`), who may grant it
(`needed`).
"""

import calendar
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from cases.rules.instalments import CENT, HUNDRED, MAX_INSTALMENTS, MAX_RATE, with_interest
from nova.lib import dates

ZERO = Decimal("0.00")
ONE_DAY = timedelta(days=1)
MONTHS_A_YEAR = 12


class Status(StrEnum):
    """ACTIVE, COMPLETED and LAPSED follow from the ledger; the others are a person's decisions, or expiry."""

    PROPOSED = "proposed"
    AWAITING_APPROVAL = "awaiting_approval"
    ACTIVE = "active"
    COMPLETED = "completed"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class System(StrEnum):
    """How what is left after the down payment is divided."""

    NONE = "none"
    DIRECT = "direct"
    FRENCH = "french"
    FREE = "free"


class InstalmentStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    OVERDUE = "overdue"


class Authority(StrEnum):
    """Who may grant something, the lowest first."""

    GESTOR = "gestor"
    ADMIN = "admin"
    CREDITOR = "creditor"


# --- How a total is divided ---------------------------------------------------------------------------
class Refused(ValueError):
    """Terms that cannot be worked out. `field` is the one to mend, the text a Spanish sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Part(NamedTuple):
    """One payment; number 0 is the down payment."""

    number: int
    due_on: date
    amount: Decimal


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def less_percent(amount: Decimal, percent: Decimal) -> Decimal:
    """The amount without that share of it, half up to cents: what is paid after a waiver of `percent`."""
    return cents(amount * (HUNDRED - percent) / HUNDRED)


def due_dates(first: date, count: int) -> list[date]:
    """The same day of each month as the first date, or the last day of a shorter month."""
    found = []
    for months in range(count):
        year, month = divmod(first.year * MONTHS_A_YEAR + first.month - 1 + months, MONTHS_A_YEAR)
        day = min(first.day, calendar.monthrange(year, month + 1)[1])
        found.append(date(year, month + 1, day))
    return found


def equal_parts(total: Decimal, count: int) -> list[Decimal]:
    """Equal parts rounded down to the cent; the last takes what is left. Raises Refused for less than a cent each."""
    part = (total / count).quantize(CENT, rounding=ROUND_DOWN)
    if part <= 0:
        raise Refused("instalments", "El importe es demasiado chico para tantas cuotas.")
    return [*[part] * (count - 1), total - part * (count - 1)]


def direct_parts(financed: Decimal, monthly_rate: Decimal, count: int) -> list[Decimal]:
    """Simple interest on the whole for all months, in equal parts."""
    return equal_parts(with_interest(balance=financed, monthly_rate=monthly_rate, months=count), count)


def french_parts(financed: Decimal, monthly_rate: Decimal, count: int) -> list[Decimal]:
    """Equal instalments of interest on what is still owed and of capital; the last is what is left."""
    if monthly_rate == 0:
        return equal_parts(financed, count)
    rate = monthly_rate / HUNDRED
    with localcontext(prec=50):
        quota = cents(financed * rate / (1 - (1 + rate) ** -count))
    owed, parts = financed, []
    for _ in range(count - 1):
        parts.append(quota)
        owed -= quota - cents(owed * rate)
    parts.append(owed + cents(owed * rate))
    if min(parts) <= 0:
        raise Refused("instalments", "El importe es demasiado chico para tantas cuotas.")
    return parts


def interest_parts(financed: Decimal, monthly_rate: Decimal, parts: Sequence[Decimal], system: str) -> list[Decimal]:
    """The interest in each instalment. French: that of the period; otherwise in proportion."""
    total = max(sum(parts, ZERO) - financed, ZERO)
    if system == System.FRENCH and monthly_rate:
        owed, found = financed, []
        for part in parts[:-1]:
            found.append(cents(owed * monthly_rate / HUNDRED))
            owed -= part - found[-1]
        return [*found, total - sum(found, ZERO)]
    whole, reached = sum(parts, ZERO), ZERO
    shares: list[Decimal] = []
    for part in parts:
        reached += part
        so_far = (total * reached / whole).quantize(CENT, rounding=ROUND_DOWN)
        shares.append(so_far - sum(shares, ZERO))
    return shares


def check_numbers(*, base: Decimal, down: Decimal, count: int, monthly_rate: Decimal | None) -> None:
    """Raises Refused with the field that is out of range."""
    if base <= 0:
        raise Refused("case", "El caso no tiene saldo.")
    if not 1 <= count <= MAX_INSTALMENTS:
        raise Refused("instalments", f"Elija entre 1 y {MAX_INSTALMENTS} cuotas.")
    if monthly_rate is not None and not 0 <= monthly_rate <= MAX_RATE:
        raise Refused("monthly_rate", f"Escriba un porcentaje entre 0 y {MAX_RATE}.")
    if down < 0:
        raise Refused("down_payment", "El anticipo no puede ser negativo.")
    if down >= base:
        raise Refused("down_payment", "El anticipo cubre toda la deuda: no queda nada para convenir.")


def schedule(
    *,
    system: str,
    base: Decimal,
    agreed: Decimal | None,
    down: Decimal,
    count: int,
    monthly_rate: Decimal,
    accepted_on: date,
    first_due_on: date,
    typed: Sequence[tuple[date, Decimal]] = (),
) -> list[Part]:
    """The payments of an arrangement. `agreed` is not needed by `direct` and `french`, whose total follows.

    Raises Refused with the field to mend.
    """
    check_numbers(base=base, down=down, count=len(typed) if system == System.FREE else count, monthly_rate=monthly_rate)
    if agreed is not None and down >= agreed:
        raise Refused("down_payment", "El anticipo cubre todo lo convenido: no queda nada para las cuotas.")
    first = [Part(0, accepted_on, down)] if down else []
    if system == System.FREE:
        return [*first, *_typed_parts(typed, agreed=agreed, down=down)]
    if system == System.NONE:
        amounts = equal_parts((base if agreed is None else agreed) - down, count)
    elif system == System.DIRECT:
        amounts = direct_parts(base - down, monthly_rate, count)
    else:
        amounts = french_parts(base - down, monthly_rate, count)
    dated = zip(due_dates(first_due_on, count), amounts, strict=True)
    return [*first, *(Part(number, due_on, amount) for number, (due_on, amount) in enumerate(dated, start=1))]


def _typed_parts(typed: Sequence[tuple[date, Decimal]], *, agreed: Decimal | None, down: Decimal) -> list[Part]:
    if any(amount <= 0 for _, amount in typed):
        raise Refused("schedule", "El importe de cada cuota debe ser mayor que cero.")
    days = [due_on for due_on, _ in typed]
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise Refused("schedule", "Las fechas de las cuotas deben ir en orden, cada una posterior a la anterior.")
    total = down + sum((amount for _, amount in typed), ZERO)
    if agreed is not None and total != agreed:
        raise Refused("schedule", "Las cuotas y el anticipo no suman el total convenido.")
    return [Part(number, due_on, amount) for number, (due_on, amount) in enumerate(typed, start=1)]


def monthly_cost(financed: Decimal, flows: Sequence[tuple[Decimal, Decimal]]) -> Decimal | None:
    """The monthly rate (a fraction) at which the payments, each (months from now, amount), are worth what is financed.

    None where nothing is paid beyond it. By bisection: the value falls as the rate grows.
    """
    if financed <= 0 or sum((amount for _, amount in flows), ZERO) <= financed:
        return None
    with localcontext(prec=30):
        low, high = Decimal(0), Decimal(1)

        def worth(rate: Decimal) -> Decimal:
            return sum((amount * (1 + rate) ** -months for months, amount in flows), Decimal(0))

        while worth(high) > financed and high < 10**6:
            high *= 2
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if worth(middle) > financed else (low, middle)
        return (low + high) / 2


def flows_of(parts: Sequence[Part], *, system: str, accepted_on: date) -> list[tuple[Decimal, Decimal]]:
    """The instalments, each with the months from acceptance: whole ones, or as typed those of the calendar."""
    if system != System.FREE:
        return [(Decimal(part.number), part.amount) for part in parts if part.number]
    days_a_month = Decimal(365) / MONTHS_A_YEAR
    return [((part.due_on - accepted_on).days / days_a_month, part.amount) for part in parts if part.number]


def yearly_cost(monthly: Decimal | None) -> Decimal | None:
    """The effective yearly rate (TEA) in percent, with two decimals, of a monthly rate that is a fraction."""
    if monthly is None:
        return None
    with localcontext(prec=100):  # a few days' interest has many digits a year
        return cents(((1 + monthly) ** MONTHS_A_YEAR - 1) * HUNDRED)


# --- What becomes of it ---------------------------------------------------------------------------------
class Deal(NamedTuple):
    """What was accepted. `lapse_days` None: however late one instalment is."""

    accepted_at: datetime
    base: Decimal
    agreed: Decimal
    lapse_overdue_count: int
    lapse_days: int | None

    @property
    def plan_interest(self) -> Decimal:
        return max(self.agreed - self.base, ZERO)


class Entry(NamedTuple):
    """An entry of the ledger of the case that stands: no reversal, no reversed payment, none of the arrangement's own.

    `amount` is signed: what it adds to the balance.
    """

    id: int
    amount: Decimal
    value_date: date
    posted_at: datetime
    is_payment: bool
    is_creditors: bool


class Pause(NamedTuple):
    """Days of a stop that holds the clock, both included; `until` None: it still does."""

    since: date
    until: date | None


class Terms(NamedTuple):
    """The settings: grace in business days, what an instalment may lack (ARS), days after the last date."""

    grace_business_days: int
    tolerance: Decimal
    tail_days: int


class PartOutcome(NamedTuple):
    paid_amount: Decimal
    status: str
    paid_on: date | None


class Outcome(NamedTuple):
    """`taken_back` of the interest of the plan and `waived` are what the ledger has to say, in ARS, never negative.

    `next_look_on`: the next day on which it may change, or come up in the queue, without anybody doing anything.
    """

    status: str
    closed_on: date | None
    parts: dict[int, PartOutcome]
    taken_back: Decimal
    waived: Decimal
    next_due_on: date | None
    next_look_on: date | None


def outcome(
    deal: Deal,
    parts: Iterable[Part],
    entries: Iterable[Entry],
    pauses: Iterable[Pause],
    *,
    today: date,
    terms: Terms,
) -> Outcome:
    """What follows from schedule, ledger, stops and today; the order of the arguments does not matter.

    Payments fill the instalments by number, in the order of their value dates. The first of these closes it: the
    last instalment is filled; the balance is no longer above zero; a day on which it lapses. Payments valued on that
    day or later feed nothing.
    """
    known = [entry for entry in entries if entry.value_date <= today]
    course = _Course(deal, sorted(parts), known, list(pauses), terms)
    course.walk(today)
    return course.result(today)


class _Course:
    """The walk through entries and days of one arrangement."""

    def __init__(self, deal: Deal, parts: list[Part], entries: list[Entry], pauses: list[Pause], terms: Terms) -> None:
        self.deal, self.parts, self.entries, self.pauses, self.terms = deal, parts, entries, pauses, terms
        self.accepted_on = dates.local_date(deal.accepted_at)
        self.fed = {part.number: ZERO for part in parts}
        self.paid_on: dict[int, date] = {}
        self.lapsed_on: date | None = None
        self.completing: Entry | None = None

    # -- the days ----------------------------------------------------------------------------------------
    def is_paused(self, day: date) -> bool:
        return any(pause.since <= day and (pause.until is None or day <= pause.until) for pause in self.pauses)

    def late_from(self, due_on: date, day: date) -> date:
        """From when lateness counts on `day`: the due date, or the end of a later stop."""
        ends = [pause.until for pause in self.pauses if pause.until is not None and pause.until < day]
        return max([due_on, *ends])

    def grace_end(self, day: date) -> date:
        return dates.add_business_days(day, self.terms.grace_business_days)

    def is_overdue(self, part: Part, day: date) -> bool:
        if part.number in self.paid_on or day <= part.due_on or self.is_paused(day):
            return False
        return day > self.grace_end(self.late_from(part.due_on, day))

    def lapses(self, day: date) -> bool:
        if self.is_paused(day):
            return False
        unpaid = [part for part in self.parts if part.number not in self.paid_on]
        overdue = [part for part in unpaid if self.is_overdue(part, day)]
        if not overdue:
            return False
        if len(self.parts) == 1 or len(overdue) >= self.deal.lapse_overdue_count:
            return True
        if (longest := self.deal.lapse_days) is not None and any(
            (day - self.late_from(part.due_on, day)).days > longest for part in unpaid
        ):
            return True
        last = self.late_from(max(part.due_on for part in self.parts), day)
        return len(overdue) == len(unpaid) and day >= last + timedelta(days=self.terms.tail_days)

    def days_that_decide(self) -> list[date]:
        """Every day on which something becomes overdue or too late, if nobody pays; more than those does no harm."""
        ends = [pause.until for pause in self.pauses if pause.until is not None]
        last = max(part.due_on for part in self.parts)
        found = set()
        for start in {*(part.due_on for part in self.parts if part.number not in self.paid_on), *ends}:
            found.add(self.grace_end(start) + ONE_DAY)
            if self.deal.lapse_days is not None:
                found.add(start + timedelta(days=self.deal.lapse_days) + ONE_DAY)
        found |= {start + timedelta(days=self.terms.tail_days) for start in (last, *ends)}
        return sorted(found)

    # -- the walk ----------------------------------------------------------------------------------------
    def is_after(self, entry: Entry) -> bool:
        """Valued after the day of acceptance, or on it and posted since."""
        if entry.value_date == self.accepted_on:
            return entry.posted_at >= self.deal.accepted_at
        return entry.value_date > self.accepted_on

    def walk(self, today: date) -> None:
        payments = [entry for entry in self.entries if entry.is_payment and self.is_after(entry)]
        days = [day for day in self.days_that_decide() if day <= today]
        for payment in sorted(payments, key=lambda entry: (entry.value_date, entry.id)):
            while days and days[0] <= payment.value_date:
                if self.lapses(day := days.pop(0)):
                    self.lapsed_on = day
                    return
            self.feed(payment)
            if len(self.paid_on) == len(self.parts):
                self.completing = payment
                return
        self.lapsed_on = next((day for day in days if self.lapses(day)), None)

    def feed(self, payment: Entry) -> None:
        remaining = -payment.amount
        for part in self.parts:
            share = min(remaining, part.amount - self.fed[part.number])
            self.fed[part.number] += share
            remaining -= share
            if part.number not in self.paid_on and part.amount - self.fed[part.number] <= self.terms.tolerance:
                self.paid_on[part.number] = payment.value_date

    def settled_on(self) -> date | None:
        """The first day on which nothing was owed; None if never.

        Entries count in the order in which they were posted, and the last of their days decides: what is posted later
        with an earlier date had not settled it by then.
        """
        posted = [entry for entry in self.entries if entry.posted_at >= self.deal.accepted_at]
        balance = self.deal.plan_interest + sum((entry.amount for entry in self.entries), ZERO)
        balance -= sum((entry.amount for entry in posted), ZERO)
        day = self.accepted_on
        for entry in sorted(posted, key=lambda entry: entry.id):
            balance += entry.amount
            day = max(day, entry.value_date)
            if balance <= 0:
                return day
        return None

    # -- what it came to ---------------------------------------------------------------------------------
    def result(self, today: date) -> Outcome:
        settled = self.settled_on()
        in_time = settled is not None and (self.lapsed_on is None or settled < self.lapsed_on)
        if settled is not None and in_time and (self.completing is None or settled < self.completing.value_date):
            return self._closed(Status.COMPLETED, settled)
        if self.completing is not None:
            return self._closed(Status.COMPLETED, self.completing.value_date, waived=self.waiver(self.completing))
        if self.lapsed_on is not None:
            return self._closed(Status.LAPSED, self.lapsed_on, taken_back=self.taken_back(self.lapsed_on))
        upcoming = min(part.due_on for part in self.parts if part.number not in self.paid_on)
        return Outcome(
            Status.ACTIVE, None, self._parts(today), ZERO, ZERO, upcoming, self.next_look_on(upcoming, today)
        )

    def _closed(self, status: str, day: date, *, waived: Decimal = ZERO, taken_back: Decimal = ZERO) -> Outcome:
        return Outcome(status, day, self._parts(day), taken_back, waived, None, None)

    def _parts(self, day: date) -> dict[int, PartOutcome]:
        found = {}
        for part in self.parts:
            status = InstalmentStatus.OVERDUE if self.is_overdue(part, day) else InstalmentStatus.PENDING
            paid_on = self.paid_on.get(part.number)
            found[part.number] = PartOutcome(
                self.fed[part.number], InstalmentStatus.PAID if paid_on else status, paid_on
            )
        return found

    def waiver(self, completing: Entry) -> Decimal:
        """What was agreed to forgive and what the creditor has added since, up to what was left on completion."""
        later = [
            entry
            for entry in self.entries
            if not entry.is_creditors
            and self.is_after(entry)
            and (entry.value_date, entry.id) > (completing.value_date, completing.id)
        ]
        total = self.deal.plan_interest + sum((entry.amount for entry in self.entries), ZERO)
        left = total - sum((entry.amount for entry in later), ZERO)
        agreed = max(self.deal.base - self.deal.agreed, ZERO)
        restatements = restatements_since(self.deal, self.entries)
        return max(min(left, agreed + sum((entry.amount for entry in restatements), ZERO)), ZERO)

    def taken_back(self, day: date) -> Decimal:
        """The interest of what was not yet due on the day, unless the creditor has stated another total before it."""
        unpaid = [(part.due_on, part.amount - self.fed[part.number]) for part in self.parts]
        return taken_back_on(self.deal, unpaid, self.entries, day=day)

    def next_look_on(self, upcoming: date, today: date) -> date:
        """The next day that may lapse it, make an instalment overdue or bring the case up in the queue."""
        if self.is_paused(today):
            return today + ONE_DAY
        found = [*self.days_that_decide(), upcoming, dates.previous_business_day(upcoming)]
        return min((day for day in found if day > today), default=today + ONE_DAY)


def restatements_since(deal: Deal, entries: Iterable[Entry]) -> list[Entry]:
    """What the creditor has added or taken off since the arrangement was accepted."""
    return [entry for entry in entries if entry.is_creditors and entry.posted_at >= deal.accepted_at]


def restated_on(deal: Deal, entries: Iterable[Entry]) -> date | None:
    """The last day on which the creditor stated another total since acceptance; None if never."""
    return max((entry.value_date for entry in restatements_since(deal, entries)), default=None)


def taken_back_on(
    deal: Deal,
    unpaid: Iterable[tuple[date, Decimal]],
    entries: Iterable[Entry],
    *,
    day: date,
    includes_day: bool = False,
) -> Decimal:
    """The interest (ARS) that an arrangement which ends on `day` gives back: no more than is not yet due by then.

    `unpaid` are (due date, what is not paid of it). Nothing where the creditor has stated another total before that
    day, or with `includes_day` on it: then that total is the balance.
    """
    for entry in restatements_since(deal, entries):
        if entry.value_date < day or (includes_day and entry.value_date == day):
            return ZERO
    return min(deal.plan_interest, sum((amount for due_on, amount in unpaid if due_on > day), ZERO))


# --- Who may grant it --------------------------------------------------------------------------------------
class Limit(NamedTuple):
    """What a role may grant. `monthly_rate` None: any; it is the lowest."""

    role: str
    max_percent: Decimal = ZERO
    max_instalments: int = MAX_INSTALMENTS
    min_down_percent: Decimal = ZERO
    keeps_capital: bool = False
    monthly_rate: Decimal | None = None
    arrears_from_months: int = 0


class Asked(NamedTuple):
    """What is to be granted. `monthly_rate` in percent; `capital` is that of the balance."""

    base: Decimal
    agreed: Decimal
    down: Decimal
    instalments: int
    monthly_rate: Decimal
    capital: Decimal

    @property
    def is_one_payment(self) -> bool:
        return self.instalments == 1 and not self.down


def waived_percent(base: Decimal, agreed: Decimal) -> Decimal:
    """What is forgiven, in percent of the balance with two decimals; 0 where nothing is."""
    return max(cents((base - agreed) * HUNDRED / base), ZERO)


def limit_of_role(role: str, own: Iterable[Limit], general: Iterable[Limit], *, months: int) -> Limit:
    """Of the rows of the cartera for the role, or without any the general ones: the highest months reached.

    Without a row nothing is waived, in 60 instalments at most.
    """
    rows = [row for row in own if row.role == role] or [row for row in general if row.role == role]
    reached = [row for row in rows if row.arrears_from_months <= months]
    return max(reached, key=lambda row: row.arrears_from_months, default=Limit(role))


def exceeded(limit: Limit, asked: Asked) -> tuple[str, ...]:
    """The fields in which `asked` goes beyond the limit; empty where it is within."""
    found = []
    if asked.agreed < min(less_percent(asked.base, limit.max_percent), asked.base):
        found.append("waiver_percent")
    if limit.keeps_capital and asked.agreed < min(asked.capital, asked.base):
        found.append("capital")
    if asked.instalments > limit.max_instalments:
        found.append("instalments")
    if asked.is_one_payment:  # nothing is put off: no down payment, no rate
        return tuple(found)
    if asked.down < cents(min(asked.base, asked.agreed) * limit.min_down_percent / HUNDRED):
        found.append("down_payment")
    if limit.monthly_rate is not None and asked.monthly_rate < limit.monthly_rate:
        found.append("monthly_rate")
    return tuple(found)


def needed(limits: Sequence[Limit], asked: Asked) -> Limit | None:
    """The lowest of the limits, which are given lowest first, that allows it; None where none does."""
    return next((limit for limit in limits if not exceeded(limit, asked)), None)
