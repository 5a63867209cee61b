"""Every write of more than one row. No request, no HTML: `by` and `now` are arguments.

All services are atomic, lock the case before they compute from its balance, and raise `ValidationError` with field
keys, and `Gone` where the case has been deleted since it was looked up. Without `now`, the time is read after the case
is locked: a save that waited for another one also comes later in the timeline. A change of many cases has one moment
for all, the one of its start.
"""

from cases.services.activities import Recorded, name_in_part, record_activities, record_activity, void_activity
from cases.services.arrangement_figures import (
    ArrangementTerms,
    Figures,
    Offered,
    figures_of,
    figures_of_all,
    limit_of,
    offers_for,
    split_of,
    work_out,
)
from cases.services.arrangements import (
    ArrangementConflict,
    accept_arrangement,
    approve_arrangement,
    cancel_arrangement,
    propose_arrangement,
    reject_arrangement,
)
from cases.services.assignment import (
    Share,
    assign_cases,
    preview_assignment,
    preview_shares,
    share_cases,
    unite_people,
)
from cases.services.cases import (
    delete_case,
    delete_cases,
    edit_case,
    fill_in_debtor,
    has_history,
    place_case,
)
from cases.services.closing import Closing, close_cartera, preview_closing
from cases.services.creditor_fields import forget_fields, keep_fields, refresh_searched_fields
from cases.services.many import BulkResult
from cases.services.money import adjust_balance, record_payment, refresh_total, reverse_payment
from cases.services.once import AnotherSubmission, Answer, submit_once, was_submitted
from cases.services.papers import Issued, file_of, issue_document, void_document
from cases.services.phones import add_phone, mark_phone
from cases.services.plans import is_expired, next_unpaid, running_arrangement
from cases.services.promises import cancel_promise, promise_payment
from cases.services.settlement import StaleVersion, settle
from cases.services.snooze import snooze, snooze_cases
from cases.services.statuses import change_status, change_status_of_cases, make_stage_default
from cases.services.stops import lift_stop, release_case, release_cases, set_stop
from cases.services.undo import Undone, refusal_of_undo, submission_of, undo

__all__ = [
    "AnotherSubmission",
    "Answer",
    "ArrangementConflict",
    "ArrangementTerms",
    "BulkResult",
    "Closing",
    "Figures",
    "Issued",
    "Offered",
    "Recorded",
    "Share",
    "StaleVersion",
    "Undone",
    "accept_arrangement",
    "add_phone",
    "adjust_balance",
    "approve_arrangement",
    "assign_cases",
    "cancel_arrangement",
    "cancel_promise",
    "change_status",
    "change_status_of_cases",
    "close_cartera",
    "delete_case",
    "delete_cases",
    "edit_case",
    "figures_of",
    "figures_of_all",
    "file_of",
    "fill_in_debtor",
    "forget_fields",
    "has_history",
    "is_expired",
    "issue_document",
    "keep_fields",
    "lift_stop",
    "limit_of",
    "make_stage_default",
    "mark_phone",
    "name_in_part",
    "next_unpaid",
    "offers_for",
    "place_case",
    "preview_assignment",
    "preview_closing",
    "preview_shares",
    "promise_payment",
    "propose_arrangement",
    "record_activities",
    "record_activity",
    "record_payment",
    "refresh_searched_fields",
    "refresh_total",
    "refusal_of_undo",
    "reject_arrangement",
    "release_case",
    "release_cases",
    "reverse_payment",
    "running_arrangement",
    "set_stop",
    "settle",
    "share_cases",
    "snooze",
    "snooze_cases",
    "split_of",
    "submission_of",
    "submit_once",
    "undo",
    "unite_people",
    "void_activity",
    "void_document",
    "was_submitted",
    "work_out",
]
