"""Headers as Django can read them: it builds the request before any middleware, and an error there is a bare 500."""

import codecs
from typing import Any

from django.utils.http import parse_header_parameters

# The encodings in which text reaches us. Of the others that Python knows, base64 and zlib decode no text, idna and
# punycode raise, utf-16 reads a query string as something else.
TEXT_ENCODINGS = frozenset({"utf-8", "ascii", "iso8859-1", "cp1252"})


def make_readable(environ: dict[str, Any]) -> None:
    """Remove from the headers of a request what Django fails on. The rest of each header keeps its meaning."""
    content_type = environ.get("CONTENT_TYPE", "")
    if ";" in content_type and not _is_readable(content_type):
        environ["CONTENT_TYPE"] = content_type.partition(";")[0]
    # gunicorn refuses these itself; the server of development hands them over.
    if not environ.get("CONTENT_LENGTH", "").isdecimal():
        environ["CONTENT_LENGTH"] = ""
    # A parameter that names its own encoding (RFC 2231). Nobody who knows what they want sends one here.
    if "*=" in environ.get("HTTP_ACCEPT", ""):
        del environ["HTTP_ACCEPT"]


def _is_readable(content_type: str) -> bool:
    try:
        _, parameters = parse_header_parameters(content_type)
    except (LookupError, ValueError):
        return False
    return "charset" not in parameters or _is_text_encoding(parameters["charset"])


def _is_text_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name).name in TEXT_ENCODINGS
    except (LookupError, ValueError):
        return False
