"""The error envelope of the API (DESIGN §7): every error under /api/v1 is answered here."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler
from rest_framework.views import set_rollback

from cases.services import AnotherSubmission, ArrangementConflict, StaleVersion
from nova.lib import security
from nova.lib.databases import Gone, is_collision
from nova.lib.envelope import COLLISION, refusal, unexpected
from nova.lib.outages import outage_of
from nova.lib.refusals import by_field
from nova.lib.rest.views import Conflict

logger = logging.getLogger(__name__)

Details = dict[str, list[str]]
SENTENCES = {
    status.HTTP_401_UNAUTHORIZED: "Falta iniciar sesión o enviar un token.",
    status.HTTP_403_FORBIDDEN: "Su usuario no puede hacer esto.",
    status.HTTP_404_NOT_FOUND: "No existe, o no está a su cargo.",
    status.HTTP_405_METHOD_NOT_ALLOWED: "Esa dirección no admite ese método.",
}


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """The exception handler of DRF."""
    error = _known(error, context)
    response = drf_handler(error, dict(context))
    if response is None:
        return _unexpected(error, context)
    if response.status_code in (status.HTTP_403_FORBIDDEN, status.HTTP_429_TOO_MANY_REQUESTS):
        security.log_refusal(context["request"], response.status_code)
    details, message = _said(error, response.status_code)
    response.data = refusal(message, status=response.status_code, details=details)
    return response


class UnreadableType(exceptions.APIException):
    """A body of a type that the route does not read; it says the one that it does."""

    status_code = status.HTTP_415_UNSUPPORTED_MEDIA_TYPE

    def __init__(self, media_type: str) -> None:
        super().__init__(f"Envíe los datos como {media_type}.")


def _known(error: Exception, context: Mapping[str, Any]) -> Exception:
    """Errors of services and of Django as DRF exceptions."""
    if isinstance(error, DjangoValidationError):
        return exceptions.ValidationError(by_field(error, {NON_FIELD_ERRORS: "non_field_errors"}))
    if isinstance(error, StaleVersion):
        return Conflict({"version": [f"Otra persona cambió el caso: ya está en la versión {error.current.version}."]})
    if isinstance(error, AnotherSubmission):
        return Conflict({"Idempotency-Key": ["Esa clave ya se usó con otro contenido: nada se hizo."]})
    if isinstance(error, ArrangementConflict):
        return Conflict(str(error))
    if isinstance(error, PermissionDenied) and str(error):
        return exceptions.PermissionDenied(str(error))
    if isinstance(error, Gone):
        return Http404()
    if is_collision(error):
        logger.warning("two writers collided", exc_info=error)
        return Conflict(COLLISION)
    if isinstance(error, exceptions.UnsupportedMediaType):
        return UnreadableType(context["request"].parsers[0].media_type)
    if isinstance(error, SuspiciousOperation):
        return exceptions.ParseError("El pedido no se puede leer.")
    return error


def _said(error: Exception, status_code: int) -> tuple[Details, str]:
    """(details by field, sentence) of an error."""
    detail = getattr(error, "detail", None)
    details = dict(_flat(detail)) if isinstance(detail, dict | list) else {}
    if details:
        first = next(iter(details.values()))[0]
        return details, first if isinstance(error, Conflict) else "Hay datos que corregir."
    if isinstance(error, exceptions.Throttled):
        return {}, f"Demasiados pedidos. Espere {int(getattr(error, 'wait', None) or 1)} segundos y vuelva a probar."
    if isinstance(error, Http404 | PermissionDenied | exceptions.MethodNotAllowed):
        return {}, SENTENCES[status_code]
    is_default = detail is None or str(detail) == str(getattr(error, "default_detail", ""))
    return {}, SENTENCES.get(status_code, str(detail)) if is_default else str(detail)


def _flat(detail: Any, path: str = "") -> Iterable[tuple[str, list[str]]]:
    """`{"promise": {"amount": [..]}}` as `promise.amount: [..]`."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        for number, inner in enumerate(detail):
            yield from _flat(inner, f"{path}.{number}" if path else str(number))
    elif detail:
        texts = detail if isinstance(detail, list) else [detail]
        yield path or "non_field_errors", [str(text) for text in texts]


def _unexpected(error: Exception, context: Mapping[str, Any]) -> Response:
    if outage_of(error):
        raise error  # not handled here: nova.lib.errors answers, or ReplicaMiddleware tries again
    set_rollback()
    request = context.get("request")
    where = f"{request.method} {request.path}" if request is not None else "?"
    body, headers = unexpected(where, error)
    return Response(body, status=status.HTTP_500_INTERNAL_SERVER_ERROR, headers=headers)
