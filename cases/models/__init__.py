"""The domain of DESIGN §2, one concept a file."""

from cases.models.activity import Activity, ActivityResult
from cases.models.cartera import Cartera
from cases.models.case import Case
from cases.models.debtor import Debtor, DebtorPhone
from cases.models.imports import ImportBatch, ImportUpload
from cases.models.ledger import LedgerEntry
from cases.models.promise import Promise
from cases.models.status import CaseStatus

__all__ = [
    "Activity",
    "ActivityResult",
    "Cartera",
    "Case",
    "CaseStatus",
    "Debtor",
    "DebtorPhone",
    "ImportBatch",
    "ImportUpload",
    "LedgerEntry",
    "Promise",
]
