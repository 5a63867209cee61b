"""The tally of cases goes: the book (0013, 0014) counts them by cartera, gestor and status."""

import importlib

from django.db import migrations

tally = importlib.import_module("cases.migrations.0012_tally_of_cases")


class Migration(migrations.Migration):
    dependencies = [("cases", "0014_keep_the_rollups")]

    operations = [
        migrations.RunPython(tally.backwards, tally.forwards),
        migrations.DeleteModel(name="CaseTally"),
    ]
