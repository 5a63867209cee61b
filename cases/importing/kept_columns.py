"""The columns that no field of ours knows and that are kept: which, under what key, and their texts (DESIGN §5)."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from cases.importing.cells import EMPTY, ERRORS, IS_AN_ERROR, BadCell, Cell, text_of
from cases.importing.columns import (
    EXTRA,
    UNKNOWN_HEADER,
    IgnoredColumn,
    KeptColumn,
    headers_shown,
    map_columns,
    normalize_header,
    quoted,
)
from cases.importing.columns import Mapping as Columns
from cases.importing.errors import ImportFailed
from cases.rules.extra import LONGEST_HEADER, LONGEST_VALUE, MOST_FIELDS, TOO_MANY

ALL = "all"
# A zero says something here: no unpaid instalment. The other words say no more than an empty cell.
SAYS_NOTHING = EMPTY - ERRORS - {"0", "0.0"}


def key_of(header: str) -> str:
    """The key under which a new column is kept: its header, as people write it."""
    return " ".join(text_of(header).split())


def name_of(header: str) -> str:
    """What makes two headers the same; one without letters and digits is compared as it is."""
    return normalize_header(header) or key_of(header).casefold()


def refusal_of(header: str) -> str:
    """Why a column cannot be kept, in Spanish; empty when it can."""
    key = key_of(header)
    if not key:
        return "No tiene encabezado: escríbalo en el archivo para guardar la columna."
    if len(key) > LONGEST_HEADER:
        return f"El encabezado supera los {LONGEST_HEADER} caracteres: acórtelo para guardar la columna."
    return ""


def map_file(
    headers: Sequence[str],
    overrides: Mapping[int, str | None] | None = None,
    *,
    known: Iterable[str] = (),
    wanted: Sequence[str] = (),
) -> Columns:
    """`map_columns`, and the columns that are kept: those that the cartera keeps already (`known`, its headers), those
    that an override names (`extra:KEY`), and the `wanted` ones: headers, or ALL that no field knows.

    Raises ImportFailed also for a wanted column that does not exist, is imported anyway or cannot be kept.
    """
    overrides = dict(overrides or {})
    chosen = {index: field[len(EXTRA) :] for index, field in overrides.items() if field and field.startswith(EXTRA)}
    mapping = map_columns(headers, {index: None if index in chosen else field for index, field in overrides.items()})
    kept = _Keeping(mapping, known).done(chosen, {index for index in overrides if index not in chosen}, wanted)
    return dataclasses.replace(kept, chosen=overrides)


class _Keeping:
    """Which of the ignored columns of a mapping are kept."""

    def __init__(self, mapping: Columns, known: Iterable[str]) -> None:
        self.mapping = mapping
        self.keys = {name_of(header): header for header in reversed(list(known))}
        self.taken: dict[str, KeptColumn] = {}  # by the name of the key
        self.reasons: dict[int, str] = {}

    def done(self, chosen: dict[int, str], left: set[int], wanted: Sequence[str]) -> Columns:
        for index, key in chosen.items():
            self._keep(index, key, must=True)
        free = [column for column in self.mapping.ignored if column.index not in chosen and column.index not in left]
        for column in free:
            if name_of(column.header) in self.keys:
                self._keep(column.index, self.keys[name_of(column.header)])
        names = [name for name in wanted if name != ALL]
        for index in self._indices_of(names):
            if index not in self._kept:
                self._keep(index, self._header(index), must=True)
        if len(names) < len(wanted):
            for column in free:
                if column.reason == UNKNOWN_HEADER and column.index not in self._kept | self.reasons.keys():
                    self._keep(column.index, column.header)
        ignored = [
            IgnoredColumn(column.index, column.header, self.reasons.get(column.index, column.reason))
            for column in self.mapping.ignored
            if column.index not in self._kept
        ]
        kept = tuple(sorted(self.taken.values(), key=_as_stored))
        return dataclasses.replace(self.mapping, ignored=ignored, kept=kept)

    @property
    def _kept(self) -> set[int]:
        return {column.at for column in self.taken.values()}

    def _header(self, index: int) -> str:
        return self.mapping.headers[index]

    def _keep(self, index: int, key: str, *, must: bool = False) -> None:
        name = name_of(key)
        reason = refusal_of(key)
        if not reason and name in self.taken:
            first = self._header(self.taken[name].at).strip()
            reason = f"Repite «{key_of(key)}», que ya se guarda de la columna «{first}»."
        if not reason and name not in self.keys and len(self.keys) >= MOST_FIELDS:
            reason = f"{TOO_MANY}: esta columna no se guarda."
        if reason and must:
            raise ImportFailed(f"«{_short(self._header(index))}»: {reason}")
        if reason:
            self.reasons[index] = reason
            return
        self.taken[name] = KeptColumn(index, self.keys.setdefault(name, key_of(key)))

    def _indices_of(self, names: Sequence[str]) -> list[int]:
        """The columns with these headers. Raises ImportFailed where there is none, or it is imported already."""
        headers, found = self.mapping.headers, []
        ignored = {column.index for column in self.mapping.ignored}
        for wanted in names:
            same = [index for index, header in enumerate(headers) if name_of(header) == name_of(wanted)]
            if not same:
                raise ImportFailed(
                    f"No existe la columna «{wanted}». Encabezados encontrados: {headers_shown(headers)}."
                )
            free = [index for index in same if index in ignored]
            if not free:
                label = next(label for label, header in self.mapping.taken if name_of(header) == name_of(wanted))
                raise ImportFailed(
                    f"La columna «{wanted}» ya se importa como «{label}»: no hace falta guardarla aparte."
                )
            found.append(free[0])
        return found


def _as_stored(column: KeptColumn) -> tuple[int, bytes]:
    """The order of the keys of an object in PostgreSQL."""
    key = column.key.encode()
    return len(key), key


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"


# --- The texts -------------------------------------------------------------------------------------------
def text_of_extra(value: Cell) -> str:
    """The text that is kept of a cell; empty where it says nothing. Raises BadCell."""
    text = text_of(value) if type(value) is str else _written(value)
    if text in EMPTY:
        if text in ERRORS:
            raise BadCell(IS_AN_ERROR)
        return text if text not in SAYS_NOTHING else ""
    if len(text) > LONGEST_VALUE:
        raise BadCell(f"supera los {LONGEST_VALUE} caracteres")
    return text if text.isprintable() else " ".join(text.split())


NOTHING_KEPT = "{}"


def as_json(texts: Mapping[str, str]) -> str:
    """An object of texts as PostgreSQL writes it, if its keys are in the order of `Mapping.kept`."""
    return f"{{{', '.join([f'{quoted(key)}: {quoted(text)}' for key, text in texts.items()])}}}"


def with_texts(stored: str, stated: str) -> dict[str, str] | None:
    """The stored object with what a row states; None where it says nothing new.

    They are compared as text first: most rows of a portfolio that comes again are the same.
    """
    if stated in (stored, NOTHING_KEPT):
        return None
    known, new = json.loads(stored), json.loads(stated)
    return None if new.items() <= known.items() else {**known, **new}


def _written(value: Cell) -> str:
    """A number or a date of a workbook as people write it here."""
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y %H:%M}" if value.time() else f"{value:%d/%m/%Y}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    text = text_of(value)
    return text.replace(".", ",") if isinstance(value, float) and "e" not in text else text
