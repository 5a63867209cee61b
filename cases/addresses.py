"""Addresses of the site that papers print."""

from typing import Any

from django.urls import reverse


def verify_at(request: Any) -> str:
    """The address of the public page of papers, before the code; the request is Django's or the API's."""
    return request.build_absolute_uri(reverse("verification", args=["-"])).removesuffix("-")
