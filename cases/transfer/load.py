"""Loads rows of an export into this installation (DESIGN §10 `import_data`), inside the transaction of the caller.

In an empty installation rows keep their ids. In another one a case is matched by cartera and nro_cliente, else by
external_id, else by id and creation time. An existing case stays as it is; of its activities and promises, only those
with a new external_id are imported.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Exists, Max, OuterRef, Q

from cases.models import (
    Activity,
    Arrangement,
    Cartera,
    CarteraField,
    Case,
    CaseStatus,
    Debtor,
    DebtorPhone,
    Document,
    DocumentCounter,
    ImportBatch,
    Instalment,
    LedgerEntry,
    StopFlag,
)
from cases.rules.stops import STOP_THE_PERSON, reason_of_result
from cases.searching import fold
from cases.services import stops
from cases.transfer import columns
from cases.transfer.debtors import Debtors
from cases.transfer.document import Numbered
from cases.transfer.people import People
from cases.transfer.result import Result, TransferFailed
from cases.transfer.sections import BY_NAME, CATALOGUES, Section
from cases.transfer.tables import Tables
from nova.lib import copying
from nova.lib.money import format_money

CHUNK = 2000
NOT_IN_FILE = "su caso no está en el archivo"
NUMBERED_ELSEWHERE = "lleva el número de otra instalación, que aquí puede ser de otro papel: guárdelo en aquella"
TAKEN_KEY = (
    "otro caso de la cartera ya tiene ese número de cliente: lo que cuelga de este queda en aquel, y no se suman sus {}"
)


class Known(NamedTuple):
    """A case that exists in this installation."""

    pk: int
    external_id: str | None


def is_empty() -> bool:
    """Whether this installation has no data but those that its migrations create."""
    return not any(model._base_manager.exists() for model in (Cartera, Debtor, Case, ImportBatch))


class Loader:
    """One transfer. Sections come in the order of `sections.SECTIONS`, each in as many chunks as it takes."""

    def __init__(self, people: People, result: Result, *, keeps_numbers: bool) -> None:
        self.people, self.result, self.keeps_numbers = people, result, keeps_numbers
        self.cases: dict[Any, int] = {}  # id in the file → id here, of existing and new cases
        self.new_cases: set[int] = set()  # the ids here of the cases that this transfer created
        self.refused: dict[int, str] = {}  # ids in the file of cases that are not loaded → what they are called
        self.touched_cases: set[int] = set()  # existing cases that got a gestión
        self.tables = Tables(people, result)
        self.debtors = Debtors(self.tables, result, keeps_numbers=keeps_numbers)
        self._ids: dict[type[models.Model], dict[int, int]] = {
            DebtorPhone: self.debtors.phone_ids,
            Activity: {},
            Arrangement: {},
            LedgerEntry: {},
        }
        self.folded: set[int] = set()  # ids in the file of duplicates of another case; their entries are skipped

    def load(self, section: str, rows: list[Numbered], *, known: Mapping[int, Known] | None = None) -> None:
        """`known`: of cases, those that exist here by their id in the file, where the caller has looked."""
        loaders: dict[str, Callable[[list[Numbered]], None]] = {
            "cartera_fields": self._cartera_fields,
            "users": lambda rows: None,
            "debtors": self.debtors.load,
            "phones": self.debtors.load_phones,
            "cases": lambda rows: self._cases(
                rows, self.cases_here([row for _, row in rows]) if known is None else known
            ),
            "activities": lambda rows: self._hanging(BY_NAME["activities"], rows),
            "stops": self._stops,
            "promises": lambda rows: self._hanging(BY_NAME["promises"], rows),
            "discount_limits": lambda rows: self._local(BY_NAME["discount_limits"], rows),
            "offers": lambda rows: self._local(BY_NAME["offers"], rows),
            "arrangements": self._arrangements,
            "instalments": self._instalments,
            "ledger": self._ledger,
            "documents": self._documents,
            "import_batches": lambda rows: self._once(BY_NAME["import_batches"], ("sha256", "created_at"), rows),
            "contact_submissions": lambda rows: self._once(BY_NAME["contact_submissions"], ("key",), rows),
        }
        try:
            if section in CATALOGUES:
                _complete(section, rows)
                self.tables.add_catalogue(BY_NAME[section], rows, replaces=self.keeps_numbers)
            else:
                loaders[section](rows)
        except (columns.Misfit, KeyError, TypeError) as error:
            reason = f"falta {error}" if isinstance(error, KeyError) else error
            raise TransferFailed(f"«{section}», filas {rows[0][0]} a {rows[-1][0]}: {reason}.") from error

    def load_if_any(self, section: str, rows: list[Numbered], *, known: Mapping[int, Known] | None = None) -> None:
        if rows:
            self.load(section, rows, known=known)

    # --- Cases ------------------------------------------------------------------------------------
    def cases_here(self, rows: Sequence[dict[str, Any]]) -> dict[int, Known]:
        """The existing cases among these rows of the section `cases`, by their id in the file."""
        if self.keeps_numbers:
            return {}
        fields = ("id", "cartera_id", "nro_cliente", "external_id", "created_at")
        wanted = {
            "nro_cliente__in": {row["nro_cliente"] for row in rows if row["nro_cliente"]},
            "external_id__in": {_external_id(row) for row in rows if not row["nro_cliente"]},
            "id__in": {row["id"] for row in rows if not row["nro_cliente"] and not row["external_id"]},
        }
        here: dict[Any, Known] = {}
        for lookup, values in wanted.items():
            stored = Case.objects.filter(**{lookup: values}).order_by().values_list(*fields) if values else []
            for pk, cartera, nro, external_id, created_at in stored:
                case = Known(pk, external_id)
                here.update({(cartera, nro): case, ("external", external_id): case, (pk, created_at): case})
        known = {}
        for row in rows:
            found = here.get(self._identity(row))
            if found is None and not row["nro_cliente"] and not row["external_id"]:
                found = here.get((row["id"], columns.moment_of(row["created_at"])))
            if found is not None:
                known[row["id"]] = found
        return known

    def _identity(self, row: dict[str, Any]) -> tuple[Any, Any]:
        if row["nro_cliente"]:
            return (self.tables.find(Cartera, row["cartera"]), row["nro_cliente"])
        return ("external", _external_id(row))

    def adopt(self, number: int, pk: int) -> None:
        """Case `number` of the file is this existing case without history, which is written anew by the caller."""
        self.cases[number] = pk
        self.new_cases.add(pk)
        self.result.of("cases").updated += 1

    def _cases(self, rows: list[Numbered], known: Mapping[int, Known]) -> None:
        newcomers: dict[Any, Numbered] = {}
        twins: list[tuple[int, int]] = []  # keys that the file has twice: (id of the later case, of the first)
        for number, row in rows:
            found, identity = known.get(row["id"]), self._identity(row)
            if found is not None:
                self.cases[row["id"]] = found.pk
                if row["external_id"] and found.external_id and found.external_id != row["external_id"]:
                    self._fold(number, row)
                else:
                    self.result.of("cases").unchanged += 1
            elif identity in newcomers:
                twins.append((row["id"], newcomers[identity][1]["id"]))
                self._fold(number, row)
            else:
                newcomers[identity] = (number, row)
        self.debtors.bring(row["debtor"] for _, row in newcomers.values())
        placed = self._placed(list(newcomers.values()))
        self.tables.insert(BY_NAME["cases"], placed)
        self.result.of("cases").created += len(placed)
        self.cases.update((later, self.cases[first]) for later, first in twins if first in self.cases)

    def _fold(self, number: int, row: dict[str, Any]) -> None:
        """The case has the key of another one: say what it was worth, so that the totals can be compared."""
        self.folded.add(row["id"])
        status = self.tables.label_of(self.tables.named(CaseStatus, row["status"]))
        gestor = row.get("gestor_there") or row["assigned_to"] or "nadie"
        worth = f"{format_money(Decimal(str(row['amount'])))} (estado «{status}», gestor: {gestor})"
        self.result.reject("cases", number, row["nro_cliente"] or row["id"], TAKEN_KEY.format(worth))

    def _placed(self, newcomers: list[Numbered]) -> list[dict[str, Any]]:
        """The rows with the ids of this installation; rows without a debtor are left out."""
        placed = []
        pks = [] if self.keeps_numbers else copying.reserve_ids(Case, len(newcomers))
        for index, (number, row) in enumerate(newcomers):
            debtor = self.debtors.ids.get(row["debtor"])
            if debtor is None:
                self.result.reject("cases", number, row["nro_cliente"] or row["id"], "su deudor no está en el archivo")
                continue
            pk = row["id"] if self.keeps_numbers else pks[index]
            self.cases[row["id"]] = pk
            self.new_cases.add(pk)
            status = self.tables.named(CaseStatus, row["status"])
            stage = self.tables.stage_of(status)
            gestor = self._gestor(row["assigned_to"], is_open=stage in CaseStatus.OPEN_STAGES)
            if not self.keeps_numbers and not row["nro_cliente"]:
                row["external_id"] = _external_id(row)  # its id has changed
            placed.append({**row, "id": pk, "debtor": debtor, "status": status, "stage": stage, "assigned_to": gestor})
        return placed

    def _gestor(self, name: object, *, is_open: bool) -> int | None:
        """The gestor of the case, if they exist here; otherwise an open case gets the default gestor.

        An id has been resolved before (cases.transfer.legacy).
        """
        if isinstance(name, int):
            return name
        person = self.people.find(name)
        if person is not None or name in (None, ""):
            return person.pk if person else None
        return self.people.default_gestor() if is_open else None

    # --- Rows of cases ----------------------------------------------------------------------------
    def _hanging(self, section: Section, rows: list[Numbered]) -> None:
        """Activities and promises."""
        here = self._external_ids_here(section.model, rows)
        tally, newcomers = self.result.of(section.name), []
        for number, row in rows:
            case, external_id = self.cases.get(row["case"]), row["external_id"]
            if case is None:
                name = self.refused.get(row["case"])
                reason = f"su caso ({name}) no se cargó" if name else NOT_IN_FILE
                self.result.reject(section.name, number, f"caso {row['case']}", reason)
            elif external_id in here if external_id else case not in self.new_cases:
                tally.unchanged += 1
            else:
                here.add(external_id)
                newcomers.append({**row, "case": case})
        pks = self._numbers(section.model, newcomers)
        for row, pk in zip(newcomers, pks, strict=True):
            if section.model is Activity and row["case"] not in self.new_cases:
                self.touched_cases.add(row["case"])
            row["id"] = pk
            if isinstance(row["created_by"], str) and not self.tables.person(row["created_by"]):
                row["imported_author"] = row["imported_author"] or row["created_by"]
                row["created_by"] = None
            for reference, model in (("phone", DebtorPhone), ("activity", Activity)):
                if row.get(reference) is not None:
                    row[reference] = self._number(model, row[reference])
        self.tables.insert(section, newcomers)
        tally.created += len(newcomers)

    def _stops(self, rows: list[Numbered]) -> None:
        """Stops of people and debts; one that is here already stays as it is."""
        section, tally, newcomers = BY_NAME["stops"], self.result.of("stops"), []
        here = self._stops_here(rows)
        for number, row in rows:
            debtor, case = self.debtors.ids.get(row["debtor"]), None
            if row["case"] is not None:
                case = self.cases.get(row["case"])
            if debtor is None or (row["case"] is not None and case is None):
                reason = NOT_IN_FILE if row["case"] is not None else "su deudor no tiene casos y no se cargó"
                self.result.reject("stops", number, row["reason"], reason)
            elif (debtor, case, row["channel"], row["reason"], columns.moment_of(row["since"])) in here:
                tally.unchanged += 1
            else:
                newcomers.append({**row, "debtor": debtor, "case": case})
        for row, pk in zip(newcomers, self._numbers(StopFlag, newcomers), strict=True):
            row["id"] = pk
            if row.get("activity") is not None:
                row["activity"] = self._number(Activity, row["activity"])
        # A stop of the person stays when the debt of its gestión did not come.
        told = {row["activity"] for row in newcomers if row.get("activity") is not None}
        told = set(Activity.objects.filter(pk__in=told).values_list("pk", flat=True)) if told else told
        for row in newcomers:
            row["activity"] = row.get("activity") if row.get("activity") in told else None
        self.tables.insert(section, newcomers)
        tally.created += len(newcomers)

    def _stops_here(self, rows: list[Numbered]) -> set[tuple[Any, ...]]:
        if self.keeps_numbers:
            return set()
        people = {self.debtors.ids[row["debtor"]] for _, row in rows if row["debtor"] in self.debtors.ids}
        keys = ("debtor_id", "case_id", "channel", "reason", "since")
        return set(StopFlag.objects.filter(debtor__in=people).order_by().values_list(*keys))

    def finish(self) -> None:
        """After all sections: what they say of one another. Cases of a file without stops get the one they carry."""
        if self.keeps_numbers:
            self._count_on()
        numbers = sorted(self.new_cases)
        for start in range(0, len(numbers), CHUNK):
            chunk = numbers[start : start + CHUNK]
            cases = Case.objects.filter(pk__in=chunk).order_by("pk")
            holds = StopFlag.objects.stopping().filter(
                Q(case__isnull=True) | Q(case=OuterRef("pk")), debtor=OuterRef("debtor_id")
            )
            StopFlag.objects.bulk_create(_stops_of(cases.filter(~Exists(holds), stopped_at__isnull=False)))
            Case.objects.filter(pk__in=chunk, cartera__is_active=False).update(in_active_cartera=False)
            people = StopFlag.objects.stopping().filter(debtor__cases__in=chunk).order_by()
            stops.copy_stops(people.values_list("debtor", flat=True).distinct())

    def _external_ids_here(self, model: type[models.Model], rows: list[Numbered]) -> set[str | None]:
        wanted = {row["external_id"] for _, row in rows if row["external_id"]}
        if self.keeps_numbers or not wanted:
            return set()
        return set(model._base_manager.filter(external_id__in=wanted).order_by().values_list("external_id", flat=True))

    def _ledger(self, rows: list[Numbered]) -> None:
        """Load the ledger of new cases. The ledger of an existing case is never changed by a transfer."""
        references = {"activity": Activity, "reverses": LedgerEntry, "arrangement": Arrangement}
        self._of_new_cases(BY_NAME["ledger"], rows, references)

    def _arrangements(self, rows: list[Numbered]) -> None:
        """Load the arrangements of new cases: what they come to follows from the ledger, which is theirs too."""
        self._of_new_cases(BY_NAME["arrangements"], rows, {"activity": Activity})

    def _of_new_cases(
        self, section: Section, rows: list[Numbered], references: Mapping[str, type[models.Model]]
    ) -> None:
        """Rows of cases that this transfer created; `references` are their columns with ids of the file."""
        tally, newcomers = self.result.of(section.name), []
        for number, row in rows:
            case = self.cases.get(row["case"])
            if case is None:
                self.result.reject(section.name, number, f"caso {row['case']}", NOT_IN_FILE)
            elif case not in self.new_cases or row["case"] in self.folded:
                tally.unchanged += 1
            else:
                newcomers.append({**row, "case": case})
        for row, pk in zip(newcomers, self._numbers(section.model, newcomers), strict=True):
            row["id"] = pk
            for reference, model in references.items():
                if row.get(reference) is not None:
                    row[reference] = self._number(model, row[reference])
        self.tables.insert(section, newcomers)
        tally.created += len(newcomers)

    def _documents(self, rows: list[Numbered]) -> None:
        """Papers keep their number, so only an empty installation takes them; elsewhere they would leave a gap."""
        section, tally = BY_NAME["documents"], self.result.of("documents")
        if self.keeps_numbers:
            self.tables.insert(section, [row for _, row in rows])
            tally.created += len(rows)
            return
        codes = {row["code"] for _, row in rows}
        here = set(Document.objects.filter(code__in=codes).values_list("code", flat=True))
        for number, row in rows:
            if row["code"] in here:
                tally.unchanged += 1
            else:
                self.result.reject("documents", number, f"{row['kind']} {row['number']}", NUMBERED_ELSEWHERE)

    def _count_on(self) -> None:
        """The next number of each kind of paper follows the last one that came."""
        for kind, last in Document.objects.order_by().values_list("kind").annotate(last=Max("number")):
            DocumentCounter.objects.update_or_create(kind=kind, defaults={"last": last})

    def _instalments(self, rows: list[Numbered]) -> None:
        """Load the instalments of the arrangements that this transfer created."""
        section, tally = BY_NAME["instalments"], self.result.of("instalments")
        here = [(row, self._number(Arrangement, row["arrangement"])) for _, row in rows]
        newcomers = [{**row, "arrangement": pk} for row, pk in here if pk is not None]
        for row, pk in zip(newcomers, self._numbers(Instalment, newcomers), strict=True):
            row["id"] = pk
        self.tables.insert(section, newcomers)
        tally.created += len(newcomers)
        tally.unchanged += len(rows) - len(newcomers)

    def _local(self, section: Section, rows: list[Numbered]) -> None:
        """What an agency decides for itself: taken over by an empty installation alone."""
        taken = [row for _, row in rows] if self.keeps_numbers else []
        self.tables.insert(section, taken)
        self.result.of(section.name).created += len(taken)
        self.result.of(section.name).unchanged += len(rows) - len(taken)

    def _cartera_fields(self, rows: list[Numbered]) -> None:
        """The columns of creditors that are kept: a cartera that keeps one already keeps it as it is here."""
        here = {(cartera, fold(header)) for cartera, header in CarteraField.objects.values_list("cartera", "header")}
        missing = [
            row for _, row in rows if (self.tables.find(Cartera, row["cartera"]), fold(str(row["header"]))) not in here
        ]
        pks = self._numbers(CarteraField, missing)
        section = BY_NAME["cartera_fields"]
        self.tables.insert(section, [{**row, "id": pk} for row, pk in zip(missing, pks, strict=True)])
        self.result.of(section.name).created += len(missing)
        self.result.of(section.name).unchanged += len(rows) - len(missing)

    def _numbers(self, model: type[models.Model], rows: list[dict[str, Any]]) -> list[int]:
        """The ids here of new rows, stored for the rows that refer to them."""
        if self.keeps_numbers:
            return [row["id"] for row in rows]
        pks = copying.reserve_ids(model, len(rows))
        numbers = self._ids.get(model)
        if numbers is not None:
            numbers.update((row["id"], pk) for row, pk in zip(rows, pks, strict=True) if row["id"] is not None)
        return pks

    def _number(self, model: type[models.Model], number: int) -> int | None:
        return number if self.keeps_numbers else self._ids[model].get(number)

    def _once(self, section: Section, keys: tuple[str, ...], rows: list[Numbered]) -> None:
        """Insert rows that no other row refers to, if they do not exist yet; `keys` identify them."""
        fields = {field.name: columns.converter(field) for field in section.fields if field.name in keys}
        first = keys[0]
        wanted = [row[first] for _, row in rows]
        here = {
            tuple(fields[key](value) for key, value in zip(keys, found, strict=True))
            for found in section.model._base_manager.filter(**{f"{first}__in": wanted}).values_list(*keys)
        }
        missing = [row for _, row in rows if tuple(fields[key](row[key]) for key in keys) not in here]
        if section.key == "id" and not self.keeps_numbers:
            pks = copying.reserve_ids(section.model, len(missing))
            missing = [{**row, "id": pk} for row, pk in zip(missing, pks, strict=True)]
        self.tables.insert(section, missing)
        self.result.of(section.name).created += len(missing)
        self.result.of(section.name).unchanged += len(rows) - len(missing)


def _complete(section: str, rows: list[Numbered]) -> None:
    """Which results stop the person, in a file from before they said so."""
    if section != "activity_results":
        return
    for _, row in rows:
        if "stops_person" not in row:
            row["stops_person"] = bool(row.get("stops_case")) and row.get("code") in STOP_THE_PERSON


def _stops_of(cases: Iterable[Case]) -> Iterator[StopFlag]:
    """The stops of cases that carry only the copy. One for a person, however many of their debts say it."""
    people = set()
    for case in cases.select_related("stopped_by_result").order_by("stopped_at", "pk"):  # type: ignore[attr-defined]
        result = case.stopped_by_result
        is_of_person = result is not None and result.stops_person
        reason = reason_of_result(result.code if result else None)
        if not is_of_person:
            yield StopFlag(debtor_id=case.debtor_id, case=case, reason=reason, since=case.stopped_at)
        elif (case.debtor_id, reason) not in people:
            people.add((case.debtor_id, reason))
            yield StopFlag(debtor_id=case.debtor_id, reason=reason, since=case.stopped_at)


def _external_id(row: dict[str, Any]) -> str:
    """The external_id of a case without a key: its own, else one made from its id in the other installation."""
    return row["external_id"] or f"{row['id']}@{row['created_at']}"
