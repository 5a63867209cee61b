"""The OpenAPI schema: the descriptions of the views, in the envelope, with every possible error."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.serializers import BaseSerializer

from nova.lib.rest.fields import QuerySerializer

Schema = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"
PAGINATED = "x-paginated"

IDEMPOTENCY_FORM = "[A-Za-z0-9._~:-]{1,100}"
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 100, "pattern": f"^{IDEMPOTENCY_FORM}$"},
    OpenApiParameter.HEADER,
    description="La misma clave con el mismo cuerpo recibe otra vez la primera respuesta; con otro cuerpo, 409.",
)
VERSION_FORM = '(?:W/)?"?([0-9]{1,9})"?'
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": rf"^({VERSION_FORM}|\*)$"},
    OpenApiParameter.HEADER,
    description='La versión leída, como vino en ETag (`"7"`). Si el caso cambió desde entonces, 409.',
)


def listing(operation_id: str, summary: str, rows: type[BaseSerializer], query: type[QuerySerializer]) -> Any:
    """Describes a paginated list of `rows`, for a view that answers with `paged`."""
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        parameters=[query],
        responses=rows(many=True),
        extensions={PAGINATED: True},
    )


REFUSALS = {
    "400": ("Datos que corregir: `details` nombra cada campo.", "Hay datos que corregir."),
    "401": ("Sin sesión ni token válido.", "Falta iniciar sesión o enviar un token."),
    "403": ("El rol no alcanza, o falta el token CSRF.", "Su usuario no puede hacer esto."),
    "404": ("No existe, o no está a cargo de quien pregunta.", "No existe, o no está a su cargo."),
    "405": ("Esa dirección no admite ese método.", "Esa dirección no admite ese método."),
    "409": ("Versión vieja, clave usada con otro cuerpo, caso con historia, u otro se adelantó.", "El pedido choca."),
    "415": ("El cuerpo no es application/json.", "Envíe los datos como application/json."),
    "429": ("Demasiados pedidos: espere `Retry-After` segundos.", "Demasiados pedidos."),
    "500": ("Falla nuestra: `X-Error-Id` la identifica en el registro.", "Algo falló de nuestro lado."),
    "503": (
        "Ahora no se puede: `error` dice por qué. Repítalo después de `Retry-After` segundos.",
        "La base no responde.",
    ),
}
# The addresses without an id that take one in the body or as a parameter.
NAME_A_CASE = ("update-status", "register-management", "offers")
HEADERS = {
    "429": {"Retry-After": {"schema": {"type": "integer"}, "description": "Segundos"}},
    "500": {"X-Error-Id": {"schema": {"type": "string"}}},
    "503": {"Retry-After": {"schema": {"type": "integer"}, "description": "Segundos"}},
}


class EnvelopeSchema(AutoSchema):
    def get_tags(self) -> list[str]:
        """The tag is the first word of the path after /api/v1."""
        return [self._tokenize_path()[0]] if self._tokenize_path() else ["api"]

    def get_description(self) -> str:  # type: ignore[override]
        """Empty: docstrings of views are for developers; integrators read the summaries."""
        return ""


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.tokens.ApiTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        description = "`Token …`, con un token emitido en la administración."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": description}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "nova.lib.rest.access.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        description = "La sesión del sitio; lo que escribe necesita además X-CSRFToken."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": description}


def in_the_envelope(result: Schema, generator: Any, **kwargs: Any) -> Schema:
    """Postprocessing hook: adds envelopes and errors, and forbids unknown keys in objects."""
    components = result["components"]["schemas"]
    for schema in components.values():
        if schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
            schema.pop("description", None)  # a docstring, for developers
    components["Pagination"] = _object(page=_whole(1), per_page=_whole(1), total=_whole(0), pages=_whole(0))
    components["Refusal"] = _object(
        success={"type": "boolean", "enum": [False]},
        error={"type": "string", "description": "Qué pasó y qué hacer, para una persona."},
        details={
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "description": "Los mensajes de cada campo; los de adentro de un objeto, como `promise.amount`.",
        },
        status_code={"type": "integer", "enum": [int(code) for code in REFUSALS]},
    )
    for method, path, operation in _operations(result):
        is_paginated = operation.pop(PAGINATED, False)
        for code, response in operation["responses"].items():
            if code.startswith("2"):
                _wrap(response, is_paginated=is_paginated)
        for code in _refusals_of(method, path, operation):
            operation["responses"][code] = _refusal(code)
    return result


def _operations(result: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, item in result["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def _wrap(response: Schema, *, is_paginated: bool) -> None:
    media = response["content"].get(JSON)
    if media is None:  # a file
        return
    more = {"pagination": {"$ref": "#/components/schemas/Pagination"}} if is_paginated else {}
    media["schema"] = _object(success={"type": "boolean", "enum": [True]}, data=media["schema"], **more)


def _refusals_of(method: str, path: str, operation: Schema) -> Iterator[str]:
    names_a_case = "{" in path or any(name in path for name in NAME_A_CASE)
    yield from ("400", "401", "403")
    if names_a_case:
        yield "404"
    if method != "get":
        yield "409"
    if "requestBody" in operation:
        yield "415"
    yield from ("429", "500", "503")


def _refusal(code: str) -> Schema:
    description, sentence = REFUSALS[code]
    details = {"amount": ["Introduzca un número válido."]} if code == "400" else {}
    example = {"success": False, "error": sentence, "details": details, "status_code": int(code)}
    made: Schema = {
        "description": description,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/Refusal"}, "example": example}},
    }
    if code in HEADERS:
        made["headers"] = HEADERS[code]
    return made


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _whole(minimum: int) -> Schema:
    return {"type": "integer", "minimum": minimum}
