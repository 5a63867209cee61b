"""The report of an import: one line for every rejection, warning or note of a row (DESIGN §5).

For programs as CSV with commas, which is also what is stored; for people with semicolons, Spanish titles and the
original row beside the reason, so that it can be corrected and sent again.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cases.importing.outcomes import Problem
from nova.lib.spreadsheets import inert

COLUMNS = ("row", "column", "value", "severity", "reason")
TITLES = ("Fila", "Resultado", "Motivo", "Columna", "Valor")
SEVERITIES = {"rejected": "Rechazada", "warning": "Advertencia", "note": "Nota"}


def report_text(problems: Iterable[Problem]) -> str:
    """The whole report as CSV text, header included."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for problem in problems:
        writer.writerow(
            (problem.row, inert(problem.column), inert(problem.value), problem.severity, inert(problem.reason))
        )
    return out.getvalue()


def originals_of(problems: Iterable[Problem]) -> list[list[str]]:
    """The row of each line of the report."""
    return [list(problem.cells) for problem in problems]


def report_for_people(
    lines: Iterable[Mapping[str, Any]], headers: Sequence[str], originals: Sequence[Sequence[str]]
) -> str:
    """The same lines (`COLUMNS`) for a spreadsheet in Spanish, each with its row as it is in the file."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([*TITLES, *map(inert, headers)])
    for place, line in enumerate(lines):
        number = line["row"] if str(line["row"]) != "0" else ""
        severity = SEVERITIES.get(line["severity"], "")
        cells = originals[place] if place < len(originals) else ()
        said = (line["reason"], line["column"], line["value"])
        writer.writerow([number, severity, *map(inert, said), *map(inert, cells)])
    return out.getvalue()
