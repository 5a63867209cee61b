"""The index of the queue also has the debtor: a person is one row, and people are counted from the index alone.
PostgreSQL builds it beside the old one, so that queues stay fast and writers do not wait."""

from django.db import migrations, models

OLD = "(assigned_to_id, queue_band, next_action_at, balance DESC, id)"
NEW = "(assigned_to_id, queue_band, next_action_at, balance DESC, id, debtor_id)"
CONDITION = "in_active_cartera AND stage IN ('en_gestion', 'promesa') AND stopped_at IS NULL"


def build(schema_editor, columns):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS case_queue_new")  # of a run that was interrupted
        schema_editor.execute(f"CREATE INDEX CONCURRENTLY case_queue_new ON cases_case {columns} WHERE {CONDITION}")
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS case_queue")
        schema_editor.execute("ALTER INDEX case_queue_new RENAME TO case_queue")
    else:
        schema_editor.execute("DROP INDEX IF EXISTS case_queue")
        schema_editor.execute(f"CREATE INDEX case_queue ON cases_case {columns} WHERE {CONDITION}")


def forwards(apps, schema_editor):
    build(schema_editor, NEW)


def backwards(apps, schema_editor):
    build(schema_editor, OLD)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0034_references_as_they_are_compared")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[
                migrations.RemoveIndex(model_name="case", name="case_queue"),
                migrations.AddIndex(
                    model_name="case",
                    index=models.Index(
                        models.F("assigned_to"),
                        models.F("queue_band"),
                        models.F("next_action_at"),
                        models.OrderBy(models.F("balance"), descending=True),
                        models.F("id"),
                        models.F("debtor"),
                        condition=models.Q(
                            ("in_active_cartera", True),
                            ("stage__in", ["en_gestion", "promesa"]),
                            ("stopped_at__isnull", True),
                        ),
                        name="case_queue",
                    ),
                ),
            ],
        ),
    ]
