"""The statuses of DESIGN §2. Staff may edit them afterwards; a later migration never overwrites their edits."""

from django.db import migrations

# slug, name, stage, default of its stage, color
STATUSES = [
    ("sin-gestion", "Sin gestión", "en_gestion", True, "#64748b"),
    ("en-gestion", "En gestión", "en_gestion", False, "#0284c7"),
    ("contactado", "Contactado", "en_gestion", False, "#0d9488"),
    ("promesa", "Promesa de pago", "promesa", True, "#7c3aed"),
    ("con-arreglo", "Con arreglo", "promesa", False, "#a21caf"),
    ("pagada", "Pagada", "pagada", True, "#15803d"),
    ("incobrable", "Incobrable", "incobrable", True, "#b45309"),
    ("a-juicio", "A juicio", "incobrable", False, "#b91c1c"),
    ("de-baja", "De baja", "de_baja", True, "#44403c"),
]


def forwards(apps, schema_editor):
    CaseStatus = apps.get_model("cases", "CaseStatus")
    for position, (slug, name, stage, is_default, color) in enumerate(STATUSES, start=1):
        CaseStatus.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "stage": stage,
                "is_stage_default": is_default,
                "color": color,
                "position": position * 10,
            },
        )


def backwards(apps, schema_editor):
    """Statuses in use stay: the foreign key would refuse, and the tables go with 0001 anyway."""
    CaseStatus = apps.get_model("cases", "CaseStatus")
    CaseStatus.objects.filter(slug__in=[row[0] for row in STATUSES], cases__isnull=True).delete()


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_postgresql_search_and_ledger_guard")]

    operations = [migrations.RunPython(forwards, backwards)]
