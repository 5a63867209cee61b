"""The column came with one key for all rows there were: each gets its own."""

import uuid

from django.db import migrations


def forwards(apps, schema_editor):
    submissions = apps.get_model("contact", "ContactSubmission").objects
    for pk in submissions.values_list("pk", flat=True):
        submissions.filter(pk=pk).update(key=uuid.uuid4())


class Migration(migrations.Migration):
    dependencies = [("contact", "0002_outbox")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True)]
