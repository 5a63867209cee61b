"""Assignment of cases to gestores, in chunks: a thousand cases cost a few statements."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Case, Promise
from cases.querysets import CaseQuerySet
from cases.rules import queue
from cases.rules.sharing import Shares, keeper
from cases.services.many import CHUNK, locked_chunks

Progress = Callable[[int], None]
Deal = Callable[[list[Case]], Sequence[User | None]]  # the takers of a chunk of locked cases
Debt = tuple[int, int | None, Decimal]  # case, gestor, balance
PEOPLE_CHUNK = 500
UNITED_AT_ONCE = 5_000  # people; one request has to end before the server's timeout


@transaction.atomic
def assign_cases(*, cases: CaseQuerySet, gestor: User | None, by: User | None, now: datetime | None = None) -> int:
    """Assign the cases to one gestor (None: unassign them). Returns how many changed.

    Cases that already have this gestor do not change. Raises ValidationError for somebody who is no active gestor.
    """
    if gestor is not None:
        _check_gestores([gestor])
    return _move(cases, lambda chunk: [gestor] * len(chunk), by=by, now=now or timezone.now())


@transaction.atomic
def share_cases(
    *,
    cases: CaseQuerySet,
    gestores: Sequence[User],
    weights: Sequence[int] = (),
    by_person: bool = True,
    by: User | None,
    now: datetime | None = None,
    progress: Progress = lambda cases: None,
    expected: Mapping[int, int] | None = None,
) -> int:
    """Distribute the cases in the order of their ids, in equal shares or by `weights` (integers, one for each gestor).

    Those of inactive carteras stay where they are. All debts of a person go to one gestor: to the one who has another
    debt of theirs, else to whose turn it is. Without `by_person` each case goes by itself, and no share differs by more
    than one case from the exact one. Returns how many cases changed.

    `expected`: how many cases each gestor (by id) was to receive, as `preview_shares` said; when it comes out otherwise
    nothing changes. Raises ValidationError (key gestores) for that, without gestores, or for somebody who is no active
    gestor.
    """
    if not gestores:
        raise ValidationError({"gestores": "No hay gestores activos entre quienes repartir."})
    _check_gestores(gestores)
    cases = cases.filter(in_active_cartera=True)
    weights = weights or [1] * len(gestores)
    deal: Deal = _ByPerson(cases, gestores, weights)
    if not by_person:
        turns = _turns(list(gestores), weights)
        deal = lambda chunk: list(islice(turns, len(chunk)))  # noqa: E731
    dealt: Counter[int] = Counter()

    def counted(chunk: list[Case]) -> Sequence[User | None]:
        takers = deal(chunk)
        dealt.update(taker.pk for taker in takers if taker is not None)
        return takers

    moved = _move(cases, counted, by=by, now=now or timezone.now(), progress=progress)
    if expected is not None and dealt != Counter(expected):
        raise ValidationError({"gestores": "Entretanto cambió lo que recibiría cada uno: revise y confirme de nuevo."})
    return moved


@dataclass
class Share:
    """What a gestor would receive: cases, their people, what these owe, their pending promises. Amounts in ARS."""

    gestor: User
    cases: int = 0
    people: int = 0
    balance: Decimal = Decimal(0)
    promises: int = 0
    promised: Decimal = Decimal(0)


def preview_shares(*, cases: CaseQuerySet, gestores: Sequence[User]) -> list[Share]:
    """What `share_cases` would give each of these gestores now, by the same dealing. Writes nothing.

    Four queries for each 2,000 cases. Only people with several debts can come up in two chunks, and those are dealt
    once: that the cases of the first chunks stand where they stood changes nothing for the next ones.
    """
    cases = cases.filter(in_active_cartera=True)
    return _tally(cases, gestores, _ByPerson(cases, gestores, [1] * len(gestores)))


def preview_assignment(*, cases: CaseQuerySet, gestor: User) -> Share:
    """What `assign_cases` would give this gestor now."""
    [share] = _tally(cases, [gestor], lambda chunk: [gestor] * len(chunk))
    return share


def _tally(cases: CaseQuerySet, gestores: Sequence[User], deal: Deal) -> list[Share]:
    shares = {gestor.pk: Share(gestor) for gestor in gestores}
    people: dict[int, set[int]] = defaultdict(set)
    read = cases.order_by("id").only("id", "debtor", "balance")
    last_id = 0
    while chunk := list(read.filter(id__gt=last_id)[:CHUNK]):
        last_id = chunk[-1].pk
        takers = {case.pk: taker.pk for case, taker in zip(chunk, deal(chunk), strict=True) if taker is not None}
        for case in chunk:
            share = shares[takers[case.pk]]
            share.cases += 1
            share.balance += case.balance
            people[share.gestor.pk].add(case.debtor_id)
        pending = Promise.objects.pending().filter(case__in=list(takers)).order_by()
        for case_id, amount, paid in pending.values_list("case_id", "amount", "paid_amount"):
            shares[takers[case_id]].promises += 1
            shares[takers[case_id]].promised += amount - paid
    for pk, share in shares.items():
        share.people = len(people[pk])
    return list(shares.values())


def _turns(gestores: list[User], weights: Sequence[int]) -> Iterator[User]:
    """An endless sequence of gestores. Each time comes the gestor who lacks most cases of their share."""
    shares = Shares(weights)
    while True:
        yield gestores[shares.deal()]


class _ByPerson:
    """Deals the debts of a person to one gestor. Runs three queries a chunk, and keeps only people with several ones.

    Closed cases count too: where they are shared, they go with the person.
    """

    def __init__(self, cases: CaseQuerySet, gestores: Sequence[User], weights: Sequence[int]) -> None:
        self._cases, self._gestores, self._shares = cases.order_by(), gestores, Shares(weights)
        self._places = {gestor.pk: place for place, gestor in enumerate(gestores)}
        self._dealt: dict[int, int] = {}  # debtor → place of the gestor, of people with several debts
        self._with_several: set[int] = set()

    def __call__(self, chunk: list[Case]) -> list[User | None]:
        debts = debts_of_people({case.debtor_id for case in chunk})
        others = [pk for held in debts.values() for pk, gestor, _ in held if gestor in self._places]
        shared = set(self._cases.filter(pk__in=others).values_list("pk", flat=True)) if others else set()
        all_theirs = Case.objects.filter(debtor__in={case.debtor_id for case in chunk}).order_by()
        counts = Counter(all_theirs.values_list("debtor_id", flat=True))
        self._with_several = {debtor for debtor, count in counts.items() if count > 1}
        return [self._gestores[self._place(case, debts.get(case.debtor_id, []), shared)] for case in chunk]

    def _place(self, case: Case, debts: list[Debt], shared: set[int]) -> int:
        """Whoever holds a debt that is not being shared has the person; a debt that is, only while it is their turn."""
        if case.debtor_id in self._dealt:
            return self._shares.deal(self._dealt[case.debtor_id], insists=True)
        held = [(pk, gestor, balance) for pk, gestor, balance in debts if gestor in self._places]
        fixed = keeper((gestor, balance) for pk, gestor, balance in held if pk not in shared)
        loose = keeper((gestor, balance) for pk, gestor, balance in held if pk in shared)
        holder = loose if fixed is None else fixed
        place = self._shares.deal(None if holder is None else self._places[holder], insists=fixed is not None)
        if case.debtor_id in self._with_several:
            self._dealt[case.debtor_id] = place
        return place


def debts_of_people(debtors: Iterable[int]) -> dict[int, list[Debt]]:
    """The debts of each of these people that are worked: (case, gestor or None, balance). Runs a query."""
    debts: dict[int, list[Debt]] = defaultdict(list)
    rows = Case.objects.worked().filter(debtor__in=list(debtors)).order_by()
    for debtor, *debt in rows.values_list("debtor_id", "pk", "assigned_to_id", "balance"):
        debts[debtor].append((debt[0], debt[1], debt[2]))
    return debts


@transaction.atomic
def unite_people(*, by: User | None, now: datetime | None = None, limit: int = UNITED_AT_ONCE) -> tuple[int, int]:
    """Give every person whose open debts several gestores hold to one of them: the one who holds most of the balance.

    Only active gestores keep people. Returns how many people and cases changed, of at most `limit` people.
    """
    active = set(User.objects.gestores().values_list("pk", flat=True))
    debtors = list(Case.objects.split_people(active).values_list("debtor", flat=True)[:limit])
    gestores = {gestor.pk: gestor for gestor in User.objects.filter(pk__in=active)}
    keepers: dict[int, User] = {}

    def deal(chunk: list[Case]) -> list[User | None]:
        unknown = {case.debtor_id for case in chunk} - keepers.keys()
        for debtor, debts in debts_of_people(unknown).items():
            kept_by = keeper((gestor, balance) for _, gestor, balance in debts if gestor in gestores)  # type: ignore[misc]
            if kept_by is not None:
                keepers[debtor] = gestores[kept_by]
        return [keepers.get(case.debtor_id, case.assigned_to) for case in chunk]

    moved = 0
    for start in range(0, len(debtors), PEOPLE_CHUNK):
        theirs = Case.objects.worked().filter(debtor__in=debtors[start : start + PEOPLE_CHUNK], assigned_to__in=active)
        moved += _move(theirs, deal, by=by, now=now or timezone.now())
    return len(debtors), moved


def _check_gestores(gestores: Sequence[User]) -> None:
    for gestor in gestores:
        if not gestor.is_active or not gestor.is_gestor:
            raise ValidationError({"gestor": f"{gestor} no es un gestor activo: no puede recibir casos."})


def _move(
    cases: CaseQuerySet,
    deal: Deal,
    *,
    by: User | None,
    now: datetime,
    progress: Progress = lambda cases: None,
) -> int:
    moved = seen = 0
    for chunk in locked_chunks(cases):
        moves = [(case, gestor) for case, gestor in zip(chunk, deal(chunk), strict=True) if case.assigned_to != gestor]
        _write(moves, by=by, now=now)
        moved += len(moves)
        seen += len(chunk)
        progress(seen)
    return moved


def _write(moves: list[tuple[Case, User | None]], *, by: User | None, now: datetime) -> None:
    touched = set(
        Activity.objects.by_people().filter(case__in=[case.pk for case, _ in moves]).values_list("case_id", flat=True)
    )
    activities, events = [], []
    destinations: dict[tuple[User | None, int], list[int]] = defaultdict(list)
    for case, gestor in moves:
        former = case.assigned_to
        activities.append(
            Activity(
                case=case,
                type=Activity.Type.NOTE,
                notes=f"Asignado a {gestor}" if gestor else "Sin gestor asignado",
                created_by=by,
                created_at=now,
                is_system=True,
            )
        )
        events.append(
            audit.event(
                AuditEvent.Action.ASSIGNED,
                by=by,
                target=case,
                before={"assigned_to": former.username if former else None},
                after={"assigned_to": gestor.username if gestor else None},
            )
        )
        band = queue.band_after_assignment(
            band=case.queue_band,
            was_assigned=former is not None,
            is_touched=case.pk in touched,
            next_action_at=case.next_action_at,
        )
        destinations[gestor, band].append(case.pk)
    for (gestor, band), pks in destinations.items():
        Case.objects.filter(pk__in=pks).update(
            assigned_to=gestor, queue_band=band, version=F("version") + 1, updated_at=now
        )
    Activity.objects.bulk_create(activities, batch_size=500)
    audit.record_many(events)
