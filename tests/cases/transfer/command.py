"""Running the commands that move data in a test as an operator does."""

import json
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from django.core.management import CommandError, call_command
from django.db import connection

from cases.models import DocumentCounter
from cases.rollups import TOTALS

CHILDREN_FIRST = (
    "document",
    "stopflag",
    "effect",
    "promise",
    "ledgerentry",
    "instalment",
    "arrangement",
    "discountlimit",
    "offer",
    "activity",
    "case",
    "debtorphone",
    "debtor",
    "importbatch",
    "carterafield",
    "cartera",
)


class Ran(NamedTuple):
    """Exit code, what was said, and the error."""

    code: int
    out: str
    error: str

    @property
    def summary(self) -> str:
        return self.out.strip().splitlines()[-1]


def run(command: str, *arguments: object) -> Ran:
    """The command in this process, with its exit code whichever way it ends."""
    out = StringIO()
    try:
        call_command(command, *map(str, arguments), stdout=out)
    except CommandError as error:
        return Ran(error.returncode, out.getvalue(), str(error))
    except SystemExit as end:
        return Ran(int(end.code or 0), out.getvalue(), "")
    return Ran(0, out.getvalue(), "")


def empty_tables() -> None:
    """Every row gone, as in an installation just migrated, but for its users."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            names = ", ".join(
                [*(f"cases_{table}" for table in CHILDREN_FIRST), *(model._meta.db_table for model in TOTALS)]
            )
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"TRUNCATE {names}, contact_contactsubmission RESTART IDENTITY CASCADE")
            return
        for table in (*(f"cases_{table}" for table in CHILDREN_FIRST), "contact_contactsubmission"):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608


def forget_papers() -> None:
    """No paper was issued yet: only an empty installation takes papers over."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_document")
    DocumentCounter.objects.update(last=0)


def section(path: Path, name: str) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))[name]
