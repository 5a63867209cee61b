"""The index of parts of phones takes new numbers in bulk: entered one by one they were half of an import's time.

What waits to be entered is read by every search, so it stays small (1 MB, some milliseconds).
"""

from django.db import migrations

INDEX = "phone_digits_trigram"


def alter(schema_editor, setting):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER INDEX {INDEX} {setting}")


def forwards(apps, schema_editor):
    alter(schema_editor, "SET (fastupdate = on, gin_pending_list_limit = 1024)")


def backwards(apps, schema_editor):
    alter(schema_editor, "SET (fastupdate = off)")
    alter(schema_editor, "RESET (gin_pending_list_limit)")


class Migration(migrations.Migration):
    dependencies = [("cases", "0037_lists_of_a_gestor")]

    operations = [migrations.RunPython(forwards, backwards)]
