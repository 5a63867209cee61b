"""The copy of the carteras that are inactive already; all others have the default."""

from django.db import migrations


def forwards(apps, schema_editor):
    Case = apps.get_model("cases", "Case")
    Case.objects.filter(cartera__is_active=False).update(in_active_cartera=False)


def backwards(apps, schema_editor):
    """The column goes with the migration before."""


class Migration(migrations.Migration):
    dependencies = [("cases", "0020_active_cartera_of_a_case")]

    operations = [migrations.RunPython(forwards, backwards)]
