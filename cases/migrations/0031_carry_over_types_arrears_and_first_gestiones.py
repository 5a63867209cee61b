"""What the new columns say about rows that are there, and cases «sin gestión» that have gestiones."""

from django.db import migrations
from django.db.models import F

TYPES = {"WSP": "message", "MAIL": "email", "VIS": "visit", "CD": "note", "NOTA": "note"}
CHUNK = 5_000


def chunks(rows):
    """Querysets of the rows by ranges of ids, so that no statement locks a million of them."""
    last = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    for start in range(0, last + 1, CHUNK):
        yield rows.filter(pk__gt=start, pk__lte=start + CHUNK)


def forwards(apps, schema_editor):
    Case, Status = apps.get_model("cases", "Case"), apps.get_model("cases", "CaseStatus")
    for code, kind in TYPES.items():
        apps.get_model("cases", "ActivityResult").objects.filter(code=code).update(type=kind)
    # A creditor's date after the placement came with a later file: what was known at placement is gone.
    known = Case.objects.filter(creditor_last_payment_date__lte=F("placed_on"))
    for part in chunks(known.filter(arrears_since__isnull=True)):
        part.update(arrears_since=F("creditor_last_payment_date"))
    for part in chunks(Case.objects.filter(arrears_since__isnull=True)):
        part.update(arrears_since=F("placed_on"))
    statuses = {status.slug: status for status in Status.objects.filter(slug__in=["sin-gestion", "en-gestion"])}
    if len(statuses) == 2 and statuses["en-gestion"].stage == statuses["sin-gestion"].stage:
        worked = Case.objects.filter(status=statuses["sin-gestion"], last_activity_at__isnull=False)
        for part in chunks(worked):
            part.update(status=statuses["en-gestion"])


class Migration(migrations.Migration):
    atomic = False  # every chunk commits by itself

    dependencies = [("cases", "0030_effects_arrears_and_types")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True)]
