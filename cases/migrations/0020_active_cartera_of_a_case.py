from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0019_stops_of_today")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="in_active_cartera",
            field=models.BooleanField(db_default=True, default=True, editable=False, verbose_name="cartera activa"),
        ),
    ]
