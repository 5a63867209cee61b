"""The way from the admin to the page that imports a portfolio."""

from django.http import HttpRequest
from django.urls import reverse

from cases.admin.base import Tool


def import_tool(request: HttpRequest) -> list[Tool]:
    """A link for whoever may upload a file."""
    if not request.user.has_perm("cases.add_importupload"):
        return []
    return [Tool("Importar cartera", reverse("admin:cases_importupload_add"))]
