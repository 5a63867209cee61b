"""A payment that waits for a person, with the debts it may be meant for (DESIGN §5.1). Only reads."""

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from cases.models import Case, Debtor, LedgerEntry
from cases.querysets import CaseQuerySet
from nova.lib import dates
from payments.matching import Debt, meaning, oldest_first
from payments.models import PaymentRow
from payments.services import book
from payments.services.repeated import posted_before

MOST_CANDIDATES = 9  # as many as there are digits to choose one by


@dataclass(frozen=True)
class Candidate:
    """A debt that the payment may be for. `means` says what its amount is to it, empty where it is nothing."""

    digit: int
    case: Case
    is_proposed: bool
    means: str
    share: Decimal  # what the debt takes where the payment is divided, the oldest first; 0 for none
    is_returned: bool


@dataclass(frozen=True)
class WaitingRow:
    """`has_more`: there are more candidates than are shown."""

    row: PaymentRow
    candidates: list[Candidate] = field(default_factory=list)
    has_more: bool = False
    again: str = ""  # another file has brought a row that says the same: why it may be this one
    same: LedgerEntry | None = None  # the payment typed by hand that it may be, or the one that it takes back

    @property
    def is_reversal(self) -> bool:
        return self.row.kind == PaymentRow.Kind.REVERSAL

    @property
    def is_another(self) -> bool:
        """Whether a person who names its case says by that that it is another payment than the one that is there."""
        return bool(self.same or self.again)

    @property
    def shared(self) -> list[Candidate]:
        """The candidates that take a part of it where it is divided: two debts or more of one person, else none."""
        people = {candidate.case.debtor_id for candidate in self.candidates}
        takes = [candidate for candidate in self.candidates if candidate.case.balance > 0]
        return takes if len(people) == 1 and len(takes) > 1 else []


def waiting_row(row: PaymentRow, *, by: User, search: str = "") -> WaitingRow:
    """`row` has its file, and is looked at by `by`. A search by person, number or phone takes the place of what the row
    itself says. A fixed number of queries.
    """
    again = row.why if row.state == PaymentRow.State.DUPLICATE else posted_before([row], row.file).get(row.pk, "")
    if row.kind == PaymentRow.Kind.REVERSAL:
        return WaitingRow(row, again=again, same=row.entry)
    cases = Case.objects.visible_to(by)
    if row.file.cartera_id:
        cases = cases.filter(cartera=row.file.cartera_id)
    found = list((cases.search(search) if search else _named(row, cases)).order_by("pk")[: MOST_CANDIDATES + 1])
    debts = _debts([case.pk for case in found])
    shares = oldest_first((debt for debt in debts.values() if not debt.is_returned), row.amount or Decimal(0))

    def order(case: Case) -> tuple[bool, bool, bool, int]:
        debt = debts[case.pk]
        return case.pk != row.case_id, not _means(row, debt), debt.is_returned or debt.balance <= 0, case.pk

    shown = sorted(found, key=order)[:MOST_CANDIDATES]
    return WaitingRow(
        row,
        [
            Candidate(
                digit,
                case,
                is_proposed=case.pk == row.case_id,
                means=_means(row, debts[case.pk]),
                share=shares.get(case.pk, Decimal("0.00")),
                is_returned=debts[case.pk].is_returned,
            )
            for digit, case in enumerate(shown, 1)
        ],
        has_more=len(found) > MOST_CANDIDATES,
        again=again,
        same=row.entry,
    )


def _named(row: PaymentRow, cases: CaseQuerySet) -> CaseQuerySet:
    """The debts of the people that the row names, and those with its number."""
    people = Debtor.objects.order_by().none()
    if row.case is not None:
        people = Debtor.objects.filter(pk=row.case.debtor_id).order_by()
    elif row.payer_dni or row.payer_cuit:
        of_document = Q(dni=row.payer_dni) if row.payer_dni else Q()
        of_document |= Q(cuit=row.payer_cuit) if row.payer_cuit else Q()
        people = Debtor.objects.filter(of_document).order_by()
    numbers = {number for number in (row.nro_cliente, row.external_reference) if number}
    pks = set(cases.filter(debtor__in=people).order_by().values_list("pk", flat=True)[: MOST_CANDIDATES + 1])
    if numbers:
        with_number = cases.filter(nro_cliente__in=numbers).order_by()
        pks |= set(with_number.values_list("pk", flat=True)[: MOST_CANDIDATES + 1])
    return cases.filter(pk__in=pks).listed()


def _debts(cases: Collection[int]) -> dict[int, Debt]:
    known = book.Book()
    book.add_debts(known, Case.objects.order_by(), cases, [], today=dates.local_date(timezone.now()))
    return known.debts


def _means(row: PaymentRow, debt: Debt) -> str:
    return meaning(debt, row.amount) if row.amount is not None else ""
