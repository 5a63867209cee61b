from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0025_creditor_total_may_be_zero")]

    operations = [
        migrations.AddField(
            model_name="importbatch",
            name="originals",
            field=models.JSONField(default=list, editable=False, verbose_name="filas originales"),
        ),
    ]
