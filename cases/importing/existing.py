"""The existing cases and debtors for the rows of a chunk, read with three or four queries a chunk."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import TextField
from django.db.models.functions import Cast

from cases.importing.keys import DRESSED, form_of
from cases.importing.outcomes import ParsedRow
from cases.models import Cartera, Case, Debtor, DebtorPhone
from cases.models.debtor import CONTACT_FIELDS
from cases.querysets import CaseQuerySet
from cases.searching import OneOf

DEBTOR_FIELDS = ("id", "first_name", "last_name", "dni", "cuit", *CONTACT_FIELDS)
CASE_FIELDS = (
    "id",
    "nro_cliente",
    "debtor_id",
    "entity",
    "initial_amount",
    "creditor_total",
    "creditor_last_payment_date",
    "arrears_since",
    "arrears_estimated",
    "stage",
)


@dataclass(slots=True)
class KnownDebtor:
    """An existing debtor, or one that this chunk will create. `id` is 0 until a new one is written."""

    id: int
    first_name: str
    last_name: str
    dni: str | None
    cuit: str | None
    email: str = ""
    street: str = ""
    street_number: str = ""
    city: str = ""
    postal_code: str = ""
    provincia: str = ""
    phones: set[str] = field(default_factory=set)
    changed: bool = False
    filled: dict[str, str] | None = None  # the fields that this chunk filled in, with their values

    def fill(self, name: str, value: str) -> None:
        """Give a field that is empty its value."""
        setattr(self, name, value)
        self.changed = True
        self.filled = {**(self.filled or {}), name: value}


@dataclass(slots=True)
class KnownCase:
    id: int
    nro_cliente: str
    debtor_id: int
    entity: str
    initial_amount: Decimal | None
    creditor_total: Decimal | None
    creditor_last_payment_date: date | None
    arrears_since: date | None
    arrears_estimated: bool
    stage: str
    extra: str  # the JSON of `Case.extra`


@dataclass(slots=True)
class Known:
    """Cases by nro_cliente; those of other forms of a key by the key of the row; debtors by id, DNI and CUIT.

    The objects are shared: a change planned for one row is seen by the next rows.
    """

    cases: dict[str, KnownCase]
    twins: dict[str, list[KnownCase]]
    by_id: dict[int, KnownDebtor]
    by_dni: dict[str, KnownDebtor]
    by_cuit: dict[str, KnownDebtor]
    named: set[int] = field(default_factory=set)

    def add(self, debtor: KnownDebtor) -> None:
        if debtor.id:
            self.by_id[debtor.id] = debtor
        if debtor.dni:
            self.by_dni[debtor.dni] = debtor
        if debtor.cuit:
            self.by_cuit[debtor.cuit] = debtor


class StoredForms:
    """The keys of a cartera that another form of theirs may name; those with separators or zeros are read once.

    `named` are the cases (ids) that the file has named so far: no other form of a key is that case once more.
    `open_named` counts those that were open.
    """

    def __init__(self, cartera: Cartera) -> None:
        self._cases = Case.objects.filter(cartera=cartera).order_by()
        self._is_empty = not self._cases.exists()
        self._dressed: dict[str, list[str]] | None = None
        self.named: set[int] = set()
        self.open_named = 0

    def twins(self, keys: list[str]) -> dict[str, list[KnownCase]]:
        """The cases whose key is one of these in another form, by the key asked for."""
        if self._is_empty or not keys:
            return {}
        if self._dressed is None:
            self._dressed = {}
            dressed = self._cases.filter(nro_cliente__regex=DRESSED).values_list("nro_cliente", flat=True)
            for key in filter(None, dressed.iterator()):
                self._dressed.setdefault(form_of(key), []).append(key)
        others = {}
        for key in keys:
            form = form_of(key)
            found = {*self._dressed.get(form, ()), form} - {key}
            if found:
                others[key] = found
        wanted = {each for found in others.values() for each in found}
        cases = _cases_of(self._cases.filter(OneOf("nro_cliente", wanted))) if wanted else {}
        twins = {key: [cases[each] for each in sorted(found) if each in cases] for key, found in others.items()}
        return {key: found for key, found in twins.items() if found}


def load(rows: list[ParsedRow], cartera: Cartera, forms: StoredForms) -> Known:
    """The cases of the cartera, and the debtors of any cartera, that these rows name."""
    keys = [row.nro_cliente for row in rows]
    cases = _cases_of(Case.objects.filter(OneOf("nro_cliente", keys), cartera=cartera).order_by())
    twins = forms.twins([key for key in keys if key not in cases])
    known = Known(cases, twins, {}, {}, {}, forms.named)
    named = {case.debtor_id for case in cases.values()} | {case.debtor_id for found in twins.values() for case in found}
    _add_debtors(known, "id", named)
    _add_debtors(known, "dni", {row.dni for row in rows if row.dni} - known.by_dni.keys())
    _add_debtors(known, "cuit", {row.cuit for row in rows if row.cuit} - known.by_cuit.keys())
    phones = DebtorPhone.objects.filter(OneOf("debtor", known.by_id)).order_by()
    for debtor_id, number in phones.values_list("debtor_id", "number"):
        known.by_id[debtor_id].phones.add(number)
    return known


def _cases_of(cases: CaseQuerySet) -> dict[str, KnownCase]:
    known = cases.values_list(*CASE_FIELDS, Cast("extra", TextField()))
    return {values[1]: KnownCase(*values) for values in known}


def _add_debtors(known: Known, field: str, values: Collection[object]) -> None:
    if not values:
        return
    for row in Debtor.objects.filter(OneOf(field, values)).order_by().values_list(*DEBTOR_FIELDS):
        if row[0] not in known.by_id:
            known.add(KnownDebtor(*row))
