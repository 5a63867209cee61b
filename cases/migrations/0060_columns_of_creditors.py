"""What creditors send besides. Columns with a constant default rewrite no table."""

import django.db.models.deletion
from django.db import migrations, models

import cases.searching


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0059_lists_of_waivers_and_instalments"),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="extra",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                editable=False,
                verbose_name="datos del acreedor",
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="extra_text",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.CreateModel(
            name="CarteraField",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("header", models.CharField(max_length=100, verbose_name="columna del acreedor")),
                ("label", models.CharField(max_length=60, verbose_name="nombre")),
                ("shown", models.BooleanField(db_default=True, default=True, verbose_name="en la pantalla")),
                ("searchable", models.BooleanField(db_default=False, default=False, verbose_name="se busca")),
                ("in_report", models.BooleanField(db_default=False, default=False, verbose_name="en la rendición")),
                ("in_return", models.BooleanField(db_default=False, default=False, verbose_name="en la devolución")),
                ("order", models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="orden")),
                (
                    "cartera",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fields",
                        to="cases.cartera",
                        verbose_name="cartera",
                    ),
                ),
            ],
            options={
                "verbose_name": "dato del acreedor",
                "verbose_name_plural": "datos del acreedor",
                "ordering": ["order", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("cartera"),
                        cases.searching.Fold("header"),
                        name="cartera_field_header_unique",
                        violation_error_message="La cartera ya guarda una columna con ese encabezado.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("header", ""), _negated=True), name="cartera_field_header_present"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("label", ""), _negated=True), name="cartera_field_label_present"
                    ),
                ],
            },
        ),
    ]
