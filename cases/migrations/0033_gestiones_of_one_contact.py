"""Finds the gestiones that one save recorded. PostgreSQL builds the index without stopping writers."""

from django.db import migrations, models

NAME = "activity_by_submission"


def forwards(apps, schema_editor):
    is_live = schema_editor.connection.vendor == "postgresql"
    concurrently = "CONCURRENTLY" if is_live else ""
    schema_editor.execute(f"DROP INDEX {concurrently} IF EXISTS {NAME}")  # of a run that was interrupted
    schema_editor.execute(
        f"CREATE INDEX {concurrently} {NAME} ON cases_activity (submission) WHERE submission IS NOT NULL"
    )


def backwards(apps, schema_editor):
    schema_editor.execute(f"DROP INDEX {NAME}")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0032_one_cartera_a_name")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[
                migrations.AddIndex(
                    model_name="activity",
                    index=models.Index(
                        condition=models.Q(("submission__isnull", False)),
                        fields=["submission"],
                        name="activity_by_submission",
                    ),
                )
            ],
        )
    ]
