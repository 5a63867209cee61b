"""What is wrong with the database, in the words of whoever types a command."""

from django.db import Error, InterfaceError, OperationalError, connection

# PostgreSQL says "relation … does not exist", SQLite "no such table" and "no such column".
_STALE_SCHEMA = ("does not exist", "no such table", "no such column")


def trouble_of(error: Error) -> str:
    """One Spanish sentence that says what failed and what to do. The driver's own words only at a loss."""
    reason = " ".join(str(error).split())
    if connection.connection is None:
        return f"No se pudo abrir la base de datos {_place()}: revise DATABASE_URL y que el servidor esté en marcha."
    if any(words in reason for words in _STALE_SCHEMA):
        return "La base de datos no está al día: ejecute «manage.py migrate» y repita la orden."
    if isinstance(error, OperationalError | InterfaceError):
        return f"La base de datos {_place()} dejó de responder: espere a que vuelva y repita la orden."
    return f"La base de datos rechazó la operación: {reason}."


def _place() -> str:
    """`«gestiones» en 127.0.0.1:5432`, or the file."""
    settings = connection.settings_dict
    host = ":".join(str(settings[part]) for part in ("HOST", "PORT") if settings[part])
    return f"«{settings['NAME']}»{f' en {host}' if host else ''}"
