"""Where the sums of arrangements are kept for the dashboard. A column with a constant default rewrites no table; the
index is of a table that came with 0039."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0054_effects_on_arrangements")]

    operations = [
        migrations.AddField(
            model_name="dailytotal", name="waived", field=models.BigIntegerField(db_default=0, default=0)
        ),
        migrations.AddField(
            model_name="dailytotal", name="agreed", field=models.BigIntegerField(db_default=0, default=0)
        ),
        migrations.CreateModel(
            name="InstalmentTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "grain",
                    models.PositiveSmallIntegerField(choices=[(0, "gestor y cartera"), (1, "cartera"), (2, "gestor")]),
                ),
                ("day", models.DateField()),
                ("cartera_id", models.BigIntegerField(null=True)),
                ("gestor_id", models.BigIntegerField(null=True)),
                ("late", models.SmallIntegerField(null=True)),
                ("closed", models.SmallIntegerField(null=True)),
                ("instalments", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "total de cuotas",
                "verbose_name_plural": "totales de cuotas",
                "indexes": [models.Index(fields=["grain", "day"], name="instalments_by_day")],
            },
        ),
        migrations.AddIndex(
            model_name="arrangement",
            index=models.Index(fields=["case"], name="arrangement_running", condition=models.Q(status="active")),
        ),
    ]
