"""Which columns the return file of a cartera has."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0062_imports_that_can_be_undone"),
    ]

    operations = [
        migrations.AddField(
            model_name="cartera",
            name="return_columns",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                verbose_name="columnas de la devolución",
            ),
        ),
    ]
