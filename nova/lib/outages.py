"""What keeps the site from working whoever asks, by its name: the database away, a disk that is full or read-only."""

import errno
import os
import shutil
from enum import Enum
from pathlib import Path

from django.db import DatabaseError, Error, InterfaceError, InternalError, OperationalError, connection


class Outage(Enum):
    """Each has the heading of its page, the sentence for people and programs, and what an operator does about it."""

    AWAY = (
        "La base de datos no responde",
        # Not "nothing was saved": after a connection that breaks at commit nobody knows. The same form or key sent
        # again is saved once (DESIGN §3.7).
        "La base de datos no responde en este momento: espere unos segundos y repítalo.",
        "La base de datos {place} dejó de responder: espere a que vuelva y repita la orden.",
    )
    FULL = (
        "El disco del servidor está lleno",
        "El disco del servidor está lleno y no se puede guardar: avise a quien administra el sistema y repítalo cuando "
        "haya lugar.",
        "No queda lugar en el disco de la base de datos {place}: libere espacio (df -h dice cuánto queda) y repita la "
        "orden.",
    )
    READ_ONLY = (
        "El servidor no puede guardar",
        "El disco del servidor es de solo lectura y no se puede guardar: avise a quien administra el sistema y "
        "repítalo cuando esté resuelto.",
        "La base de datos {place} es de solo lectura: revise los permisos del archivo y de su carpeta, y que el disco "
        "no esté montado así, y repita la orden.",
    )
    DAMAGED = (
        "La base de datos está dañada",
        "La base de datos está dañada: no cargue nada más y avise a quien administra el sistema.",
        "La base de datos {place} está dañada: detenga el sitio y restaure la última copia.",
    )

    def __init__(self, title: str, sentence: str, remedy: str) -> None:
        self.title, self.sentence, self.remedy = title, sentence, remedy


_OF_FILES = {errno.ENOSPC: Outage.FULL, errno.EDQUOT: Outage.FULL, errno.EROFS: Outage.READ_ONLY}
# SQLSTATEs of PostgreSQL: connection lost or refused, shutdown, no resources, deadlock, lock timeout, a replica now.
_PASSING = ("08", "40", "53", "55", "57", "25006")
_DISK_FULL, _DAMAGES = "53100", ("XX001", "XX002")
NO_ROOM_BYTES = 64 * 1024  # SQLite's smallest file beside the database takes half of it


def outage_of(error: BaseException | None) -> Outage | None:
    """The outage that this error of the database, or of a file, is; None for any other error."""
    if isinstance(error, OSError):
        return _OF_FILES.get(error.errno or 0)
    if not isinstance(error, Error):
        return None
    return _of_sqlite(error) if connection.vendor == "sqlite" else _of_postgresql(error)


def _of_postgresql(error: Error) -> Outage | None:
    if not isinstance(error, InterfaceError | OperationalError | InternalError):
        return None
    state = getattr(error.__cause__, "sqlstate", None)
    if state == _DISK_FULL:
        return Outage.FULL
    if state in _DAMAGES:
        return Outage.DAMAGED
    away = state.startswith(_PASSING) if state else not isinstance(error, InternalError)
    return Outage.AWAY if away else None


def _of_sqlite(error: Error) -> Outage | None:
    if not isinstance(error, DatabaseError):
        return None
    name = getattr(error.__cause__, "sqlite_errorname", "")
    # A file that cannot be made or written beside the database has one name whatever the reason: the disk says it.
    unwritten = name.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR"))
    if name == "SQLITE_FULL" or (unwritten and _is_full()):
        return Outage.FULL
    if name.startswith("SQLITE_READONLY") or (unwritten and _is_read_only()):
        return Outage.READ_ONLY
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Outage.DAMAGED
    return Outage.AWAY if unwritten or "locked" in str(error) else None


def _folder() -> Path:
    return Path(connection.settings_dict["NAME"]).absolute().parent


def _is_full() -> bool:
    return _folder().is_dir() and shutil.disk_usage(_folder()).free < NO_ROOM_BYTES


def _is_read_only() -> bool:
    return _folder().is_dir() and not os.access(_folder(), os.W_OK)
