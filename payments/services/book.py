"""What the matching of a chunk of rows needs to know, with a fixed number of queries (DESIGN §5.1)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from cases.importing.keys import DRESSED, form_of
from cases.models import Cartera, Case, CaseStatus, Debtor, Instalment, LedgerEntry, Promise
from cases.querysets import CaseQuerySet
from cases.searching import OneOf
from payments.matching import DAYS_APART, Book, Debt, Typed
from payments.models import PaymentFile, PaymentKey, PaymentPosting
from payments.reading.rows import Kind, Row

RETURNED = CaseStatus.Stage.DE_BAJA


class Forms:
    """The keys of the cartera (of all, without one) that are not written as their plain form, read once a file."""

    def __init__(self, cartera: Cartera | None) -> None:
        self.cartera = cartera
        self._dressed: dict[str, set[int]] | None = None

    @property
    def cases(self) -> CaseQuerySet:
        cases = Case.objects.order_by()
        return cases.filter(cartera=self.cartera) if self.cartera else cases

    def dressed(self) -> dict[str, set[int]]:
        if self._dressed is None:
            self._dressed = defaultdict(set)
            rows = self.cases.filter(nro_cliente__regex=DRESSED).values_list("nro_cliente", "pk")
            for key, pk in rows.iterator():
                self._dressed[form_of(key or "")].add(pk)
        return self._dressed


def load(rows: Sequence[Row], forms: Forms, *, today: date, file: PaymentFile) -> Book:
    """The book for these rows of the file. Rows that are no payments are looked past."""
    book = Book()
    asked = [row for row in rows if row.kind is Kind.PAYMENT]
    _by_key(book, asked, forms)
    _by_number(book, asked, forms)
    people = _by_document(book, asked)
    found = {case for cases in (book.by_key, book.by_number, book.by_form) for each in cases.values() for case in each}
    add_debts(book, forms.cases, found, people, today=today)
    days = [row.value_date for row in asked if row.value_date]
    if days:
        add_typed(book, min(days), max(days))
    _posted(book, [row.reverses for row in rows if row.kind is Kind.REVERSAL and row.reverses], file)
    return book


def _by_key(book: Book, rows: list[Row], forms: Forms) -> None:
    keys = PaymentKey.objects.filter(OneOf("key", {row.key.upper() for row in rows if row.key}))
    if forms.cartera:
        keys = keys.filter(cartera=forms.cartera)
    cases: dict[str, set[int]] = defaultdict(set)
    for key, case in keys.values_list("key", "case_id"):
        cases[key].add(case)
    book.by_key = {row.key: cases[row.key.upper()] for row in rows if row.key.upper() in cases}


def _by_number(book: Book, rows: list[Row], forms: Forms) -> None:
    """Numbers as they are written; those that no case has so, in another form."""
    numbers = {number for row in rows for number in (row.nro_cliente, row.key) if number}
    book.by_number = _with_numbers(forms.cases, numbers)
    others = {form_of(number) for number in numbers - book.by_number.keys()}
    if not others:
        return
    plain, dressed = _with_numbers(forms.cases, others), forms.dressed()
    for form in others:
        if cases := plain.get(form, set()) | dressed.get(form, set()):
            book.by_form[form] = cases


def _with_numbers(cases: CaseQuerySet, numbers: Collection[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    if numbers:
        for number, pk in cases.filter(OneOf("nro_cliente", numbers)).values_list("nro_cliente", "pk"):
            found[number or ""].add(pk)
    return dict(found)


def _by_document(book: Book, rows: list[Row]) -> dict[int, frozenset[str]]:
    """The debtors (documents by id) that a row names."""
    people: dict[int, frozenset[str]] = {}
    for field in ("dni", "cuit"):
        wanted = {getattr(document, field) for row in rows for document in (row.debtor, row.payer)} - {""}
        if wanted:
            for pk, dni, cuit in Debtor.objects.filter(OneOf(field, wanted)).values_list("pk", "dni", "cuit"):
                people[pk] = frozenset(filter(None, (dni, cuit)))
    return people


def add_debts(book: Book, cases: CaseQuerySet, found: Collection[int], people: Collection[int], *, today: date) -> None:
    """Add these cases, and all of these people, with what is expected of each."""
    rows: dict[int, Any] = {}
    fields = ("pk", "cartera_id", "nro_cliente", "debtor__dni", "debtor__cuit", "balance", "placed_on", "stage")
    for one in ([("pk", found)] if found else []) + ([("debtor", people)] if people else []):
        rows |= {row[0]: row for row in cases.filter(OneOf(*one)).values_list(*fields)}
    lacking = _instalments(rows)
    promised: dict[int, set[Decimal]] = defaultdict(set)
    if rows:
        promises = Promise.objects.pending().filter(OneOf("case", rows))
        for case, amount, paid in promises.values_list("case_id", "amount", "paid_amount"):
            promised[case] |= {amount, amount - paid}
    for pk, cartera, number, dni, cuit, balance, placed_on, stage in rows.values():
        parts = lacking.get(pk, [])
        rest = sum((lacks for _, lacks in parts), Decimal("0.00"))
        overdue = sum((lacks for due_on, lacks in parts if due_on < today), Decimal("0.00"))
        documents = frozenset(filter(None, (dni, cuit)))
        book.debts[pk] = Debt(
            id=pk,
            cartera_id=cartera,
            nro_cliente=number or "",
            documents=documents,
            balance=balance,
            payable=min(balance, rest) if parts else balance,
            placed_on=placed_on,
            is_returned=stage == RETURNED,
            dues=frozenset(filter(None, (parts[0][1] if parts else None, overdue))),
            settlements=frozenset(filter(None, (rest,))),
            promises=frozenset(promised[pk]),
        )
        for document in documents:
            book.by_document.setdefault(document, set()).add(pk)


def _instalments(cases: Collection[int]) -> dict[int, list[tuple[date, Decimal]]]:
    """(due on, what it lacks) of the unpaid instalments of active arrangements, in their order, by case."""
    parts: dict[int, list[tuple[date, Decimal]]] = defaultdict(list)
    if cases:
        unpaid = Instalment.objects.asked().filter(OneOf("arrangement__case", cases))
        rows = unpaid.order_by("arrangement", "number")
        for case, due_on, amount, paid in rows.values_list("arrangement__case", "due_on", "amount", "paid_amount"):
            parts[case].append((due_on, amount - paid))
    return parts


def add_typed(book: Book, first: date, last: date) -> None:
    """The payments of the book's cases near these days that stand and belong to no row."""
    if not book.debts:
        return
    entries = LedgerEntry.objects.effective_payments().filter(
        OneOf("case", book.debts),
        value_date__range=(first - DAYS_APART, last + DAYS_APART),
        payment_posting__isnull=True,
    )
    for entry in entries.values_list("pk", "case_id", "amount", "value_date"):
        book.typed.setdefault(entry[1], []).append(Typed(*entry))


def _posted(book: Book, ids: Iterable[str], file: PaymentFile) -> None:
    """What rows of this layout and account posted, and still stands, by their own ids."""
    wanted = set(ids)
    if wanted:
        postings = PaymentPosting.objects.filter(
            row__own_id__in=wanted,
            row__file__layout=file.layout,
            row__file__account=file.account,
            entry__kind=LedgerEntry.Kind.PAYMENT,
            entry__reversal__isnull=True,
        )
        book.posted = dict(postings.order_by("pk").values_list("row__own_id", "entry_id"))
