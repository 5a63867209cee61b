"""The text that searches compare: lower case, without accents and punctuation, the same on PostgreSQL and SQLite."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.db.backends.signals import connection_created
from django.db.models import Value
from django.db.models.functions import Replace, Upper
from django.dispatch import receiver

FUNCTION, FOLD = "nova_search_text", "nova_fold"
EXTRA_VALUE, WITHOUT_KEY = "nova_extra_value", "nova_without_key"  # on SQLite

# The migration that writes the SQL function spells these out: change both, and make the stored texts anew.
_MARKS = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans("ØøĐđŁłÞþÐðıŊŋĦħŦŧ", "OoDdLlTtDdiNnHhTt")
_DIGRAPHS = str.maketrans({"ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe"})
_PUNCTUATION = "!-/:-@\\[-`{-~\u00a1-\u00bf\u02b0-\u02ff\u2010-\u205e\u20a0-\u20cf\u2190-\u2bff\u3000-\u303f"
_NOT_WORDS = re.compile(f"[{_PUNCTUATION}]")
_SPACES = re.compile("[ \t\n\r\f\v]+")
_INITIALS = re.compile("(?<![^ ])([^ ]) (?=[^ ](?![^ ]))")
# What people write inside a word: D'AMICO, D’AMICO, S.R.L. Every other sign parts two words.
_INSIDE_A_WORD = re.compile("['`.\u00b4\u2018\u2019\u02b9-\u02bf\u2032]")


def fold(text: str) -> str:
    """Lower case without accents."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text)).translate(_LETTERS).translate(_DIGRAPHS)
    return text.lower()


def normalize(text: str | None) -> str | None:
    """The same as the SQL function that a migration creates on PostgreSQL; SQLite uses this one.

    Punctuation goes, and single letters stand together: «D'AMICO» is «damico», «S.R.L.» and «S. R. L.» are «srl».
    """
    if text is None:
        return None
    return _INITIALS.sub(r"\1", _SPACES.sub(" ", _NOT_WORDS.sub("", fold(text))))


def compact(text: str) -> str:
    """A card, a legajo: its letters and digits alone, so that «4509-1234 5678» is found however it is typed."""
    return (normalize(text) or "").replace(" ", "")


def extra_text(extra: Mapping[str, str], keys: Iterable[str]) -> str:
    """`Case.extra_text`: what these keys say, each compact, between spaces."""
    return " ".join(filter(None, (compact(extra.get(key, "")) for key in keys)))


def words_of(text: str) -> list[str]:
    """The words that a stored text must contain, from a search as people type it."""
    return _NOT_WORDS.sub(" ", fold(_INSIDE_A_WORD.sub("", text))).split()


class SearchText(models.Func):
    """`nova_search_text(text)`: an immutable function on PostgreSQL, a Python function on SQLite."""

    function = FUNCTION
    arity = 1
    output_field = models.TextField()


class Fold(models.Func):
    """`nova_fold(text)`: `fold` in SQL; what makes two names of carteras the same."""

    function = FOLD
    arity = 1
    output_field = models.TextField()


class Among(models.Func):
    """Whether a field is one of the values of a queryset, which PostgreSQL reads whole and once, before anything else.

    For when its planner would be wrong about how many there are.
    """

    template = "(%(expressions)s)"
    arg_joiner = " IN "
    output_field = models.BooleanField()

    def __init__(self, field: str, values: Any) -> None:
        super().__init__(models.F(field), models.Subquery(values))

    def as_postgresql(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        joined = {"template": "(%(expressions)s))", "arg_joiner": " = ANY(ARRAY"}
        return self.as_sql(compiler, connection, **joined, **kwargs)


class OneOf(models.Func):
    """Whether a field is one of these values, of which there are thousands: one parameter on PostgreSQL.

    `IN`, with a parameter for each, takes three to five times as long for 5,000.
    """

    output_field = models.BooleanField()

    def __init__(self, field: str, values: Iterable[Any]) -> None:
        super().__init__(models.F(field))
        self.values = list(values)

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        field, params = compiler.compile(self.source_expressions[0])
        return f"{field} IN ({', '.join(['%s'] * len(self.values))})", (*params, *self.values)

    def as_postgresql(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        field, params = compiler.compile(self.source_expressions[0])
        return f"{field} = ANY(%s)", (*params, self.values)


class WithoutZeros(models.Func):
    """A key without the zeros in front: «00451» is «451»."""

    function = "LTRIM"
    template = "%(function)s(%(expressions)s, '0')"
    arity = 1
    output_field = models.TextField()


def key_text(field: str = "nro_cliente") -> Upper:
    """What the search of a key compares, as the index `case_by_key` has it."""
    return Upper(WithoutZeros(field))


def phone_text(field: str) -> Any:
    """The digits of a phone, also of one that is stored as it was given; the index `phone_digits_trigram` has it."""
    expression: Any = field
    for sign in " -().":
        expression = Replace(expression, Value(sign), Value(""))
    return expression


def compact_text(field: Any) -> Any:
    """`compact` in SQL."""
    return Replace(SearchText(field), Value(" "), Value(""), output_field=models.TextField())


class ExtraValue(models.Func):
    """What an object of texts says under a key, null where it has none. (Django takes the key «2024» for a place.)"""

    function = "jsonb_extract_path_text"
    arity = 2
    output_field = models.TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        return self.as_sql(compiler, connection, function=EXTRA_VALUE, **kwargs)


class WithoutKey(models.Func):
    """An object without a key."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    arity = 2
    output_field = models.JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        called = {"template": "%(function)s(%(expressions)s)", "function": WITHOUT_KEY, "arg_joiner": ", "}
        return self.as_sql(compiler, connection, **called, **kwargs)


def _without_key(text: str, key: str) -> str:
    return json.dumps({name: value for name, value in json.loads(text).items() if name != key}, ensure_ascii=False)


@receiver(connection_created)
def register_on_sqlite(connection: Any, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function(FUNCTION, 1, normalize, deterministic=True)
        connection.connection.create_function(FOLD, 1, lambda text: text and fold(text), deterministic=True)
        # Functions of Python here: SQLite has no way to quote any header in a path.
        connection.connection.create_function(EXTRA_VALUE, 2, lambda text, key: json.loads(text).get(key))
        connection.connection.create_function(WITHOUT_KEY, 2, _without_key)
