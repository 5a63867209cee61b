"""Since when an arrangement stays ended though its ledger says otherwise. The indexes are of a table that came with 0039."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0056_keep_the_sums_of_arrangements"),
    ]

    operations = [
        migrations.AddField(
            model_name="arrangement",
            name="stays_ended_since",
            field=models.DateField(
                blank=True,
                editable=False,
                help_text="Sus pagos alcanzarían para que siga vigente o cumplido; lo que se acordó después lo impide.",
                null=True,
                verbose_name="terminado pese a sus pagos desde",
            ),
        ),
        migrations.AddIndex(
            model_name="arrangement",
            index=models.Index(
                condition=models.Q(("status", "completed")), fields=["closed_on"], name="arrangement_completed"
            ),
        ),
        migrations.AddIndex(
            model_name="arrangement",
            index=models.Index(
                condition=models.Q(("stays_ended_since__isnull", False)),
                fields=["stays_ended_since"],
                name="arrangement_stays_ended",
            ),
        ),
    ]
