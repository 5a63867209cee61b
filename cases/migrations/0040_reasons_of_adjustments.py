"""What the reasons of adjustments may be. PostgreSQL checks the rows that are there, and builds the index, without
stopping writers."""

from django.db import migrations, models

from nova.lib.constraints import AddConstraintLive

NAME = "ledger_by_arrangement"


def forwards(apps, schema_editor):
    is_live = schema_editor.connection.vendor == "postgresql"
    concurrently = "CONCURRENTLY" if is_live else ""
    schema_editor.execute(f"DROP INDEX {concurrently} IF EXISTS {NAME}")  # of a run that was interrupted
    schema_editor.execute(
        f"CREATE INDEX {concurrently} {NAME} ON cases_ledgerentry (arrangement_id, value_date) "
        "WHERE arrangement_id IS NOT NULL"
    )


def backwards(apps, schema_editor):
    schema_editor.execute(f"DROP INDEX {NAME}")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0039_arrangements")]

    operations = [
        AddConstraintLive(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["", "creditor", "plan_interest", "waiver", "correction", "fee"])),
                name="ledger_reason_known",
            ),
        ),
        AddConstraintLive(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("arrangement__isnull", False),
                        ("kind", "adjustment"),
                        ("reason__in", ["plan_interest", "waiver"]),
                    ),
                    models.Q(
                        ("arrangement__isnull", True),
                        models.Q(
                            ("reason", ""),
                            models.Q(("kind", "adjustment"), ("reason__in", ["creditor", "correction", "fee"])),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="ledger_only_adjustments_have_reasons",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[
                migrations.AddIndex(
                    model_name="ledgerentry",
                    index=models.Index(
                        condition=models.Q(("arrangement__isnull", False)),
                        fields=["arrangement", "value_date"],
                        name="ledger_by_arrangement",
                    ),
                )
            ],
        ),
    ]
