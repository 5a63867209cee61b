"""A form whose page is older than the log-in of its browser: its CSRF token no longer holds (DESIGN §8)."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django_htmx.http import HttpResponseClientRedirect

from accounts import kept_form
from nova.lib import envelope, errors, security

RESUME = "resume-form"


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403, unless a page of this site sent the form: then what was typed is shown, to be sent again by hand.

    A log-in, in another tab too, gives the browser a new token; the pages that were open keep the old one. Who sent the
    form is read from the header Origin, which no page can forge; without it nothing is kept.
    """
    if envelope.wants_json(request) or not kept_form.is_from_here(request):
        return errors.csrf_failure(request, reason)
    security.log_refusal(request, HTTPStatus.FORBIDDEN)
    if not request.user.is_authenticated:
        fields = kept_form.fields_of(request)
        return render(request, "403_csrf.html", {"fields": fields}, status=HTTPStatus.FORBIDDEN)
    if kept_form.has_password(request):
        messages.warning(request, "La página era de antes de ingresar: escríbalo otra vez.")
        return _go(request, kept_form.page_to_return_to(request))
    if not kept_form.keep(request, why=kept_form.OLD_PAGE):
        return errors.csrf_failure(request, reason)
    return _go(request, resolve_url(RESUME))


def _go(request: HttpRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)  # type: ignore[attr-defined]
