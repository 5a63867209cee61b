"""References of new payments are compared without case, accents and runs of spaces. No row that is there changes, and
PostgreSQL builds the index without stopping writers."""

from django.db import migrations, models

NAME = "ledger_reference_key_unique"


def forwards(apps, schema_editor):
    is_live = schema_editor.connection.vendor == "postgresql"
    concurrently = "CONCURRENTLY" if is_live else ""
    schema_editor.execute(f"DROP INDEX {concurrently} IF EXISTS {NAME}")  # of a run that was interrupted
    schema_editor.execute(
        f"CREATE UNIQUE INDEX {concurrently} {NAME} ON cases_ledgerentry (cartera_id, reference_key) "
        "WHERE reference_key IS NOT NULL"
    )


def backwards(apps, schema_editor):
    schema_editor.execute(f"DROP INDEX {NAME}")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0033_gestiones_of_one_contact")]

    operations = [
        migrations.AddField(
            model_name="ledgerentry",
            name="reference_key",
            field=models.CharField(blank=True, editable=False, max_length=80, null=True),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[
                migrations.AddConstraint(
                    model_name="ledgerentry",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("reference_key__isnull", False)),
                        fields=("cartera", "reference_key"),
                        name="ledger_reference_key_unique",
                        violation_error_message="Esa referencia ya está usada en la cartera.",
                    ),
                )
            ],
        ),
    ]
