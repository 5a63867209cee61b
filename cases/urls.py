from django.urls import path

from cases.views import desk, work

urlpatterns = [
    path("dashboard-gestor", desk.dashboard_gestor, name="dashboard-gestor"),
    path("dashboard-gestor/next", desk.next_case, name="next-case"),
    path("cases/<int:pk>", desk.case_page, name="case"),
    path("cases/<int:pk>/activities", work.activities, name="case-activities"),
    path("cases/<int:pk>/promises", work.promises, name="case-promises"),
    path("cases/<int:pk>/payments", work.payments, name="case-payments"),
    path("cases/<int:pk>/contact", work.contact, name="case-contact"),
    path("cases/<int:pk>/phones", work.phones, name="case-phones"),
    path("cases/<int:pk>/phones/<int:phone_pk>/state", work.phone_state, name="case-phone-state"),
    path("activities/<int:pk>/voiding", work.activity_voiding, name="activity-voiding"),
    path("promises/<int:pk>/cancellation", work.promise_cancellation, name="promise-cancellation"),
]
