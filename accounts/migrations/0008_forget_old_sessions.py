"""Sessions live in accounts.Session now: those of before open nothing any more, and their rows would stay for ever."""

from django.db import migrations


def forwards(apps, schema_editor):
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_sessions_and_second_factor"), ("sessions", "0001_initial")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True)]
