"""The audit trail as people read it: what was, what is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# Keys of AuditEvent.before and .after in the words of the screens; another key is shown as it is.
LABELS = {
    "activity": "gestión",
    "amount": "importe",
    "assigned_to": "gestor",
    "balance": "saldo",
    "counts": "resultado",
    "cuit": "CUIT/CUIL",
    "dni": "DNI",
    "email": "correo electrónico",
    "entity": "entidad",
    "entry": "movimiento",
    "file_name": "archivo",
    "first_name": "nombre",
    "initial_amount": "capital",
    "last_name": "apellido o razón social",
    "next_action_at": "próxima acción",
    "notes": "notas",
    "promise": "promesa",
    "promise_date": "fecha prometida",
    "queue_band": "banda",
    "role": "rol",
    "rows": "filas",
    "status": "estado",
    "stopped_at": "detenido",
    "stopped_by_result": "detenido por",
    "type": "tipo",
    "voided_at": "anulada",
}

# django-auditlog keeps everything as text.
WORDS = {None: "—", "": "—", "None": "—", True: "Sí", "True": "Sí", False: "No", "False": "No"}


def changes_table(before: Mapping[str, Any], after: Mapping[str, Any]) -> SafeString | str:
    """One row a field, those that changed marked; a dash when there is nothing to show."""
    fields = [*before, *(field for field in after if field not in before)]
    if not fields:
        return "—"
    rows = format_html_join(
        "",
        '<tr{}><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
        (
            (
                SafeString(' class="changed"') if before.get(field) != after.get(field) else "",
                LABELS.get(field, field),
                shown(before.get(field)),
                shown(after.get(field)),
            )
            for field in fields
        ),
    )
    head = '<tr><th scope="col">Dato</th><th scope="col">Antes</th><th scope="col">Después</th></tr>'
    return format_html('<table class="changes"><thead>{}</thead><tbody>{}</tbody></table>', SafeString(head), rows)


def shown(value: Any) -> str:
    """A stored value as text: `2026-11-24T15:00:00Z` is 24/11/2026 12:00, null and empty are a dash."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # 1 equals True, and is no "Sí"
    if value in WORDS:
        return WORDS[value]
    moment = _moment(value) if isinstance(value, str) else None
    return moment or str(value)


def _moment(text: str) -> str | None:
    try:
        if day := parse_date(text):
            return formats.date_format(day, "SHORT_DATE_FORMAT")
        moment = parse_datetime(text)
    except ValueError:
        return None
    if not isinstance(moment, datetime):
        return None
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return formats.date_format(local, "SHORT_DATETIME_FORMAT")
