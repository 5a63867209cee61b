"""The sections of our own export (DESIGN §10): one list of rows per table, with the field names of the models.

References to catalogues and users are names (`"cartera": "Favacard"`, `"status": "promesa"`, `"assigned_to":
"gperez"`), all others are ids, so that a file means the same in every installation. A field added to a model is
exported without further code.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from django.db import models

from accounts.models import User
from cases.models import (
    Activity,
    ActivityResult,
    Arrangement,
    Cartera,
    CarteraField,
    Case,
    CaseStatus,
    Debtor,
    DebtorPhone,
    DiscountLimit,
    Document,
    ImportBatch,
    Instalment,
    LedgerEntry,
    Offer,
    PaperText,
    Promise,
    StopFlag,
)
from contact.models import ContactSubmission

FORMAT = "nova-gestion-de-cobranzas"
VERSION = 1

# The field that identifies the rows of a table in a file; the rows of other tables are identified by id.
NAMED_BY: Mapping[type[models.Model], str] = {
    User: "username",
    Cartera: "name",
    CaseStatus: "slug",
    ActivityResult: "code",
    PaperText: "slug",
    ContactSubmission: "key",
}


class Section:
    """One table of an export. `leaves_out` are fields that are not written, because they follow from the others."""

    def __init__(
        self, name: str, model: type[models.Model], *, only: tuple[str, ...] = (), leaves_out: tuple[str, ...] = ()
    ) -> None:
        self.name, self.model = name, model
        self.only, self.leaves_out = only, leaves_out

    @cached_property
    def fields(self) -> list[models.Field]:
        return [
            field
            for field in self.model._meta.concrete_fields
            if not field.generated
            and field.name not in self.leaves_out
            and (not self.only or field.name in self.only)
            and not (field.primary_key and self.model in NAMED_BY)
        ]

    @property
    def key(self) -> str:
        """The field that identifies a row and orders the rows."""
        return NAMED_BY.get(self.model, "id")

    @property
    def sorts_by_letters(self) -> bool:
        return self.key not in ("id", "key")


SECTIONS = [
    Section("carteras", Cartera),
    Section("cartera_fields", CarteraField),
    Section("case_statuses", CaseStatus),
    Section("activity_results", ActivityResult),
    Section("paper_texts", PaperText),
    # Names and roles, so that a reader of the file can identify the users. No passwords; the section is not imported.
    Section("users", User, only=("username", "first_name", "last_name", "role", "is_active")),
    Section("debtors", Debtor),
    Section("phones", DebtorPhone),
    Section("cases", Case, leaves_out=("stage", "in_active_cartera")),
    Section("activities", Activity),
    Section("stops", StopFlag),
    Section("promises", Promise),
    Section("discount_limits", DiscountLimit),
    Section("offers", Offer),
    Section("arrangements", Arrangement),
    Section("instalments", Instalment),
    Section("ledger", LedgerEntry),
    Section("documents", Document),
    Section("import_batches", ImportBatch),
    Section("contact_submissions", ContactSubmission, leaves_out=("leased_until",)),
]
BY_NAME = {section.name: section for section in SECTIONS}
CATALOGUES = ("carteras", "case_statuses", "activity_results", "paper_texts")


class Reference(NamedTuple):
    """A field that refers to a row of a small table by name, and the model of that table."""

    field: str
    model: type[models.Model]


def named_references(section: Section) -> list[Reference]:
    return [
        Reference(field.name, field.related_model)
        for field in section.fields
        if isinstance(field, models.ForeignKey) and field.related_model in NAMED_BY
    ]
