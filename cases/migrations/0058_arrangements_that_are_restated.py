"""When the creditor last stated another total of an arrangement. The index is of a table that came with 0039."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0057_arrangements_that_stay_ended"),
    ]

    operations = [
        migrations.AddField(
            model_name="arrangement",
            name="restated_on",
            field=models.DateField(
                blank=True, editable=False, null=True, verbose_name="actualizado por el acreedor el"
            ),
        ),
        migrations.AddIndex(
            model_name="arrangement",
            index=models.Index(
                condition=models.Q(("status", "active")), fields=["restated_on"], name="arrangement_restated"
            ),
        ),
    ]
