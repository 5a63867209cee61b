"""Running the commands of payment files in a test as an operator does."""

from pathlib import Path

from tests.cases.importing.command import Ran
from tests.cases.transfer.command import run

HEADER = "Nro. Cliente;DNI;Fecha;Importe;Comprobante;Nombre"


def import_payments(file: Path | str, *options: str) -> Ran:
    return Ran(*run("import_payments", str(file), *options))


def undo_payments(file_id: int, *options: str) -> Ran:
    return Ran(*run("undo_payments", str(file_id), *options))


def payments_file(folder: Path, *rows: str, header: str = HEADER, name: str = "pagos.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path
