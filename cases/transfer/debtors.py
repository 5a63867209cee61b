"""Matches debtors of a file with existing ones: one person is one debtor, from any source."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cases.models import Debtor, DebtorPhone
from cases.models.debtor import STREET_FIELDS
from cases.rules.identity import may_be_the_same
from cases.transfer.columns import moment_of
from cases.transfer.document import Numbered
from cases.transfer.result import Result
from cases.transfer.sections import BY_NAME
from cases.transfer.tables import Tables
from nova.lib import copying

FIELDS = ("id", "dni", "cuit", "first_name", "last_name", "street", "street_number", "created_at")


class Debtors:
    """Debtors are matched by document, else by id and creation time.

    A debtor who does not exist here is created only with a new case, so that a second run creates none.
    """

    def __init__(self, tables: Tables, result: Result, *, keeps_numbers: bool) -> None:
        self._tables, self._result, self._keeps_numbers = tables, result, keeps_numbers
        self.ids: dict[int, int] = {}  # id in the file → id here
        self.phone_ids: dict[int, int] = {}
        self._waiting: dict[int, Numbered] = {}
        self._waiting_phones: dict[int, list[dict[str, Any]]] = {}

    def load(self, rows: list[Numbered]) -> None:
        section = BY_NAME["debtors"]
        if self._keeps_numbers:
            self._tables.insert(section, [row for _, row in rows])
            self.ids.update((row["id"], row["id"]) for _, row in rows)
            self._result.of("debtors").created += len(rows)
            return
        here = self._here(rows)
        for number, row in rows:
            match = here.get(("dni", row["dni"])) or here.get(("cuit", row["cuit"])) or here.get(("id", row["id"]))
            if match is not None and not self._may_be(number, row, match):
                match, row = None, without_documents(row)
            if match is None:
                self._waiting[row["id"]] = (number, row)
                continue
            self.ids[row["id"]] = match["id"]
            self._result.of("debtors").unchanged += 1
            self._compare(number, row, match)

    def _here(self, rows: list[Numbered]) -> dict[tuple[Any, Any], dict[str, Any]]:
        """The existing debtors by document, or by id and creation time for those without a document."""
        here: dict[tuple[Any, Any], dict[str, Any]] = {}
        wanted = {
            "dni": {row["dni"] for _, row in rows if row["dni"]},
            "cuit": {row["cuit"] for _, row in rows if row["cuit"]},
            "id": {row["id"] for _, row in rows if row.get("created_at")},
        }
        made = {row["id"]: row.get("created_at") for _, row in rows}
        for column, values in wanted.items():
            found = Debtor.objects.filter(**{f"{column}__in": values}).order_by().values(*FIELDS)
            for debtor in found if values else []:
                if column != "id" or debtor["created_at"] == moment_of(made[debtor["id"]]):
                    here.setdefault((column, debtor[column]), debtor)
        return here

    def _may_be(self, number: int, row: dict[str, Any], kept: dict[str, Any]) -> bool:
        """Whether the holder of the document can be this person (DESIGN §5); says so where the surname denies it."""
        if is_same_name(row, kept):
            return True
        document = row["dni"] if row["dni"] and row["dni"] == kept["dni"] else row["cuit"]
        self._result.warn(
            "debtors", number, document,
            f"DNI de otra persona: ¿la misma? Es de «{_name(kept)}» y en el archivo viene con «{_name(row)}»: "
            "el deudor se carga aparte y sin documento",
        )  # fmt: skip
        return False

    def _compare(self, number: int, row: dict[str, Any], kept: dict[str, Any]) -> None:
        """Warn about the data of an existing debtor that are not taken from the file."""
        for fields, what in ((("first_name", "last_name"), "el nombre"), (("street", "street_number"), "el domicilio")):
            given, ours = (" ".join(str(person[name]) for name in fields).strip() for person in (row, kept))
            if given and given.casefold() != ours.casefold():
                reason = f"con el mismo documento ya está {what} «{ours}»: queda ese"
                self._result.warn("debtors", number, given, reason)

    def load_phones(self, rows: list[Numbered]) -> None:
        section = BY_NAME["phones"]
        if self._keeps_numbers:
            self._tables.insert(section, [row for _, row in rows])
            self._result.of("phones").created += len(rows)
            return
        owners = {pk for _, row in rows if (pk := self.ids.get(row["debtor"]))}
        here = {(debtor, number): pk for pk, debtor, number in _phones_of(owners)}
        for _, row in rows:
            pk = here.get((self.ids.get(row["debtor"], 0), row["number"]))
            if pk is None:
                self._waiting_phones.setdefault(row["debtor"], []).append(row)
            else:
                self._result.of("phones").unchanged += 1
                if row["id"] is not None:
                    self.phone_ids[row["id"]] = pk

    def bring(self, numbers: Iterable[int]) -> None:
        """Create the debtors that new cases need, and the phones that they do not have here."""
        wanted = sorted(set(numbers))
        by_document: dict[str, dict[str, Any]] = {}
        newcomers = []
        waiting = [self._waiting.pop(number) for number in wanted if number in self._waiting]
        for (number, row), pk in zip(waiting, copying.reserve_ids(Debtor, len(waiting)), strict=True):
            documents = [document for document in (row["dni"], row["cuit"]) if document]
            joined = next((by_document[document] for document in documents if document in by_document), None)
            if joined is not None and not self._may_be(number, row, joined):
                joined, row, documents = None, without_documents(row), []
            if joined is None:
                joined = {**row, "id": pk}
                by_document.update(dict.fromkeys(documents, joined))
                newcomers.append(joined)
            elif not joined["street"]:
                joined.update((name, row[name]) for name in STREET_FIELDS)
            self._compare(number, row, joined)
            self.ids[row["id"]] = joined["id"]
        self._tables.insert(BY_NAME["debtors"], newcomers)
        self._result.of("debtors").created += len(newcomers)
        self._bring_phones(wanted)

    def insert_phones(self, phones: list[dict[str, Any]]) -> None:
        """Phones of debtors of this installation, who do not have them yet."""
        pks = copying.reserve_ids(DebtorPhone, len(phones))
        self._tables.insert(BY_NAME["phones"], [{**row, "id": pk} for row, pk in zip(phones, pks, strict=True)])
        self._result.of("phones").created += len(phones)

    def _bring_phones(self, debtors: Sequence[int]) -> None:
        here = {(debtor, number): pk for pk, debtor, number in _phones_of(map(self.ids.get, debtors))}
        waiting = [row for number in debtors for row in self._waiting_phones.pop(number, [])]
        newcomers = []
        for row, pk in zip(waiting, copying.reserve_ids(DebtorPhone, len(waiting)), strict=True):
            debtor = self.ids.get(row["debtor"])
            if debtor is None:
                continue
            known = here.setdefault((debtor, row["number"]), pk)
            if known == pk:
                newcomers.append({**row, "id": pk, "debtor": debtor})
            if row["id"] is not None:
                self.phone_ids[row["id"]] = known
        self._tables.insert(BY_NAME["phones"], newcomers)
        self._result.of("phones").created += len(newcomers)


def is_same_name(row: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    """Whether the name in the file has a word of the surname here."""
    return may_be_the_same(stored_surname=kept["last_name"] or kept["first_name"], stated_name=_name(row))


def without_documents(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "dni": None, "cuit": None}


def _name(person: Mapping[str, Any]) -> str:
    return f"{person['first_name']} {person['last_name']}".strip()


def _phones_of(debtors: Iterable[int | None]) -> Iterable[tuple[int, int, str]]:
    wanted = [pk for pk in debtors if pk]
    if not wanted:
        return []
    return DebtorPhone.objects.filter(debtor__in=wanted).order_by().values_list("pk", "debtor_id", "number")
