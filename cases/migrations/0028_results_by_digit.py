"""Results are chosen by a digit: the six usual ones get theirs, the letters of before go (DESIGN §4)."""

from django.db import migrations

KEYS = {"NC": "1", "BUZ": "2", "VLL": "3", "PP": "4", "YP": "5", "EQ": "6"}


def forwards(apps, schema_editor):
    results = apps.get_model("cases", "ActivityResult").objects.all()
    results.exclude(shortcut__in=KEYS.values()).update(shortcut="")
    results.filter(stops_case=True).update(shortcut="")
    # A digit that staff gave stays; an inactive code takes none from an active one.
    taken = set(results.exclude(shortcut="").values_list("shortcut", flat=True))
    for code, key in KEYS.items():
        if key not in taken:
            results.filter(code=code, shortcut="", stops_case=False, is_active=True).update(shortcut=key)


def backwards(apps, schema_editor):
    """Digits are keys for the version before too; which letters there were is not known any more."""


class Migration(migrations.Migration):
    dependencies = [("cases", "0027_wider_addresses_and_phones")]

    operations = [migrations.RunPython(forwards, backwards)]
