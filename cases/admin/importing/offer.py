"""Links in the admin to the page that imports a portfolio."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from cases.admin.base import Tool


def import_tool(request: HttpRequest) -> list[Tool]:
    """The link, for users who may upload a file; else an empty list."""
    if not request.user.has_perm("cases.add_importupload"):
        return []
    return [Tool("Importar cartera", reverse("admin:cases_importupload_add"))]


class OffersImport(admin.ModelAdmin):
    """A list with a link to the import at the top, for models that an import writes."""

    change_list_template = "admin/cases/change_list_with_tools.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "tools": import_tool(request)})
