"""The public page that says whether a paper is one of ours: valid, withdrawn or no longer in force, number and day."""

from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cases.models import Document
from cases.rules.papers import code_in
from nova.lib.errors import too_many_requests
from nova.lib.rates import waits

SHOWN = ("kind", "number", "issued_at", "voided_at", "arrangement__status")


@login_not_required
@require_safe
@never_cache
def verification(request: HttpRequest, code: str) -> HttpResponse:
    """One answer for every code that is none of ours, whatever it looks like: there is nothing to guess from."""
    wait = max(waits(request, group="verification", key="ip", rates=settings.VERIFICATION_RATES))
    if wait:
        response = too_many_requests(request, wait=wait)
    else:
        papers = Document.objects.select_related("arrangement").only(*SHOWN)
        document = papers.filter(code=code_in(code)).first()
        status = HTTPStatus.OK if document else HTTPStatus.NOT_FOUND
        response = render(request, "cases/verification.html", {"document": document}, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response
