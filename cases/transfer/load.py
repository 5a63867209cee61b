"""Rows of an export into this installation (DESIGN §10 `import_data`), inside the transaction of whoever calls.

Into an empty installation rows keep their numbers. Into another one a case is known by its cartera and nro_cliente,
else by its external_id, else by its number and the moment it was made. One that is here already stays as it is, and of
what hangs on it only that comes in which carries an external_id that is not here yet.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection, models
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from cases import bulk
from cases.models import (
    Activity,
    ActivityResult,
    Cartera,
    Case,
    CaseStatus,
    Debtor,
    DebtorPhone,
    ImportBatch,
    LedgerEntry,
    Promise,
)
from cases.transfer import columns
from cases.transfer.document import Numbered
from cases.transfer.people import People
from cases.transfer.result import Result, TransferFailed
from cases.transfer.sections import BY_NAME, NAMED_BY, Section
from contact.models import ContactSubmission

NOT_IN_FILE = "su caso no está en el archivo"
ADDRESS = ("street", "street_number", "city", "postal_code", "provincia")
DEBTOR_FIELDS = ("id", "dni", "cuit", "first_name", "last_name", "street", "street_number", "created_at")
TAKEN_KEY = "otro caso de la cartera ya tiene ese número de cliente; lo que cuelga de este queda en aquel"


class Known(NamedTuple):
    """A case that is here already."""

    pk: int
    external_id: str | None


def is_empty() -> bool:
    """Whether this installation holds nothing yet but what its migrations seed."""
    return not any(model._base_manager.exists() for model in (Cartera, Debtor, Case, ImportBatch))


class Loader:
    """One transfer. Sections come in the order of `sections.SECTIONS`, each in as many chunks as it takes."""

    def __init__(self, people: People, result: Result, *, keeps_numbers: bool) -> None:
        self.people, self.result, self.keeps_numbers = people, result, keeps_numbers
        self.cases: dict[Any, int] = {}  # number in the file → number here, of the cases that are here now
        self.new_cases: set[int] = set()  # those of them, by their number here, that this transfer brought
        self.touched_cases: set[int] = set()  # those that were here and got a gestión
        self._ids: dict[type[models.Model], dict[int, int]] = {
            model: {} for model in (Debtor, DebtorPhone, Activity, LedgerEntry)
        }
        self._twins: set[int] = set()  # numbers in the file of cases that are one with another: without money of theirs
        self._waiting: dict[int, Numbered] = {}  # debtors that nobody here is, until a new case is theirs
        self._waiting_phones: dict[int, list[dict[str, Any]]] = {}
        self._names: dict[type[models.Model], dict[str, int]] = {
            model: {name.casefold(): pk for pk, name in model._base_manager.values_list("pk", NAMED_BY[model])}
            for model in (Cartera, CaseStatus, ActivityResult)
        }
        self._stages: dict[int, str] = {}
        self._writers: dict[str, tuple[list[str], list[Any]]] = {}

    def load(self, section: str, rows: list[Numbered]) -> None:
        loaders: dict[str, Callable[[list[Numbered]], None]] = {
            "carteras": lambda rows: self._catalogue(BY_NAME["carteras"], rows),
            "case_statuses": lambda rows: self._catalogue(BY_NAME["case_statuses"], rows),
            "activity_results": lambda rows: self._catalogue(BY_NAME["activity_results"], rows),
            "users": lambda rows: None,
            "debtors": self._debtors,
            "phones": self._phones,
            "cases": self._cases,
            "activities": lambda rows: self._hanging(BY_NAME["activities"], rows),
            "promises": lambda rows: self._hanging(BY_NAME["promises"], rows),
            "ledger": self._ledger,
            "import_batches": lambda rows: self._once(BY_NAME["import_batches"], ("sha256", "created_at"), rows),
            "contact_submissions": lambda rows: self._once(BY_NAME["contact_submissions"], ("key",), rows),
        }
        try:
            loaders[section](rows)
        except (columns.Misfit, KeyError, TypeError) as error:
            reason = f"falta {error}" if isinstance(error, KeyError) else error
            raise TransferFailed(f"«{section}», filas {rows[0][0]} a {rows[-1][0]}: {reason}.") from error

    def load_if_any(self, section: str, rows: list[Numbered]) -> None:
        if rows:
            self.load(section, rows)

    # --- Catalogues -------------------------------------------------------------------------------
    def _catalogue(self, section: Section, rows: list[Numbered]) -> None:
        """Into an empty installation the file's catalogue takes the place of the seeded one; else only what lacks."""
        model, names = section.model, self._names.setdefault(section.model, {})
        tally, key = self.result.of(section.name), section.key
        if self.keeps_numbers and rows[0][0] == 1 and model is not Cartera:
            model._base_manager.all().delete()
            names.clear()
        missing = []
        for _, row in rows:
            name = str(row.get(key, ""))
            if name.casefold() in names:
                tally.unchanged += 1
                continue
            missing.append({**row, "is_stage_default": False} if self._has_default(model, row) else row)
            names[name.casefold()] = 0
        self._insert(section, missing)
        tally.created += len(missing)
        names.update({name.casefold(): pk for pk, name in model._base_manager.values_list("pk", key)})

    def _has_default(self, model: type[models.Model], row: dict[str, Any]) -> bool:
        return (
            model is CaseStatus
            and bool(row.get("is_stage_default"))
            and CaseStatus.objects.filter(stage=row.get("stage"), is_stage_default=True).exists()
        )

    # --- Debtors ----------------------------------------------------------------------------------
    def _debtors(self, rows: list[Numbered]) -> None:
        section = BY_NAME["debtors"]
        if self.keeps_numbers:
            self._insert(section, [row for _, row in rows])
            self._ids[Debtor].update((row["id"], row["id"]) for _, row in rows)
            self.result.of("debtors").created += len(rows)
            return
        here = self._debtors_here(rows)
        for number, row in rows:
            match = here.get(("dni", row["dni"])) or here.get(("cuit", row["cuit"])) or here.get(("id", row["id"]))
            if match is None:
                self._waiting[row["id"]] = (number, row)
                continue
            self._ids[Debtor][row["id"]] = match["id"]
            self.result.of("debtors").unchanged += 1
            self._compare(number, row, match)

    def _debtors_here(self, rows: list[Numbered]) -> dict[tuple[Any, Any], dict[str, Any]]:
        """By document; and, for those without one, by number and the moment they were made."""
        here: dict[tuple[Any, Any], dict[str, Any]] = {}
        asked = {
            "dni": {row["dni"] for _, row in rows if row["dni"]},
            "cuit": {row["cuit"] for _, row in rows if row["cuit"]},
            "id": {row["id"] for _, row in rows if row.get("created_at")},
        }
        made = {row["id"]: row.get("created_at") for _, row in rows}
        for column, values in asked.items():
            found = Debtor.objects.filter(**{f"{column}__in": values}).order_by().values(*DEBTOR_FIELDS)
            for debtor in found if values else []:
                if column != "id" or debtor["created_at"] == _moment(made[debtor["id"]]):
                    here.setdefault((column, debtor[column]), debtor)
        return here

    def _compare(self, number: int, row: dict[str, Any], kept: dict[str, Any]) -> None:
        """Say what of a person who was known already is not taken over."""
        for fields, what in ((("first_name", "last_name"), "el nombre"), (("street", "street_number"), "el domicilio")):
            told, ours = (" ".join(str(person[name]) for name in fields).strip() for person in (row, kept))
            if told and told.casefold() != ours.casefold():
                reason = f"con el mismo documento ya está {what} «{ours}»: queda ese"
                self.result.warn("debtors", number, told, reason)

    def _phones(self, rows: list[Numbered]) -> None:
        section = BY_NAME["phones"]
        if self.keeps_numbers:
            self._insert(section, [row for _, row in rows])
            self.result.of("phones").created += len(rows)
            return
        owners = {pk for _, row in rows if (pk := self._ids[Debtor].get(row["debtor"]))}
        here = {(debtor, number): pk for pk, debtor, number in _phones_of(owners)}
        for _, row in rows:
            pk = here.get((self._ids[Debtor].get(row["debtor"], 0), row["number"]))
            if pk is None:
                self._waiting_phones.setdefault(row["debtor"], []).append(row)
            else:
                self.result.of("phones").unchanged += 1
                if row["id"] is not None:
                    self._ids[DebtorPhone][row["id"]] = pk

    def _bring_debtors(self, numbers: Iterable[int]) -> None:
        """Those that new cases need: whoever waits, and the phones that they lack here."""
        wanted = sorted(set(numbers))
        by_document: dict[str, dict[str, Any]] = {}
        newcomers = []
        waiting = [self._waiting.pop(number) for number in wanted if number in self._waiting]
        for (number, row), pk in zip(waiting, bulk.reserve_ids(Debtor, len(waiting)), strict=True):
            documents = [document for document in (row["dni"], row["cuit"]) if document]
            joined = next((by_document[document] for document in documents if document in by_document), None)
            if joined is None:
                joined = {**row, "id": pk}
                by_document.update(dict.fromkeys(documents, joined))
                newcomers.append(joined)
            elif not joined["street"]:
                joined.update((name, row[name]) for name in ADDRESS)
            self._compare(number, row, joined)
            self._ids[Debtor][row["id"]] = joined["id"]
        self._insert(BY_NAME["debtors"], newcomers)
        self.result.of("debtors").created += len(newcomers)
        self._bring_phones(wanted)

    def _bring_phones(self, debtors: Sequence[int]) -> None:
        here = {(debtor, number): pk for pk, debtor, number in _phones_of(map(self._ids[Debtor].get, debtors))}
        waiting = [row for number in debtors for row in self._waiting_phones.pop(number, [])]
        newcomers = []
        for row, pk in zip(waiting, bulk.reserve_ids(DebtorPhone, len(waiting)), strict=True):
            debtor = self._ids[Debtor].get(row["debtor"])
            if debtor is None:
                continue
            known = here.setdefault((debtor, row["number"]), pk)
            if known == pk:
                newcomers.append({**row, "id": pk, "debtor": debtor})
            if row["id"] is not None:
                self._ids[DebtorPhone][row["id"]] = known
        self._insert(BY_NAME["phones"], newcomers)
        self.result.of("phones").created += len(newcomers)

    # --- Cases ------------------------------------------------------------------------------------
    def cases_here(self, rows: Sequence[dict[str, Any]]) -> dict[int, Known]:
        """Of these rows of the section `cases`, by their number in the file, those that are here already."""
        if self.keeps_numbers:
            return {}
        fields = ("id", "cartera_id", "nro_cliente", "external_id", "created_at")
        asked = {
            "nro_cliente__in": {row["nro_cliente"] for row in rows if row["nro_cliente"]},
            "external_id__in": {_external_id(row) for row in rows if not row["nro_cliente"]},
            "id__in": {row["id"] for row in rows if not row["nro_cliente"] and not row["external_id"]},
        }
        here: dict[Any, Known] = {}
        for lookup, values in asked.items():
            stored = Case.objects.filter(**{lookup: values}).order_by().values_list(*fields) if values else []
            for pk, cartera, nro, external_id, created_at in stored:
                case = Known(pk, external_id)
                here.update({(cartera, nro): case, ("external", external_id): case, (pk, created_at): case})
        known = {}
        for row in rows:
            found = here.get(self._identity(row))
            if found is None and not row["nro_cliente"] and not row["external_id"]:
                found = here.get((row["id"], _moment(row["created_at"])))
            if found is not None:
                known[row["id"]] = found
        return known

    def _identity(self, row: dict[str, Any]) -> tuple[Any, Any]:
        if row["nro_cliente"]:
            return (self._names[Cartera].get(str(row["cartera"]).casefold()), row["nro_cliente"])
        return ("external", _external_id(row))

    def _cases(self, rows: list[Numbered]) -> None:
        known = self.cases_here([row for _, row in rows])
        newcomers: dict[Any, Numbered] = {}
        twins: list[tuple[int, int]] = []  # of a key that the file has twice: the number of the later, of the first
        for number, row in rows:
            found, identity = known.get(row["id"]), self._identity(row)
            if found is not None:
                self.cases[row["id"]] = found.pk
                if row["external_id"] and found.external_id and found.external_id != row["external_id"]:
                    self.result.reject("cases", number, row["nro_cliente"], TAKEN_KEY)
                else:
                    self.result.of("cases").unchanged += 1
            elif identity in newcomers:
                twins.append((row["id"], newcomers[identity][1]["id"]))
                self._twins.add(row["id"])
                self.result.reject("cases", number, row["nro_cliente"] or row["id"], TAKEN_KEY)
            else:
                newcomers[identity] = (number, row)
        self._bring_debtors(row["debtor"] for _, row in newcomers.values())
        placed = self._placed(list(newcomers.values()))
        self._insert(BY_NAME["cases"], placed)
        self.result.of("cases").created += len(placed)
        self.cases.update((later, self.cases[first]) for later, first in twins if first in self.cases)

    def _placed(self, newcomers: list[Numbered]) -> list[dict[str, Any]]:
        """The rows with the numbers of here, those without a debtor left out."""
        placed = []
        pks = [] if self.keeps_numbers else bulk.reserve_ids(Case, len(newcomers))
        for index, (number, row) in enumerate(newcomers):
            debtor = self._ids[Debtor].get(row["debtor"])
            if debtor is None:
                self.result.reject("cases", number, row["nro_cliente"] or row["id"], "su deudor no está en el archivo")
                continue
            pk = row["id"] if self.keeps_numbers else pks[index]
            self.cases[row["id"]] = pk
            self.new_cases.add(pk)
            status = self._named(CaseStatus, row["status"])
            stage = self._stage(status)
            gestor = self._gestor(row["assigned_to"], is_open=stage in CaseStatus.OPEN_STAGES)
            if not self.keeps_numbers and not row["nro_cliente"]:
                row["external_id"] = _external_id(row)  # its number says nothing any more
            placed.append({**row, "id": pk, "debtor": debtor, "status": status, "stage": stage, "assigned_to": gestor})
        return placed

    def _gestor(self, name: object, *, is_open: bool) -> int | None:
        """Whoever holds it there, if they are here; an open case of somebody who is not goes to the default gestor.

        A number has been found already (cases.transfer.legacy).
        """
        if isinstance(name, int):
            return name
        person = self.people.find(name)
        if person is not None or name in (None, ""):
            return person.pk if person else None
        return self.people.default_gestor() if is_open else None

    def _stage(self, status: int) -> str:
        if status not in self._stages:
            self._stages.update(CaseStatus.objects.values_list("pk", "stage"))
        return self._stages[status]

    # --- What hangs on cases ----------------------------------------------------------------------
    def _hanging(self, section: Section, rows: list[Numbered]) -> None:
        """Activities and promises."""
        here = self._external_ids_here(section.model, rows)
        tally, newcomers = self.result.of(section.name), []
        for number, row in rows:
            case, external_id = self.cases.get(row["case"]), row["external_id"]
            if case is None:
                self.result.reject(section.name, number, f"caso {row['case']}", NOT_IN_FILE)
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
            if isinstance(row["created_by"], str) and not self._person(row["created_by"]):
                row["imported_author"] = row["imported_author"] or row["created_by"]
                row["created_by"] = None
            for reference, model in (("phone", DebtorPhone), ("activity", Activity)):
                if row.get(reference) is not None:
                    row[reference] = self._number(model, row[reference])
        self._insert(section, newcomers)
        tally.created += len(newcomers)

    def _external_ids_here(self, model: type[models.Model], rows: list[Numbered]) -> set[str | None]:
        wanted = {row["external_id"] for _, row in rows if row["external_id"]}
        if self.keeps_numbers or not wanted:
            return set()
        return set(model._base_manager.filter(external_id__in=wanted).order_by().values_list("external_id", flat=True))

    def _ledger(self, rows: list[Numbered]) -> None:
        """The money of new cases. A case that was here has a ledger of its own, which nobody adds to from outside."""
        section, newcomers = BY_NAME["ledger"], []
        tally = self.result.of("ledger")
        for number, row in rows:
            case = self.cases.get(row["case"])
            if case is None:
                self.result.reject("ledger", number, f"caso {row['case']}", NOT_IN_FILE)
            elif case not in self.new_cases or row["case"] in self._twins:
                tally.unchanged += 1
            else:
                newcomers.append({**row, "case": case})
        for row, pk in zip(newcomers, self._numbers(LedgerEntry, newcomers), strict=True):
            row["id"] = pk
            for reference, model in (("activity", Activity), ("reverses", LedgerEntry)):
                if row.get(reference) is not None:
                    row[reference] = self._number(model, row[reference])
        self._insert(section, newcomers)
        tally.created += len(newcomers)

    def _numbers(self, model: type[models.Model], rows: list[dict[str, Any]]) -> list[int]:
        """The numbers of here for new rows, kept for whoever names them."""
        if self.keeps_numbers:
            return [row["id"] for row in rows]
        pks = bulk.reserve_ids(model, len(rows))
        numbers = self._ids.get(model)
        if numbers is not None:
            numbers.update((row["id"], pk) for row, pk in zip(rows, pks, strict=True) if row["id"] is not None)
        return pks

    def _number(self, model: type[models.Model], number: int) -> int | None:
        return number if self.keeps_numbers else self._ids[model].get(number)

    def _once(self, section: Section, keys: tuple[str, ...], rows: list[Numbered]) -> None:
        """Rows that nothing names: those that are not here yet, by what identifies them."""
        fields = {field.name: columns.converter(field) for field in section.fields if field.name in keys}
        first = keys[0]
        wanted = [row[first] for _, row in rows]
        here = {
            tuple(fields[key](value) for key, value in zip(keys, found, strict=True))
            for found in section.model._base_manager.filter(**{f"{first}__in": wanted}).values_list(*keys)
        }
        missing = [row for _, row in rows if tuple(fields[key](row[key]) for key in keys) not in here]
        if section.key == "id" and not self.keeps_numbers:
            pks = bulk.reserve_ids(section.model, len(missing))
            missing = [{**row, "id": pk} for row, pk in zip(missing, pks, strict=True)]
        self._insert(section, missing)
        self.result.of(section.name).created += len(missing)
        self.result.of(section.name).unchanged += len(rows) - len(missing)

    # --- Into the tables --------------------------------------------------------------------------
    def _insert(self, section: Section, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        names, converters = self._writer(section)
        bulk.insert(
            section.model,
            names,
            [tuple(convert(row) for convert in converters) for row in rows],
        )

    def _writer(self, section: Section) -> tuple[list[str], list[Any]]:
        if section.name not in self._writers:
            fields = list(section.fields)
            if section.model is Case:
                fields.append(Case._meta.get_field("stage"))
            if section.model in NAMED_BY:
                fields = [field for field in fields if not field.primary_key]
            self._writers[section.name] = ([field.name for field in fields], [self._column(field) for field in fields])
        return self._writers[section.name]

    def _column(self, field: Any) -> Callable[[dict[str, Any]], Any]:
        """Row → what goes into the column. A key that an older file lacks takes the field's own default."""
        convert, name = columns.converter(field), field.name
        is_stamped = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        default = timezone.now if is_stamped else field.get_default
        related = field.related_model if isinstance(field, models.ForeignKey) else None

        def value_of(row: dict[str, Any]) -> Any:
            value = row[name] if name in row else default()
            if isinstance(value, str) and related is not None:
                return self._person(value) if related not in self._names else self._named(related, value)
            return convert(value)

        return value_of

    def _person(self, name: str) -> int | None:
        person = self.people.find(name)
        return person.pk if person else None

    def _named(self, model: type[models.Model], name: object) -> int:
        pk = self._names[model].get(str(name).casefold())
        if not pk:
            raise columns.Misfit(f"«{name}» no está en el catálogo del archivo")
        return pk


def _external_id(row: dict[str, Any]) -> str:
    """Of a case without a key: its own, else what it was called where it comes from."""
    return row["external_id"] or f"{row['id']}@{row['created_at']}"


def _moment(value: Any) -> Any:
    return parse_datetime(value) if isinstance(value, str) else value


def _phones_of(debtors: Iterable[int | None]) -> Iterable[tuple[int, int, str]]:
    wanted = [pk for pk in debtors if pk]
    if not wanted:
        return []
    return DebtorPhone.objects.filter(debtor__in=wanted).order_by().values_list("pk", "debtor_id", "number")


def count_on() -> None:
    """Sequences behind the rows that kept their numbers. SQLite counts from what is found."""
    if connection.vendor != "postgresql":
        return
    tables = (Debtor, DebtorPhone, Case, Activity, Promise, LedgerEntry, ImportBatch, ContactSubmission)
    with connection.cursor() as cursor:
        for model in tables:
            table = model._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"  # noqa: S608
                f" GREATEST(MAX(id), (SELECT last_value FROM {_sequence_of(cursor, table)}))) FROM {table}"
                " HAVING MAX(id) IS NOT NULL"
            )


def _sequence_of(cursor: Any, table: str) -> str:
    cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
    return cursor.fetchone()[0]
