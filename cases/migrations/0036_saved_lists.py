"""Lists of cases that people give a name."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import cases.searching


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0035_queue_by_person"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="nombre")),
                ("query", models.JSONField(blank=True, default=dict, verbose_name="filtros")),
                ("shared", models.BooleanField(default=False, verbose_name="compartida")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="creada")),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_lists",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="de quién",
                    ),
                ),
            ],
            options={
                "verbose_name": "lista guardada",
                "verbose_name_plural": "listas guardadas",
                "indexes": [
                    models.Index(condition=models.Q(("shared", True)), fields=["name", "id"], name="saved_list_shared")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("owner"),
                        cases.searching.Fold("name"),
                        name="saved_list_name_unique",
                        violation_error_message="Ya tiene una lista con ese nombre.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="saved_list_name_present"
                    ),
                ],
            },
        ),
    ]
