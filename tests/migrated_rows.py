"""What the migrations left in the tables, given back each time that a transactional test empties them.

Content types, permissions, statuses, result codes: as they were, with their numbers. Running the seeds of the
migrations and Django's own signals again took longer than many of the tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.core.management.commands import flush
from django.db import connection, models, transaction

Rows = dict[type[models.Model], list[models.Model]]


def read() -> Rows:
    """Of the tables that have any."""
    kept: Rows = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy and (found := list(model._base_manager.all())):
            kept[model] = found
    return kept


@contextmanager
def given_back(rows: Rows) -> Iterator[None]:
    """Every `flush`, which ends a transactional test, ends with those rows."""

    def give_back(*args: object, **kwargs: object) -> None:
        ContentType.objects.clear_cache()
        with transaction.atomic():  # constraints between tables are looked at when it ends
            for model, instances in rows.items():
                model._base_manager.bulk_create(instances)
            with connection.cursor() as cursor:
                for statement in connection.ops.sequence_reset_sql(no_style(), list(rows)):
                    cursor.execute(statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "emit_post_migrate_signal", give_back)
        yield
