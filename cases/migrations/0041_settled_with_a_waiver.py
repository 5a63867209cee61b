"""The status of cases of which something was waived. The two that rules name from now on are active and of their stage
unless staff have changed them: then they are put right, for the rules move cases to them."""

from django.db import migrations

SLUG, ARRANGED = "pagada-con-quita", "con-arreglo"


def forwards(apps, schema_editor):
    CaseStatus = apps.get_model("cases", "CaseStatus")
    last = CaseStatus.objects.filter(stage="pagada").order_by("-position").values_list("position", flat=True).first()
    CaseStatus.objects.get_or_create(
        slug=SLUG,
        defaults={
            "name": "Pagada con quita",
            "stage": "pagada",
            "color": "#4d7c0f",
            "position": (last or 60) + 1,
        },
    )
    CaseStatus.objects.get_or_create(
        slug=ARRANGED,
        defaults={"name": "Con arreglo", "stage": "promesa", "color": "#a21caf", "position": 50},
    )
    CaseStatus.objects.filter(slug__in=[SLUG, ARRANGED]).update(is_active=True)
    # Where cases have it, its stage is copied on them: verify_data says what is wrong then.
    CaseStatus.objects.filter(slug=ARRANGED, cases__isnull=True).update(stage="promesa")


def backwards(apps, schema_editor):
    """A status in use stays."""
    apps.get_model("cases", "CaseStatus").objects.filter(slug=SLUG, cases__isnull=True).delete()


class Migration(migrations.Migration):
    dependencies = [("cases", "0040_reasons_of_adjustments")]

    operations = [migrations.RunPython(forwards, backwards)]
