"""The API of the small tables that every authenticated user may read."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response

from accounts.permissions import Request
from cases.api.serializers import ActivityResultOut, CarteraOut, CaseStatusOut
from cases.models import ActivityResult, Cartera, CaseStatus
from nova.lib.rest.schema import listing
from nova.lib.rest.views import ApiView, PageQuery


class Catalogue(ApiView):
    query_serializer = PageQuery
    rows: QuerySet
    out: type[serializers.BaseSerializer]

    def get(self, request: Request) -> Response:
        return self.paged(self.rows.all(), self.out)


@extend_schema_view(get=listing("carteras", "Carteras", CarteraOut, PageQuery))
class Carteras(Catalogue):
    rows = Cartera.objects.order_by("name", "id")
    out = CarteraOut


@extend_schema_view(get=listing("case_statuses", "Estados", CaseStatusOut, PageQuery))
class CaseStatuses(Catalogue):
    rows = CaseStatus.objects.order_by("position", "id")
    out = CaseStatusOut


@extend_schema_view(get=listing("activity_results", "Resultados de gestión", ActivityResultOut, PageQuery))
class ActivityResults(Catalogue):
    rows = ActivityResult.objects.order_by("position", "id")
    out = ActivityResultOut
