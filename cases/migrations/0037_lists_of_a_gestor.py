"""What searches and lists read of a gestor's cases, in one index: PostgreSQL builds it while people work."""

from django.db import migrations, models

INDEX = models.Index(
    fields=["assigned_to", "debtor"],
    include=[
        "id",
        "balance",
        "stage",
        "in_active_cartera",
        "stopped_at",
        "queue_band",
        "next_action_at",
        "last_activity_at",
    ],
    name="case_by_gestor_person",
)


def forwards(apps, schema_editor):
    case = apps.get_model("cases", "Case")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX.name}")  # of a run that was interrupted
        schema_editor.add_index(case, INDEX, concurrently=True)
    else:
        schema_editor.add_index(case, INDEX)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX.name}")
    else:
        schema_editor.execute(f"DROP INDEX IF EXISTS {INDEX.name}")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0036_saved_lists")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[migrations.AddIndex(model_name="case", index=INDEX)],
        ),
    ]
