"""Translates the old system's `export_for_prod.json` (DESIGN §10): one of its rows becomes rows of several tables.

In the old system a case was the debtor and the debt in one row, its status was the only record of a payment, and its
times were in UTC without a zone. No payment is invented: a case marked as paid gets a placement with its total and an
adjustment of that day that cancels it, because the paid amounts were never recorded.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.utils.text import slugify

from accounts.models import User
from cases.models import Activity, Cartera, Case, CaseStatus, Promise
from cases.rules import promises as rules
from cases.services.settlement import promise_terms
from cases.transfer import old_values
from cases.transfer.document import Numbered
from cases.transfer.legacy_cases import CaseTranslator, OldCase
from cases.transfer.legacy_report import LegacyReport
from cases.transfer.load import Known, Loader
from cases.transfer.old_identity import identify
from cases.transfer.old_values import Refused
from cases.transfer.people import People
from cases.transfer.result import Result
from cases.transfer.taking_over import TakingOver, why_unassigned
from nova.lib import dates

RENAMED = {"sin arreglo": "sin-gestion"}  # the one status that has another name now (DESIGN §2)
LEGACY_AUTHOR = "usuario {} del sistema anterior"
# What people and scripts wrote where the old system had no closed set.
_TYPES = {
    **{kind: kind for kind in Activity.Type.values},
    **dict.fromkeys(("whatsapp", "sms", "mensaje"), Activity.Type.MESSAGE.value),
    "llamada": Activity.Type.CALL.value,
    "mail": Activity.Type.EMAIL.value,
    "correo": Activity.Type.EMAIL.value,
    "visita": Activity.Type.VISIT.value,
    "nota": Activity.Type.NOTE.value,
    "pago": Activity.Type.PAYMENT.value,
    "promesa": Activity.Type.PROMISE.value,
}
_OUTCOMES = {
    **dict.fromkeys(("pending", "pendiente", "activa", "vigente", "abierta"), rules.Status.PENDING),
    **dict.fromkeys(("fulfilled", "kept", "paid", "cumplida", "cumplido", "pagada", "pagado"), rules.Status.FULFILLED),
    **dict.fromkeys(("broken", "expired", "incumplida", "incumplido", "vencida", "rota", "caida"), rules.Status.BROKEN),
    **dict.fromkeys(("cancelled", "canceled", "cancelada", "cancelado", "anulada"), rules.Status.CANCELLED),
}  # fmt: skip


class LegacyReader:
    """Translates each chunk of the old file and passes it to the loader. Sections come in the order LEGACY_SECTIONS."""

    def __init__(self, loader: Loader, people: People, result: Result, *, now: datetime, origin: str = "") -> None:
        self.loader, self.people, self.result, self.now = loader, people, result, now
        self.origin = f"{origin}:" if origin else ""
        self.today = dates.local_date(now)
        self._carteras: dict[Any, str] = {}
        self._statuses: dict[Any, str] = {}
        self._external_ids: dict[int, str] = {}  # id of a case in the file → its external_id
        self._claimed: dict[int, str] = {}  # id here of an existing case → external_id of its first row in the file
        self.pending: dict[int, date] = {}  # id of the case here → date of its first pending promise
        self._seen: Counter[str] = Counter()
        self.taking_over = TakingOver(loader, people, result)
        self.report = LegacyReport(loader, people, result)

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

    def finish(self) -> None:
        """Say what only the whole file tells."""
        self.report.write(self.taking_over)

    # --- Catalogues -------------------------------------------------------------------------------
    def _read_carteras(self, rows: list[Numbered]) -> None:
        translated: list[Numbered] = []
        for number, row in rows:
            name = old_values.line(row.get("nombre"))
            if not name:
                self.result.reject("carteras", number, row.get("id"), "no tiene nombre")
                continue
            here = Cartera.objects.named(name)
            limit = Cartera._meta.get_field("name").max_length or 0
            if len(name) > limit:
                self.result.warn(
                    "carteras", number, name, f"el nombre supera los {limit} caracteres: queda cortado ahí"
                )
            self._carteras[row.get("id")] = here.name if here else name[:limit]
            try:
                made = old_values.moment(row.get("created_at"))
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
        by_name = {old_values.plain(name): slug for name, slug in CaseStatus.objects.values_list("name", "slug")}
        taken = dict(CaseStatus.objects.values_list("slug", "name"))
        position = CaseStatus.objects.count()
        for number, row in rows:
            name = old_values.line(row.get("nombre"))
            slug = RENAMED.get(old_values.plain(name)) or by_name.get(old_values.plain(name))
            if not slug and name:
                position += 1
                limit = CaseStatus._meta.get_field("name").max_length or 0
                slug = slugify(name)[:40] or f"estado-{row.get('id')}"
                if taken.setdefault(slug, name[:limit]) != name[:limit]:  # another status whose name begins alike
                    slug = f"{slug[:28]}-{row.get('id')}"
                if len(name) > limit:
                    self.result.warn("case_statuses", number, name, f"supera los {limit} caracteres: queda cortado ahí")
                made = {
                    "slug": slug,
                    "name": name[:limit],
                    "stage": CaseStatus.Stage.EN_GESTION.value,
                    "color": "#64748b",
                }
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
        here = set(User.objects.values_list("username", flat=True)) | self.people.names_there
        self.report.missing_users += [
            str(row.get("username")) for _, row in rows if row.get("active") and row.get("username") not in here
        ]

    # --- Cases ------------------------------------------------------------------------------------
    def _read_cases(self, rows: list[Numbered]) -> None:
        translate = CaseTranslator(
            self.loader.tables, self.result,
            carteras=self._carteras, statuses=self._statuses, origin=self.origin, today=self.today,
        )  # fmt: skip
        olds = []
        for number, row in rows:
            try:
                olds.append(translate.read(number, row))
            except Refused as refusal:
                self.report.refuse_case(
                    number, row, str(refusal), cartera=self._carteras.get(row.get("cartera_id"), "")
                )
        known = identify(olds, self.report)
        for old in olds:
            self._external_ids[old.id] = old.case["external_id"]
            self._name_gestor(old)
        known = self._read_existing(olds, known)
        new = [old for old in olds if old.id not in known and old.id not in self.loader.cases]
        self.loader.load_if_any("debtors", [(old.number, old.debtor) for old in new])
        self.loader.load_if_any("phones", [(old.number, phone) for old in new for phone in old.phones])
        unassigned = [old for old in new if old.case["assigned_to"] is None and old.is_open]
        for old in unassigned:
            old.case["assigned_to"] = self.people.default_gestor()
        others = [old for old in olds if old.id not in self.loader.cases]
        self.loader.load_if_any("cases", [(old.number, old.case) for old in others], known=known)
        self._post(new)
        self.taking_over.passed_on.update(
            why_unassigned(self.people, old) for old in unassigned if old.id not in self.loader.folded
        )
        for old in olds:
            self.report.count_case(old)

    def _name_gestor(self, old: OldCase) -> None:
        person = self.people.find(old.gestor)
        if person is not None and person.may_hold_cases:
            old.case["assigned_to"] = person.pk
        number = "" if old.gestor is None else f"usuario {old.gestor}"
        old.case["gestor_there"] = person.username if person else number
        self.report.count_person(old.gestor, person, "cases")

    def _read_existing(self, olds: list[OldCase], known: dict[int, Known]) -> dict[int, Known]:
        """Bring the existing cases together with their rows. Returns `known`, without those that took over the row."""
        found = []
        for old in olds:
            if (case := known.get(old.id)) is None:
                continue
            claimed = self._claimed.setdefault(case.pk, case.external_id or old.case["external_id"])
            known[old.id] = Known(case.pk, claimed)
            if claimed == old.case["external_id"]:
                found.append((old, case.pk))
        taken = self.taking_over.read(found)
        self._post(taken)
        return known

    def _post(self, olds: list[OldCase]) -> None:
        entries = [(old.number, entry) for old in olds for entry in old.entries()]
        self.loader.load_if_any("ledger", entries)

    # --- Rows of cases ----------------------------------------------------------------------------
    def _read_activities(self, rows: list[Numbered]) -> None:
        translated: list[Numbered] = []
        for number, row in rows:
            try:
                case = self._case_of(row)
                made = old_values.moment(row.get("created_at"))
            except Refused as refusal:
                self.result.reject("activities", number, f"caso {row.get('case_id')}", str(refusal))
                continue
            kind = _TYPES.get(old_values.plain(old_values.line(row.get("type"))))
            if kind is None:
                self.result.warn("activities", number, row.get("type"), "tipo desconocido: queda como nota")
                kind = Activity.Type.NOTE.value
            fields = {key: row.get(key) for key in ("type", "notes", "created_by_id", "created_at")}
            translated.append(
                (number, {
                    "id": None, "case": case, "type": kind, "result": None, "phone": None,
                    "notes": old_values.text(row.get("notes")), **self._author("activities", row),
                    "created_at": made, "is_system": False, "voided_at": None, "voided_by": None,
                    "external_id": self._external_id("activity", row, fields),
                })
            )  # fmt: skip
        self._fill_in_authors(Activity, "activities", translated)
        self.report.count_lost(translated)
        self.loader.load_if_any("activities", translated)

    def _read_promises(self, rows: list[Numbered]) -> None:
        open_cases = self._open_among(rows)
        translated: list[Numbered] = []
        for number, row in rows:
            case = self.loader.cases.get(old_values.number(row.get("case_id")))
            try:
                promise = self._promise(number, row, is_open=case in open_cases)
            except Refused as refusal:
                self.result.reject("promises", number, f"caso {row.get('case_id')}", str(refusal))
                continue
            translated.append((number, promise))
            if case is not None and promise["status"] == rules.Status.PENDING:
                self.pending[case] = min(self.pending.get(case, promise["promise_date"]), promise["promise_date"])
        self._fill_in_authors(Promise, "promises", translated)
        self.report.count_lost(translated)
        self._compare_promises(translated)
        self.loader.load_if_any("promises", translated)

    def _case_of(self, row: dict[str, Any]) -> int:
        case = old_values.number(row.get("case_id"))
        if case is None:
            raise Refused("no dice de qué caso es («case_id»)")
        return case

    def _open_among(self, rows: list[Numbered]) -> set[int]:
        numbers = [self.loader.cases.get(old_values.number(row.get("case_id"))) for _, row in rows]
        here = {number for number in numbers if number is not None}
        return set(Case.objects.open().filter(pk__in=here).order_by().values_list("pk", flat=True))

    def _promise(self, number: int, row: dict[str, Any], *, is_open: bool) -> dict[str, Any]:
        case = self._case_of(row)
        amount = old_values.amount(row.get("amount"), what="su importe")
        if not amount:
            raise Refused(f"su importe («{row.get('amount')}») no es mayor que cero")
        due = old_values.day(row.get("promise_date"))
        made = old_values.moment(row.get("created_at"))
        fields = {"amount": str(amount), "promise_date": str(due), "notes": row.get("notes"), "created_at": str(made)}
        status, notes = self._outcome(number, row, due=due, is_open=is_open)
        is_pending, is_kept = status == rules.Status.PENDING, status == rules.Status.FULFILLED
        return {
            "id": None,
            "case": case,
            "amount": amount,
            "promise_date": due,
            "status": status,
            "paid_amount": amount if is_kept else Decimal("0.00"),
            "fulfilled_date": (old_values.day(row.get("fulfilled_date") or str(due))) if is_kept else None,
            "notes": notes,
            "is_historic": not is_pending,
            "activity": None,
            **self._author("promises", row),
            "created_at": made,
            "updated_at": old_values.moment(row.get("updated_at")) if row.get("updated_at") else made,
            "external_id": self._external_id("promise", row, fields),
        }

    def _outcome(self, number: int, row: dict[str, Any], *, due: date, is_open: bool) -> tuple[str, str]:
        """Status and notes. A pending promise of a case that is not open is cancelled, one past its grace broken (§2).

        A word that nobody knows decides nothing: cancelled, which counts in no figure, and the word stays in the notes.
        """
        notes, word = old_values.text(row.get("notes")), old_values.line(row.get("status"))
        status = _OUTCOMES.get(old_values.plain(word))
        if status is None:
            self.result.warn(
                "promises", number, word, "estado desconocido: queda cancelada, como historia, y el estado en sus notas"
            )
            return rules.Status.CANCELLED, f"Estado en el sistema anterior: «{word}». {notes}".strip()
        if status == rules.Status.PENDING and not is_open:
            self.report.closed_promises += 1
            return rules.Status.CANCELLED, notes
        if status == rules.Status.PENDING and rules.last_day_of_grace(due, promise_terms()) < self.today:
            self.report.overdue_promises += 1
            return rules.Status.BROKEN, notes
        return status, notes

    def _compare_promises(self, translated: list[Numbered]) -> None:
        """Say which promises that are here already were decided otherwise in the old system."""
        outcomes = {
            row["external_id"]: (number, row) for number, row in translated
            if row["case"] in self.loader.cases and self.loader.cases[row["case"]] not in self.loader.new_cases
        }  # fmt: skip
        here = Promise.objects.filter(external_id__in=outcomes).exclude(status="").values_list("external_id", "status")
        labels = dict(Promise.Status.choices)
        for external_id, status in here if outcomes else []:
            number, row = outcomes[external_id]
            if status != row["status"]:
                self.taking_over.differ(
                    "promises", number, f"caso {row['case']}", "promesa", labels[status], labels[row["status"]]
                )

    # --- Authors and ids ----------------------------------------------------------------------------
    def _author(self, section: str, row: dict[str, Any]) -> dict[str, Any]:
        author = row.get("created_by_id")
        person = self.people.find(author)
        self.report.count_person(author, person, section)
        name = "" if person or author is None else LEGACY_AUTHOR.format(author)
        return {"created_by": person.pk if person else None, "imported_author": name, "author_there": author}

    def _fill_in_authors(self, model: type[Model], section: str, translated: list[Numbered]) -> None:
        """Rows of a former run whose author is known now."""
        known: dict[tuple[Any, int], list[str]] = {}
        for _, row in translated:
            if row["created_by"]:
                known.setdefault((row["author_there"], row["created_by"]), []).append(row["external_id"])
        for (author, person), external_ids in known.items():
            filled = model._base_manager.filter(
                external_id__in=external_ids, created_by__isnull=True, imported_author=LEGACY_AUTHOR.format(author)
            ).update(created_by=person, imported_author="")
            self.result.of(section).updated += filled
            self.result.of(section).unchanged -= filled

    def _external_id(self, kind: str, row: dict[str, Any], fields: Mapping[str, Any]) -> str:
        """An id for rows without one in the old system: case, fields, and the position among equal rows."""
        case = old_values.number(row.get("case_id"))
        digest = hashlib.sha256(json.dumps([kind, case, fields], sort_keys=True, default=str).encode()).hexdigest()[:32]
        of_case = self._external_ids.get(case or 0, f"{self.origin}{case}")
        self._seen[digest] += 1
        return f"{of_case}:{digest}:{self._seen[digest]}"
