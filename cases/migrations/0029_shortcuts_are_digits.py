"""The key of a result is a digit from 1 to 6, or none, and none for a result that stops (DESIGN §4)."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("cases", "0028_results_by_digit")]

    operations = [
        migrations.AlterField(
            model_name="activityresult",
            name="shortcut",
            field=models.CharField(
                blank=True,
                help_text="De 1 a 6, para los seis más usados. Lo que detiene no tiene tecla.",
                max_length=1,
                verbose_name="tecla",
            ),
        ),
        migrations.AddConstraint(
            model_name="activityresult",
            constraint=models.CheckConstraint(
                condition=Q(shortcut__in=["", "1", "2", "3", "4", "5", "6"]),
                name="result_shortcut_is_a_digit",
                violation_error_message="La tecla es un número de 1 a 6, o ninguna.",
            ),
        ),
        migrations.AddConstraint(
            model_name="activityresult",
            constraint=models.CheckConstraint(
                condition=Q(shortcut="") | Q(stops_case=False),
                name="result_that_stops_has_no_shortcut",
                violation_error_message="Un resultado que detiene no tiene tecla: se elige y se confirma.",
            ),
        ),
    ]
