"""Translates the old system's cases: one row there is a case, its debtor and a phone here (DESIGN §10)."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models

from cases.models import CaseStatus, Debtor, DebtorPhone
from cases.rules import ledger, queue
from cases.transfer import old_values
from cases.transfer.old_values import Refused
from cases.transfer.result import Result
from cases.transfer.tables import Tables
from nova.lib import dates
from nova.lib.documents import parse_document
from nova.lib.money import format_money
from nova.lib.phones import read_phone

PAID_THERE = "Pagada según el sistema anterior: el importe cobrado no consta"
ZERO_THERE = "Con total 0 en el sistema anterior: el importe cobrado no consta"
DEBTOR_TEXTS = {
    "first_name": "name",
    "last_name": "lastname",
    "email": "email",
    "street": "calle_nombre",
    "street_number": "calle_nro",
    "city": "localidad",
    "postal_code": "cp",
    "provincia": "provincia",
}


class OldCase(NamedTuple):
    """A row of the old system in ours. `gestor` is the number of its user there; `entries` lacks who is credited."""

    number: int  # of the row in the file, from 1
    row: dict[str, Any]
    case: dict[str, Any]
    debtor: dict[str, Any]
    phones: list[dict[str, Any]]
    gestor: int | None

    @property
    def id(self) -> int:
        return int(self.case["id"])

    @property
    def is_open(self) -> bool:
        return bool(self.case["is_open"])

    def entries(self) -> list[dict[str, Any]]:
        """The placement, and for what is paid the adjustment that cancels it."""
        case = self.case
        common = {
            "id": None, "case": case["id"], "cartera": case["cartera"], "method": "", "reference": "",
            "reverses": None, "credited_to": case["assigned_to"], "activity": None, "created_by": None,
        }  # fmt: skip
        placement = {
            **common, "kind": ledger.Kind.PLACEMENT, "amount": case["amount"], "value_date": case["placed_on"],
            "created_at": case["created_at"], "notes": "",
        }  # fmt: skip
        if case["balance"]:
            return [placement]
        gone = {
            **common, "kind": ledger.Kind.ADJUSTMENT, "amount": -case["amount"], "value_date": case["closed_on"],
            "created_at": max(case["created_at"], case["updated_at"]), "notes": case["closed_note"],
        }  # fmt: skip
        return [placement, gone]


class CaseTranslator:
    """`carteras` and `statuses` map the ids of the file to the names and slugs of this installation."""

    def __init__(
        self,
        tables: Tables,
        result: Result,
        *,
        carteras: Mapping[Any, str],
        statuses: Mapping[Any, str],
        origin: str,
        today: date,
    ) -> None:
        self._tables, self._result = tables, result
        self._carteras, self._statuses = carteras, statuses
        self._origin, self._today = origin, today

    def read(self, number: int, row: dict[str, Any]) -> OldCase:
        """Raises Refused."""
        case = self._case(number, row)
        phones = list(self._phones(number, row))
        return OldCase(
            number, row, case, self._debtor(number, row), phones, old_values.number(row.get("assigned_to_id"))
        )

    def _case(self, number: int, row: dict[str, Any]) -> dict[str, Any]:
        pk = old_values.number(row.get("id"))
        if pk is None:
            raise Refused("no tiene número («id»)")
        cartera = self._carteras.get(row.get("cartera_id"))
        if cartera is None:
            raise Refused(f"su cartera ({row.get('cartera_id')}) no está en el archivo")
        total = old_values.amount(row.get("total"), what="su total")
        capital = old_values.amount_or_none(row.get("monto_inicial"))
        if not total and capital is None:
            raise Refused(f"su total («{row.get('total')}») no es un importe mayor que cero, ni tiene monto inicial")
        if not (old_values.line(row.get("name")) or old_values.line(row.get("lastname"))):
            raise Refused("no tiene nombre")
        made = old_values.moment(row.get("created_at"))
        changed = old_values.moment(row.get("updated_at") or row.get("created_at"))
        nro = old_values.line(row.get("nro_cliente"))
        if len(nro) > 64:
            raise Refused("su número de cliente supera los 64 caracteres")
        slug, stage = self._status(number, row, total=total, capital=capital)
        amount = total or capital or Decimal("0.00")
        is_paid = not total or stage == CaseStatus.Stage.PAGADA
        paid_on = self._paid_on(number, row)
        placed_on = min(dates.local_date(made), self._today)
        return {
            "id": pk,
            "external_id": f"{self._origin}{pk}",
            "cartera": cartera,
            "nro_cliente": nro or None,
            "debtor": pk,
            "entity": cartera,
            "amount": amount,
            "initial_amount": capital,
            "balance": Decimal("0.00") if is_paid else amount,
            "placed_on": placed_on,
            "last_payment_date": paid_on,
            "creditor_last_payment_date": paid_on,
            "creditor_total": amount,
            "status": slug,
            "is_open": stage in CaseStatus.OPEN_STAGES,
            "assigned_to": None,
            "next_action_at": None,
            "queue_band": queue.Band.NEW,
            "stopped_at": None,
            "stopped_by_result": None,
            "last_activity_at": None,
            "notes": old_values.text(row.get("notes")),
            "version": 1,
            "created_at": made,
            "updated_at": changed,
            "total_there": total,
            "closed_on": max(placed_on, min(dates.local_date(changed), self._today)),
            "closed_note": PAID_THERE if total else ZERO_THERE,
        }

    def _status(self, number: int, row: dict[str, Any], *, total: Decimal, capital: Decimal | None) -> tuple[str, str]:
        """Slug and stage. Where nothing is owed an open status is that of paid cases (DESIGN §3.5)."""
        slug = self._statuses.get(row.get("status_id"), "")
        if not slug:
            slug = CaseStatus.objects.default_of(CaseStatus.Stage.EN_GESTION).slug
            self._result.warn("cases", number, row.get("status_id"), f"su estado no está en el archivo: queda «{slug}»")
        status = self._tables.named(CaseStatus, slug)
        stage = self._tables.stage_of(status)
        if not total and stage in CaseStatus.OPEN_STAGES:
            paid = CaseStatus.objects.default_of(CaseStatus.Stage.PAGADA)
            self._result.warn(
                "cases", number, row.get("nro_cliente") or row.get("id"),
                f"su total es 0: entra con su monto inicial, {format_money(capital or 0)}, y un ajuste que lo lleva a "
                f"cero, como «{paid.name}» (figuraba «{self._tables.label_of(status)}»)",
            )  # fmt: skip
            return paid.slug, paid.stage
        return slug, stage

    def _paid_on(self, number: int, row: dict[str, Any]) -> date | None:
        given = row.get("fecha_ultimo_pago")
        if not given:
            return None
        try:
            paid_on = old_values.day(given)
        except Refused:
            paid_on = None
        if paid_on is None or not paid_on.year >= 1900 or paid_on > self._today:
            self._result.warn("cases", number, given, "la fecha del último pago es imposible o futura: queda sin fecha")
            return None
        return paid_on

    def _debtor(self, number: int, row: dict[str, Any]) -> dict[str, Any]:
        dni = cuit = None
        if given := old_values.line(row.get("dni")):
            try:
                document = parse_document(given)
                dni, cuit = document.dni or None, document.cuit or None
            except ValueError as error:
                self._result.warn("cases", number, given, f"el documento {error}: el deudor queda sin él")
        texts = {name: self._fitting(number, row, theirs, Debtor, name) for name, theirs in DEBTOR_TEXTS.items()}
        return {"id": old_values.number(row["id"]), **texts, "dni": dni, "cuit": cuit, "notes": ""}

    def _phones(self, number: int, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if given := self._fitting(number, row, "telefono", DebtorPhone, "number"):
            phone = read_phone(given)
            yield {
                "id": None, "debtor": old_values.number(row["id"]), "state": "unverified", "note": "",
                "number": phone.number, "kind": phone.kind,
            }  # fmt: skip

    def _fitting(self, number: int, row: dict[str, Any], theirs: str, model: type[models.Model], name: str) -> str:
        """The text as far as the field holds it; what is cut is reported with the whole value."""
        given = old_values.line(row.get(theirs))
        limit = int(getattr(model._meta.get_field(name), "max_length", 0))
        if len(given) > limit:
            self._result.warn("cases", number, given, f"«{theirs}» supera los {limit} caracteres: queda cortado ahí")
        return given[:limit]
