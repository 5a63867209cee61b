"""What searches and lists read of a gestor's cases, and of the debts of their people, in one index each: PostgreSQL
builds both while people work. The second one takes the place of the index of the foreign key."""

import django.db.models.deletion
from django.db import migrations, models

INDEXES = [
    models.Index(
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
    ),
    models.Index(fields=["debtor", "last_activity_at"], include=["id"], name="case_by_debtor"),
]
OF_THE_KEY = "cases_case_debtor_id_5937be53"


def drop(schema_editor, name):
    concurrently = "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP INDEX {concurrently}IF EXISTS {name}")


def forwards(apps, schema_editor):
    case = apps.get_model("cases", "Case")
    for index in INDEXES:
        drop(schema_editor, index.name)  # of a run that was interrupted
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.add_index(case, index, concurrently=True)
        else:
            schema_editor.add_index(case, index)
    drop(schema_editor, OF_THE_KEY)


def backwards(apps, schema_editor):
    concurrently = "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""
    drop(schema_editor, OF_THE_KEY)
    schema_editor.execute(f"CREATE INDEX {concurrently}{OF_THE_KEY} ON cases_case (debtor_id)")
    for index in INDEXES:
        drop(schema_editor, index.name)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0036_saved_lists")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[
                *(migrations.AddIndex(model_name="case", index=index) for index in INDEXES),
                migrations.AlterField(
                    model_name="case",
                    name="debtor",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="cases.debtor",
                        verbose_name="deudor",
                    ),
                ),
            ],
        ),
    ]
