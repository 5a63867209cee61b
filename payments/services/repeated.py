"""Whether a row came before, and under which names it goes (DESIGN §5.1): its identity, its content, its reference."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Concat

from cases.models import LedgerEntry
from cases.models.ledger import reference_key
from cases.searching import OneOf
from payments.models import PaymentFile, PaymentRow
from payments.reading.layout import Layout as Spec
from payments.reading.rows import Row

MAX_REFERENCE_ID = 40
# Rows that found their case: what they stand for is posted, or is about to be.
FOUND = [PaymentRow.State.MATCHED, PaymentRow.State.POSTED]
_WAITS = When(state__in=["matched", "ambiguous", "unmatched"], then=Value(", donde todavía no se registró"))
CAME_IN = Concat(
    *(Value("ya vino en «"), F("file__file_name"), Value("»"), Case(_WAITS, default=Value(""))),
    output_field=CharField(),
)


# --- Names --------------------------------------------------------------------------------------------
def identity_of(row: Row, file: PaymentFile) -> str:
    """(layout, account, id) in 64 characters; empty for what is no payment."""
    return _digest(file.layout.code, file.account, row.identity) if row.identity else ""


def content_of(row: Row, file: PaymentFile) -> str:
    """(layout, all that the row says), whoever's account it came under; empty for what is no payment."""
    return _digest(file.layout.code, row.content) if row.content else ""


def reference_of(row: Row, spec: Spec, identity: str) -> str:
    """`<short layout code>:<id>` of the ledger entry; a long id as the first forty digits of its hash.

    A row without an id of its own is told by its identity, account and all.
    """
    own = row.own_id or identity
    if len(own) > MAX_REFERENCE_ID:
        own = hashlib.sha256(own.encode()).hexdigest()[:MAX_REFERENCE_ID]
    return f"{spec.short_code}:{own}"


def rename_another(row: PaymentRow, short_code: str) -> None:
    """A duplicate that a person takes for another payment: an identity and a reference that no other row has.

    The next file that brings it is a duplicate again: the first payment keeps its own.
    """
    own = row.own_id if row.own_id and len(row.own_id) <= MAX_REFERENCE_ID else row.identity[:MAX_REFERENCE_ID]
    row.reference = f"{row.reference or f'{short_code}:{own}'}~{row.pk}"
    row.identity = _digest(row.identity, str(row.pk))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


# --- What came before ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Came:
    """A row of before: «ya vino en «pagos.csv»», its case, and the account that it came under."""

    said: str
    case: int | None
    account: str
    is_named: bool

    def is_of_another_account(self, file: PaymentFile) -> bool:
        """Whether both accounts are true ones, and two: what is equal in them are two payments."""
        return self.is_named and file.has_account and self.account != file.account


def with_content(contents: Iterable[str], file: PaymentFile, *, states: Sequence[str]) -> dict[str, list[Came]]:
    """The rows that say the same as these and may be these, by content. Runs a query."""
    wanted = {content for content in contents if content}
    found: dict[str, list[Came]] = defaultdict(list)
    if not wanted:
        return found
    rows = PaymentRow.objects.filter(OneOf("content", wanted), state__in=states).exclude(content="").order_by("pk")
    rows = rows.exclude(file=file)
    fields = ("content", CAME_IN, "case_id", "file__account", "file__cartera_id")
    for content, said, case, account, cartera in rows.values_list(*fields):
        came = Came(said, case, account, is_named=bool(account) and account != PaymentFile.account_of(cartera))
        if not came.is_of_another_account(file):
            found[content].append(came)
    return found


def posted_before(rows: Sequence[PaymentRow], file: PaymentFile) -> dict[int, str]:
    """The rows (ids) that say what another file posted already, with the reason. One that a person took for another
    payment is none of them. Runs a query."""
    asked = [row for row in rows if row.content and not row.is_another]
    came = with_content((row.content for row in asked), file, states=[PaymentRow.State.POSTED])
    return {row.pk: why_again(came[row.content][0]) for row in asked if row.content in came}


def why_again(came: Came) -> str:
    return f"Una fila igual {came.said}, bajo otra cartera o cuenta: confirme si es otro pago, o ignórela."


def same_lines(rows: Sequence[Row], file: PaymentFile) -> QuerySet[PaymentRow]:
    """The same lines of the same content, which found their case when it was loaded for another account or cartera."""
    others = PaymentFile.objects.filter(sha256=file.sha256, layout=file.layout).exclude(pk=file.pk)
    lines = [row.line for row in rows]  # of several sheets they begin again
    return PaymentRow.objects.filter(file__in=others, state__in=FOUND, line__range=(min(lines), max(lines))).order_by()


def references_of_other_accounts(wanted: Iterable[tuple[int, str]], file: PaymentFile) -> set[tuple[int, str]]:
    """Of (cartera, reference) those that a payment of another true account has taken. Runs a query."""
    asked = {(cartera, reference_key(text) or ""): (cartera, text) for cartera, text in wanted}
    if not asked or not file.has_account:
        return set()
    entries = LedgerEntry.objects.filter(
        OneOf("reference_key", {key for _, key in asked}),
        cartera__in={cartera for cartera, _ in asked},
        payment_posting__row__file__layout=file.layout,
    ).exclude(payment_posting__row__file__account__in=["", file.account])
    of_cartera = Q(
        payment_posting__row__file__account=Concat(
            Value("cartera "), F("payment_posting__row__file__cartera"), output_field=CharField()
        )
    )
    taken = entries.exclude(of_cartera).order_by().values_list("cartera_id", "reference_key")
    return {asked[one] for one in taken if one in asked}


def of_account(reference: str, file: PaymentFile) -> str:
    """The reference where another account of the cartera has the same id: its account tells it apart."""
    return f"{reference}@{_digest(file.account)[:6]}"
