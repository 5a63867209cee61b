"""PostgreSQL plans no parallel workers for a query that names an unsafe function: a search shows its first page, and
workers would run on to the end of a gestor's cases for it (87 ms against 25 ms at 20,000 cases)."""

from django.db import migrations


def mark_function(apps, schema_editor, safety="UNSAFE"):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER FUNCTION nova_search_text(text) PARALLEL {safety}")


def unmark_function(apps, schema_editor):
    mark_function(apps, schema_editor, "SAFE")


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_indexes_of_the_gestors_screen")]

    operations = [migrations.RunPython(mark_function, unmark_function)]
