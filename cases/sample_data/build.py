"""Creates the sample agency: debtors, portfolios placed over a year, and the history of every case."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from random import Random

from django.apps import apps
from django.db import transaction
from django.db.models import Count, QuerySet

from cases import nightly, services
from cases.models import Activity, Cartera, Case, Debtor, DebtorPhone, LedgerEntry, Promise
from cases.sample_data import plots
from cases.sample_data.agency import found_carteras, hire, set_terms
from cases.sample_data.calendar import Calendar
from cases.sample_data.life import Desk, Life
from cases.sample_data.papers import hand_out_papers
from cases.sample_data.people import debtors
from nova.lib.databases import refresh_statistics

# The placement of each portfolio, in business days before today. The cases of the last one are untouched.
PLACED = (243, 219, 195, 171, 147, 123, 99, 75, 56)
PLACED_LAST = 2
ASSIGNED_AFTER = timedelta(hours=1)
SEVERAL_DEBTS_EVERY = 5
UNASSIGNED_OF_THE_LAST = 4  # one of so many cases
SMALLEST, LARGEST = Decimal("8000.00"), Decimal("6000000.00")
NOTES = ("Compra de electrodomésticos en 12 cuotas.", "Préstamo personal.", "Resumen impago desde marzo.")


@dataclass
class Summary:
    carteras: int
    gestores: int
    debtors: int
    cases: int
    activities: int
    promises: int
    payments: int


@transaction.atomic
def create(*, cases: int, seed: int, now: datetime, progress: Callable[[int], None]) -> Summary:
    """Create the agency in one transaction. `progress` gets the number of finished cases.

    Takes some tens of milliseconds a case on SQLite.
    """
    chance = Random(seed)  # noqa: S311 (no secret depends on it)
    staff, carteras = hire(), found_carteras()
    set_terms()
    calendar = Calendar(now, chance)
    desk = Desk(calendar, chance, staff.admin, staff.gestores)
    owners = _owners(cases, chance)
    phones = _phones_of(owners)
    worked, untouched = _place(owners, carteras, desk)
    for lived, (case, plot) in enumerate(_dealt(worked, chance), start=len(untouched) + 1):
        life = Life(desk, case, phones[case.debtor_id], since=case.created_at + ASSIGNED_AFTER)
        plots.live(life, plot)
        progress(lived)
    _stop_a_person(desk, phones)
    nightly.run(now=now)
    hand_out_papers(desk)
    refresh_statistics(*apps.get_app_config("cases").get_models())
    return Summary(
        carteras=len(carteras),
        gestores=len(staff.gestores),
        debtors=len(phones),
        cases=cases,
        activities=Activity.objects.by_people().count(),
        promises=Promise.objects.count(),
        payments=LedgerEntry.objects.effective_payments().count(),
    )


def _stop_a_person(desk: Desk, phones: dict[int, list[DebtorPhone]]) -> None:
    """Somebody with several open debts asks not to be contacted: all of them leave the queues."""
    alone = Case.objects.open().filter(stopped_at__isnull=True, assigned_to__isnull=False)
    worked = alone.filter(last_activity_at__lt=desk.calendar.moment(desk.calendar.ago(2)))
    case = worked.filter(debtor__in=_with_several(alone)).order_by("id").first()
    if case is None or case.last_activity_at is None:  # a small agency may have nobody
        return
    life = Life(desk, case, phones[case.debtor_id], since=case.last_activity_at)
    life.gestion(desk.calendar.ago(1), "NOC")


def _with_several(cases: QuerySet[Case]) -> QuerySet:
    counted = cases.order_by().values("debtor").annotate(debts=Count("pk"))
    return counted.filter(debts__gt=1).values("debtor")


def _owners(cases: int, chance: Random) -> list[Debtor]:
    """The debtor of each case, saved with their phones. A fifth have two or three cases, in any cartera."""
    owners: list[Debtor] = []
    people: list[Debtor] = []
    phones: list[DebtorPhone] = []
    for number, (debtor, theirs) in enumerate(debtors(chance)):
        debts = 1 if number % SEVERAL_DEBTS_EVERY else chance.choice((2, 2, 3))
        owners += [debtor] * min(debts, cases - len(owners))
        people.append(debtor)
        phones += theirs
        if len(owners) == cases:
            break
    Debtor.objects.bulk_create(people, batch_size=500)
    DebtorPhone.objects.bulk_create(phones, batch_size=500)
    chance.shuffle(owners)
    return owners


def _phones_of(owners: list[Debtor]) -> dict[int, list[DebtorPhone]]:
    phones: dict[int, list[DebtorPhone]] = {debtor.pk: [] for debtor in owners}
    for phone in DebtorPhone.objects.order_by("id").iterator():
        if phone.debtor_id in phones:
            phones[phone.debtor_id].append(phone)
    return phones


def _place(owners: list[Debtor], carteras: list[Cartera], desk: Desk) -> tuple[list[Case], list[Case]]:
    """Place the portfolios and share each among the gestores. Returns the worked cases and the untouched ones."""
    days = [desk.calendar.ago(days) for days in (*PLACED, PLACED_LAST)]
    remaining = iter(enumerate(owners, start=1))
    batches: list[list[Case]] = []
    for position, day in enumerate(days):
        size = len(owners) * (position + 1) // len(days) - len(owners) * position // len(days)
        moment = desk.calendar.moment(day)
        cartera, has_letter = carteras[position % len(carteras)], position % len(carteras) > 0
        batch = [
            _case(owner, cartera, f"{cartera.name[0]}{number:06d}" if has_letter else f"{number:08d}", moment, desk)
            for number, owner in islice(remaining, size)
        ]
        is_last = position == len(days) - 1
        turns = [case.pk for turn, case in enumerate(batch, start=1) if not is_last or turn % UNASSIGNED_OF_THE_LAST]
        first = 0 if is_last else sum(map(len, batches)) % len(desk.gestores)
        services.share_cases(
            cases=Case.objects.filter(pk__in=turns),
            gestores=[*desk.gestores[first:], *desk.gestores[:first]],
            by=desk.admin,
            now=moment + ASSIGNED_AFTER,
        )
        batches.append(list(Case.objects.filter(pk__in=[case.pk for case in batch]).select_related("assigned_to")))
    *worked, untouched = batches
    return [case for batch in worked for case in sorted(batch, key=attrgetter("pk"))], untouched


def _case(debtor: Debtor, cartera: Cartera, nro_cliente: str, moment: datetime, desk: Desk) -> Case:
    chance = desk.chance
    cents = int(chance.lognormvariate(mu=16.6, sigma=0.9))  # half of them owe less than $ 162.000
    amount = min(max(Decimal(cents) / 100, SMALLEST), LARGEST)
    paid_before = moment - timedelta(days=chance.randrange(40, 400))
    return services.place_case(
        cartera=cartera,
        debtor=debtor,
        amount=amount,
        initial_amount=(amount / Decimal(str(chance.uniform(1.1, 1.9)))).quantize(amount),
        by=desk.admin,
        nro_cliente=nro_cliente,
        creditor_last_payment_date=paid_before.date() if chance.random() < 0.7 else None,
        notes=chance.choice(NOTES) if chance.random() < 0.15 else "",
        now=moment,
    )


def _dealt(cases: list[Case], chance: Random) -> Iterator[tuple[Case, plots.Plot]]:
    theirs: dict[int | None, list[Case]] = defaultdict(list)
    for case in cases:
        theirs[case.assigned_to_id].append(case)
    once = list(plots.IN_EVERY_AGENCY)
    for gestor in sorted(theirs, key=lambda pk: pk or 0):
        yield from plots.deal(theirs[gestor], chance, once=once)
