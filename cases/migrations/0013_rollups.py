"""The tables of what the dashboard adds up; the next migration keeps them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0012_tally_of_cases"),
    ]

    operations = [
        migrations.CreateModel(
            name="BookTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cartera_id", models.BigIntegerField()),
                ("gestor_id", models.BigIntegerField(null=True)),
                ("status_id", models.BigIntegerField()),
                ("cases", models.BigIntegerField()),
                ("owed", models.BigIntegerField()),
                ("stopped", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "total de la cartera",
                "verbose_name_plural": "totales de la cartera",
            },
        ),
        migrations.CreateModel(
            name="DailyTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "grain",
                    models.PositiveSmallIntegerField(choices=[(0, "gestor y cartera"), (1, "cartera"), (2, "gestor")]),
                ),
                ("day", models.DateField()),
                ("cartera_id", models.BigIntegerField(null=True)),
                ("gestor_id", models.BigIntegerField(null=True)),
                ("recovered", models.BigIntegerField()),
                ("placed", models.BigIntegerField()),
                ("owed", models.BigIntegerField()),
                ("kept", models.BigIntegerField()),
                ("broken", models.BigIntegerField()),
                ("activities", models.BigIntegerField()),
                ("attempts", models.BigIntegerField()),
                ("direct", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "total diario",
                "verbose_name_plural": "totales diarios",
            },
        ),
        migrations.CreateModel(
            name="DataVersion",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("version", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "versión de los datos",
                "verbose_name_plural": "versiones de los datos",
            },
        ),
        migrations.AddIndex(
            model_name="dailytotal",
            index=models.Index(fields=["grain", "day"], name="daily_by_day"),
        ),
        migrations.AddIndex(
            model_name="dailytotal",
            index=models.Index(condition=models.Q(("grain", 0)), fields=["cartera_id", "day"], name="daily_of_cartera"),
        ),
        migrations.AddIndex(
            model_name="dailytotal",
            index=models.Index(condition=models.Q(("grain", 0)), fields=["gestor_id", "day"], name="daily_of_gestor"),
        ),
    ]
