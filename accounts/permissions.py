"""Roles of the JSON API (DESIGN §7): anonymous is 401, a wrong role 403; whose case it is, `visible_to` says."""

from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request as DRFRequest

from accounts.models import User


class Request(DRFRequest):
    """What a view behind the log-in gets: a user of ours (for the type checker)."""

    user: User


class IsAdmin(IsAuthenticated):
    def has_permission(self, request: Any, view: Any) -> bool:
        return super().has_permission(request, view) and request.user.is_admin


class WorksCases(IsAuthenticated):
    """An admin or a gestor."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return super().has_permission(request, view) and (request.user.is_admin or request.user.is_gestor)
