"""Permissions of the API by role (DESIGN §7): anonymous is 401, a wrong role 403. `visible_to` limits the cases."""

from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request as DRFRequest

from accounts.models import User


class Request(DRFRequest):
    """The request of a view that requires a log-in: our user model (for the type checker)."""

    user: User


class IsAdmin(IsAuthenticated):
    def has_permission(self, request: Any, view: Any) -> bool:
        return super().has_permission(request, view) and request.user.is_admin


class WorksCases(IsAuthenticated):
    """Allows admins and gestores."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return super().has_permission(request, view) and (request.user.is_admin or request.user.is_gestor)
