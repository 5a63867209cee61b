from django.urls import path, re_path

from cases import verification
from cases.desk import (
    actions,
    agenda,
    pages,
    papers,
    plans,
    recent,
    requests,
    samples,
    saving,
    selection,
    snoozing,
    stopped,
    supervision,
)
from cases.desk.deciding import DECISIONS

urlpatterns = [
    path("dashboard-gestor", pages.dashboard_gestor, name="dashboard-gestor"),
    path("dashboard-gestor/next", pages.next_case, name="next-case"),
    path("dashboard-gestor/previous", pages.previous_case, name="previous-case"),
    path("dashboard-gestor/due", pages.due_calls, name="due-calls"),
    path("dashboard-gestor/agenda", agenda.agenda, name="agenda"),
    path("dashboard-gestor/recent", recent.recent, name="recent"),
    path("dashboard-gestor/lists", saving.save_list, name="saved-lists"),
    path("dashboard-gestor/lists/<int:pk>", saving.saved_list, name="saved-list"),
    path("dashboard-gestor/lists/<int:pk>/deletion", saving.saved_list_deletion, name="saved-list-deletion"),
    re_path(r"^dashboard-gestor/selection/(?P<action>snooze|notes)$", selection.selection, name="selection"),
    path("cases/said", pages.said, name="said"),
    path("cases/<int:pk>", pages.case_page, name="case"),
    path("cases/<int:pk>/activities", actions.activities, name="case-activities"),
    path("cases/<int:pk>/promises", actions.promises, name="case-promises"),
    path("cases/<int:pk>/payments", actions.payments, name="case-payments"),
    path("cases/<int:pk>/arrangements/figures", plans.figures, name="case-arrangement-figures"),
    path("cases/<int:pk>/snooze", snoozing.snooze, name="case-snooze"),
    path("cases/<int:pk>/documents", papers.documents, name="case-documents"),
    path("documents/<int:pk>/file", papers.document_file, name="document-file"),
    path("documents/<int:pk>/voiding", papers.document_voiding, name="document-voiding"),
    path("verificar/<code>", verification.verification, name="verification"),
    path("cases/<int:pk>/contact", actions.contact, name="case-contact"),
    path("cases/<int:pk>/phones", actions.phones, name="case-phones"),
    path("cases/<int:pk>/phones/<int:phone_pk>/state", actions.phone_state, name="case-phone-state"),
    *(
        path(f"cases/<int:pk>/{action}", supervision.decide, {"action": action}, name=f"case-{action}")
        for action in DECISIONS
    ),
    path("detenidos", stopped.stopped, name="stopped"),
    re_path(r"^detenidos/(?P<action>release|reassignment)$", stopped.stopped_decision, name="stopped-decision"),
    path("arrangements/<int:pk>/acceptance", plans.acceptance, name="arrangement-acceptance"),
    path("arrangements/<int:pk>/cancellation", plans.cancellation, name="arrangement-cancellation"),
    path("autorizaciones", requests.requests, name="requests"),
    path("arrangements/<int:pk>/approval", requests.approval, name="arrangement-approval"),
    path("arrangements/<int:pk>/rejection", requests.rejection, name="arrangement-rejection"),
    path("activities/<int:pk>/voiding", actions.activity_voiding, name="activity-voiding"),
    path("activities/<int:pk>/undo", actions.activity_undoing, name="activity-undoing"),
    path("promises/<int:pk>/cancellation", actions.promise_cancellation, name="promise-cancellation"),
    path("estilos/gestor", samples.states, name="style-states"),
    path("estilos/gestor/<state>", samples.states, name="style-states"),
]
