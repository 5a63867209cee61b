"""Open a portfolio file of any supported kind, decided by its content and never by its name (DESIGN §5 "Reading")."""

from pathlib import Path

from cases.importing.table import Limits, Table


def open_table(path: str | Path, *, sheet: str | None = None, limits: Limits = Limits()) -> Table:
    raise NotImplementedError
