"""What only a whole row, or a whole column, can say about one cell (DESIGN §5). No database."""

import re
from collections.abc import Sequence
from datetime import date

from cases.importing.cells import BadCell, Cell, parse_amount, parse_date, text_of
from cases.importing.columns import LABELS, Mapping
from cases.importing.errors import ImportFailed
from cases.importing.written_dates import NoDate, has_order, is_swapped, read_date

SPLIT_AMOUNT = "parece la primera parte de un importe con comas sin comillas, que quedó repartido en varias celdas"

_ROWS_NAMED = 5
_UNSURE = "está en una columna que parece escrita como {} y no se puede saber qué día es"
_ORDER_NAMES = {"dmy": "día/mes/año", "mdy": "mes/día/año"}
_START_OF_AMOUNT = re.compile(r"(?:AR\$|ARS|\$)?\s*[+]?[0-9]{1,3}", re.I)
_ANY_AMOUNT = re.compile(r"(?:AR\$|ARS|\$)?\s*[+]?[0-9][0-9.]*", re.I)
_GROUP = re.compile(r"[0-9]{3}")
_MONEY = r"(?:\s?(?:ARS|AR\$|\$|pesos(?:\sargentinos)?)\.?|\.?-{1,2})"  # what is written after an amount
_LAST_GROUP = re.compile(rf"[0-9]{{3}}(?:\.[0-9]+)?{_MONEY}?", re.I)
_CENTS_WITH_WORDS = re.compile(rf"[0-9]{{1,2}}{_MONEY}", re.I)
_NEVER_TWO_DIGITS = frozenset(
    {"telefono", "telefono_laboral", "email", "dni", "cuit", "full_name", "name", "lastname", "localidad", "provincia"}
)
_CENTS = re.compile(r"[0-9]{1,2}")


class QuotedCells(list[str]):
    """The cells of a line with quotes: a cell written in quotes is whole, whatever it looks like."""

    line: str = ""


def is_split(cells: Sequence[Cell], mapping: Mapping) -> bool:
    """Whether the amount of a row is but the part before a comma that had no quotes (`6,326,996`, `1500,50`).

    Of a file separated by commas. Never a smaller amount: such a row is rejected. That a row is short decides nothing
    by itself; cents are also told by a column that never has one or two digits alone, such as a phone.
    """
    place = mapping.fields["total"]
    if place + 1 >= len(cells):
        return False
    amount, after = text_of(cells[place]), text_of(cells[place + 1])
    if not after or not amount:
        return False
    in_groups = (_GROUP.fullmatch(after) or _LAST_GROUP.fullmatch(after)) and _START_OF_AMOUNT.fullmatch(
        amount
    ) is not None
    is_shifted = len(cells) < len(mapping.headers) or mapping.after_total in _NEVER_TWO_DIGITS
    cents = _CENTS_WITH_WORDS.fullmatch(after) or (is_shifted and _CENTS.fullmatch(after))
    has_cents = cents and _ANY_AMOUNT.fullmatch(amount)
    if not in_groups and not has_cents:
        return False
    return not (isinstance(cells, QuotedCells) and f'"{cells[place]}"' in cells.line)


def check_rivals(row: int, cells: Sequence[Cell], mapping: Mapping) -> None:
    """Raise `ImportFailed` where two columns for one datum differ and neither header is more specific."""
    for field, taken, left in mapping.rivals:
        first, other = cells[taken], cells[left]
        if first == other or not text_of(other):
            continue
        if field == "total" and _amount(other) in (None, _amount(first)):
            continue
        if field != "total" and text_of(first) == text_of(other):
            continue
        one, two = mapping.header_at(taken), mapping.header_at(left)
        raise ImportFailed(
            f"Las columnas «{one}» y «{two}» traen las dos el dato «{LABELS[field]}», y en la fila {row} no coinciden "
            f"(«{text_of(first)}» y «{text_of(other)}»). Indique cuál es: en la página, en el paso «Columnas»; "
            f'con el comando, --column {field}="{mapping.headers[left].strip()}".'
        )


def _amount(value: Cell) -> object:
    try:
        return parse_amount(value)
    except BadCell:
        return None


class DateColumn:
    """The dates of a file. Whether days and months are exchanged is known only when all of them were seen.

    Where some are impossible in the order asked for, and none is impossible in the other order, every date of the file
    may be wrong without showing it: the file is read again with `is_doubtful`, which leaves them empty.
    """

    def __init__(self, order: str, *, is_doubtful: bool = False) -> None:
        self.order, self.is_doubtful = order, is_doubtful
        self.exchanged = self.left = 0
        self._is_proved = order not in _ORDER_NAMES

    @property
    def other(self) -> str:
        return "mdy" if self.order == "dmy" else "dmy"

    @property
    def looks_exchanged(self) -> bool:
        return self.exchanged > 0 and not self._is_proved and not self.is_doubtful

    def read(self, value: Cell, *, earliest: date, latest: date) -> date:
        """The day of a cell. Raises BadCell."""
        if self._is_proved or type(value) is not str:
            if type(value) is str:
                try:
                    day = read_date(value.strip(), self.order)
                except NoDate:
                    pass  # said below, with a word that means nothing told apart
                else:
                    if earliest <= day <= latest:
                        return day
            return parse_date(value, self.order, earliest=earliest, latest=latest)
        text = text_of(value)
        if self.is_doubtful and has_order(text):
            self.left += 1
            raise BadCell(_UNSURE.format(_ORDER_NAMES[self.other]))
        try:
            day = parse_date(value, self.order, latest=latest, earliest=earliest)
        except BadCell:
            if is_swapped(text, self.order):
                self._note_other(text)
            raise
        if day.day > 12 and has_order(text):
            self._is_proved = True
        return day

    def _note_other(self, text: str) -> None:
        """Count a text whose day and month can be exchanged and which is no day as it stands."""
        try:
            parse_date(text, self.order)
        except BadCell:
            self.exchanged += 1

    @property
    def note(self) -> str:
        """What is said once about a file whose dates were left empty."""
        return (
            f"Las fechas parecen escritas como {_ORDER_NAMES[self.other]}: {self.left} filas quedaron sin fecha, "
            f"porque leídas como {_ORDER_NAMES[self.order]} algunas no existen y las demás serían otro día. Si es así, "
            f"importe de nuevo con ese orden de las fechas (con el comando, --date-order {self.other})."
        )


class AmountColumn:
    """How the amounts of a file are written: one mark before three digits groups thousands, before two it is decimal.

    A system that writes three decimals (`1250.500`) mixes with the first; that shows only in the whole column.
    """

    def __init__(self) -> None:
        self._decimal = {".": "", ",": ""}
        self._awaited = ".,"  # the marks of which no decimal use was seen yet
        self._grouped = {".": 0, ",": 0}
        self._long: dict[str, list[int]] = {".": [], ",": []}
        self._example = {".": "", ",": ""}

    def see(self, row: int, text: str) -> None:
        """Count one amount that was read."""
        mark = text[-4:-3]
        if mark != "." and mark != ",":
            self._see_decimals(text)
            return
        before, after = text[:-4], text[-3:]
        if "." in before or "," in before or not after.isdecimal():
            return
        self._grouped[mark] += 1
        is_long = len(before.strip(" $ARSars+")) > 3
        if is_long:
            self._long[mark].append(row)
        if is_long or not self._example[mark]:
            self._example[mark] = text

    def _see_decimals(self, text: str) -> None:
        for mark in self._awaited:
            if mark in text[-3:-1]:
                before = text.rpartition(mark)[0]
                if "." not in before and "," not in before:
                    self._decimal[mark] = text
                    self._awaited = self._awaited.replace(mark, "")

    def notes(self) -> list[tuple[str, bool]]:
        """(what is said once about the column, whether an amount is almost certainly wrong)."""
        found = []
        for mark, rows in self._long.items():
            if self._grouped[mark] and self._decimal[mark]:
                name = {".": "punto", ",": "coma"}[mark]
                named = ", ".join(map(str, rows[:_ROWS_NAMED]))
                where = f" (filas {named}{'…' if len(rows) > _ROWS_NAMED else ''})" if rows else ""
                found.append(
                    (
                        f"La columna mezcla dos maneras de escribir importes: «{self._decimal[mark].strip()}» se leyó "
                        f"con {name} decimal y {self._grouped[mark]} como «{self._example[mark].strip()}» con {name} "
                        f"de miles{where}. Si son decimales, pida el archivo con dos decimales.",
                        bool(rows),
                    )
                )
        return found
