"""Spreadsheet files: CSV in Argentine format, workbooks written row by row, never with active content."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, NamedTuple

import xlsxwriter
from django.db.models import QuerySet

from nova.lib import dates

Cell = str | int | Decimal | date | datetime | None

# A spreadsheet reads a cell that starts so as a formula; a plain number may keep its sign.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*")
_BATCH = 500
_WIDTHS = {"money": 18, "day": 12, "moment": 17, "whole": 12}
_LONGEST = 32_767  # characters that a cell of a workbook can hold
_CUT = "… (cortado: entero en el CSV)"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

# A workbook is made during the request: so many rows take about five seconds.
MAX_ROWS = 20_000
TOO_LONG = "Son más de 20.000 filas, demasiadas para una planilla: descárguelas en CSV desde su página."


class Column(NamedTuple):
    """A column; `is_total` adds its sum below the table."""

    header: str
    kind: str = "text"  # text, whole, percent, money, day or moment
    is_total: bool = False
    on_screen: str = ""  # the word of the page, where that of the file stays for those who read it by name


def inert(value: str) -> str:
    """The text in a form that a spreadsheet does not evaluate (DESIGN §8)."""
    if value.startswith(_FORMULA_START) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


# --- CSV --------------------------------------------------------------------------------------------------
class _Echo:
    """A file object whose `write` returns its argument, for the `csv` module."""

    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The pieces of a CSV file for Argentine spreadsheets: semicolons, decimal commas, UTF-8 with a mark."""
    writer = csv.writer(_Echo(), delimiter=";", lineterminator="\r\n")
    yield ("\ufeff" + writer.writerow([inert(column.header) for column in columns])).encode()
    batch: list[str] = []
    for row in rows:
        batch.append(writer.writerow([_csv_cell(cell) for cell in row]))
        if len(batch) == _BATCH:
            yield "".join(batch).encode()
            batch.clear()
    yield "".join(batch).encode()


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",")
    if isinstance(cell, datetime):
        return f"{dates.to_local(cell):%d/%m/%Y %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    return inert(cell) if isinstance(cell, str) else str(cell)


# --- Workbooks --------------------------------------------------------------------------------------------
class Workbook:
    """A workbook written row by row, with one row in memory. Text is never a formula or a link."""

    def __init__(self) -> None:
        self._file = BytesIO()
        options: dict[str, Any] = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = xlsxwriter.Workbook(self._file, options)
        add = self._book.add_format
        self._title = add({"bold": True, "font_size": 14})
        self._muted = add({"font_color": "#536076"})
        self._head = add({"bold": True, "bg_color": "#ebeff4", "bottom": 1, "text_wrap": True, "valign": "top"})
        self._formats = {
            "text": None,
            "whole": add({"num_format": "#,##0"}),
            "percent": add({"num_format": "0.00"}),
            "money": add({"num_format": '"$" #,##0.00;[Red]-"$" #,##0.00'}),
            "day": add({"num_format": "dd/mm/yyyy"}),
            "moment": add({"num_format": "dd/mm/yyyy hh:mm"}),
        }
        self._total = add({"bold": True, "top": 1})
        self._total_money = add({"bold": True, "top": 1, "num_format": '"$" #,##0.00;[Red]-"$" #,##0.00'})

    def add_sheet(
        self,
        name: str,
        *,
        title: str,
        notes: Sequence[str] = (),
        columns: Sequence[Column],
        rows: Iterable[Sequence[Cell]],
    ) -> None:
        """Add a sheet: title, notes, table, and totals below it; without title the table alone. `rows` is read once."""
        sheet = self._book.add_worksheet(name)
        for index, column in enumerate(columns):
            sheet.set_column(index, index, _WIDTHS.get(column.kind, max(14, min(len(column.header) + 4, 30))))
        if title:
            sheet.write_string(0, 0, title, self._title)
        for index, note in enumerate(notes, 1):
            sheet.write_string(index, 0, note, self._muted)
        head = len(notes) + 2 if title else 0
        for index, column in enumerate(columns):
            sheet.write_string(head, index, column.header, self._head)
        totals = {index: Decimal(0) for index, column in enumerate(columns) if column.is_total}
        number = head
        for number, row in enumerate(rows, head + 1):
            for index, (cell, column) in enumerate(zip(row, columns, strict=True)):
                self._write(sheet, number, index, cell, column.kind)
                if index in totals and isinstance(cell, Decimal):
                    totals[index] += cell
        sheet.freeze_panes(head + 1, 0)
        if number > head:
            sheet.autofilter(head, 0, number, len(columns) - 1)
        if totals:
            sheet.write_string(number + 1, 0, "Total", self._total)
            for index, total in totals.items():
                sheet.write_number(number + 1, index, float(total), self._total_money)

    def _write(self, sheet: Any, row: int, column: int, cell: Cell, kind: str) -> None:
        form = self._formats[kind]
        if cell is None or cell == "":
            return
        if isinstance(cell, datetime):
            sheet.write_datetime(row, column, dates.to_local(cell).replace(tzinfo=None), form)
        elif isinstance(cell, date):
            sheet.write_datetime(row, column, datetime.combine(cell, datetime.min.time()), form)
        elif isinstance(cell, Decimal | int):
            sheet.write_number(row, column, float(cell), form)
        else:
            text = _CONTROL.sub("", cell)
            whole = text if len(text) <= _LONGEST else text[: _LONGEST - len(_CUT)] + _CUT
            sheet.write_string(row, column, whole, form)

    def content(self) -> bytes:
        self._book.close()
        return self._file.getvalue()


def is_too_long(rows: QuerySet) -> bool:
    """Whether the rows exceed the limit of a workbook. Runs a query that counts no further."""
    return rows.order_by()[: MAX_ROWS + 1].count() > MAX_ROWS
