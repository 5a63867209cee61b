"""Whose payment a row of a file is: pure, and explained in a sentence (DESIGN §5.1).

The keys are tried from the strongest to the weakest; one that gives several cases may be narrowed by the next ones, and
by nothing outside of what it gave. A name, or an amount alone, never decides.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from cases.importing.keys import form_of
from nova.lib.documents import Document, format_cuit, format_dni
from nova.lib.money import format_money
from payments.reading.rows import Kind, Row

# How far apart the days of a payment typed by hand and of its row may be (E6).
DAYS_APART = timedelta(days=3)


class State(StrEnum):
    MATCHED = "matched"
    AMBIGUOUS = "ambiguous"  # a person has to decide; a case or an entry may be proposed
    UNMATCHED = "unmatched"
    DUPLICATE = "duplicate"  # not for matching to say: it came before
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Debt:
    """A case, as far as a payment may be meant for it. Amounts are in ARS."""

    id: int
    cartera_id: int
    nro_cliente: str
    documents: frozenset[str]  # DNI and CUIT of its debtor, digits
    balance: Decimal
    payable: Decimal  # what may be paid without asking: the balance, of an arrangement what it still lacks
    placed_on: date
    is_returned: bool = False  # to the creditor: nobody pays it here without a person's word
    dues: frozenset[Decimal] = frozenset()  # what the next unpaid instalment lacks, and all overdue ones together
    settlements: frozenset[Decimal] = frozenset()  # what is left of an agreement that ends the debt
    promises: frozenset[Decimal] = frozenset()  # pending ones


@dataclass(frozen=True, slots=True)
class Typed:
    """A payment that stands in the ledger and belongs to no row of a file."""

    entry: int
    case: int
    amount: Decimal
    value_date: date


@dataclass
class Book:
    """What is known of the cases that the rows of a chunk may be about, and of payments typed by hand."""

    debts: dict[int, Debt] = field(default_factory=dict)
    by_key: dict[str, set[int]] = field(default_factory=dict)  # keys that a creditor issued
    by_number: dict[str, set[int]] = field(default_factory=dict)  # nro_cliente as the creditor writes it
    by_form: dict[str, set[int]] = field(default_factory=dict)  # and in whatever other form (cases.importing.keys)
    by_document: dict[str, set[int]] = field(default_factory=dict)
    typed: dict[int, list[Typed]] = field(default_factory=dict)  # by case
    posted: dict[str, int] = field(default_factory=dict)  # own id of a posted row → its entry, not reversed


@dataclass(frozen=True, slots=True)
class Match:
    """`case` is the one it posts to, or is proposed; `entry` a payment typed by hand, or one to take back."""

    state: State
    why: str
    case: int | None = None
    entry: int | None = None


def match(row: Row, book: Book, *, today: date) -> Match:
    """What becomes of a payment or a reversal."""
    if row.kind is Kind.REVERSAL:
        return _reversal(row, book)
    # What reading promises of a payment.
    assert row.amount is not None  # noqa: S101
    assert row.value_date is not None  # noqa: S101
    if row.value_date > today:
        return Match(State.REJECTED, f"La fecha del pago, {row.value_date:%d/%m/%Y}, es futura.")
    found = _find(row, book, row.amount)
    if found.state is not State.MATCHED or found.case is None:
        return found
    return fits(found, book.debts[found.case], book.typed.get(found.case, []), row.amount, row.value_date)


def fits(
    found: Match,
    debt: Debt,
    typed: Iterable[Typed],
    amount: Decimal,
    value_date: date,
    *,
    confirmed: bool = False,
    is_another: bool = False,
) -> Match:
    """`found`, or why its payment cannot go to that case without a person (E6, E8, E9).

    `confirmed`: a person said that it may exceed what is owed, or that the case takes it though it was returned;
    `is_another`: that it is not the one typed by hand.
    """
    if value_date < debt.placed_on:
        day = f"{debt.placed_on:%d/%m/%Y}"
        return Match(State.REJECTED, f"El pago es anterior al ingreso del caso ({day}).", debt.id)
    same = None if is_another else _typed_by_hand(typed, amount, value_date)
    if same is not None:
        day = f"{same.value_date:%d/%m/%Y}"
        why = f"Parece el pago de {format_money(amount)} del {day} que se cargó a mano: confirme si es el mismo."
        return Match(State.AMBIGUOUS, why, debt.id, same.entry)
    if debt.is_returned and not confirmed:
        return Match(State.AMBIGUOUS, "El caso está dado de baja: confirme si el pago se registra igual.", debt.id)
    if amount > debt.payable and not confirmed:
        most = format_money(max(debt.payable, Decimal("0.00")))
        why = f"Supera lo que se debe ({most}): confirme si el pago se registra igual."
        return Match(State.AMBIGUOUS, why, debt.id)
    return found


def _typed_by_hand(typed: Iterable[Typed], amount: Decimal, value_date: date) -> Typed | None:
    """The nearest payment of that amount, of the same day or up to three days apart."""
    near = [one for one in typed if one.amount == amount and abs(one.value_date - value_date) <= DAYS_APART]
    return min(near, key=lambda one: (abs(one.value_date - value_date), one.entry), default=None)


def _reversal(row: Row, book: Book) -> Match:
    entry = book.posted.get(row.reverses)
    if entry is None:
        return Match(State.UNMATCHED, f"No hay un pago registrado con el número {row.reverses or 'que anula'}.")
    return Match(State.AMBIGUOUS, f"Anula el pago {row.reverses}: confirme la reversa.", None, entry)


# --- The keys -----------------------------------------------------------------------------------------
def _find(row: Row, book: Book, amount: Decimal) -> Match:
    """The case that the strongest key gives."""
    keys: list[tuple[str, set[int]]] = []
    if row.key and (cases := book.by_key.get(row.key)):
        keys.append((f"Por el código de pago {row.key}", cases))
    for number in filter(None, (row.nro_cliente, row.key)):
        if cases := book.by_number.get(number) or book.by_form.get(form_of(number)):
            keys.append((f"Por el número de cliente {number}", cases))
    candidates: set[int] | None = None
    for why, cases in keys:
        narrowed = cases if candidates is None else candidates & cases
        if len(narrowed) == 1:
            return _uncontradicted(row, book, why, *narrowed)
        candidates = narrowed or candidates
    return _by_document(row, book, amount, candidates)


def _uncontradicted(row: Row, book: Book, why: str, case: int) -> Match:
    """The document of the debtor's own column must be that of the case; who paid may be anybody."""
    debt, stated = book.debts[case], _digits(row.debtor)
    if stated and debt.documents and stated.isdisjoint(debt.documents):
        return Match(State.AMBIGUOUS, f"{why}, pero el documento {_written(row.debtor)} no es el de ese deudor.", case)
    return Match(State.MATCHED, f"{why}.", case)


def _by_document(row: Row, book: Book, amount: Decimal, candidates: Collection[int] | None) -> Match:
    document = row.debtor if _digits(row.debtor) else row.payer
    of_person = {case for digits in _digits(document) for case in book.by_document.get(digits, ())}
    if candidates is not None:
        of_person &= set(candidates)
    debts = [book.debts[case] for case in sorted(of_person)]
    owed = [debt for debt in debts if debt.balance > 0 and not debt.is_returned]
    if len(owed) == 1:
        return Match(State.MATCHED, f"Por el documento {_written(document)}, que tiene una sola deuda.", owed[0].id)
    if owed:
        return _by_amount(owed, amount, _written(document))
    if candidates is not None:
        return Match(State.AMBIGUOUS, "Ese código o número de cliente es de más de un caso: elija cuál.")
    if debts:
        only = debts[0].id if len(debts) == 1 else None
        return Match(State.UNMATCHED, f"El documento {_written(document)} no tiene deudas con saldo: sin saldo.", only)
    return Match(State.UNMATCHED, _nothing_known(row))


KINDS: tuple[tuple[str, Callable[[Debt], Collection[Decimal]]], ...] = (
    ("la cuota que vence", lambda debt: debt.dues),
    ("lo que falta del convenio", lambda debt: debt.settlements),
    ("una promesa", lambda debt: debt.promises),
    ("el saldo", lambda debt: (debt.balance,)),
)


def meaning(debt: Debt, amount: Decimal) -> str:
    """What the amount is to the debt: «una promesa»; empty where it is nothing that is expected of it."""
    return next((what for what, amounts in KINDS if amount in amounts(debt)), "")


def _by_amount(owed: list[Debt], amount: Decimal, document: str) -> Match:
    """Of several debts of a person, the one for which the amount has a meaning, if it is one (E1, E2)."""
    meant: Mapping[int, str] = {debt.id: what for debt in owed if (what := meaning(debt, amount))}
    if len(meant) == 1:
        ((case, what),) = meant.items()
        return Match(State.MATCHED, f"Por el documento {document} y el importe, que es {what}.", case)
    if meant:
        return Match(
            State.AMBIGUOUS, f"El importe es el que se espera de {len(meant)} deudas del documento {document}."
        )
    return Match(State.AMBIGUOUS, f"El documento {document} tiene {len(owed)} deudas y el importe no es el de ninguna.")


def _digits(document: Document) -> frozenset[str]:
    return frozenset(filter(None, document))


def _written(document: Document) -> str:
    return format_cuit(document.cuit) if document.cuit else format_dni(document.dni)


def _nothing_known(row: Row) -> str:
    stated = [f"el código {row.key}"] if row.key else []
    stated += [f"el número de cliente {row.nro_cliente}"] if row.nro_cliente else []
    document = row.debtor if _digits(row.debtor) else row.payer
    stated += [f"el documento {_written(document)}"] if _digits(document) else []
    if not stated:
        return "La fila no trae código, número de cliente ni documento: el nombre o el importe solos no alcanzan."
    return f"No se encontró un caso por {' ni por '.join(stated)}."


# --- One transfer for several debts of a person (E11) -----------------------------------------------------
def oldest_first(debts: Iterable[Debt], amount: Decimal) -> dict[int, Decimal]:
    """A proposal: what each debt takes of `amount`, the oldest first; the last takes what exceeds them all."""
    left, shares = amount, {}
    ordered = sorted((debt for debt in debts if debt.payable > 0), key=lambda debt: (debt.placed_on, debt.id))
    for debt in ordered:
        share = min(left, debt.payable)
        if share > 0:
            shares[debt.id] = share
            left -= share
    if left > 0 and ordered:
        shares[ordered[-1].id] += left
    return shares
