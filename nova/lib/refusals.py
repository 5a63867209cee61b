"""Maps a `ValidationError` of a service to the fields of a form or of a request."""

from collections.abc import Mapping
from types import MappingProxyType

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

NO_NAMES: Mapping[str, str] = MappingProxyType({})


def by_field(error: ValidationError, names: Mapping[str, str] = NO_NAMES) -> dict[str, list[str]]:
    """The messages by field. `names` maps fields to other names; those without a field are under NON_FIELD_ERRORS."""
    refused = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    return {names.get(name, name): sentences for name, sentences in refused.items()}
