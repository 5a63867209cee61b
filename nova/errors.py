"""Errors as the one who asked can read them: a page for people, the envelope for programs."""

import sys
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django_htmx.http import reswap

from nova.lib import envelope
from nova.lib.dates import wait_in_words


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    # The host may be the forged part, so nothing that needs it is looked at.
    if envelope.wants_json(request):
        return envelope.failure("El pedido no se puede leer.", status=HTTPStatus.BAD_REQUEST)
    return HttpResponse(render_to_string("400.html"), status=HTTPStatus.BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, HTTPStatus.FORBIDDEN, "Su usuario no puede hacer esto.", "403.html")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, HTTPStatus.NOT_FOUND, "La dirección no existe, o lo que muestra no está a su cargo.")


def server_error(request: HttpRequest) -> HttpResponse:
    """No context: the database may be what failed."""
    if envelope.wants_json(request):
        body, headers = envelope.unexpected(f"{request.method} {request.path}", sys.exception())
        return JsonResponse(body, status=HTTPStatus.INTERNAL_SERVER_ERROR, headers=headers)
    return HttpResponse(render_to_string("500.html"), status=HTTPStatus.INTERNAL_SERVER_ERROR)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "El formulario venció: actualice la página y envíelo otra vez."
    return _error(request, HTTPStatus.FORBIDDEN, message, "403_csrf.html")


def too_many_requests(request: HttpRequest, *, wait: int) -> HttpResponse:
    """429 with Retry-After; `wait` is in seconds."""
    message = f"Demasiados intentos. Espere {wait_in_words(wait)} y vuelva a probar."
    response = _error(request, HTTPStatus.TOO_MANY_REQUESTS, message)
    response["Retry-After"] = str(wait)
    return response


def _error(request: HttpRequest, status: HTTPStatus, message: str, template: str = "") -> HttpResponse:
    if envelope.wants_json(request):
        return envelope.failure(message, status=status)
    if getattr(request, "htmx", None) and not request.htmx.boosted:  # type: ignore[attr-defined]
        # Said in the live region; the page, with whatever was typed in it, stays as it is.
        return reswap(render(request, "_refusal.html", {"message": message}, status=status), "none")
    context: dict[str, Any] = {"message": message}
    return render(request, template or f"{status.value}.html", context, status=status)
