"""One case with its debtor, as the screen shows them: phones, other debts, promises, debt with interest."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import quote

from accounts.models import User, named
from cases import services
from cases.desk import timeline
from cases.desk.extra import NOTHING, Extra, extra_of
from cases.desk.plan_card import PlanCard, open_plans
from cases.desk.rows import Row, open_promises, plans_of, promises_of, row_of
from cases.models import ActivityResult, Arrangement, Case, DebtorPhone, Promise, StopFlag
from cases.models.case import consolidated
from cases.rules import queue
from cases.rules.allocation import Split
from cases.rules.instalments import with_interest
from cases.rules.reasons import TOLD_BY_PLANS
from cases.services.touch import agreed_call
from nova.lib import dates
from nova.lib.phones import whatsapp_link
from nova.lib.prepared import KEY, Prepared

SHOWN_PHONES = 3
SHOWN_DEBTS = 4  # beside the one that is open
# What is shown of another debt of the person.
DEBT_FIELDS = (
    *("balance", "stage", "nro_cliente", "entity", "placed_on", "arrears_since", "extra"),
    *("cartera__name", "status__name", *named("assigned_to")),
)


OtherDebt = tuple[Case, bool, int, Extra]


@dataclass(frozen=True)
class PhoneLine:
    phone: DebtorPhone
    whatsapp: str  # empty unless the phone is known to be a mobile

    @property
    def is_offered(self) -> bool:
        return self.phone.state != DebtorPhone.State.BAD and not is_of_work(self.phone)


def is_of_work(phone: DebtorPhone) -> bool:
    """Where colleagues answer: the law lets nobody call there about a debt."""
    return phone.kind == DebtorPhone.Kind.WORK


@dataclass(frozen=True)
class StopLine:
    channel: str
    words: str


# The reason is a label; the reach and the end are what a gestor has to know beside it.
NOT_BY = {
    StopFlag.Channel.CALL: "No llamar",
    StopFlag.Channel.MESSAGE: "No escribir por WhatsApp",
    StopFlag.Channel.EMAIL: "No escribir correos",
    StopFlag.Channel.SMS: "No enviar SMS",
    StopFlag.Channel.VISIT: "No visitar",
    StopFlag.Channel.LETTER: "No enviar cartas",
}


def words_of(stop: StopFlag) -> str:
    """«Detenida la persona: Pide no ser contactado, hasta el 24/12/2026», or «No llamar: Reclamo»."""
    what = NOT_BY.get(stop.channel, "Detenida la persona" if stop.case_id is None else "Detenido")  # type: ignore[call-overload]
    until = f", hasta el {dates.local_date(stop.until):%d/%m/%Y}" if stop.until else ""
    return f"{what}: {stop.get_reason_display()}{until}"


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
        pk = self.case.pk
        pending, broken = promises_of(self._promises)
        is_told = self.case.has_plans and self.case.queue_band in TOLD_BY_PLANS
        plan = plans_of([pk]).get(pk) if is_told else None
        return row_of(self.case, pending.get(pk), broken.get(pk), plan, now=self.now, today=self.today)

    @cached_property
    def phones(self) -> list[PhoneLine]:
        """Good ones first, then unverified ones, those of the workplace, bad ones."""
        order = [state.value for state in (DebtorPhone.State.GOOD, DebtorPhone.State.UNVERIFIED, DebtorPhone.State.BAD)]
        phones = sorted(PHONES(debtor=self.case.debtor_id), key=lambda phone: (order.index(phone.state), phone.pk))
        phones.sort(key=lambda phone: 2 if phone.state == DebtorPhone.State.BAD else int(is_of_work(phone)))
        return [PhoneLine(phone, self._whatsapp(phone)) for phone in phones]

    @cached_property
    def _stops(self) -> list[StopLine]:
        """The standing stops of the person and of this debt. Runs a query for a person who has any."""
        if not self.case.has_stops:
            return []
        found = StopFlag.objects.standing().of_case(self.case).order_by("since", "id")
        return [StopLine(stop.channel, words_of(stop)) for stop in found]

    @property
    def holding(self) -> list[StopLine]:
        """What holds the case out of the queue."""
        return [line for line in self._stops if line.channel == StopFlag.Channel.ALL]

    @property
    def closed_channels(self) -> list[StopLine]:
        return [line for line in self._stops if line.channel != StopFlag.Channel.ALL]

    @property
    def first_phones(self) -> list[PhoneLine]:
        return self.phones[:SHOWN_PHONES]

    @property
    def more_phones(self) -> list[PhoneLine]:
        """Those that stay folded."""
        return self.phones[SHOWN_PHONES:]

    @property
    def phone_to_call(self) -> DebtorPhone | None:
        return self.line_to_call.phone if self.line_to_call else None

    @property
    def line_to_call(self) -> PhoneLine | None:
        """The phone that the screen offers first, with its link to WhatsApp."""
        return next((line for line in self.phones if line.is_offered), None)

    @property
    def call_refusal(self) -> str:
        """Why this person is not called now; empty when they may be."""
        if self.case.stopped_at is None or not self.case.is_open:
            return ""
        by = self.case.stopped_by_result
        reason = f"«{by.name}»" if by else "un administrador"
        return f"Detenido por {reason}: no se llama ni se escribe hasta que un administrador decida."

    def _whatsapp(self, phone: DebtorPhone) -> str:
        """A link with a greeting that does not mention the debt, because another person may read it."""
        if phone.state == DebtorPhone.State.BAD or is_of_work(phone):
            return ""
        name = self.case.debtor.first_name.split(" ")[0] or self.case.debtor.last_name
        text = f"Hola, ¿hablo con {name}? Soy {self.user}. ¿Podemos conversar un momento?"
        link = whatsapp_link(phone.number, is_mobile=phone.kind == DebtorPhone.Kind.MOBILE)
        return f"{link}?text={quote(text)}" if link else ""

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
        return services.split_of(self.case)

    @cached_property
    def siblings(self) -> list[Case]:
        """The other cases of the debtor, of any gestor: read-only (DESIGN §2)."""
        return OTHER_DEBTS(debtor=self.case.debtor_id, pk=self.case.pk)

    def sibling_lines(self) -> list[tuple[Case, bool]]:
        """(other case, whether this user may open it)."""
        return [(case, self.user.is_admin or case.assigned_to_id == self.user.pk) for case in self.siblings]

    @cached_property
    def seen_debts(self) -> dict[int, str]:
        """The debts of the person that this user may open (ids), with their cartera: what the timeline is about."""
        seen = [self.case, *(case for case, is_open in self.sibling_lines() if is_open)]
        return {case.pk: case.cartera.name for case in seen}

    @property
    def lacks(self) -> set[str]:
        """The kinds of lines that no timeline of this person has."""
        kinds = {timeline.PROMISE: self.case.has_promises, timeline.PLAN: self.case.has_plans}
        return {kind for kind, is_there in kinds.items() if not is_there}

    @cached_property
    def _extra(self) -> dict[int, Extra]:
        """What the creditors say besides, of the debts that this user may open (DESIGN §2 "Who sees what")."""
        return extra_of([self.case, *(case for case, is_open in self.sibling_lines() if is_open)])

    @property
    def extra(self) -> Extra:
        return self._extra.get(self.case.pk, NOTHING)

    @property
    def other_debts(self) -> list[OtherDebt]:
        """(other case, whether this user may open it, months in arrears, what its creditor says besides)."""
        return [
            (case, is_open, case.months_in_arrears(self.today), self._extra.get(case.pk, NOTHING))
            for case, is_open in self.sibling_lines()
        ]

    @property
    def first_debts(self) -> list[OtherDebt]:
        return self.other_debts[:SHOWN_DEBTS]

    @property
    def more_debts(self) -> list[OtherDebt]:
        """Those that stay folded."""
        return self.other_debts[SHOWN_DEBTS:]

    @property
    def consolidated(self) -> Decimal:
        return consolidated([self.case, *self.siblings])

    @cached_property
    def plans(self) -> list[PlanCard]:
        """The arrangements of this debt that run, wait for an answer or are on the table."""
        return open_plans(self.case, self.user, today=self.today) if self.case.has_plans else []

    def _plan_in(self, status: str) -> PlanCard | None:
        return next((card for card in self.plans if card.plan.status == status), None)

    @property
    def arrangement(self) -> PlanCard | None:
        """The one that runs."""
        return self._plan_in(Arrangement.Status.ACTIVE)

    @property
    def request(self) -> PlanCard | None:
        """The one that waits for an admin."""
        return self._plan_in(Arrangement.Status.AWAITING_APPROVAL)

    @cached_property
    def _promises(self) -> list[Promise]:
        return open_promises([self.case.pk]) if self.case.has_promises else []

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


def _other_debts(debtor: Any, pk: Any) -> Any:
    others = Case.objects.filter(debtor=debtor).exclude(pk=pk).order_by("-balance", "id")
    return others.select_related("cartera", "status", "assigned_to").only(*DEBT_FIELDS)[:50]


OTHER_DEBTS = Prepared(_other_debts, debtor=KEY, pk=KEY)
PHONES = Prepared(lambda debtor: DebtorPhone.objects.filter(debtor=debtor).order_by(), debtor=KEY)


def proposed_action(result: ActivityResult, *, case: Case, now: datetime) -> datetime | None:
    """The next action that a result code proposes; None when the person or a promise decides it."""
    if result.asks_when or result.needs_promise or result.stops_case:
        return None
    if (agreed := agreed_call(case, result=result, now=now)) is not None:
        return agreed if agreed > now else None  # an hour that is over stays as it is, and is nothing to choose
    return queue.next_action_after_saving(
        chosen=None,
        promise_date=None,
        result_days=result.next_action_days,
        current=case.next_action_at if case.next_action_at and case.next_action_at > now else None,
        today=dates.local_date(now),
    )
