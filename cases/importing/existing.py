"""The existing cases and debtors for the rows of a chunk, read with three or four queries a chunk."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from cases.importing.rows import ParsedRow
from cases.models import Cartera, Case, Debtor, DebtorPhone
from cases.models.debtor import CONTACT_FIELDS

DEBTOR_FIELDS = ("id", "first_name", "last_name", "dni", "cuit", *CONTACT_FIELDS)
CASE_FIELDS = (
    "id",
    "nro_cliente",
    "debtor_id",
    "entity",
    "initial_amount",
    "creditor_total",
    "creditor_last_payment_date",
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


@dataclass(slots=True)
class KnownCase:
    id: int
    nro_cliente: str
    debtor_id: int
    entity: str
    initial_amount: Decimal | None
    creditor_total: Decimal | None
    creditor_last_payment_date: date | None


@dataclass(slots=True)
class Known:
    """Cases by nro_cliente; debtors by id, DNI and CUIT.

    The objects are shared: a change planned for one row is seen by the next rows.
    """

    cases: dict[str, KnownCase]
    by_id: dict[int, KnownDebtor]
    by_dni: dict[str, KnownDebtor]
    by_cuit: dict[str, KnownDebtor]

    def add(self, debtor: KnownDebtor) -> None:
        if debtor.id:
            self.by_id[debtor.id] = debtor
        if debtor.dni:
            self.by_dni[debtor.dni] = debtor
        if debtor.cuit:
            self.by_cuit[debtor.cuit] = debtor


def load(rows: list[ParsedRow], cartera: Cartera) -> Known:
    """The cases of the cartera, and the debtors of any cartera, that these rows name."""
    keys = [row.nro_cliente for row in rows]
    cases = {
        values[1]: KnownCase(*values)
        for values in Case.objects.filter(cartera=cartera, nro_cliente__in=keys).order_by().values_list(*CASE_FIELDS)
    }
    known = Known(cases, {}, {}, {})
    _add_debtors(known, pk__in={case.debtor_id for case in cases.values()})
    _add_debtors(known, dni__in={row.dni for row in rows if row.dni} - known.by_dni.keys())
    _add_debtors(known, cuit__in={row.cuit for row in rows if row.cuit} - known.by_cuit.keys())
    phones = DebtorPhone.objects.filter(debtor__in=list(known.by_id)).order_by()
    for debtor_id, number in phones.values_list("debtor_id", "number"):
        known.by_id[debtor_id].phones.add(number)
    return known


def _add_debtors(known: Known, **wanted: Iterable[object]) -> None:
    ((_, values),) = wanted.items()
    if not values:
        return
    for row in Debtor.objects.filter(**wanted).order_by().values_list(*DEBTOR_FIELDS):
        if row[0] not in known.by_id:
            known.add(KnownDebtor(*row))
