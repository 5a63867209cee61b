"""The index by which a row finds those that say the same. Built while people work."""

from django.db import migrations, models

INDEX = models.Index(fields=["content"], name="payment_row_by_content", condition=~models.Q(content=""))


def drop(schema_editor):
    concurrently = "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP INDEX {concurrently}IF EXISTS {INDEX.name}")


def forwards(apps, schema_editor):
    drop(schema_editor)  # of a run that was interrupted
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.add_index(apps.get_model("payments", "paymentrow"), INDEX, concurrently=True)
    else:
        schema_editor.add_index(apps.get_model("payments", "paymentrow"), INDEX)


def backwards(apps, schema_editor):
    drop(schema_editor)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0003_rows_told_apart")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[migrations.AddIndex(model_name="paymentrow", index=INDEX)],
        ),
    ]
