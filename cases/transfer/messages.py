"""The import of the messages of the old system's contact form: its `contact_submissions.json`, or the answer of its
`GET /api/submissions`, saved as a file.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from cases.transfer.result import Result, TransferFailed
from contact.models import ContactSubmission

SECTION = "contact_submissions"
# The namespace of the ids, so that a message gets the same id each time its file is loaded.
NAMESPACE = UUID("5d0b8f5e-6a57-4f0a-9c63-0f6f2f6f9f11")
ALIASES = {
    "entity": ("entity", "entidad", "empresa", "company"),
    "name": ("name", "nombre"),
    "email": ("email", "correo", "mail"),
    "phone": ("phone", "telefono", "teléfono"),
    "message": ("message", "mensaje"),
    "created_at": ("created_at", "timestamp", "fecha", "date", "submitted_at"),
}
# How much of each text makes the key of a message. Not what a field holds: a message keeps its key when that grows.
KEY_LENGTHS = {"entity": 120, "name": 120, "email": 254, "phone": 40, "message": 5000}
LENGTHS = {
    field.name: field.max_length or 0 for field in ContactSubmission._meta.concrete_fields if field.name in KEY_LENGTHS
}


@transaction.atomic
def load_messages(path: Path, *, dry_run: bool = False) -> Result:
    """Import every message of the file that does not exist yet, marked as notified, so that no mail is sent for it."""
    result = Result()
    found: dict[UUID, ContactSubmission] = {}
    for number, row in enumerate(_rows(path), 1):
        try:
            message, cut = _message(row)
        except ValueError as error:
            result.reject(SECTION, number, str(row)[:80], str(error))
            continue
        found.setdefault(message.key, message)
        for field, value in cut.items():
            reason = f"«{field}» supera los {LENGTHS[field]} caracteres: queda cortado ahí"
            result.warn(SECTION, number, value, reason)
    here = set(ContactSubmission.objects.filter(key__in=list(found)).values_list("key", flat=True))
    ContactSubmission.objects.bulk_create([row for key, row in found.items() if key not in here], batch_size=500)
    result.of(SECTION).created = len(found) - len(here)
    result.of(SECTION).unchanged = len(here)
    if dry_run:
        transaction.set_rollback(True)
    return result


def _rows(path: Path) -> list[Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise TransferFailed(f"No se pueden leer los mensajes de «{path}»: {error}.") from error
    found = _list_in(content)
    if found is None:
        refusal = f" Dice: «{content['error']}»." if isinstance(content, dict) and content.get("error") else ""
        raise TransferFailed(f"«{path.name}» no tiene una lista de mensajes.{refusal}")
    return found


def _list_in(content: Any) -> list[Any] | None:
    """The messages, bare or in the envelope of an answer: `{"success": …, "data": {"submissions": […]}}`."""
    if isinstance(content, list):
        return content
    inner = content.values() if isinstance(content, dict) else []
    return next((found for value in inner if (found := _list_in(value)) is not None), None)


def _message(row: Any) -> tuple[ContactSubmission, dict[str, str]]:
    """The message, and the texts of which it holds only a part."""
    if not isinstance(row, dict):
        raise ValueError("no es un mensaje")
    given = {str(key).lower(): value for key, value in row.items()}
    values = {field: next((given[n] for n in names if given.get(n)), "") for field, names in ALIASES.items()}
    whole = {field: str(values[field]).replace("\x00", "").strip() for field in LENGTHS}
    texts = {field: whole[field][:length] for field, length in KEY_LENGTHS.items()}
    if not texts["email"] or not texts["message"]:
        raise ValueError("le falta el correo electrónico o el mensaje")
    texts["name"] = texts["name"] or texts["email"][: KEY_LENGTHS["name"]]
    made = _moment(values["created_at"])
    key = uuid5(NAMESPACE, json.dumps([texts, made.isoformat() if made else None], sort_keys=True))
    moment = made or timezone.now()
    whole["name"] = whole["name"] or texts["name"]
    kept = {field: whole[field][:length] for field, length in LENGTHS.items()}
    cut = {field: text for field, text in whole.items() if len(text) > LENGTHS[field]}
    message = ContactSubmission(**kept, key=key, created_at=moment, notified_at=moment, next_attempt_at=moment)
    return message, cut


def _moment(value: Any) -> datetime | None:
    if not value:
        return None
    moment = parse_datetime(str(value))
    if moment is None:
        raise ValueError(f"su fecha («{value}») no es una fecha")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
