"""Checks of the papers (DESIGN §3.9)."""

import hashlib
from collections.abc import Iterator

from cases.models import Document, DocumentCounter, PaperText
from cases.rules.papers import number_label
from cases.transfer.verify.finding import Finding, case_label, rows


def numbers_have_no_gap() -> Iterator[Finding]:
    """As many papers of a kind as its last number says. The database holds that none is there twice."""
    counters = dict(DocumentCounter.objects.values_list("kind", "last"))
    found = rows("SELECT kind, COUNT(*), MIN(number), MAX(number) FROM cases_document GROUP BY kind ORDER BY kind")
    counted = {kind: numbers for kind, *numbers in found}
    for kind in Document.Kind:
        count, first, last = counted.get(kind.value, (0, 1, 0))
        counter = counters.get(kind.value, 0)
        if (first, last) != (1, count) or counter != count:
            yield Finding(
                f"{kind.label}: hay {count} papeles, numerados del {first} al {last}, y el último emitido es {counter}."
            )


def files_are_as_issued() -> Iterator[Finding]:
    """Reads every file."""
    for document in Document.objects.defer("content", "texts").order_by("id").iterator(chunk_size=200):
        if hashlib.sha256(document.file).hexdigest() != document.sha256:
            yield Finding(f"{document}: el archivo no es el que se emitió.")


def papers_are_of_their_case() -> Iterator[Finding]:
    found = rows("""
        SELECT d.kind, d.number, d.case_id FROM cases_document d
        LEFT JOIN cases_ledgerentry l ON l.id = d.entry_id
        LEFT JOIN cases_arrangement a ON a.id = d.arrangement_id
        WHERE l.case_id <> d.case_id OR a.case_id <> d.case_id OR l.kind <> 'payment'
        ORDER BY d.id
    """)
    for kind, number, case in found:
        yield Finding(f"{_label(kind, number)}: su pago o su convenio no es de {case_label(case, None).lower()}.")


def valid_papers_hold() -> Iterator[Finding]:
    """No valid receipt of a reversed payment, no valid clearance of a debt that is owed."""
    found = rows("""
        SELECT d.kind, d.number, c.balance FROM cases_document d
        JOIN cases_case c ON c.id = d.case_id
        LEFT JOIN cases_ledgerentry r ON r.reverses_id = d.entry_id
        WHERE d.voided_at IS NULL AND (r.id IS NOT NULL OR (d.kind = 'clearance' AND c.balance > 0))
        ORDER BY d.id
    """)
    for kind, number, _ in found:
        reason = "su deuda tiene saldo" if kind == Document.Kind.CLEARANCE else "su pago fue revertido"
        yield Finding(f"{_label(kind, number)}: está vigente y {reason}. Anúlelo.")


def texts_can_be_filled_in() -> Iterator[Finding]:
    there = {text.slug: text for text in PaperText.objects.all()}
    for slug in PaperText.Slug:
        if slug.value not in there:
            yield Finding(f"Falta el texto de los papeles «{slug.label}».")
            continue
        for wrong in there[slug.value].wrong:
            yield Finding(f"Texto de los papeles «{slug.label}»: {wrong}")


def _label(kind: str, number: int) -> str:
    return f"{Document.Kind(kind).label} {number_label(number)}"
