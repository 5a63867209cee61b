"""The audit trail as readable text: values before and after."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from auditlog.models import LogEntry
from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from nova.lib.money import format_money

# Labels of the keys of AuditEvent.before and .after; other keys are shown unchanged.
LABELS = {
    "activity": "gestión",
    "amount": "importe",
    "assigned_to": "gestor",
    "balance": "saldo",
    "brought_forward": "casos adelantados en la cola",
    "channel": "canal",
    "counts": "resultado",
    "created": "creados",
    "cuit": "CUIT/CUIL",
    "dni": "DNI",
    "email": "correo electrónico",
    "entity": "entidad",
    "entry": "movimiento",
    "failed": "casos con error",
    "failed_cases": "cuáles",
    "file_name": "archivo",
    "first_name": "nombre",
    "handled_at": "atendido",
    "initial_amount": "capital",
    "last_name": "apellido o razón social",
    "next_action_at": "próxima acción",
    "notes": "notas",
    "notices_left": "avisos de contacto sin enviar",
    "notices_sent": "avisos de contacto enviados",
    "person": "toda la persona",
    "promise": "promesa",
    "promise_date": "fecha prometida",
    "promises_broken": "promesas incumplidas",
    "promises_decided": "promesas resueltas",
    "queue_band": "prioridad",
    "reason": "motivo",
    "rejected": "filas rechazadas",
    "role": "rol",
    "rows": "filas",
    "seconds": "segundos",
    "sessions": "sesiones vencidas",
    "status": "estado",
    "stop": "detención",
    "stopped_at": "detenido",
    "stopped_by_result": "detenido por",
    "stops_ended": "detenciones que llegaron a su fin",
    "submissions": "formularios viejos olvidados",
    "to": "para",
    "total": "importe total",
    "type": "tipo",
    "unchanged": "sin cambios",
    "until": "hasta",
    "updated": "actualizados",
    "uploads": "archivos sin importar descartados",
    "value_date": "fecha valor",
    "voided_at": "anulada",
    "warnings": "filas con advertencias",
}
MONEY = frozenset({"amount", "balance", "initial_amount", "total"})

# django-auditlog stores everything as text.
WORDS = {None: "—", "": "—", "None": "—", True: "Sí", "True": "Sí", False: "No", "False": "No"}


def changes_table(before: Mapping[str, Any], after: Mapping[str, Any]) -> SafeString | str:
    """One row per field, with changed ones marked; a dash for empty values."""
    fields = [*before, *(field for field in after if field not in before)]
    if not fields:
        return "—"
    rows = format_html_join(
        "",
        '<tr{}><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
        (
            (
                mark_safe(' class="changed"') if before.get(field) != after.get(field) else "",
                LABELS.get(field, field),
                _shown_as(field, before.get(field)),
                _shown_as(field, after.get(field)),
            )
            for field in fields
        ),
    )
    head = mark_safe('<tr><th scope="col">Dato</th><th scope="col">Antes</th><th scope="col">Después</th></tr>')
    return format_html('<table class="changes"><thead>{}</thead><tbody>{}</tbody></table>', head, rows)


def _shown_as(field: str, value: Any) -> str:
    if field not in MONEY or not isinstance(value, str | Decimal):
        return shown(value)
    try:
        return format_money(Decimal(value))
    except InvalidOperation:
        return shown(value)


def shown(value: Any) -> str:
    """A stored value as text: `2026-11-24T15:00:00Z` is 24/11/2026 12:00, null and empty are a dash."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # 1 == True, but 1 must not become "Sí"
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


def edited_fields(entry: LogEntry) -> dict[str, tuple[Any, Any]]:
    """Field → (before, after), as text, of an edit recorded by django-auditlog.

    Reverse relations are left out: for a new row it records them as "cases.Case.None".
    """
    model = entry.content_type.model_class()
    if model is None:
        return {}
    told_by_others = {relation.name for relation in model._meta.related_objects}
    fields = {
        name: (values[0], values[1])
        for name, values in entry.changes_display_dict.items()
        if len(values) == 2 and name not in told_by_others
    }
    for name, change in entry.changes_dict.items():
        if isinstance(change, Mapping):  # {"type": "m2m", "operation": "add" or "delete", "objects": […]}
            rows = change["objects"]
            label = str(getattr(model._meta.get_field(name), "verbose_name", name))
            fields[label] = (None, rows) if change["operation"] == "add" else (rows, None)
    return fields
