"""Waivers and instalments, the newest first, as the rows of their figures list them. Built while people work."""

from django.db import migrations, models

INDEXES = {
    "ledgerentry": models.Index(
        fields=["-value_date", "-id"], condition=models.Q(("reason", "waiver")), name="ledger_waivers_newest"
    ),
    "instalment": models.Index(fields=["-due_on", "-id"], name="instalment_newest"),
}


def drop(schema_editor, name):
    concurrently = "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP INDEX {concurrently}IF EXISTS {name}")


def forwards(apps, schema_editor):
    for name, index in INDEXES.items():
        drop(schema_editor, index.name)  # of a run that was interrupted
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.add_index(apps.get_model("cases", name), index, concurrently=True)
        else:
            schema_editor.add_index(apps.get_model("cases", name), index)


def backwards(apps, schema_editor):
    for index in INDEXES.values():
        drop(schema_editor, index.name)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0058_arrangements_that_are_restated")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[migrations.AddIndex(model_name=name, index=index) for name, index in INDEXES.items()],
        ),
    ]
