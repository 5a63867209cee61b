"""The histories of sample cases: a past, and one of the situations that a real portfolio has on any morning."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

from cases.models import Case
from cases.sample_data.life import Life
from cases.services.settlement import promise_terms
from nova.lib import dates

# Result codes of a past without promises, with their frequency in percent.
ATTEMPTS = {
    "NC": 24, "BUZ": 10, "OCU": 5, "APA": 4, "FS": 3, "TER": 8, "WSP": 12, "MAIL": 5, "REN": 6, "NEG": 6,
    "DIF": 5, "EQ": 3, "INX": 2, "VIS": 3, "CD": 1, "NOTA": 3,
}  # fmt: skip
STOPPING = ("DES", "REC", "ABG", "NOC", "FAL")
STOPPING_ONE = ("DES", "REC")

PAST_EVENTS = (0, 0, 1, 1, 1, 2, 2, 3)
PROMISES_IN_THE_PAST = 0.22
KEPT = 0.4
PAID_SOMETHING_OF_A_BROKEN_ONE = 0.25
RESTATED, MISTAKEN = 0.03, 0.02


def past(life: Life, until: date) -> None:
    """Attempts, and promises kept and broken, from placement to `until`. A balance always remains."""
    calendar, chance = life.calendar, life.chance
    first = dates.local_date(life.clock) + timedelta(days=1)
    # The first weeks of a case have most events.
    spans = [chance.choice((until, min(until, first + timedelta(days=60)))) for _ in range(chance.choice(PAST_EVENTS))]
    for day in sorted(calendar.business_day_between(first, span) for span in spans):
        if day <= dates.local_date(life.clock):
            continue
        roll = chance.random()
        if roll < PROMISES_IN_THE_PAST and (until - day).days > 20:
            _past_promise(life, day)
        elif roll > 1 - RESTATED:
            life.restate(day)
        elif roll > 1 - RESTATED - MISTAKEN:
            life.mistake(day)
        else:
            life.gestion(day, attempt(life))


def attempt(life: Life) -> str:
    return life.chance.choices(list(ATTEMPTS), list(ATTEMPTS.values()))[0]


def _past_promise(life: Life, day: date) -> None:
    chance = life.chance
    due = day + timedelta(days=chance.randrange(3, 12))
    amount = life.promise(day, due, share=chance.uniform(0.1, 0.35))
    if chance.random() < KEPT:
        life.pay(min(day + timedelta(days=chance.randrange(1, 12)), due), amount)
        return
    if chance.random() < PAID_SOMETHING_OF_A_BROKEN_ONE:
        life.pay(due, (amount * 3 / 10).quantize(amount))
    life.night_after(due)


# --- Ends ----------------------------------------------------------------------------------------
def call_back_due(life: Life) -> None:
    calendar = life.calendar
    life.gestion(calendar.ago(2), "VLL", chosen=dates.start_of_day(calendar.ago(1)) + timedelta(hours=16))


def call_back_today(life: Life) -> None:
    """Agreed for a full hour of today, which may be still to come."""
    hour = timedelta(hours=life.chance.randrange(9, 20))
    life.gestion(life.calendar.ago(1), "VLL", chosen=dates.start_of_day(life.calendar.today) + hour)


def call_back_later(life: Life) -> None:
    calendar = life.calendar
    life.gestion(calendar.ago(1), "VLL", chosen=dates.start_of_day(calendar.ago(-2)) + timedelta(hours=11))


def broken_today(life: Life) -> None:
    due = life.calendar.last_day_to_break(promise_terms())
    life.promise(dates.add_business_days(due, -3), due, share=0.3)


def broken_lately(life: Life) -> None:
    due = life.calendar.last_day_to_break(promise_terms()) - timedelta(days=life.chance.randrange(3, 16))
    life.promise(dates.add_business_days(due, -3), due, share=0.5)
    life.night_after(due)


def says_paid(life: Life) -> None:
    life.gestion(life.calendar.ago(3), "YP")


def due_today(life: Life) -> None:
    life.promise(life.calendar.ago(5), life.calendar.today, share=life.chance.uniform(0.2, 0.6))


def due_tomorrow(life: Life) -> None:
    due = life.calendar.today + timedelta(days=1)
    life.promise(life.calendar.ago(4), due, share=life.chance.uniform(0.2, 0.6))


def promised(life: Life) -> None:
    """One promise in the future, or two."""
    calendar, chance = life.calendar, life.chance
    day, due = calendar.ago(chance.randrange(1, 4)), calendar.today + timedelta(days=chance.randrange(4, 25))
    life.promise(day, due, share=0.4)
    if chance.random() < 0.35:
        life.promise(day, due + timedelta(days=30), share=0.4)


def followed_up(life: Life) -> None:
    life.gestion(life.calendar.ago(life.chance.randrange(2, 15)), attempt(life))
    if life.chance.random() < 0.2:
        life.move(dates.local_date(life.clock), "contactado")


def unreached(life: Life) -> None:
    life.gestion(life.calendar.ago(life.chance.randrange(2, 8)), life.chance.choice(("NC", "BUZ", "OCU")))


def worked_today(life: Life) -> None:
    """A gestión within the last hour; before office hours, on the last business day."""
    calendar = life.calendar
    moment = calendar.now - timedelta(minutes=life.chance.randrange(2, 60))
    is_open = dates.local_date(moment) == calendar.today and dates.is_business_day(calendar.today)
    if is_open and moment > life.clock:
        life.gestion(calendar.today, attempt(life), moment=moment)
    else:
        life.gestion(calendar.ago(1), attempt(life))


def paid(life: Life) -> None:
    _keeps_a_promise(life, share=1)


def paid_in_part(life: Life) -> None:
    _keeps_a_promise(life, share=life.chance.uniform(0.2, 0.6))
    life.gestion(life.calendar.ago(life.chance.randrange(1, 6)), "NC")


def _keeps_a_promise(life: Life, *, share: float) -> None:
    """A kept promise at any time since placement, after a past."""
    placed_on = dates.local_date(life.clock)
    day = life.calendar.business_day_between(placed_on + timedelta(days=7), life.calendar.ago(8))
    past(life, day - timedelta(days=1))
    _promises_and_pays(life, max(day, dates.local_date(life.clock)), share=share)


def kept_lately(life: Life) -> None:
    _promises_and_pays(life, life.calendar.ago(life.chance.randrange(6, 24)), share=life.chance.uniform(0.1, 0.5))


def _promises_and_pays(life: Life, day: date, *, share: float) -> None:
    """A promise and its payment within some days, not later than on the last business day."""
    due = min(day + timedelta(days=life.chance.randrange(3, 9)), life.calendar.ago(1))
    life.pay(due, life.promise(day, due, share=share))


def uncollectable(life: Life) -> None:
    life.gestion(life.calendar.ago(25), "REN")
    slug, notes = next(life.desk.closings)
    life.move(life.calendar.ago(life.chance.randrange(5, 21)), slug, notes=notes)


def stopped(life: Life) -> None:
    """Somebody with several debts stops this one; the stop of a person would also end the lives of the others."""
    has_others = life.case.debtor.cases.exclude(pk=life.case.pk).exists()
    code = life.chance.choice(STOPPING_ONE if has_others else STOPPING)
    life.gestion(life.calendar.ago(life.chance.randrange(1, 26)), code)


def reopened(life: Life) -> None:
    """A paid case reopened, because the bank returned the last payment."""
    life.pay(life.calendar.ago(10), (life.owed * 9 / 10).quantize(life.owed))
    payment = life.pay(life.calendar.ago(9), life.owed)
    life.reverse(life.calendar.ago(2), payment)


def handed_over(life: Life) -> None:
    life.hand_over(life.calendar.ago(2))


# --- Arrangements -----------------------------------------------------------------------------------
def in_instalments(life: Life) -> None:
    """A plan that runs: some instalments paid, the next one to come."""
    calendar, chance = life.calendar, life.chance
    count = chance.choice((3, 6, 6, 12))
    day = calendar.ago(chance.choice((8, 30, 52)))
    system = chance.choice(("none", "direct", "french"))
    first = day + timedelta(days=chance.randrange(6, 13))
    made = life.arrange(day, first, system=system, instalments=count)
    for part in made.schedule.order_by("number"):
        if part.due_on >= calendar.ago(1):
            break
        life.pay(max(dates.previous_business_day(part.due_on), day), part.amount)


def settled_with_a_waiver(life: Life) -> None:
    day = life.calendar.ago(life.chance.randrange(6, 40))
    due = dates.add_business_days(day, 3)
    made = life.arrange(day, due, waiver_percent=Decimal(life.chance.choice((5, 10, 15))))
    life.pay(dates.add_business_days(day, 2), made.agreed_total)


def fell(life: Life) -> None:
    """A down payment, and nothing since: it lapses in the next night, or has lapsed."""
    day = life.calendar.ago(life.chance.choice((9, 10, 30)))
    life.arrange(day, dates.add_business_days(day, 2), waiver_percent=Decimal(10))


def asks(life: Life) -> None:
    """More than a gestor may grant: an admin has to say."""
    day = life.calendar.ago(life.chance.randrange(1, 4))
    life.arrange(day, life.calendar.ago(-5), waiver_percent=Decimal(life.chance.choice((25, 30))))


def was_refused(life: Life) -> None:
    day = life.calendar.ago(3)
    made = life.arrange(day, life.calendar.ago(-5), waiver_percent=Decimal(30))
    life.refuse(life.calendar.ago(2), made)


def offered(life: Life) -> None:
    day = life.calendar.ago(2)
    life.arrange(day, life.calendar.ago(-6), accept=False, instalments=3)


def needs_the_creditor(life: Life) -> None:
    """More than an admin may grant: the creditor has to say."""
    life.arrange(life.calendar.ago(1), life.calendar.ago(-5), waiver_percent=Decimal(45))


def was_approved(life: Life) -> None:
    """The answer brings the case up at once."""
    made = life.arrange(life.calendar.ago(3), life.calendar.ago(-8), waiver_percent=Decimal(25), instalments=2)
    life.approve(life.calendar.ago(1), made)


def nobody_answered(life: Life) -> None:
    """A proposal that expires."""
    life.arrange(life.calendar.ago(15), life.calendar.ago(-3), accept=False, instalments=3)


def instalment_today(life: Life) -> None:
    life.arrange(life.calendar.ago(8), life.calendar.today, instalments=3)


def instalment_overdue(life: Life) -> None:
    """The first of six was not paid, and its grace is over: one more, and the arrangement lapses."""
    life.arrange(life.calendar.ago(12), life.calendar.ago(6), instalments=6)


def restated_since(life: Life) -> None:
    """The creditor states another total of what is being paid in instalments."""
    life.arrange(life.calendar.ago(8), life.calendar.ago(-5), instalments=6)
    life.restate(life.calendar.ago(2), by=104)


def forgave_more(life: Life) -> None:
    """The creditor's interest made the waiver greater than what was agreed."""
    day = life.calendar.ago(8)
    made = life.arrange(day, dates.add_business_days(day, 5), waiver_percent=Decimal(15))
    life.restate(life.calendar.ago(6), by=108)
    life.pay(life.calendar.ago(5), made.agreed_total)


def gave_up(life: Life) -> None:
    made = life.arrange(life.calendar.ago(7), life.calendar.ago(-10), instalments=6, system="direct")
    life.give_up(life.calendar.ago(3), made)


class Plot(NamedTuple):
    """`of_hundred` is the frequency in percent. The past ends `begins` business days before today.

    With `begins` None, the plot itself makes the past.
    """

    end: Callable[[Life], None]
    of_hundred: int
    begins: int | None


PLOTS = (
    Plot(call_back_due, 3, 3),
    Plot(call_back_today, 3, 2),
    Plot(broken_today, 3, 8),
    Plot(says_paid, 4, 4),
    Plot(due_today, 3, 6),
    Plot(due_tomorrow, 3, 5),
    Plot(unreached, 7, 8),
    Plot(reopened, 2, 11),
    Plot(handed_over, 2, None),
    Plot(followed_up, 12, 15),
    Plot(worked_today, 4, 2),
    Plot(call_back_later, 2, 2),
    Plot(kept_lately, 7, 25),
    Plot(broken_lately, 5, 24),
    Plot(promised, 8, 5),
    Plot(paid, 14, None),
    Plot(paid_in_part, 8, None),
    Plot(uncollectable, 6, 27),
    Plot(stopped, 4, 27),
    Plot(in_instalments, 14, 53),
    Plot(settled_with_a_waiver, 7, 41),
    Plot(fell, 4, 31),
    Plot(asks, 3, 5),
    Plot(was_refused, 1, 5),
    Plot(offered, 1, 5),
    Plot(gave_up, 1, 9),
)
# One case of each of these gives a queue with every band.
IN_EVERY_QUEUE = PLOTS[:9]
# One case of each of these shows an arrangement in every state and the alerts about them, and both ways to close one.
IN_EVERY_AGENCY = (
    *[plot for plot in PLOTS if plot.end is uncollectable] * 2,
    *(plot for plot in PLOTS if plot.end in (in_instalments, settled_with_a_waiver, fell, asks)),
    *(plot for plot in PLOTS if plot.end in (was_refused, offered, gave_up)),
    Plot(needs_the_creditor, 1, 3),
    Plot(was_approved, 1, 5),
    Plot(nobody_answered, 1, 17),
    Plot(instalment_today, 1, 10),
    Plot(instalment_overdue, 1, 14),
    Plot(restated_since, 1, 10),
    Plot(forgave_more, 1, 10),
)


def deal(cases: list[Case], chance: Random, *, once: list[Plot]) -> list[tuple[Case, Plot]]:
    """A plot for each case of a gestor: first one of each of IN_EVERY_QUEUE, then those `once`, then by frequency.

    Takes out of `once` what was dealt.
    """
    plots = list(IN_EVERY_QUEUE[: len(cases)])
    room = len(cases) - len(plots)
    plots += once[:room]
    del once[:room]
    plots += chance.choices(PLOTS, [plot.of_hundred for plot in PLOTS], k=len(cases) - len(plots))
    chance.shuffle(plots)
    return list(zip(cases, plots, strict=True))


def live(life: Life, plot: Plot) -> None:
    if plot.begins is not None:
        past(life, life.calendar.ago(plot.begins) - timedelta(days=1))
    plot.end(life)
