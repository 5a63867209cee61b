"""The models of DESIGN §2, one concept a file."""

from auditlog.registry import auditlog

from cases.models.activity import Activity, ActivityResult
from cases.models.arrangement import Arrangement, DiscountLimit, Instalment, Offer
from cases.models.cartera import Cartera, CarteraField
from cases.models.case import Case
from cases.models.debtor import Debtor, DebtorPhone
from cases.models.document import Document, DocumentCounter, PaperText
from cases.models.effect import Effect
from cases.models.imports import ImportBatch, ImportChange, ImportUpload
from cases.models.ledger import LedgerEntry
from cases.models.promise import Promise
from cases.models.rollups import BookTotal, DailyTotal, DataVersion, InstalmentTotal
from cases.models.saved_list import SavedList
from cases.models.status import CaseStatus
from cases.models.stop import StopFlag
from cases.models.submission import Submission

__all__ = [
    "Activity",
    "ActivityResult",
    "Arrangement",
    "BookTotal",
    "Cartera",
    "CarteraField",
    "Case",
    "CaseStatus",
    "DailyTotal",
    "DataVersion",
    "Debtor",
    "DebtorPhone",
    "DiscountLimit",
    "Document",
    "DocumentCounter",
    "Effect",
    "ImportBatch",
    "ImportChange",
    "ImportUpload",
    "Instalment",
    "InstalmentTotal",
    "LedgerEntry",
    "Offer",
    "PaperText",
    "Promise",
    "SavedList",
    "StopFlag",
    "Submission",
]

# django-auditlog keeps the edits of these models, field by field. Cases, promises and money use accounts.audit.
for model in (ActivityResult, Cartera, CarteraField, CaseStatus, DebtorPhone, DiscountLimit, Offer, PaperText):
    auditlog.register(model)
auditlog.register(Debtor, exclude_fields=["search_text"])
