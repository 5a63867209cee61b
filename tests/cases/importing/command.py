"""Running `import_cases` in a test as an operator does, and looking at everything it may have touched."""

from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from tests.cases.transfer.command import run

HEADER = "Nro. Cliente;Nombre;Apellido;DNI;Deuda Total"


class Ran(NamedTuple):
    """Exit code, what was said, and the last line as a dict."""

    code: int
    out: str
    error: str

    @property
    def summary(self) -> dict[str, str]:
        return dict(pair.split("=") for pair in self.out.splitlines()[-1].split())

    def counts(self, *names: str) -> tuple[int, ...]:
        return tuple(int(self.summary[name]) for name in names)


def import_cases(file: Path | str, *options: str, cartera: str = "Cristal Cash", create: bool = True) -> Ran:
    """The command in this process, with its exit code whichever way it ends."""
    arguments = [str(file), "--cartera", cartera, *(["--create-cartera"] if create else []), *options]
    return Ran(*run("import_cases", *arguments))


def portfolio(folder: Path, *rows: str, header: str = HEADER, name: str = "cartera.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def everything() -> dict[str, list[Any]]:
    """Every row of every table."""
    tables = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            tables[table] = sorted(map(repr, cursor.fetchall()))
    return tables
