"""The API of the saved lists: one's own and those that are shared (DESIGN §4)."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import Request, WorksCases
from cases.api.requests import checked, created, once
from cases.lists import PARAMETERS, checked_query
from cases.models import SavedList
from nova.lib.rest.fields import FlagField, QuerySerializer, StrictSerializer, TextField
from nova.lib.rest.schema import IDEMPOTENCY_KEY, listing
from nova.lib.rest.views import ApiView, PageQuery

LONGEST_VALUE = 200


class SavedQueryIn(StrictSerializer):
    """The filters of Mis casos; which values each takes is checked with the list."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            name: TextField(required=False, allow_blank=True, max_length=LONGEST_VALUE, trim_whitespace=True)
            for name in PARAMETERS
        }


class SavedListIn(StrictSerializer):
    name = TextField(max_length=60)
    query = SavedQueryIn(required=False)
    shared = FlagField(required=False)


class SavedListPatch(StrictSerializer):
    name = TextField(max_length=60, required=False)
    query = SavedQueryIn(required=False)
    shared = FlagField(required=False)


class SavedListOut(serializers.ModelSerializer):
    owner = serializers.StringRelatedField()  # type: ignore[var-annotated]
    owner_id = serializers.IntegerField(read_only=True)
    query = SavedQueryIn(read_only=True)

    class Meta:
        model = SavedList
        fields = ["id", "name", "query", "shared", "owner", "owner_id", "created_at"]
        read_only_fields = fields


@extend_schema_view(
    get=listing("saved_lists", "Listas guardadas: las propias y las compartidas", SavedListOut, PageQuery)
)
class SavedLists(ApiView):
    permission_classes = [WorksCases]

    def get(self, request: Request) -> Response:
        return self.paged(SavedList.objects.visible_to(request.user).listed(), SavedListOut)

    def get_query_serializer(self) -> type[QuerySerializer]:
        return PageQuery if self.request.method == "GET" else QuerySerializer

    @extend_schema(
        operation_id="saved_lists_create",
        summary="Guarda una lista",
        request=SavedListIn,
        responses={201: SavedListOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample(
                "Saldos grandes sin contacto",
                {"name": "Grandes fríos", "query": {"over": "500000", "days": "15"}, "shared": True},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        data = checked(SavedListIn, request)
        return once(
            request, lambda: created(SavedListOut(_saved(SavedList(owner=request.user), data, by=request.user)))
        )


class OneSavedList(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(operation_id="saved_lists_read", summary="Una lista guardada", responses={200: SavedListOut})
    def get(self, request: Request, pk: int) -> Response:
        return Response(SavedListOut(_visible(request.user, pk)).data)

    @extend_schema(
        operation_id="saved_lists_update",
        summary="Cambia una lista propia; un administrador, también una compartida",
        request=SavedListPatch,
        responses={200: SavedListOut},
    )
    def patch(self, request: Request, pk: int) -> Response:
        saved = _changeable(request.user, pk)
        return Response(SavedListOut(_saved(saved, checked(SavedListPatch, request), by=request.user)).data)

    @extend_schema(
        operation_id="saved_lists_delete",
        summary="Elimina una lista propia; un administrador, también una compartida",
        request=None,
        responses={200: SavedListOut},
    )
    def delete(self, request: Request, pk: int) -> Response:
        saved = _changeable(request.user, pk)
        answer = SavedListOut(saved).data
        saved.delete()
        return Response(answer)


def _visible(user: User, pk: int) -> SavedList:
    return get_object_or_404(SavedList.objects.visible_to(user).listed(), pk=pk)


def _changeable(user: User, pk: int) -> SavedList:
    saved = _visible(user, pk)
    if not saved.may_change(user):
        raise PermissionDenied
    return saved


def _saved(saved: SavedList, data: dict[str, Any], *, by: User) -> SavedList:
    if "query" in data:
        data = {**data, "query": checked_query(data["query"], owner=by, now=timezone.now())}
    for name, value in data.items():
        setattr(saved, name, value)
    saved.full_clean()
    saved.save()
    return saved
