"""The text that searches compare: lower case, without accents, the same on PostgreSQL and SQLite."""

from typing import Any

from django.db import models
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from nova.lib.text import without_accents

FUNCTION = "nova_search_text"


def normalize(text: str | None) -> str | None:
    """The same as the SQL function that a migration creates on PostgreSQL; SQLite uses this one."""
    if text is None:
        return None
    text = text.lower()
    if text.isascii():
        return text
    return without_accents(text)


class SearchText(models.Func):
    """`nova_search_text(text)`: an immutable wrapper of unaccent on PostgreSQL, a Python function on SQLite."""

    function = FUNCTION
    arity = 1
    output_field = models.TextField()


@receiver(connection_created)
def register_on_sqlite(connection: Any, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function(FUNCTION, 1, normalize, deterministic=True)
