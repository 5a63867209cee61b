"""Writes the files that networks and banks send, from the layout that will read them: invented people, no real file."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import openpyxl

from payments.reading.layout import Layout, Place, Record, Role

Value = str | date | Decimal | int
Given = Mapping[str, Value]

_DATE_FORMATS = {"date": "%Y%m%d", "date_dmy": "%d%m%Y", "date6": "%y%m%d", "date6_dmy": "%d%m%y"}


def fixed_file(
    layout: Layout,
    *lots: Sequence[Given],
    header: Given | None = None,
    trailer: Given | None = None,
    end: str = "\r\n",
) -> str:
    """A file of fixed width; several lots only where the layout has them. `trailer` changes what the totals say."""
    rows = [row for lot in lots for row in lot]
    lines = [line(layout, Role.HEADER, {"account": "1234", "file_date": date(2026, 12, 3), **(header or {})})]
    for lot in lots:
        lines.append(line(layout, Role.LOT, {}))
        for row in lot:
            lines.append(line(layout, Role.ROW, row))
            lines += [_filled(layout, record, row) for record in layout.records if record.role is Role.MORE]
        lines.append(line(layout, Role.LOT_TRAILER, {**_totals(lot), **(trailer or {})}))
    lines.append(line(layout, Role.TRAILER, {**_totals(rows), **(trailer or {})}))
    return "".join(f"{each}{end}" for each in lines if each)


def line(layout: Layout, role: Role, values: Given) -> str:
    """One record; empty where the layout has none of this role."""
    record = layout.record(role)
    return _filled(layout, record, values) if record else ""


def _totals(rows: Sequence[Given]) -> dict[str, Value]:
    return {"count": len(rows), "total": sum((row["amount"] for row in rows if row["amount"] != ""), Decimal(0))}  # type: ignore[misc]


def _filled(layout: Layout, record: Record, values: Given) -> str:
    text = record.starts.ljust(layout.length or record.least_length)
    for name, place in record.fields.items():
        text = (
            text[: place.start].ljust(place.start) + _written(values.get(name, ""), place) + text[_end(place, text) :]
        )
    return text.rstrip() if layout.length is None else text


def _end(place: Place, text: str) -> int:
    return len(text) if place.end is None else place.end


def _written(value: Value, place: Place) -> str:
    width = None if place.end is None else place.end - place.start
    if isinstance(value, date):
        return value.strftime(_DATE_FORMATS[place.type])
    if isinstance(value, Decimal):
        value = str(int(value.scaleb(place.decimals)))
    if place.type in ("amount", "number"):
        return str(value).rjust(width or 0, "0")
    return str(value).ljust(width or 0)


def headed_rows(layout: Layout, rows: Sequence[Given]) -> list[list[Value]]:
    """The header, each field under the first of its names, and the rows. Fields with one header in common share it."""
    assert layout.fields is not None
    headers = list(dict.fromkeys(aliases[0] for aliases in layout.fields.values()))
    table: list[list[Value]] = [list(headers)]
    for row in rows:
        cells: dict[str, Value] = {layout.fields[name][0]: value for name, value in row.items()}
        table.append([cells.get(header, "") for header in headers])
    return table


def headed_file(layout: Layout, rows: Sequence[Given], *, delimiter: str = ";") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(
        [as_text(cell) for cell in cells] for cells in headed_rows(layout, rows)
    )
    return out.getvalue()


def as_text(value: Value) -> str:
    """`1.234,56` and `03/12/2026`, as a spreadsheet in Argentina writes them."""
    if isinstance(value, Decimal):
        return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
