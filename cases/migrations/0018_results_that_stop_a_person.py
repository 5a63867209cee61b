"""Which of the seeded results stop the person and which the debt alone (DESIGN §4). Staff may edit it afterwards."""

from django.db import migrations

CODES = ("NOC", "FAL", "ABG")


def forwards(apps, schema_editor):
    ActivityResult = apps.get_model("cases", "ActivityResult")
    ActivityResult.objects.filter(code__in=CODES, stops_case=True).update(stops_person=True)


def backwards(apps, schema_editor):
    """The column goes with the migration before."""


class Migration(migrations.Migration):
    dependencies = [("cases", "0017_stop_flags")]

    operations = [migrations.RunPython(forwards, backwards)]
