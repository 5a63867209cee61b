"""The layouts that come with the program. None was checked with a real file: an agency says when it has (DESIGN §5.1).

They stand beside it as they were on its day: a later change of `payments.reading.seeds` is a migration of its own.
"""

import json
from pathlib import Path

from django.db import migrations

SEEDS = Path(__file__).with_suffix(".json")


def seed(apps, schema_editor):
    layouts = apps.get_model("payments", "Layout").objects.using(schema_editor.connection.alias)
    for spec in json.loads(SEEDS.read_text(encoding="utf-8")):
        layouts.get_or_create(code=spec["code"], defaults={"name": spec["label"], "spec": spec})


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_first")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
