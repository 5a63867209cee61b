"""The index of parts of names takes new people in bulk, as that of phones does: entered one by one they were a quarter
of an import's time.

What waits to be entered is read by every search (2 ms at 1 MB); a bulk load enters it at its end.
"""

from django.db import migrations

INDEX = "debtor_search_trigram"


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER INDEX {INDEX} SET (fastupdate = on, gin_pending_list_limit = 1024)")


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER INDEX {INDEX} SET (fastupdate = off)")
        schema_editor.execute(f"ALTER INDEX {INDEX} RESET (gin_pending_list_limit)")
        schema_editor.execute(f"SELECT gin_clean_pending_list('{INDEX}')")


class Migration(migrations.Migration):
    dependencies = [("cases", "0052_words_of_the_screens")]

    operations = [migrations.RunPython(forwards, backwards)]
