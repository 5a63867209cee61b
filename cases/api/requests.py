"""Reading requests: the checked body, the version of the case, and the idempotency key."""

import re
from collections.abc import Callable
from typing import Any

from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.permissions import Request
from cases import submitting
from nova.lib.rest.body import as_sent
from nova.lib.rest.schema import IDEMPOTENCY_FORM, VERSION_FORM

IDEMPOTENCY = re.compile(IDEMPOTENCY_FORM)
MATCH = re.compile(VERSION_FORM)


def once(request: Request, act: Callable[[], Response]) -> Response:
    """Run `act`; for an `Idempotency-Key` already used with the same body, return the first answer (§3.7)."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    if not IDEMPOTENCY.fullmatch(key):
        raise ValidationError({"Idempotency-Key": ["De 1 a 100 letras, números o los signos . _ ~ : -"]})

    def answer() -> dict[str, Any]:
        response = act()
        return {"status": response.status_code, "data": as_sent(response.data)}

    kept = submitting.once(request, key, {"body": request.data}, answer)
    return Response(kept["data"], status=kept["status"])


def read_version(request: Request, sent: int | None) -> int | None:
    """The version that the caller has read, from `If-Match` or the body; None when it is in neither (§2)."""
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return sent
    match = MATCH.fullmatch(header)
    if match is None:
        raise ValidationError({"If-Match": ['Envíe el ETag de la lectura, como "7".']})
    version = int(match[1])
    if sent is not None and sent != version:
        raise ValidationError({"version": ["If-Match y version dicen cosas distintas."]})
    return version


def checked(serializer: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    checking = serializer(data=request.data)
    checking.is_valid(raise_exception=True)
    return checking.validated_data


def created(serializer: serializers.BaseSerializer) -> Response:
    return Response(serializer.data, status=status.HTTP_201_CREATED)
