"""The indexes of the queue and of idle cases without those of inactive carteras. PostgreSQL builds the new ones beside
the old ones, so that queues stay fast and writers do not wait."""

from django.db import migrations, models

OPEN = "stage IN ('en_gestion', 'promesa') AND stopped_at IS NULL"
INDEXES = {
    "case_queue": "(assigned_to_id, queue_band, next_action_at, balance DESC, id)",
    "case_idle": "(assigned_to_id, last_activity_at, created_at)",
}


def build(schema_editor, condition):
    is_live = schema_editor.connection.vendor == "postgresql"
    concurrently = "CONCURRENTLY" if is_live else ""
    for name, columns in INDEXES.items():
        if is_live:
            schema_editor.execute(f"DROP INDEX {concurrently} IF EXISTS {name}_new")  # of a run that was interrupted
            schema_editor.execute(f"CREATE INDEX {concurrently} {name}_new ON cases_case {columns} WHERE {condition}")
            schema_editor.execute(f"DROP INDEX {concurrently} {name}")
            schema_editor.execute(f"ALTER INDEX {name}_new RENAME TO {name}")
        else:
            schema_editor.execute(f"DROP INDEX {name}")
            schema_editor.execute(f"CREATE INDEX {name} ON cases_case {columns} WHERE {condition}")


def forwards(apps, schema_editor):
    build(schema_editor, f"in_active_cartera AND {OPEN}")


def backwards(apps, schema_editor):
    build(schema_editor, OPEN)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0021_cases_of_inactive_carteras")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[
                migrations.RemoveIndex(model_name="case", name="case_queue"),
                migrations.RemoveIndex(model_name="case", name="case_idle"),
                migrations.AddIndex(
                    model_name="case",
                    index=models.Index(
                        models.F("assigned_to"),
                        models.F("queue_band"),
                        models.F("next_action_at"),
                        models.OrderBy(models.F("balance"), descending=True),
                        models.F("id"),
                        condition=models.Q(
                            ("in_active_cartera", True),
                            ("stage__in", ["en_gestion", "promesa"]),
                            ("stopped_at__isnull", True),
                        ),
                        name="case_queue",
                    ),
                ),
                migrations.AddIndex(
                    model_name="case",
                    index=models.Index(
                        condition=models.Q(
                            ("in_active_cartera", True),
                            ("stage__in", ["en_gestion", "promesa"]),
                            ("stopped_at__isnull", True),
                        ),
                        fields=["assigned_to", "last_activity_at", "created_at"],
                        name="case_idle",
                    ),
                ),
            ],
        ),
    ]
