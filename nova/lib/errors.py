"""Error responses: an HTML page for people, the envelope for API clients."""

import logging
import sys
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.template.loader import render_to_string
from django_htmx.http import HttpResponseClientRedirect, push_url, reswap

from nova.lib import databases, envelope, security
from nova.lib.dates import wait_in_words
from nova.lib.outages import Outage, outage_of

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    # The host may be forged, so nothing that needs it is used.
    if isinstance(exception, SessionInterrupted):
        return _ended_elsewhere(request)
    message = "El pedido no se puede leer."
    if envelope.wants_json(request):
        return envelope.failure(message, status=HTTPStatus.BAD_REQUEST)
    if _is_fragment(request):
        return _refusal(message, HTTPStatus.BAD_REQUEST)
    return HttpResponse(render_to_string("400.html"), status=HTTPStatus.BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, HTTPStatus.FORBIDDEN, "Su usuario no puede hacer esto.", "403.html")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, HTTPStatus.NOT_FOUND, "La dirección no existe, o lo que muestra no está a su cargo.")


def gone(request: HttpRequest) -> HttpResponse:
    """404: what the form is about was there when the page was opened."""
    return _error(request, HTTPStatus.NOT_FOUND, "No se guardó nada: entretanto alguien eliminó el caso o el registro.")


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 page. Rendered without context, as the database may have failed. Shows the number of the log."""
    if outage := outage_of(sys.exception()):
        return _unavailable(request, outage)
    body, headers = envelope.unexpected(f"{request.method} {request.path}", sys.exception())
    if envelope.wants_json(request):
        return JsonResponse(body, status=HTTPStatus.INTERNAL_SERVER_ERROR, headers=headers)
    page = render_to_string("500.html", {"number": headers["X-Error-Id"]})
    return HttpResponse(page, status=HTTPStatus.INTERNAL_SERVER_ERROR, headers=headers)


def _unavailable(request: HttpRequest, outage: Outage) -> HttpResponse:
    """The database is unavailable, or the disk. What was typed in a form is kept."""
    logger.error("outage (%s): %s", outage.name, type(sys.exception()).__name__)
    if databases.read_connection().alias == databases.REPLICA:
        databases.give_up_replica()
        request.replica_failed = True  # type: ignore[attr-defined]  # for nova.middleware
    headers = {"Retry-After": str(envelope.RETRY_SECONDS), "Cache-Control": "no-store"}
    status = HTTPStatus.SERVICE_UNAVAILABLE
    if envelope.wants_json(request):
        return JsonResponse(envelope.unavailable(outage.sentence), status=status, headers=headers)
    if _is_fragment(request):
        response = _refusal(outage.sentence, status)
    else:
        response = HttpResponse(render_to_string("503.html", {"outage": outage}), status=status)
    for name, value in headers.items():
        response.headers[name] = value
    return response


def conflict(request: HttpRequest, message: str) -> HttpResponse:
    """409: somebody else changed the object, and the view did not handle it."""
    return _error(request, HTTPStatus.CONFLICT, message)


def method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    response = _error(request, HTTPStatus.METHOD_NOT_ALLOWED, "Esta dirección no se usa así.")
    response["Allow"] = allowed
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "El formulario venció: actualice la página y envíelo otra vez."
    return _error(request, HTTPStatus.FORBIDDEN, message, "403_csrf.html")


def too_many_requests(request: HttpRequest, *, wait: int) -> HttpResponse:
    """429 with Retry-After; `wait` is in seconds."""
    message = f"Demasiados intentos. Espere {wait_in_words(wait)} y vuelva a probar."
    response = _error(request, HTTPStatus.TOO_MANY_REQUESTS, message)
    response["Retry-After"] = str(wait)
    return response


def _ended_elsewhere(request: HttpRequest) -> HttpResponse:
    """The session ended during this request: a changed password, or the user ended it elsewhere."""
    if envelope.wants_json(request):
        return envelope.failure("Su sesión se cerró: ingrese otra vez.", status=HTTPStatus.UNAUTHORIZED)
    return (
        HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
        if _is_fragment(request)
        else redirect(settings.LOGIN_URL)
    )


def _refusal(message: str, status: HTTPStatus) -> HttpResponse:
    """An error for the live region; the page and its form stay as they are."""
    response = reswap(HttpResponse(render_to_string("_refusal.html", {"message": message}), status=status), "none")
    return push_url(response, False)


def _is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asked for a part of a page, for use before its middleware has run.

    A boosted link asks for a page, unless it names the part that it replaces.
    """
    headers = request.headers
    return "HX-Request" in headers and ("HX-Boosted" not in headers or "HX-Target" in headers)


def _error(request: HttpRequest, status: HTTPStatus, message: str, template: str = "") -> HttpResponse:
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        security.log_refusal(request, status)
    if envelope.wants_json(request):
        return envelope.failure(message, status=status)
    if _is_fragment(request):
        return _refusal(message, status)
    context: dict[str, Any] = {"message": message}
    return render(request, template or f"{status.value}.html", context, status=status)
