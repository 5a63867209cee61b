"""The report of an import: one line for every rejected, warned-about or noted row (DESIGN §5)."""

import csv
import io
import re
from collections.abc import Iterable

from cases.importing.rows import Problem

COLUMNS = ("row", "column", "value", "severity", "reason")
# A spreadsheet takes a cell that starts so for a formula; a plain number may keep its sign.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*")


def inert(value: str) -> str:
    """The text as a spreadsheet shows it without evaluating it (DESIGN §8)."""
    if value.startswith(_FORMULA_START) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


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
