"""Cases of the old system that exist here already (DESIGN §10).

One that a portfolio placed and nobody has worked takes over the old state, as if it were new. Of any other one this
installation's data stay, and each difference is reported.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.db import connection

from cases.models import Activity, Case, CaseStatus, Debtor, DebtorPhone, LedgerEntry, Promise
from cases.models.debtor import STREET_FIELDS
from cases.rules import ledger
from cases.transfer import columns
from cases.transfer.debtors import is_same_name
from cases.transfer.legacy_cases import OldCase
from cases.transfer.load import Loader
from cases.transfer.people import People
from cases.transfer.result import Result
from nova.lib import copying
from nova.lib.databases import lock_rows
from nova.lib.money import format_money

KEPT = "{}: aquí «{}», en el sistema anterior «{}»; queda lo de aquí"
# What is written of a case that takes over the old state; stops and the place in the queue stay.
WRITTEN = (
    "external_id", "amount", "initial_amount", "balance", "placed_on", "last_payment_date",
    "creditor_last_payment_date", "creditor_total", "status", "stage", "assigned_to", "next_action_at", "notes",
    "version", "created_at", "updated_at",
)  # fmt: skip


class Found(NamedTuple):
    old: OldCase
    case: Case
    phones: set[str]


class TakingOver:
    def __init__(self, loader: Loader, people: People, result: Result) -> None:
        self._loader, self._people, self._result = loader, people, result
        self.differences: Counter[str] = Counter()
        self.passed_on: Counter[str] = Counter()  # open cases for the default gestor, by the reason
        self.taken = self.assigned = 0
        fields = {field.name: field for field in Case._meta.concrete_fields}
        self._writers = [(name, columns.converter(fields[name])) for name in WRITTEN]

    def read(self, found: Sequence[tuple[OldCase, int]]) -> list[OldCase]:
        """Those that take over the old state, written but for their ledger; the others are compared.

        `found` has each case here once, with its row of the file.
        """
        untouched = _untouched(pk for _, pk in found)
        here = _cases_with_phones(pk for _, pk in found)
        taken = [Found(old, *here[pk]) for old, pk in found if pk in untouched]
        kept = [Found(old, *here[pk]) for old, pk in found if pk not in untouched]
        self._take_over(taken)
        moving = self._gestores_found_out(kept)
        for one in kept:
            self._compare(one, has_new_gestor=one.case.pk in moving)
        return [one.old for one in taken]

    # --- Untouched ------------------------------------------------------------------------------------
    def _take_over(self, taken: list[Found]) -> None:
        if not taken:
            return
        self.taken += len(taken)
        rows = []
        for old, case, _ in taken:
            if case.amount != old.case["amount"]:
                self._result.warn(
                    "cases", old.number, old.case["nro_cliente"],
                    f"una cartera ya lo había cargado con {format_money(case.amount)}: queda el total del sistema "
                    f"anterior, {format_money(old.case['amount'])}",
                )  # fmt: skip
            self._loader.adopt(old.id, case.pk)
            self._complete(old, case)
            values = {**old.case, "status": self._loader.tables.named(CaseStatus, old.case["status"])}
            rows.append((*(convert(values[name]) for name, convert in self._writers), case.pk))
        _remove_placements([case.pk for _, case, _ in taken])
        copying.update(Case, WRITTEN, rows)
        self._bring_contact_data(taken)

    def _complete(self, old: OldCase, case: Case) -> None:
        """What the old system does not know stays: a gestor, a later payment, a capital, notes."""
        row = old.case
        row["assigned_to"] = row["assigned_to"] or case.assigned_to_id
        if row["assigned_to"] is None and old.is_open:
            row["assigned_to"] = self._people.default_gestor()
            self.passed_on[why_unassigned(self._people, old)] += 1
        days = [day for day in (row["last_payment_date"], case.creditor_last_payment_date) if day]
        row["last_payment_date"] = row["creditor_last_payment_date"] = max(days, default=None)
        row["initial_amount"] = row["initial_amount"] or case.initial_amount
        row["notes"] = "\n".join(dict.fromkeys(note for note in (row["notes"], case.notes) if note))
        row["next_action_at"] = case.next_action_at if old.is_open else None
        row["stage"] = self._loader.tables.stage_of(self._loader.tables.named(CaseStatus, row["status"]))
        row["version"] = case.version + 1

    def _bring_contact_data(self, taken: list[Found]) -> None:
        """Fill in what the debtor here lacks, unless the document says that it is another person."""
        phones: list[dict[str, Any]] = []
        documents = _holders_of([old.debtor for old, _, _ in taken])
        for old, case, numbers in taken:
            debtor, given = case.debtor, old.debtor
            if problem := _other_person(debtor, given):
                self.differ_in_words("debtors", old.number, name_of(given), problem)
                continue
            self._compare_person(old, debtor)
            changed = [name for name in ("email",) if given[name] and not debtor.email]
            if not debtor.street and given["street"]:
                changed += STREET_FIELDS
            for name in ("dni", "cuit"):
                holder = documents.setdefault((name, given[name]), debtor.pk) if given[name] else None
                if holder == debtor.pk and not getattr(debtor, name):
                    changed.append(name)
                elif holder not in (None, debtor.pk):
                    self._result.warn(
                        "debtors", old.number, given[name], "otro deudor ya tiene ese documento: queda sin unir"
                    )
            for name in changed:
                setattr(debtor, name, given[name])
            if changed:
                debtor.save(update_fields=changed)
            news = [phone for phone in old.phones if phone["number"] not in numbers]
            phones += [{**phone, "debtor": debtor.pk} for phone in news]
            numbers.update(phone["number"] for phone in news)
        self._loader.debtors.insert_phones(phones)

    # --- Touched --------------------------------------------------------------------------------------
    def _gestores_found_out(self, kept: list[Found]) -> set[int]:
        """Give cases that a former run left to the default gestor, or to nobody, to the gestor that is known now.

        Not those that somebody assigned here: an assignment leaves an activity.
        """
        default = self._people.default.pk if self._people.default else None
        wanted = {
            case.pk: old.case["assigned_to"]
            for old, case, _ in kept
            if old.case["assigned_to"]
            and case.external_id == old.case["external_id"]
            and case.assigned_to_id in {None, default} - {old.case["assigned_to"]}
        }
        if not wanted:
            return set()
        locked = _locked(wanted)
        by_hand = Activity.objects.filter(case__in=locked, is_system=True).order_by().values_list("case_id", flat=True)
        unmoved = Case.objects.filter(pk__in=locked - set(by_hand)).order_by("pk")
        rows = [
            (wanted[pk], version + 1, pk)
            for pk, version, gestor in unmoved.values_list("pk", "version", "assigned_to")
            if gestor in (None, default)
        ]
        copying.update(Case, ("assigned_to", "version"), rows)
        self.assigned += len(rows)
        moved = {pk for *_, pk in rows}
        for old, case, _ in kept:
            if case.pk in moved:
                before = case.assigned_to.username if case.assigned_to else "nadie"
                reason = f"gestor: pasa de «{before}» a «{old.case['gestor_there']}»"
                self._result.warn("cases", old.number, old.case["nro_cliente"] or old.id, reason)
        self._result.of("cases").updated += len(rows)
        return moved

    def _compare(self, found: Found, *, has_new_gestor: bool) -> None:
        old, case, phones = found
        row = old.case
        for what, ours, theirs in self._case_differences(old, case, has_new_gestor=has_new_gestor):
            self.differ("cases", old.number, row["nro_cliente"] or row["id"], what, ours, theirs)
        if problem := _other_person(case.debtor, old.debtor):
            self.differ_in_words("debtors", old.number, name_of(old.debtor), problem)
        else:
            self._compare_person(old, case.debtor)
            for phone in old.phones:
                if phone["number"] not in phones:
                    ours = ", ".join(sorted(phones)) or "ninguno"
                    self.differ(
                        "phones", old.number, row["nro_cliente"] or row["id"], "teléfono", ours, phone["number"]
                    )

    def _case_differences(self, old: OldCase, case: Case, *, has_new_gestor: bool) -> Iterator[tuple[str, str, str]]:
        row = old.case
        if case.status.slug != row["status"]:
            tables = self._loader.tables
            yield "estado", case.status.name, tables.label_of(tables.named(CaseStatus, row["status"]))
        if row["assigned_to"] and case.assigned_to_id != row["assigned_to"] and not has_new_gestor:
            yield "gestor", case.assigned_to.username if case.assigned_to else "nadie", row["gestor_there"]
        if row["amount"] not in (case.amount, case.creditor_total):
            yield "total", format_money(case.creditor_total or case.amount), format_money(row["total_there"])
        if row["initial_amount"] and row["initial_amount"] != case.initial_amount:
            ours = format_money(case.initial_amount) if case.initial_amount else "ninguno"
            yield "monto inicial", ours, format_money(row["initial_amount"])
        paid_on = row["last_payment_date"]
        if paid_on and paid_on not in (case.last_payment_date, case.creditor_last_payment_date):
            ours = f"{case.last_payment_date:%d/%m/%Y}" if case.last_payment_date else "ninguno"
            yield "último pago", ours, f"{paid_on:%d/%m/%Y}"
        if row["nro_cliente"] and row["nro_cliente"] != case.nro_cliente:
            yield "número de cliente", case.nro_cliente or "ninguno", row["nro_cliente"]
        if row["notes"] and row["notes"] not in case.notes:
            yield "notas", case.notes or "ninguna", row["notes"]

    def _compare_person(self, old: OldCase, debtor: Debtor) -> None:
        given = old.debtor
        theirs, ours = name_of(given), debtor.full_name
        if theirs.casefold() != ours.casefold():
            self.differ("debtors", old.number, theirs, "nombre", ours, theirs)
        address, ours = (" ".join(filter(None, parts)) for parts in (
            (given["street"], given["street_number"]), (debtor.street, debtor.street_number)
        ))  # fmt: skip
        if address and ours and address.casefold() != ours.casefold():
            self.differ("debtors", old.number, theirs, "domicilio", ours, address)

    def differ_in_words(self, section: str, number: int, value: object, reason: str) -> None:
        self.differences["persona"] += 1
        self._result.warn(section, number, value, reason)

    def differ(self, section: str, number: int, value: object, what: str, ours: str, theirs: str) -> None:
        self.differences[what] += 1
        ours, theirs = (" ".join(text.split()) for text in (ours, theirs))
        self._result.warn(section, number, value, KEPT.format(what, ours, theirs))


def why_unassigned(people: People, old: OldCase) -> str:
    """Why an open case has no gestor here."""
    if old.gestor is None:
        return "sin gestor en el sistema anterior"
    person = people.find(old.gestor)
    if person is None:
        return f"del usuario {old.gestor}, que no está en el mapa de usuarios"
    return f"de {person.username}, que no es un gestor activo"


def name_of(person: dict[str, Any]) -> str:
    return f"{person['first_name']} {person['last_name']}".strip()


def _other_person(debtor: Debtor, given: dict[str, Any]) -> str:
    """Why the data are not those of this debtor; empty when nothing says so."""
    for name in ("dni", "cuit"):
        ours = getattr(debtor, name)
        if ours and given[name] and ours != given[name]:
            return f"aquí el deudor del caso tiene otro documento («{ours}», allá «{given[name]}»): sus datos quedan"
    if not is_same_name(given, {"first_name": debtor.first_name, "last_name": debtor.last_name}):
        return f"aquí el deudor del caso es «{debtor.full_name}»: ¿la misma persona? Sus datos quedan"
    return ""


def _locked(pks: Iterable[int]) -> set[int]:
    return {case.pk for case in lock_rows(Case.objects.only("pk"), list(pks))}


def _untouched(pks: Iterable[int]) -> set[int]:
    """Those that did not move in from anywhere and have no history (DESIGN §7), locked."""
    candidates = Case.objects.filter(pk__in=list(pks), external_id__isnull=True).order_by().values_list("pk", flat=True)
    locked = _locked(candidates)
    for history in (
        Activity.objects.filter(is_system=False),
        Promise.objects.all(),
        LedgerEntry.objects.exclude(kind=ledger.Kind.PLACEMENT),
    ):
        locked -= set(history.filter(case__in=locked).order_by().values_list("case_id", flat=True))
    return locked


def _cases_with_phones(pks: Iterable[int]) -> dict[int, tuple[Case, set[str]]]:
    cases = Case.objects.filter(pk__in=list(pks)).select_related("debtor", "status", "assigned_to").order_by("pk")
    phones: dict[int, set[str]] = {}
    debtors: dict[int, Debtor] = {}
    here = {}
    for case in cases:
        case.debtor = debtors.setdefault(case.debtor_id, case.debtor)  # two debts of one person share what is filled in
        here[case.pk] = (case, phones.setdefault(case.debtor_id, set()))
    for debtor, number in DebtorPhone.objects.filter(debtor__in=phones).values_list("debtor_id", "number"):
        phones[debtor].add(number)
    return here


def _holders_of(people: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    holders = {}
    for name in ("dni", "cuit"):
        wanted = {person[name] for person in people if person[name]}
        for pk, document in Debtor.objects.filter(**{f"{name}__in": wanted}).values_list("pk", name):
            holders[name, document] = pk
    return holders


def _remove_placements(cases: list[int]) -> None:
    """SQL, because the querysets of the ledger refuse deletions: placements of cases without other movements may go."""
    marks = ", ".join(["%s"] * len(cases))
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM cases_ledgerentry WHERE kind = 'placement' AND case_id IN ({marks})",  # noqa: S608
            cases,
        )
