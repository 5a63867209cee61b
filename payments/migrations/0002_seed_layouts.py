"""The layouts that come with the program. None was checked with a real file: an agency says when it has (DESIGN §5.1)."""

from django.db import migrations

from payments.reading.seeds import SEEDS


def seed(apps, schema_editor):
    layouts = apps.get_model("payments", "Layout").objects.using(schema_editor.connection.alias)
    for spec in SEEDS:
        layouts.get_or_create(code=spec["code"], defaults={"name": spec["label"], "spec": spec})


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_first")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
