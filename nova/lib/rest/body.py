"""Reading and writing the JSON of the API."""

import codecs
import json
from decimal import Decimal
from typing import IO, Any
from urllib.parse import parse_qsl

from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser, MultiPartParser
from rest_framework.renderers import JSONRenderer

from nova.lib.envelope import Enveloped, enveloped

MAX_BODY = 2_621_440  # bytes; as Django's own limit for forms


def _not_a_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


class StrictJSONParser(JSONParser):
    """JSON whose numbers stay exact; any error in it is a 400."""

    def parse(self, stream: IO[Any], media_type: Any = None, parser_context: Any = None) -> Any:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise exceptions.ParseError("El cuerpo del pedido es demasiado grande.")
        try:
            text = codecs.decode(body, "utf-8")
            return json.loads(text, parse_float=Decimal, parse_constant=_not_a_number, object_pairs_hook=_without_twins)
        except UnicodeDecodeError as error:
            raise exceptions.ParseError("El cuerpo no está en UTF-8.") from error
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError("El cuerpo no es un JSON válido.") from error


class FilesParser(MultiPartParser):
    """A form with files; one that is cut, or has no boundary, is a 400 in words."""

    def parse(self, stream: IO[Any], media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except exceptions.ParseError as error:
            raise exceptions.ParseError(
                "El formulario con el archivo llegó cortado o mal formado (multipart/form-data): envíelo de nuevo."
            ) from error


class FormParser(BaseParser):
    """A posted form as the object that JSON would have: texts, without what was left empty and without Django's token.

    Only for views whose fields read numbers from text.
    """

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: IO[Any], media_type: Any = None, parser_context: Any = None) -> Any:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise exceptions.ParseError("El cuerpo del pedido es demasiado grande.")
        try:
            pairs = parse_qsl(codecs.decode(body, "utf-8"), keep_blank_values=True, errors="strict", max_num_fields=100)
            form = _without_twins(pairs)
        except UnicodeDecodeError as error:
            raise exceptions.ParseError("El cuerpo no está en UTF-8.") from error
        except ValueError as error:
            raise exceptions.ParseError("El formulario repite un campo, o tiene demasiados.") from error
        return {name: value for name, value in form.items() if value and name != "csrfmiddlewaretoken"}


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object with a repeated key."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key appears twice")
    return made


def as_sent(data: Any) -> Any:
    """`data` as the client reads it: JSON written and read back."""
    return json.loads(JSONRenderer().render(data))


class EnvelopeRenderer(JSONRenderer):
    """`{"success": true, "data": …}` around the data of a view; errors already have one (nova.exceptions)."""

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        response = (renderer_context or {}).get("response")
        if response is not None and not isinstance(data, Enveloped):
            data = enveloped(data)
        return super().render(data, accepted_media_type, renderer_context)


class JSONWhateverIsAsked(BaseContentNegotiation):
    """Always JSON: an `Accept` that wants something else is ignored, never a 406."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        content_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
