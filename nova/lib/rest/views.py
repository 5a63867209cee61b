"""The base class of every endpoint: envelope, pagination, limits and errors."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from django.db.models import QuerySet
from rest_framework import exceptions, generics, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from nova.lib.envelope import enveloped_page
from nova.lib.paginators import rows_of_keys
from nova.lib.rest.fields import QuerySerializer, QueryWholeField

MAX_PER_PAGE = 100
PER_PAGE = 50


class Conflict(exceptions.APIException):
    status_code = 409
    default_detail = "El pedido choca con el estado actual."
    default_code = "conflict"


# --- Views -------------------------------------------------------------------------------------------
class PageQuery(QuerySerializer):
    page = QueryWholeField(required=False, help_text="Desde 1; más allá del final la lista viene vacía.")
    per_page = QueryWholeField(required=False, help_text="Por defecto 50; más de 100 vale 100.")


class ApiMixin:
    """Every view: JSON only, limits before permissions, and in `query` only documented parameters."""

    query_serializer: type[QuerySerializer] = QuerySerializer  # no fields: no parameters
    query: Mapping[str, Any]

    def perform_authentication(self, request: Request) -> None:
        """Authenticate and check the limit, before permissions: otherwise guessing tokens would be free, as a 401 ends
        earlier.
        """
        try:
            super().perform_authentication(request)  # type: ignore[misc]
        finally:
            super().check_throttles(request)  # type: ignore[misc]

    def check_throttles(self, request: Request) -> None:
        """Already done with the authentication."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        self.query = self.checked_query(request)

    def get_query_serializer(self) -> type[QuerySerializer]:
        return self.query_serializer

    def checked_query(self, request: Request) -> Mapping[str, Any]:
        """The validated parameters of the URL; an unknown one is refused by its name."""
        check_encoding(request)
        serializer = self.get_query_serializer()(data=dict(request.query_params.items()))
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def paged(self, rows: QuerySet, serializer: Any, *, total: int | None = None) -> Response:
        """A page of `rows`, which have a total order: keys first, then the rows. Two queries and a count."""
        per_page = min(self.query.get("per_page", PER_PAGE), MAX_PER_PAGE)
        number = self.query.get("page", 1)
        count = rows.order_by().count() if total is None else total
        bottom = (number - 1) * per_page
        found = rows_of_keys(rows, bottom, min(bottom + per_page, count))
        data = serializer(found, many=True, context={"request": self.request}).data  # type: ignore[attr-defined]
        return Response(enveloped_page(data, page=number, per_page=per_page, total=count))


def check_encoding(request: Request) -> None:
    """Refuse a query string that is not UTF-8: Django replaces bad bytes, and a search for them would find nothing."""
    for part in request.META.get("QUERY_STRING", "").split("&"):
        name, _, value = part.partition("=")
        try:
            unquote_to_bytes(value.replace("+", " ")).decode()
        except UnicodeDecodeError as error:
            raise exceptions.ValidationError({name or "query": ["No está en UTF-8."]}) from error


class ApiView(ApiMixin, generics.GenericAPIView):
    pass


class ApiViewSet(ApiMixin, viewsets.GenericViewSet):
    lookup_value_converter = "int"
