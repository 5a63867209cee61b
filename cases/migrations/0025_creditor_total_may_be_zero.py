from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0024_why_a_work_phone")]

    operations = [
        migrations.RemoveConstraint(model_name="case", name="case_creditor_total_positive"),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("creditor_total__isnull", True), ("creditor_total__gte", 0), _connector="OR"),
                name="case_creditor_total_not_negative",
            ),
        ),
    ]
