"""The catalogue of result codes of DESIGN §4. Staff may edit it afterwards."""

from django.db import migrations

# D direct contact, A attempt, P needs promise, S stops the case, B marks the phone bad, W asks when
# code, name, group, flags, next action (business days), band, shortcut
RESULTS = [
    ("PP", "Promesa de pago", "directo", "DAP", None, None, "4"),
    ("YP", "Manifiesta pago", "directo", "DA", 2, 3, "5"),
    ("NEG", "Negociación abierta", "directo", "DA", 3, None, ""),
    ("VLL", "Volver a llamar", "directo", "DAW", None, 1, "3"),
    ("DIF", "Dificultad de pago", "directo", "DA", 15, None, ""),
    ("REN", "Renuente", "directo", "DA", 7, None, ""),
    ("DES", "Desconoce la deuda", "directo", "DAS", None, None, ""),
    ("REC", "Reclamo", "directo", "DAS", None, None, ""),
    ("ABG", "Remite a abogado", "directo", "DAS", None, None, ""),
    ("NOC", "Pide no ser contactado", "directo", "DAS", None, None, ""),
    ("TER", "Mensaje con tercero, sin mencionar la deuda", "indirecto", "A", 2, None, ""),
    ("FAL", "Fallecido", "indirecto", "AS", None, None, ""),
    ("NC", "No contesta", "sin_contacto", "A", 1, None, "1"),
    ("OCU", "Ocupado", "sin_contacto", "A", 1, None, ""),
    ("BUZ", "Contestador", "sin_contacto", "A", 1, None, "2"),
    ("FS", "Fuera de servicio", "sin_contacto", "A", 1, None, ""),
    ("APA", "Apagado", "sin_contacto", "A", 1, None, ""),
    ("EQ", "Equivocado", "dato_invalido", "AB", None, None, "6"),
    ("INX", "Inexistente", "dato_invalido", "AB", None, None, ""),
    ("WSP", "Mensaje de WhatsApp", "otro", "A", 3, None, ""),
    ("MAIL", "Correo", "otro", "A", 3, None, ""),
    ("CD", "Carta documento", "otro", "A", 3, None, ""),
    ("VIS", "Visita", "otro", "A", 5, None, ""),
    ("NOTA", "Nota interna", "otro", "", None, None, ""),
]


def forwards(apps, schema_editor):
    ActivityResult = apps.get_model("cases", "ActivityResult")
    for position, (code, name, group, flags, days, band, shortcut) in enumerate(RESULTS, start=1):
        ActivityResult.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "group": group,
                "is_direct_contact": "D" in flags,
                "is_attempt": "A" in flags,
                "needs_promise": "P" in flags,
                "stops_case": "S" in flags,
                "marks_phone_bad": "B" in flags,
                "asks_when": "W" in flags,
                "next_action_days": days,
                "band": band,
                "shortcut": shortcut,
                "position": position * 10,
            },
        )


def backwards(apps, schema_editor):
    """Codes in use stay: the foreign key would refuse, and the tables go with 0001 anyway."""
    ActivityResult = apps.get_model("cases", "ActivityResult")
    ActivityResult.objects.filter(
        code__in=[row[0] for row in RESULTS], activities__isnull=True, stopped_cases__isnull=True
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_seed_statuses")]

    operations = [migrations.RunPython(forwards, backwards)]
