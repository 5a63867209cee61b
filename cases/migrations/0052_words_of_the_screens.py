"""The words that the screens use: «prioridad», «no sirve», «deuda original», «recibida el». Nothing changes in the database."""

import django.core.validators
from django.db import migrations, models

import nova.lib.dates


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0051_texts_of_papers"),
    ]

    operations = [
        migrations.AlterField(
            model_name="activityresult",
            name="band",
            field=models.PositiveSmallIntegerField(
                blank=True,
                choices=[
                    (1, "Volver a llamar"),
                    (2, "Promesa incumplida"),
                    (3, "Manifiesta pago"),
                    (4, "Promesa por vencer"),
                    (5, "Nuevo"),
                    (6, "Seguimiento"),
                    (7, "Resto"),
                ],
                help_text="Vacío: según las reglas.",
                null=True,
                verbose_name="prioridad",
            ),
        ),
        migrations.AlterField(
            model_name="activityresult",
            name="marks_phone_bad",
            field=models.BooleanField(default=False, verbose_name="marca que el teléfono no sirve"),
        ),
        migrations.AlterField(
            model_name="case",
            name="amount",
            field=models.DecimalField(decimal_places=2, max_digits=15, verbose_name="deuda original"),
        ),
        migrations.AlterField(
            model_name="case",
            name="placed_on",
            field=models.DateField(default=nova.lib.dates.today, verbose_name="recibida el"),
        ),
        migrations.AlterField(
            model_name="case",
            name="queue_band",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (1, "Volver a llamar"),
                    (2, "Promesa incumplida"),
                    (3, "Manifiesta pago"),
                    (4, "Promesa por vencer"),
                    (5, "Nuevo"),
                    (6, "Seguimiento"),
                    (7, "Resto"),
                ],
                default=5,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(7)],
                verbose_name="prioridad",
            ),
        ),
        migrations.AlterField(
            model_name="debtorphone",
            name="state",
            field=models.CharField(
                choices=[("unverified", "Sin verificar"), ("good", "Bueno"), ("bad", "No sirve")],
                default="unverified",
                max_length=10,
                verbose_name="estado",
            ),
        ),
    ]
