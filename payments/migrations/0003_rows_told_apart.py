"""What all of a row says, whatever account it came under, and the version that a decision is made against."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_seed_layouts")]

    operations = [
        migrations.AddField(
            model_name="paymentrow",
            name="content",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="paymentrow",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name="paymentrow",
            name="is_another",
            field=models.BooleanField(default=False, editable=False, verbose_name="es otro pago"),
        ),
    ]
