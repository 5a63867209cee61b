"""The JSON envelope of every endpoint (DESIGN §7 "Envelope")."""

import logging
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, JsonResponse

logger = logging.getLogger("nova.api")

API_PREFIX = "/api/v1/"


def wants_json(request: HttpRequest) -> bool:
    """Whether the client expects JSON: the path is of the API, the body is JSON, or JSON is preferred to HTML."""
    if request.path.startswith(API_PREFIX) or request.content_type == "application/json":
        return True
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


class Enveloped(dict[str, Any]):
    """Data that already has its envelope: a page of a list, an error."""


def enveloped(data: Any, **more: Any) -> Enveloped:
    """The envelope of a success; a list adds its `pagination`."""
    return Enveloped(success=True, data=data, **more)


def enveloped_page(data: Any, *, page: int, per_page: int, total: int) -> Enveloped:
    """The envelope of a page of a list; an empty list has no pages."""
    pagination = {"page": page, "per_page": per_page, "total": total, "pages": -(-total // per_page)}
    return enveloped(data, pagination=pagination)


def refusal(message: str, *, status: int, details: dict[str, list[str]] | None = None) -> Enveloped:
    """`message` is a Spanish sentence; `details` has the messages of each field."""
    return Enveloped(success=False, error=message, details=details or {}, status_code=status)


def success(data: Any, *, status: int = 200) -> JsonResponse:
    return JsonResponse(enveloped(data), status=status)


def failure(message: str, *, status: int, details: dict[str, list[str]] | None = None) -> JsonResponse:
    return JsonResponse(refusal(message, status=status, details=details), status=status)


RETRY_SECONDS = 10
COLLISION = "No se guardó nada: otra persona guardó o eliminó lo mismo en ese momento. Revise cómo quedó y repítalo."


def unavailable(message: str) -> Enveloped:
    """A 503: the request may be repeated."""
    return refusal(message, status=503)


def unexpected(where: str, error: BaseException | None) -> tuple[Enveloped, dict[str, str]]:
    """(body, headers) of a 500: only a number, under which the log has the details."""
    number = uuid4().hex[:12]
    logger.error("%s failed with %s [%s]", where, type(error).__name__, number, exc_info=error)
    body = refusal("Algo falló de nuestro lado: nada se guardó.", status=500, details={"error_id": [number]})
    return body, {"X-Error-Id": number}
