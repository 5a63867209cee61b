"""The URLs of the JSON API (DESIGN §7): the only router, and the routes that do not fit one."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter

from accounts.api import Gestores
from cases.api import arrangements, cases, catalogues, debtors, documents, saved_lists, work
from dashboards import api as dashboard
from nova.lib.rest.body import EnvelopeRenderer
from nova.lib.rest.views import ApiMixin
from payments import api as payment_files


class OutsideTheEnvelope:
    """Mixin: a response without the envelope, whose errors still have one."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        final = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        if getattr(final, "exception", False):
            final.accepted_renderer = EnvelopeRenderer()
            final.accepted_media_type = EnvelopeRenderer.media_type
        return final


class Schema(OutsideTheEnvelope, ApiMixin, SpectacularAPIView):  # type: ignore[misc]
    permission_classes = [IsAuthenticated]
    renderer_classes = [OpenApiJsonRenderer]

    def checked_query(self, request: Any) -> Any:
        """The library reads the parameters itself."""
        return {}


class Docs(OutsideTheEnvelope, SpectacularSwaggerSplitView):  # type: ignore[misc]
    """The documentation page, for people: without a session it redirects to the log-in, as every page."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    url_name = "api:schema"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return super().dispatch(request, *args, **kwargs)


router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("cases", cases.CaseViewSet, basename="case")

routes: list[URLPattern | URLResolver] = [
    path("", include(router.urls)),
    path("cases/<int:pk>/activities", work.RecordActivity.as_view(), name="case-activities"),
    path("cases/<int:pk>/promises", work.PromisePayment.as_view(), name="case-promises"),
    path("cases/<int:pk>/payments", work.RecordPayment.as_view(), name="case-payments"),
    path("cases/<int:pk>/documents", documents.CaseDocuments.as_view(), name="case-documents"),
    path("documents/<int:pk>/file", documents.DocumentFile.as_view(), name="document-file"),
    path("cases/<int:pk>/snooze", work.Snooze.as_view(), name="case-snooze"),
    path("cases/<int:pk>/arrangements", arrangements.ArrangementsOfCase.as_view(), name="case-arrangements"),
    path("arrangements/<int:pk>", arrangements.OneArrangement.as_view(), name="arrangement"),
    path("arrangements/<int:pk>/acceptance", arrangements.Acceptance.as_view(), name="arrangement-acceptance"),
    path("arrangements/<int:pk>/approval", arrangements.Approval.as_view(), name="arrangement-approval"),
    path("arrangements/<int:pk>/rejection", arrangements.Rejection.as_view(), name="arrangement-rejection"),
    path("arrangements/<int:pk>/cancellation", arrangements.Cancellation.as_view(), name="arrangement-cancellation"),
    path("offers", arrangements.Offers.as_view(), name="offers"),
    path("debtors/<int:pk>", debtors.Person.as_view(), name="debtor"),
    path("debtors/<int:pk>/stops", debtors.StopPerson.as_view(), name="debtor-stops"),
    path("stops/<int:pk>", debtors.OneStop.as_view(), name="stop"),
    path("update-status", cases.UpdateStatus.as_view(), name="update-status"),
    path("register-management", work.RegisterManagement.as_view(), name="register-management"),
    path("activities/case/<int:pk>", work.ActivitiesOfCase.as_view(), name="activities-of-case"),
    path("activities/<int:pk>/undo", work.Undo.as_view(), name="activity-undo"),
    path("activities/<int:pk>", work.OneActivity.as_view(), name="activity"),
    path("promises/<int:pk>", work.OnePromise.as_view(), name="promise"),
    path("payments/<int:pk>/reversal", work.Reversal.as_view(), name="payment-reversal"),
    path("payments/files", payment_files.PaymentFiles.as_view(), name="payment-files"),
    path("payments/files/<int:pk>", payment_files.OnePaymentFile.as_view(), name="payment-file"),
    path("payments/files/<int:pk>/posting", payment_files.Posting.as_view(), name="payment-file-posting"),
    path("payments/files/<int:pk>/undoing", payment_files.Undoing.as_view(), name="payment-file-undoing"),
    path("payments/rows", payment_files.PaymentRows.as_view(), name="payment-rows"),
    path("payments/rows/<int:pk>/decision", payment_files.RowDecision.as_view(), name="payment-row-decision"),
    path("debtors", debtors.Debtors.as_view(), name="debtors"),
    path("saved-lists", saved_lists.SavedLists.as_view(), name="saved-lists"),
    path("saved-lists/<int:pk>", saved_lists.OneSavedList.as_view(), name="saved-list"),
    path("carteras", catalogues.Carteras.as_view(), name="carteras"),
    path("case-statuses", catalogues.CaseStatuses.as_view(), name="case-statuses"),
    path("activity-results", catalogues.ActivityResults.as_view(), name="activity-results"),
    path("users/gestores", Gestores.as_view(), name="users-gestores"),
    path("dashboard/kpis", dashboard.Kpis.as_view(), name="dashboard-kpis"),
    path("dashboard/charts/performance", dashboard.PerformanceChart.as_view(), name="dashboard-charts-performance"),
    path("dashboard/charts/cartera", dashboard.CarteraChart.as_view(), name="dashboard-charts-cartera"),
    path("dashboard/gestores/ranking", dashboard.Ranking.as_view(), name="dashboard-gestores-ranking"),
    path("dashboard/stats/comparison", dashboard.Comparison.as_view(), name="dashboard-stats-comparison"),
    path("dashboard/cases/status", dashboard.CasesByStatus.as_view(), name="dashboard-cases-status"),
    path("schema", Schema.as_view(), name="schema"),
    path("docs", Docs.as_view(), name="docs"),
]

urlpatterns = [path("api/v1/", include((routes, "api")))]
