"""Inserts rows of a file into our tables and resolves names: carteras, statuses, result codes, users."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models
from django.db.models.functions import Coalesce
from django.utils import timezone

from cases.models import ActivityResult, Cartera, Case, CaseStatus, PaperText
from cases.models.activity import RESULT_KEYS, USUAL_KEYS
from cases.searching import fold
from cases.transfer import columns
from cases.transfer.document import Numbered
from cases.transfer.people import People
from cases.transfer.result import Result
from cases.transfer.sections import NAMED_BY, SECTIONS, Section
from nova.lib import copying


class Tables:
    def __init__(self, people: People, result: Result) -> None:
        self._people, self._result = people, result
        self._names: dict[type[models.Model], dict[str, int]] = {
            model: {fold(name): pk for pk, name in model._base_manager.values_list("pk", NAMED_BY[model])}
            for model in (Cartera, CaseStatus, ActivityResult, PaperText)
        }
        self._stages: dict[int, str] = {}
        self._writers: dict[str, tuple[list[str], list[Any]]] = {}

    # --- Names ------------------------------------------------------------------------------------
    def named(self, model: type[models.Model], name: object) -> int:
        """The id of the row of a catalogue with this name. Raises Misfit when there is none."""
        pk = self.find(model, name)
        if not pk:
            raise columns.Misfit(f"«{name}» no está en el catálogo del archivo")
        return pk

    def find(self, model: type[models.Model], name: object) -> int | None:
        return self._names[model].get(fold(str(name)))

    def person(self, name: str) -> int | None:
        person = self._people.find(name)
        return person.pk if person else None

    def stage_of(self, status: int) -> str:
        if status not in self._stages:
            self._stages.update(CaseStatus.objects.values_list("pk", "stage"))
        return self._stages[status]

    def label_of(self, status: int) -> str:
        """The name of a status, as people read it."""
        return CaseStatus.objects.values_list("name", flat=True).get(pk=status)

    # --- Catalogues -------------------------------------------------------------------------------
    def add_catalogue(self, section: Section, rows: list[Numbered], *, replaces: bool) -> None:
        """Add missing rows of a catalogue. `replaces` (empty installation): they replace those of the migrations."""
        model, names = section.model, self._names[section.model]
        tally, key = self._result.of(section.name), section.key
        if replaces and rows[0][0] == 1 and model is not Cartera:
            model._base_manager.all().delete()
            names.clear()
        missing: list[dict[str, Any]] = []
        for _, row in rows:
            name = str(row.get(key, ""))
            if fold(name) in names:
                tally.unchanged += 1
                continue
            if model is ActivityResult:
                row = {**row, "shortcut": self._key_of(row, missing)}
            missing.append({**row, "is_stage_default": False} if _has_default(model, row) else row)
            names[fold(name)] = 0
        self.insert(section, missing)
        tally.created += len(missing)
        names.update({fold(name): pk for pk, name in model._base_manager.values_list("pk", key)})

    def _key_of(self, row: dict[str, Any], before: list[dict[str, Any]]) -> str:
        """The key of a result that is loaded: its digit if free; for the letter of an older file, the usual one."""
        key = str(row.get("shortcut") or "")
        if key and key not in RESULT_KEYS:
            key = USUAL_KEYS.get(str(row.get("code")), "")
        taken = {other["shortcut"] for other in before} | set(ActivityResult.objects.values_list("shortcut", flat=True))
        return "" if key in taken or row.get("stops_case") else key

    # --- Rows -------------------------------------------------------------------------------------
    def insert(self, section: Section, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        names, converters = self._writer(section)
        copying.insert(
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
        """A function from a row to the value of the column. A key missing in an older file gets the field's default."""
        convert, name = columns.converter(field), field.name
        is_stamped = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        default = timezone.now if is_stamped else field.get_default
        related = field.related_model if isinstance(field, models.ForeignKey) else None

        def value_of(row: dict[str, Any]) -> Any:
            value = row[name] if name in row else default()
            if isinstance(value, str) and related is not None:
                return self.person(value) if related not in self._names else self.named(related, value)
            return convert(value)

        return value_of


def _has_default(model: type[models.Model], row: dict[str, Any]) -> bool:
    """Whether the stage already has its default status here; it can have only one."""
    return (
        model is CaseStatus
        and bool(row.get("is_stage_default"))
        and CaseStatus.objects.filter(stage=row.get("stage"), is_stage_default=True).exists()
    )


def count_on() -> None:
    """Move the sequences past the ids that were kept from the file. SQLite does not need this."""
    numbered = [section.model for section in SECTIONS if section.key == "id"]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), numbered):
            cursor.execute(statement)


def fill_arrears() -> None:
    """Arrears of cases whose file did not know them yet: from the creditor's last payment, else from placement."""
    Case.objects.filter(arrears_since__isnull=True).update(
        arrears_since=Coalesce("creditor_last_payment_date", "placed_on")
    )
