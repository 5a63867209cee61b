"""Anonymizes a copy of production for development: the same debts of invented people (DESIGN §10 `anonymize_data`).

Amounts, dates, statuses, outcomes and assignments stay, so that screens are as slow and figures as unusual as in
production. Names, documents, phones, emails, streets, free texts and audit details are replaced or deleted, so that no
person can be identified.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import SystemRandom
from typing import Any

from auditlog.models import LogEntry
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.hashers import make_password
from django.db import connection, models, transaction
from django.db.models import Case as When_Case
from django.db.models import CharField, F, TextField, Value, When
from django.db.models.functions import Cast, Concat

from accounts.models import ApiToken, AuditEvent, KnownPlace, RecoveryCode, SecondFactor, Session, User
from cases.models import (
    Activity,
    Arrangement,
    Case,
    Debtor,
    DebtorPhone,
    Document,
    ImportBatch,
    ImportChange,
    ImportUpload,
    LedgerEntry,
    Promise,
    SavedList,
    Submission,
)
from cases.papers.paper import Paper
from cases.papers.printing import printed
from cases.sample_data import people
from contact.models import ContactSubmission
from nova.lib import copying
from nova.lib.databases import chunks_by_key, refresh_statistics

CHUNK = 2000
TEXT = "Texto de ejemplo."
DEBTOR_COLUMNS = ("first_name", "last_name", "dni", "cuit", "email", "street", "street_number", "notes")
FORGOTTEN = (
    Session,
    KnownPlace,
    ApiToken,
    SecondFactor,
    RecoveryCode,
    ImportUpload,
    ImportChange,
    SavedList,
    Submission,
    LogEntry,
)
LOGIN_HISTORY = (AccessAttempt, AccessFailureLog, AccessLog)
EXAMPLE = Paper(
    title="Papel de ejemplo", agency=["Agencia de ejemplo"], date="", blocks=[{"text": [TEXT]}], verification=""
)
Progress = Callable[[int], None]
# What other apps know of people: each takes away names and texts, and returns how many rows of what it changed.
ALSO: list[Callable[[], dict[str, int]]] = []


@transaction.atomic
def anonymize(*, dry_run: bool = False, progress: Progress = lambda debtors: None) -> dict[str, int]:
    """Anonymize everything in one transaction. Returns how many rows of each kind were changed or deleted."""
    counts = {"debtors": _debtors(progress)}
    counts["phones"] = _phones()
    # What a creditor sends besides may name and number people: it is not known what it is.
    counts["cases"] = _texts(
        Case, "notes", external_id=None, nro_cliente=_numbered("nro_cliente", ""), extra={}, extra_text=""
    )
    counts["activities"] = _texts(
        Activity,
        "notes",
        imported_author=_if_any("imported_author", "usuario anterior"),
        override_reason=_if_any("override_reason", TEXT),
    )
    counts["promises"] = _texts(Promise, "notes", imported_author=_if_any("imported_author", "usuario anterior"))
    counts["arrangements"] = _texts(
        Arrangement, "notes", creditor_authorisation=_if_any("creditor_authorisation", TEXT), external_id=None
    )
    counts["ledger"] = _ledger()
    counts["documents"] = _documents()
    counts["imports"] = ImportBatch.objects.update(
        report="", originals=[], file_name=_numbered("file_name", "archivo-")
    )
    counts["messages"] = ContactSubmission.objects.update(
        entity="", name=_numbered("name", "Visitante "), email="visitante@example.com", phone="", message=TEXT
    )
    for forget in ALSO:
        counts |= forget()
    counts["users"] = _users()
    counts["forgotten"] = sum(model._base_manager.all().delete()[0] for model in FORGOTTEN + LOGIN_HISTORY)
    counts["forgotten"] += _audit()
    refresh_statistics(Debtor, DebtorPhone, Case, Activity, Promise, LedgerEntry)
    if dry_run:
        transaction.set_rollback(True)
    return counts


def _debtors(progress: Progress) -> int:
    """Companies stay companies, and debtors without a document get none. New documents are valid and invented."""
    invented = people.debtors(SystemRandom())
    invented_companies = (person for person, _ in invented if not person.first_name)
    invented_people = (person for person, _ in invented if person.first_name and person.dni)
    with_dni = set(Debtor.objects.filter(dni__isnull=False).order_by().values_list("pk", flat=True))
    with_cuit = set(Debtor.objects.filter(cuit__isnull=False).order_by().values_list("pk", flat=True))
    # All documents are cleared first, because an invented one may equal that of a later debtor.
    Debtor.objects.update(dni=None, cuit=None)
    done = 0
    for rows in chunks_by_key(Debtor.objects.values_list("id", "email", "street", "notes"), "id", CHUNK):
        changed = []
        for pk, email, street, notes in rows:
            is_company = pk in with_cuit and pk not in with_dni
            other = next(invented_companies if is_company else invented_people)
            cuit = other.cuit or people.with_check_digit(f"20{str(other.dni).zfill(8)}")
            changed.append((
                *(other.first_name, other.last_name),
                *(other.dni if pk in with_dni else None, cuit if pk in with_cuit else None),
                *(f"deudor{pk}@example.com" if email else "", other.street if street else ""),
                *(other.street_number if street else "", TEXT if notes else "", pk),
            ))  # fmt: skip
        copying.update(Debtor, DEBTOR_COLUMNS, changed)
        done += len(changed)
        progress(done)
    return done


def _phones() -> int:
    """Numbers that do not exist: the id of the row, in an area code that does not exist."""
    return DebtorPhone.objects.update(
        number=Concat(Value("+54900"), Cast("id", CharField())), note=_if_any("note", "Nota de ejemplo")
    )


def _texts(model: type[models.Model], field: str, **others: Any) -> int:
    return model._base_manager.update(**{field: _if_any(field, TEXT)}, **others)


def _if_any(field: str, text: str) -> When_Case:
    """The given text where the field was not empty."""
    return When_Case(When(**{field: ""}, then=Value("")), default=Value(text), output_field=TextField())


def _numbered(field: str, prefix: str) -> When_Case:
    """The prefix with the id of the row, where the field was not empty."""
    value = Concat(Value(prefix), Cast("id", CharField()), output_field=CharField())
    return When_Case(When(**{f"{field}__isnull": True}, then=F(field)), default=value, output_field=CharField())


def _ledger() -> int:
    """Replace the texts of the ledger. This is the only change of existing entries, and only in a copy."""
    entries: models.QuerySet = models.QuerySet(LedgerEntry).exclude(notes="", reference="")
    with _unguarded("cases_ledgerentry"):
        return entries.update(
            notes=_if_any("notes", TEXT),
            reference=When_Case(
                When(reference="", then=Value("")), default=Concat(Value("REF-"), Cast("id", CharField()))
            ),
            reference_key=_if_any("reference_key", "ref-"),
        )


def _documents() -> int:
    """Papers keep their kind and number; their file is the same page for all, and no real code finds them."""
    file = printed(EXAMPLE)
    return Document.objects.update(
        file=file,
        sha256=hashlib.sha256(file).hexdigest(),
        content={},
        texts={},
        code=Concat(Value("EJEMPLO"), Cast("id", CharField()), output_field=CharField()),
        void_reason=_if_any("void_reason", TEXT),
    )


@contextmanager
def _unguarded(table: str) -> Iterator[None]:
    """Disables the trigger that refuses every change of the table, until the block ends. Only PostgreSQL has it.

    An error in the block rolls the whole transaction back, and with it the disabled trigger.
    """
    _switch_guard(table, "DISABLE")
    yield
    _switch_guard(table, "ENABLE")


def _switch_guard(table: str, to: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with deferred checks cannot be altered
            cursor.execute(f"ALTER TABLE {table} {to} TRIGGER ledger_append_only")


def _users() -> int:
    """Roles and ids stay, so that assignments stay too; all passwords are made unusable."""
    for user in User.objects.order_by("pk"):
        user.username = f"{user.role}{user.pk}"
        user.first_name, user.last_name = user.get_role_display(), str(user.pk)
        user.email = f"{user.username}@example.com"
        user.password = make_password(None)
        user.save()
    return User.objects.count()


def _audit() -> int:
    """Delete the audit trail, which describes actions of real people in production."""
    return models.QuerySet(AuditEvent).delete()[0]
