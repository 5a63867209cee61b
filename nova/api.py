"""The addresses of the JSON API (DESIGN §7): the only router, and what does not fit one."""

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
from cases.api import cases, catalogues, work
from dashboards import api as dashboard
from nova.lib.rest.body import EnvelopeRenderer
from nova.lib.rest.views import ApiMixin


class OutsideTheEnvelope:
    """What it answers is no envelope; what it refuses is one."""

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
        """The library reads its own."""
        return {}


class Docs(OutsideTheEnvelope, SpectacularSwaggerSplitView):  # type: ignore[misc]
    """For people: whoever is not signed in is led to the log-in, as on every page."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    url = "/api/v1/schema"
    url_self = "/api/v1/docs"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return super().dispatch(request, *args, **kwargs)


router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("cases", cases.CaseViewSet, basename="case")

routes: list[URLPattern | URLResolver] = [
    path("", include(router.urls)),
    path("cases/<int:pk>/activities", work.RecordActivity.as_view()),
    path("cases/<int:pk>/promises", work.PromisePayment.as_view()),
    path("cases/<int:pk>/payments", work.RecordPayment.as_view()),
    path("update-status", cases.UpdateStatus.as_view()),
    path("register-management", work.RegisterManagement.as_view()),
    path("activities/case/<int:pk>", work.ActivitiesOfCase.as_view()),
    path("activities/<int:pk>", work.OneActivity.as_view()),
    path("promises/<int:pk>", work.OnePromise.as_view()),
    path("payments/<int:pk>/reversal", work.Reversal.as_view()),
    path("carteras", catalogues.Carteras.as_view()),
    path("case-statuses", catalogues.CaseStatuses.as_view()),
    path("activity-results", catalogues.ActivityResults.as_view()),
    path("users/gestores", Gestores.as_view()),
    path("dashboard/kpis", dashboard.Kpis.as_view()),
    path("dashboard/charts/performance", dashboard.PerformanceChart.as_view()),
    path("dashboard/charts/cartera", dashboard.CarteraChart.as_view()),
    path("dashboard/gestores/ranking", dashboard.Ranking.as_view()),
    path("dashboard/stats/comparison", dashboard.Comparison.as_view()),
    path("dashboard/cases/status", dashboard.CasesByStatus.as_view()),
    path("schema", Schema.as_view()),
    path("docs", Docs.as_view()),
]

urlpatterns = [path("api/v1/", include(routes))]
