"""The report of an import: one line for every rejection, warning or note of a row (DESIGN §5)."""

import csv
import io
from collections.abc import Iterable

from cases.importing.outcomes import Problem
from nova.lib.spreadsheets import inert

COLUMNS = ("row", "column", "value", "severity", "reason")


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
