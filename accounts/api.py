"""Users in the JSON API."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import IsAdmin
from nova.lib.rest.schema import listing
from nova.lib.rest.views import ApiView, PageQuery


class GestorOut(serializers.ModelSerializer):
    name = serializers.CharField(source="__str__", read_only=True)

    class Meta:
        model = User
        fields = ["id", "username", "name", "email"]
        read_only_fields = fields


class Gestores(ApiView):
    permission_classes = [IsAdmin]
    query_serializer = PageQuery

    @listing("users_gestores", "Gestores activos: quienes pueden recibir casos", GestorOut, PageQuery)
    def get(self, request: Request) -> Response:
        return self.paged(User.objects.gestores().order_by("username", "id"), GestorOut)
