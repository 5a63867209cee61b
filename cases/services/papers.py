"""Issuing a paper: what it says is put into words, numbered without a gap, and kept (DESIGN §3.9)."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Arrangement, Case, Document, DocumentCounter, LedgerEntry, PaperText
from cases.papers.paper import Issue, show_day
from cases.papers.printing import printed
from cases.rules.papers import CODE_LENGTH, CODE_LETTERS, Kind, Text
from cases.services import paper_facts
from cases.services.paper_facts import Subject, Texts, Writer
from cases.services.plans import running_arrangement
from cases.services.settlement import lock_case
from cases.services.withdrawing import withdraw
from nova.lib import dates
from nova.lib.databases import lock_row

WRITERS: Mapping[Kind, Callable[[Subject], Writer]] = {
    Kind.AGREEMENT: paper_facts.agreement,
    Kind.RECEIPT: paper_facts.receipt,
    Kind.CLEARANCE: paper_facts.clearance,
    Kind.STATEMENT: paper_facts.statement,
}
# Without them there is no paper of the kind.
NEEDED: Mapping[Kind, tuple[Text, ...]] = {
    Kind.AGREEMENT: (
        *(Text.AGENCY_NAME, Text.AGENCY_CUIT, Text.AGENCY_ADDRESS),
        *(Text.AGREEMENT, Text.PAYMENT_MEANS, Text.AGREEMENT_DEFAULT),
    ),
    Kind.RECEIPT: (Text.AGENCY_NAME, Text.RECEIPT, Text.RECEIPT_COMPLETES),
    Kind.CLEARANCE: (Text.AGENCY_NAME, Text.CLEARANCE),
    Kind.STATEMENT: (Text.AGENCY_NAME, Text.STATEMENT),
}
WHERE = "Administración › Textos de los papeles"


class Issued(NamedTuple):
    """`is_new` is false for one that was there: of a payment, arrangement or paid case there is one valid paper."""

    document: Document
    is_new: bool


@transaction.atomic
def issue_document(
    *,
    case: Case,
    kind: str,
    by: User | None,
    verify_at: str,
    entry: LedgerEntry | None = None,
    arrangement: Arrangement | None = None,
    now: datetime | None = None,
) -> Issued:
    """Issue a paper of a case. `verify_at` is the address of the public page, before the code: it is printed.

    Raises ValidationError: kind, entry or arrangement for what they do not allow, and the slug of each text that is
    missing, with where it is written.
    """
    case = lock_case(case)
    now = now or timezone.now()
    if kind not in WRITERS:
        raise ValidationError({"kind": "No existe ese tipo de papel."})
    kind = Kind(kind)
    subject = _checked(kind, Subject(case, entry, arrangement, now))
    if standing := _standing(kind, subject):
        return Issued(standing, is_new=False)
    write, texts = WRITERS[kind](subject), paper_facts.paper_texts()
    _check_texts(kind, texts)
    issue = Issue(kind, _next_number(kind), _new_code(), dates.local_date(now), verify_at)
    content = write(issue, paper_facts.parties_of(case), texts)
    file = printed(content)
    document = Document.objects.create(
        kind=kind,
        number=issue.number,
        case=case,
        entry=subject.entry,
        arrangement=subject.arrangement,
        code=issue.code,
        sha256=hashlib.sha256(file).hexdigest(),
        file=file,
        content=content,
        texts={text: texts[text] for text in Text if text in NEEDED[kind] or text.startswith("agency_")},
        issued_by=by,
        issued_at=now,
    )
    after = {"case": case.pk, "entry": entry.pk if entry else None, "sha256": document.sha256}
    audit.record(AuditEvent.Action.CREATED, by=by, target=document, after=after)
    return Issued(document, is_new=True)


@transaction.atomic
def void_document(*, document: Document, by: User, reason: str, now: datetime | None = None) -> None:
    """Void a paper that should not have been issued. Its number is not used again.

    Raises ValidationError (document) for one that is void already.
    """
    lock_case(document.case_id)
    if not withdraw(Document.objects.filter(pk=document.pk), by=by, reason=reason, now=now or timezone.now()):
        raise ValidationError({"document": "Ese papel ya está anulado."})


def file_of(document: Document) -> bytes:
    """The file as it was issued; of a voided one, printed with ANULADO across every page."""
    if document.voided_at is None or not document.content:
        return bytes(document.file)
    return printed(document.content, voided=f"el {show_day(dates.local_date(document.voided_at))}")


def refusal_of(kind: str, case: Case, *, now: datetime) -> str:
    """Why this paper of a case cannot be issued now, as a Spanish sentence; empty when it can. Runs a query."""
    try:
        WRITERS[Kind(kind)](Subject(case, None, None, now))
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


# --- Once, and in order ------------------------------------------------------------------------------------
def _checked(kind: Kind, subject: Subject) -> Subject:
    """With what the paper is of. A receipt is also of the arrangement that its payment completed."""
    if subject.entry is not None and kind != Kind.RECEIPT:
        raise ValidationError({"entry": "Solo los recibos son de un pago."})
    if subject.arrangement is not None and kind != Kind.AGREEMENT:
        raise ValidationError({"arrangement": "Solo el papel de un convenio es de uno."})
    if kind == Kind.AGREEMENT:
        arrangement = subject.arrangement or running_arrangement(subject.case)
        if arrangement is not None and arrangement.case_id != subject.case.pk:
            raise ValidationError({"arrangement": "Ese convenio no es de este caso."})
        return subject._replace(arrangement=arrangement)
    if kind == Kind.RECEIPT:
        return subject._replace(arrangement=paper_facts.completed_by(paper_facts.payment_of(subject)))
    return subject


def _standing(kind: Kind, subject: Subject) -> Document | None:
    """The valid paper that this one would repeat. A statement is of its day: there may be many."""
    valid = Document.objects.valid().filter(kind=kind)
    if kind == Kind.RECEIPT:
        return valid.filter(entry=subject.entry).first()
    if kind == Kind.CLEARANCE:
        return valid.filter(case=subject.case).first()
    if kind == Kind.AGREEMENT and subject.arrangement is not None:
        return valid.filter(arrangement=subject.arrangement).first()
    return None


def _check_texts(kind: Kind, texts: Texts) -> None:
    """Raises ValidationError for what the paper needs and nobody has written yet."""
    missing = [text for text in NEEDED[kind] if not texts[text]]
    if missing:
        raise ValidationError(
            {str(text): f"Falta «{PaperText.Slug(text).label}»: escríbalo en {WHERE}." for text in missing}
        )


def _next_number(kind: Kind) -> int:
    """The next number of the kind. The row stays locked until the paper is committed; rolled back, it is free again."""
    DocumentCounter.objects.get_or_create(kind=kind)
    counter = lock_row(DocumentCounter.objects.all(), kind)
    counter.last += 1
    counter.save(update_fields=["last"])
    return counter.last


def _new_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
