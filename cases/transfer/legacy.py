"""Translates the old system's `export_for_prod.json` (DESIGN §10): one of its rows becomes rows of several tables.

In the old system a case was the debtor and the debt in one row, its status was the only record of a payment, and its
times were in UTC without a zone. No payment is invented: a case marked as paid gets a placement with its total and an
adjustment of that day that cancels it, because the paid amounts were never recorded.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.text import slugify

from accounts.models import User
from cases.models import Activity, Cartera, Case, CaseStatus, Promise
from cases.rules import ledger, queue
from cases.rules import promises as rules
from cases.services.settlement import promise_terms
from cases.transfer.document import Numbered
from cases.transfer.load import Loader
from cases.transfer.people import People
from cases.transfer.result import Result
from nova.lib import dates
from nova.lib.documents import parse_document
from nova.lib.money import MAX_MONEY, parse_money, round_money
from nova.lib.phones import MAX_NUMBER_LENGTH, read_phone
from nova.lib.text import without_accents

RENAMED = {"sin arreglo": "sin-gestion"}  # the one status that has another name now (DESIGN §2)
PAID_THERE = "Pagada según el sistema anterior: el importe cobrado no consta"
LEGACY_AUTHOR = "usuario {} del sistema anterior"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TYPES = frozenset(Activity.Type.values)
_OUTCOMES = frozenset(Promise.Status.values)


class Refused(ValueError):
    """The row cannot be imported; the reason is in Spanish."""


class LegacyReader:
    """Translates each chunk of the old file and passes it to the loader. Sections come in the order LEGACY_SECTIONS."""

    def __init__(self, loader: Loader, people: People, result: Result, *, now: datetime) -> None:
        self.loader, self.people, self.result, self.now = loader, people, result, now
        self.today = dates.local_date(now)
        self._carteras: dict[Any, str] = {}
        self._statuses: dict[Any, str] = {}
        self.pending: dict[int, date] = {}  # id of the case here → date of its first pending promise
        self._seen: Counter[str] = Counter()

    def read(self, section: str, rows: list[Numbered]) -> None:
        readers = {
            "carteras": self._read_carteras,
            "case_statuses": self._read_statuses,
            "users": self._read_users,
            "cases": self._read_cases,
            "activities": self._read_activities,
            "promises": self._read_promises,
        }
        readers[section](rows)

    # --- Catalogues -------------------------------------------------------------------------------
    def _read_carteras(self, rows: list[Numbered]) -> None:
        translated: list[Numbered] = []
        for number, row in rows:
            name = _line(row.get("nombre"))
            if not name:
                self.result.reject("carteras", number, row.get("id"), "no tiene nombre")
                continue
            here = Cartera.objects.named(name)
            self._carteras[row.get("id")] = here.name if here else name[:120]
            try:
                made = self._moment(row.get("created_at"))
            except Refused:
                made = self.now
            translated.append(
                (number, {"name": self._carteras[row.get("id")], "is_active": bool(row.get("activo", True)),
                          "monthly_interest_rate": Cartera._meta.get_field("monthly_interest_rate").default,
                          "created_at": made})
            )  # fmt: skip
        if translated:
            self.loader.load("carteras", translated)

    def _read_statuses(self, rows: list[Numbered]) -> None:
        """Find statuses by name. A missing one is created with the stage `en_gestion` and reported."""
        by_name = {_plain(name): slug for name, slug in CaseStatus.objects.values_list("name", "slug")}
        position = CaseStatus.objects.count()
        for number, row in rows:
            name = _line(row.get("nombre"))
            slug = RENAMED.get(_plain(name)) or by_name.get(_plain(name))
            if not slug and name:
                slug = slugify(name)[:40] or f"estado-{row.get('id')}"
                position += 1
                made = {"slug": slug, "name": name[:60], "stage": CaseStatus.Stage.EN_GESTION.value, "color": "#64748b"}
                rest = {"position": position, "is_active": bool(row.get("activo", True)), "is_stage_default": False}
                self.loader.load("case_statuses", [(number, {**made, **rest})])
                self.result.warn(
                    "case_statuses", number, name,
                    "no existe aquí: se crea en la etapa «En gestión»; si es de otra, créelo antes a mano",
                )  # fmt: skip
            elif slug:
                self.result.of("case_statuses").unchanged += 1
            self._statuses[row.get("id")] = slug or ""

    def _read_users(self, rows: list[Numbered]) -> None:
        """Users are not imported; those missing here are reported, so that an admin can create them."""
        here = set(User.objects.values_list("username", flat=True))
        missing = [str(row.get("username")) for _, row in rows if row.get("active") and row.get("username") not in here]
        if missing:
            self.result.notices.append(
                f"Usuarios activos del sistema anterior que aquí no existen: {', '.join(missing)}."
            )

    # --- Cases ------------------------------------------------------------------------------------
    def _read_cases(self, rows: list[Numbered]) -> None:
        translated: list[tuple[int, dict[str, Any], dict[str, Any]]] = []
        for number, row in rows:
            try:
                translated.append((number, row, self._case(number, row)))
            except Refused as refusal:
                self.result.reject("cases", number, row.get("nro_cliente") or row.get("id"), str(refusal))
        here = self.loader.cases_here([case for _, _, case in translated])
        new = [(number, row, case) for number, row, case in translated if case["id"] not in here]
        self.loader.load_if_any("debtors", [(number, self._debtor(number, row)) for number, row, _ in new])
        self.loader.load_if_any("phones", [(number, phone) for number, row, _ in new for phone in self._phones(row)])
        for _, row, case in new:
            case["assigned_to"] = self._gestor(row, is_open=case.pop("is_open"))
        self.loader.load_if_any("cases", [(number, case) for number, _, case in translated])
        entries = [(number, entry) for number, row, case in new for entry in self._entries(row, case)]
        self.loader.load_if_any("ledger", entries)

    def _case(self, number: int, row: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(row.get("id"), int):
            raise Refused("no tiene número («id»)")
        cartera = self._carteras.get(row.get("cartera_id"))
        if cartera is None:
            raise Refused(f"su cartera ({row.get('cartera_id')}) no está en el archivo")
        total = _amount(row.get("total"))
        if total is None:
            raise Refused(f"su total («{row.get('total')}») no es un importe mayor que cero")
        if not (_line(row.get("name")) or _line(row.get("lastname"))):
            raise Refused("no tiene nombre")
        slug = self._status_of(number, row)
        stage = self.loader.tables.stage_of(self.loader.tables.named(CaseStatus, slug))
        made = self._moment(row.get("created_at"))
        paid_on = self._paid_on(number, row)
        nro = _line(row.get("nro_cliente"))
        if len(nro) > 64:
            raise Refused("su número de cliente supera los 64 caracteres")
        return {
            "id": row["id"],
            "external_id": str(row["id"]),
            "cartera": cartera,
            "nro_cliente": nro or None,
            "debtor": row["id"],
            "entity": cartera,
            "amount": total,
            "initial_amount": _amount(row.get("monto_inicial")),
            "balance": Decimal("0.00") if stage == CaseStatus.Stage.PAGADA else total,
            "placed_on": min(dates.local_date(made), self.today),
            "last_payment_date": paid_on,
            "creditor_last_payment_date": paid_on,
            "creditor_total": total,
            "status": slug,
            "is_open": stage in CaseStatus.OPEN_STAGES,
            "assigned_to": None,
            "next_action_at": None,
            "queue_band": queue.Band.NEW,
            "stopped_at": None,
            "stopped_by_result": None,
            "last_activity_at": None,
            "notes": _text(row.get("notes")),
            "version": 1,
            "created_at": made,
            "updated_at": self._moment(row.get("updated_at") or row.get("created_at")),
        }

    def _status_of(self, number: int, row: dict[str, Any]) -> str:
        slug = self._statuses.get(row.get("status_id"), "")
        if not slug:
            slug = CaseStatus.objects.default_of(CaseStatus.Stage.EN_GESTION).slug
            self.result.warn("cases", number, row.get("status_id"), f"su estado no está en el archivo: queda «{slug}»")
        return slug

    def _paid_on(self, number: int, row: dict[str, Any]) -> date | None:
        given = row.get("fecha_ultimo_pago")
        if not given:
            return None
        try:
            paid_on = date.fromisoformat(str(given)[:10])
        except ValueError:
            paid_on = None
        if paid_on is None or not paid_on.year >= 1900 or paid_on > self.today:
            self.result.warn("cases", number, given, "la fecha del último pago es imposible o futura: queda sin fecha")
            return None
        return paid_on

    def _debtor(self, number: int, row: dict[str, Any]) -> dict[str, Any]:
        dni = cuit = None
        if given := _line(row.get("dni")):
            try:
                document = parse_document(given)
                dni, cuit = document.dni or None, document.cuit or None
            except ValueError as error:
                self.result.warn("cases", number, given, f"el documento {error}: el deudor queda sin él")
        return {
            "id": row["id"],
            "first_name": _line(row.get("name"))[:150],
            "last_name": _line(row.get("lastname"))[:150],
            "dni": dni,
            "cuit": cuit,
            "email": _line(row.get("email"))[:254],
            "street": _line(row.get("calle_nombre"))[:200],
            "street_number": _line(row.get("calle_nro"))[:20],
            "city": _line(row.get("localidad"))[:120],
            "postal_code": _line(row.get("cp"))[:12],
            "provincia": _line(row.get("provincia"))[:60],
            "notes": "",
        }

    def _phones(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        given = _line(row.get("telefono"))[:MAX_NUMBER_LENGTH]
        if not given:
            return []
        phone = read_phone(given)
        common = {"id": None, "debtor": row["id"], "state": "unverified", "note": ""}
        return [{**common, "number": phone.number, "kind": phone.kind}]

    def _gestor(self, row: dict[str, Any], *, is_open: bool) -> int | None:
        person = self.people.find(row.get("assigned_to_id"))
        if person is not None and person.may_hold_cases:
            return person.pk
        return self.people.default_gestor() if is_open else None

    def _entries(self, row: dict[str, Any], case: dict[str, Any]) -> list[dict[str, Any]]:
        common = {
            "id": None, "case": row["id"], "cartera": case["cartera"], "method": "", "reference": "", "reverses": None,
            "credited_to": case["assigned_to"], "activity": None, "created_by": None,
        }  # fmt: skip
        placement = {
            **common, "kind": ledger.Kind.PLACEMENT, "amount": case["amount"], "value_date": case["placed_on"],
            "created_at": case["created_at"], "notes": "",
        }  # fmt: skip
        if case["balance"]:
            return [placement]
        paid_on = max(case["placed_on"], min(dates.local_date(case["updated_at"]), self.today))
        gone = {
            **common, "kind": ledger.Kind.ADJUSTMENT, "amount": -case["amount"], "value_date": paid_on,
            "created_at": max(case["created_at"], case["updated_at"]), "notes": PAID_THERE,
        }  # fmt: skip
        return [placement, gone]

    # --- Rows of cases ----------------------------------------------------------------------------
    def _read_activities(self, rows: list[Numbered]) -> None:
        translated: list[Numbered] = []
        for number, row in rows:
            author = row.get("created_by_id")
            person = self.people.find(author)
            kind = str(row.get("type"))
            if kind not in _TYPES:
                self.result.warn("activities", number, kind, "tipo desconocido: queda como nota")
                kind = Activity.Type.NOTE.value
            try:
                made = self._moment(row.get("created_at"))
            except Refused as refusal:
                self.result.reject("activities", number, f"caso {row.get('case_id')}", str(refusal))
                continue
            fields = {key: row.get(key) for key in ("type", "notes", "created_by_id", "created_at")}
            translated.append(
                (number, {
                    "id": None, "case": row.get("case_id"), "type": kind, "result": None, "phone": None,
                    "notes": _text(row.get("notes")), "created_by": person.pk if person else None,
                    "imported_author": "" if person or author is None else LEGACY_AUTHOR.format(author),
                    "created_at": made, "is_system": False, "voided_at": None, "voided_by": None,
                    "external_id": self._external_id("activity", row, fields),
                })
            )  # fmt: skip
        self.loader.load_if_any("activities", translated)

    def _read_promises(self, rows: list[Numbered]) -> None:
        open_cases = self._open_among(rows)
        translated: list[Numbered] = []
        for number, row in rows:
            case = self.loader.cases.get(row.get("case_id"))
            try:
                promise = self._promise(row, is_open=case in open_cases)
            except Refused as refusal:
                self.result.reject("promises", number, f"caso {row.get('case_id')}", str(refusal))
                continue
            translated.append((number, promise))
            if case is not None and promise["status"] == rules.Status.PENDING:
                self.pending[case] = min(self.pending.get(case, promise["promise_date"]), promise["promise_date"])
        self.loader.load_if_any("promises", translated)

    def _open_among(self, rows: list[Numbered]) -> set[int]:
        numbers = [self.loader.cases.get(row.get("case_id")) for _, row in rows]
        here = {number for number in numbers if number is not None}
        return set(Case.objects.open().filter(pk__in=here).order_by().values_list("pk", flat=True))

    def _promise(self, row: dict[str, Any], *, is_open: bool) -> dict[str, Any]:
        amount = _amount(row.get("amount"))
        if amount is None:
            raise Refused(f"su importe («{row.get('amount')}») no es mayor que cero")
        due = _day(row.get("promise_date"))
        status = str(row.get("status"))
        if status not in _OUTCOMES:
            raise Refused(f"su estado («{status}») no es ninguno de los conocidos")
        is_over = rules.last_day_of_grace(due, promise_terms()) < self.today
        if status == rules.Status.PENDING and (is_over or not is_open):
            status = rules.Status.BROKEN  # (DESIGN §2)
        is_pending, is_kept = status == rules.Status.PENDING, status == rules.Status.FULFILLED
        made = self._moment(row.get("created_at"))
        fields = {"amount": str(amount), "promise_date": str(due), "notes": row.get("notes"), "created_at": str(made)}
        author = row.get("created_by_id")
        person = self.people.find(author)
        return {
            "id": None,
            "case": row.get("case_id"),
            "amount": amount,
            "promise_date": due,
            "status": status,
            "paid_amount": amount if is_kept else Decimal("0.00"),
            "fulfilled_date": (_day(row.get("fulfilled_date") or str(due))) if is_kept else None,
            "notes": _text(row.get("notes")),
            "is_historic": not is_pending,
            "activity": None,
            "created_by": person.pk if person else None,
            "imported_author": "" if person or author is None else LEGACY_AUTHOR.format(author),
            "created_at": made,
            "updated_at": self._moment(row.get("updated_at")) if row.get("updated_at") else made,
            "external_id": self._external_id("promise", row, fields),
        }

    def _external_id(self, kind: str, row: dict[str, Any], fields: Mapping[str, Any]) -> str:
        """An id for rows without one in the old system: case, fields, and the position among equal rows."""
        case = row.get("case_id")
        digest = hashlib.sha256(json.dumps([kind, case, fields], sort_keys=True, default=str).encode()).hexdigest()[:32]
        self._seen[digest] += 1
        return f"{case}:{digest}:{self._seen[digest]}"

    # --- Times ------------------------------------------------------------------------------------
    def _moment(self, value: Any) -> datetime:
        """An aware moment; a time without a zone is UTC."""
        try:
            moment = parse_datetime(str(value).replace(" ", "T")) or datetime.fromisoformat(str(value))
        except ValueError as error:
            raise Refused(f"su fecha («{value}») no es una fecha") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _line(value: Any) -> str:
    """The text on one line, with blanks collapsed; a number as written."""
    return " ".join(_text(value).split())


def _text(value: Any) -> str:
    return "" if value is None else _CONTROL.sub("", str(value)).strip()


def _plain(name: str) -> str:
    return without_accents(name).casefold().strip()


def _amount(value: Any) -> Decimal | None:
    """An amount in ARS greater than zero, rounded to cents; None for anything else."""
    if value is None or isinstance(value, bool):
        return None
    try:
        amount = parse_money(value) if isinstance(value, str) else round_money(value)
    except (ValueError, ArithmeticError):
        return None
    return amount if Decimal(0) < amount <= MAX_MONEY else None


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise Refused(f"su fecha («{value}») no es una fecha") from error
