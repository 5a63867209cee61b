"""The Django admin of `cases`, one concept a file. It shows data and forms; the services write."""

from cases.admin.arrangements import ArrangementAdmin, DiscountLimitAdmin, OfferAdmin
from cases.admin.case import CaseAdmin
from cases.admin.catalogues import ActivityResultAdmin, CarteraAdmin, CaseStatusAdmin
from cases.admin.debtors import DebtorAdmin
from cases.admin.importing.batches import ImportBatchAdmin
from cases.admin.importing.upload import ImportUploadAdmin
from cases.admin.papers import DocumentAdmin, PaperTextAdmin
from cases.admin.promises import PromiseAdmin
from cases.admin.records import ActivityAdmin, LedgerEntryAdmin
from cases.admin.stops import StopFlagAdmin

__all__ = [
    "ActivityAdmin",
    "ActivityResultAdmin",
    "ArrangementAdmin",
    "CarteraAdmin",
    "CaseAdmin",
    "CaseStatusAdmin",
    "DebtorAdmin",
    "DiscountLimitAdmin",
    "DocumentAdmin",
    "ImportBatchAdmin",
    "ImportUploadAdmin",
    "LedgerEntryAdmin",
    "OfferAdmin",
    "PaperTextAdmin",
    "PromiseAdmin",
    "StopFlagAdmin",
]
