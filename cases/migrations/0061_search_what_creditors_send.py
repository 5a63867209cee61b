"""The index of what is searched of a creditor's other columns, like that of names; of cases that have any. Built while
people work.

New texts are entered in bulk (`0038_index_of_phones_takes_many_at_once`).
"""

from django.db import migrations

INDEX = "case_extra_trigram"


def drop(schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")


def forwards(apps, schema_editor):
    drop(schema_editor)  # of a run that was interrupted
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE INDEX CONCURRENTLY {INDEX} ON cases_case USING gin (extra_text gin_trgm_ops)"
            " WITH (fastupdate = on, gin_pending_list_limit = 1024) WHERE extra_text <> ''"
        )


def backwards(apps, schema_editor):
    drop(schema_editor)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0060_columns_of_creditors")]

    operations = [migrations.RunPython(forwards, backwards)]
