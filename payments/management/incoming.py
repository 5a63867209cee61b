"""A folder in which others leave files: each is loaded once it is whole, and moved aside (DESIGN §5.2).

    FOLDER/casos/<cartera>/…            a portfolio of that cartera: import_cases
    FOLDER/pagos/…                      payments of any cartera: import_payments
    FOLDER/pagos/<cartera>/…            payments of one
    FOLDER/_cargados/<day>/…            what was loaded, with its report
    FOLDER/_rechazados/<day>/…          what was not, with the reason
    FOLDER/_avisos/…                    mails that are still to be sent

A file is moved after it was loaded: killed in between, it is loaded again, and nothing of it twice.
"""

import fcntl
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.management import CommandError, call_command
from django.db import Error as DatabaseError

from cases.importing.errors import ImportConflict
from cases.models import Cartera
from contact.mail import deliver, one_line
from nova.lib import dates
from nova.lib.file_errors import reason_of
from payments.models import PaymentFile

logger = logging.getLogger(__name__)
CASES, PAYMENTS = "casos", "pagos"
LOADED, REJECTED, NOTICES = "_cargados", "_rechazados", "_avisos"
ALL_WELL, NEEDS_A_PERSON, NOTHING_DONE = 0, 1, 2
UNVERIFIED = "Su formato no se comprobó con un archivo real: se identificó y no se registró. Mírelo en Cargar › Pagos."


# How import_payments names the file that it staged.
STAGED = re.compile(r"Archivo de pagos n\.º (\d+)")


class Unusable(Exception):
    """The folder is not there or cannot be written; the reason is in Spanish."""


class Busy(Exception):
    """Another process is at it."""


@dataclass(frozen=True)
class Done:
    """What became of a file. `code` as its command ends: 0, 1, 2; None: it stays for the next time."""

    path: Path
    code: int | None
    said: str


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """The folder for one process alone; the system lets go of it when the process dies. Raises Unusable and Busy."""
    try:
        for name in (LOADED, REJECTED, NOTICES):
            (folder / name).mkdir(exist_ok=True)
        handle = os.open(folder / ".cerrojo", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unusable(f"No se puede usar la carpeta «{folder}»: {reason_of(error)}.") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy from error
        yield
    finally:
        os.close(handle)


def whole_files(folder: Path, *, settled: float) -> list[Path]:
    """The files that nobody has touched for `settled` seconds, the oldest first. Links and hidden files are none."""
    found: list[tuple[float, Path]] = []
    for kind in (CASES, PAYMENTS):
        for path in sorted((folder / kind).rglob("*")):
            if path.is_symlink() or any(part.startswith(".") for part in path.relative_to(folder).parts):
                continue
            if path.suffix.lower() in (".part", ".tmp", ".crdownload", ".filepart") or not path.is_file():
                continue
            state = path.stat()
            touched = max(state.st_mtime, state.st_ctime)  # a copy may keep the time of its original
            if touched <= time.time() - settled:
                found.append((touched, path))
    return [path for _, path in sorted(found)]


def load(path: Path, folder: Path) -> Done:
    """Load the file and move it aside, with its report."""
    before = _stamp(path)
    day = folder / LOADED / dates.today().isoformat()
    report = _free(day / path.relative_to(folder).with_name(f"{path.name}.informe.csv"))
    report.parent.mkdir(parents=True, exist_ok=True)
    done = _command(path, folder, report)
    if done.code is None:
        return done
    if _stamp(path) != before:
        return Done(path, None, f"{done.said}\nEl archivo cambió mientras se cargaba: se carga otra vez.")
    if done.code == NOTHING_DONE:
        report.unlink(missing_ok=True)
        day = folder / REJECTED / dates.today().isoformat()
    try:
        there = _free(day / path.relative_to(folder))
        there.parent.mkdir(parents=True, exist_ok=True)
        path.rename(there)
        if done.code == NOTHING_DONE:
            there.with_name(f"{there.name}.motivo.txt").write_text(f"{done.said}\n", encoding="utf-8")
    except OSError as error:
        return Done(path, None, f"{done.said}\nNo se pudo mover de la carpeta: {reason_of(error)}.")
    return done


def _command(path: Path, folder: Path, report: Path) -> Done:
    """The command for the place in which the file lies, with its exit code whichever way it ends."""
    kind, *within = path.relative_to(folder).parts[:-1]
    cartera = Cartera.objects.named(within[0]) if within else None
    if within and cartera is None:
        return Done(path, NOTHING_DONE, f"No existe la cartera «{within[0]}»: corrija el nombre de la carpeta.")
    if kind == CASES and cartera is None:
        return Done(path, NOTHING_DONE, "Falta la cartera: deje el archivo en casos/NOMBRE DE LA CARTERA/.")
    given = [str(path), "--report", str(report), *(["--cartera", cartera.name] if cartera else [])]
    if kind == CASES:
        return _run(path, "import_cases", given)
    identified = _run(path, "import_payments", given)
    number = STAGED.search(identified.said)
    if identified.code in (None, NOTHING_DONE) or number is None:
        return identified
    file = PaymentFile.objects.select_related("layout").get(pk=int(number[1]))
    if file.layout.verified_with_real_file:
        return _run(path, "import_payments", [*given, "--post"])
    if file.totals["matched"]:
        return Done(path, NEEDS_A_PERSON, f"{identified.said}\n{UNVERIFIED}")
    return identified


def _run(path: Path, command: str, given: list[str]) -> Done:
    out = StringIO()
    try:
        call_command(command, *given, stdout=out)
    except CommandError as error:
        if isinstance(error.__cause__, ImportConflict | DatabaseError):
            return Done(path, None, str(error))
        return Done(path, error.returncode, "\n".join(filter(None, (out.getvalue().strip(), str(error)))))
    except SystemExit as end:
        return Done(path, int(end.code or 0), out.getvalue().strip())
    return Done(path, ALL_WELL, out.getvalue().strip())


def _stamp(path: Path) -> tuple[int, int, int]:
    state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns


def _free(path: Path) -> Path:
    """`path`, or the same with a number where a file has that name."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return free


# --- Mails -------------------------------------------------------------------------------------------------
def note(folder: Path, done: Done) -> None:
    """Keep a mail about a file that needs somebody until it is sent; none without anybody to send it to."""
    if not settings.INCOMING_RECIPIENTS:
        return
    name = f"{time.time_ns()}.txt"
    what = "No se cargó" if done.code == NOTHING_DONE else "Necesita a una persona"
    draft = folder / NOTICES / f".{name}"
    draft.write_text(f"{what}: {done.path.relative_to(folder)}\n\n{done.said}\n", encoding="utf-8")
    draft.rename(folder / NOTICES / name)


def send_notices(folder: Path) -> str:
    """Mail what is noted, in one message. Returns why it could not; empty when nothing is left to send."""
    noted = sorted(path for path in (folder / NOTICES).glob("*.txt") if not path.name.startswith("."))
    if not noted or not settings.INCOMING_RECIPIENTS:
        return ""
    texts = [path.read_text(encoding="utf-8") for path in noted]
    subject = texts[0].splitlines()[0] if len(texts) == 1 else f"{len(texts)} archivos necesitan a una persona"
    message = EmailMultiAlternatives(
        subject=one_line(f"{settings.AGENCY_NAME}: {subject}"),
        body="\n\n".join(texts),
        to=settings.INCOMING_RECIPIENTS,
    )
    try:
        deliver(message)
    except (OSError, SMTPException) as error:
        logger.warning("the notices of incoming files could not be mailed: %s", type(error).__name__)
        return "No se pudieron enviar los avisos por correo: se envían la próxima vez."
    for path in noted:
        path.unlink(missing_ok=True)
    return ""
