"""Imports that can be undone: which placed a case or posted an entry, and what it changed, as it was before."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PLACED_BY = {
    "blank": True,
    "db_constraint": False,
    "db_index": False,
    "editable": False,
    "null": True,
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": "cases.importbatch",
    "verbose_name": "importación",
}


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0061_search_what_creditors_send"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("case", "import_batch", models.ForeignKey(**PLACED_BY)),
        migrations.AddField("ledgerentry", "import_batch", models.ForeignKey(**PLACED_BY)),
        migrations.AddField(
            "importbatch",
            "kind",
            models.CharField(
                choices=[("cases", "Cartera"), ("recall", "Bajas")],
                db_default="cases",
                default="cases",
                max_length=6,
                verbose_name="qué es",
            ),
        ),
        migrations.AddField(
            "importbatch",
            "undone_at",
            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="deshecha"),
        ),
        migrations.AddField(
            "importbatch",
            "undone_by",
            models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="deshecha por",
            ),
        ),
        migrations.AddConstraint(
            "importbatch",
            models.CheckConstraint(condition=models.Q(("kind__in", ["cases", "recall"])), name="import_kind_known"),
        ),
        migrations.CreateModel(
            name="ImportChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("former", models.JSONField(default=dict, verbose_name="antes")),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="cases.importbatch",
                        verbose_name="importación",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="import_changes",
                        to="cases.case",
                        verbose_name="caso",
                    ),
                ),
                (
                    "debtor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="import_changes",
                        to="cases.debtor",
                        verbose_name="deudor",
                    ),
                ),
            ],
            options={
                "verbose_name": "cambio de una importación",
                "verbose_name_plural": "cambios de importaciones",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("case__isnull", False), ("debtor__isnull", True))
                        | models.Q(("case__isnull", True), ("debtor__isnull", False)),
                        name="import_change_of_one_row",
                    )
                ],
            },
        ),
    ]
