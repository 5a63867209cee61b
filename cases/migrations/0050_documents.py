"""Papers that were issued, their numbers and their texts."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0041_settled_with_a_waiver"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DocumentCounter",
            fields=[
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("agreement", "Convenio"),
                            ("receipt", "Recibo"),
                            ("clearance", "Libre deuda"),
                            ("statement", "Estado de deuda"),
                        ],
                        max_length=9,
                        primary_key=True,
                        serialize=False,
                        verbose_name="tipo",
                    ),
                ),
                ("last", models.PositiveIntegerField(default=0, verbose_name="último número")),
            ],
            options={
                "verbose_name": "numeración de papeles",
                "verbose_name_plural": "numeraciones de papeles",
            },
        ),
        migrations.CreateModel(
            name="PaperText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.CharField(
                        choices=[
                            ("agency_name", "Agencia: razón social"),
                            ("agency_cuit", "Agencia: CUIT"),
                            ("agency_address", "Agencia: domicilio"),
                            ("agency_contact", "Agencia: teléfono y correo"),
                            ("payment_means", "Medios de pago"),
                            ("receipt", "Recibo: pago a cuenta"),
                            ("receipt_completes", "Recibo: pago que cancela un convenio"),
                            ("clearance", "Libre deuda"),
                            ("statement", "Estado de deuda"),
                            ("agreement", "Convenio: qué se acuerda"),
                            ("agreement_default", "Convenio: cláusula de incumplimiento"),
                        ],
                        max_length=20,
                        unique=True,
                        verbose_name="texto",
                    ),
                ),
                ("text", models.TextField(blank=True, max_length=5000, verbose_name="contenido")),
            ],
            options={
                "verbose_name": "texto de los papeles",
                "verbose_name_plural": "textos de los papeles",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "slug__in",
                                [
                                    "agency_name",
                                    "agency_cuit",
                                    "agency_address",
                                    "agency_contact",
                                    "payment_means",
                                    "receipt",
                                    "receipt_completes",
                                    "clearance",
                                    "statement",
                                    "agreement",
                                    "agreement_default",
                                ],
                            )
                        ),
                        name="paper_text_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("agreement", "Convenio"),
                            ("receipt", "Recibo"),
                            ("clearance", "Libre deuda"),
                            ("statement", "Estado de deuda"),
                        ],
                        max_length=9,
                        verbose_name="tipo",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="número")),
                ("code", models.CharField(editable=False, max_length=16, verbose_name="código de verificación")),
                ("sha256", models.CharField(editable=False, max_length=64, verbose_name="SHA-256")),
                ("file", models.BinaryField(verbose_name="archivo")),
                ("content", models.JSONField(default=dict, editable=False, verbose_name="lo que dice")),
                ("texts", models.JSONField(default=dict, editable=False, verbose_name="textos que se aplicaron")),
                (
                    "issued_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="emitido"),
                ),
                ("voided_at", models.DateTimeField(blank=True, null=True, verbose_name="anulado")),
                ("void_reason", models.CharField(blank=True, max_length=300, verbose_name="por qué se anuló")),
                (
                    "arrangement",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="cases.arrangement",
                        verbose_name="convenio",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="cases.case",
                        verbose_name="caso",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="cases.ledgerentry",
                        verbose_name="pago",
                    ),
                ),
                (
                    "issued_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="emitido por",
                    ),
                ),
                (
                    "voided_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="anulado por",
                    ),
                ),
            ],
            options={
                "verbose_name": "papel",
                "verbose_name_plural": "papeles",
                "indexes": [models.Index(fields=["case", "-id"], name="document_by_case")],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "number"), name="document_number_unique"),
                    models.UniqueConstraint(fields=("code",), name="document_code_unique"),
                    models.CheckConstraint(condition=models.Q(("number__gt", 0)), name="document_number_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["agreement", "receipt", "clearance", "statement"])),
                        name="document_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("entry__isnull", False), ("kind", "receipt")),
                            models.Q(models.Q(("kind", "receipt"), _negated=True), ("entry__isnull", True)),
                            _connector="OR",
                        ),
                        name="document_receipt_is_of_a_payment",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("entry__isnull", False), ("voided_at__isnull", True)),
                        fields=("entry",),
                        name="document_one_receipt_a_payment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("arrangement__isnull", False), ("kind", "agreement")),
                            ("kind", "receipt"),
                            models.Q(("arrangement__isnull", True), ("kind__in", ["clearance", "statement"])),
                            _connector="OR",
                        ),
                        name="document_agreement_is_of_an_arrangement",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "agreement"), ("voided_at__isnull", True)),
                        fields=("arrangement",),
                        name="document_one_agreement_an_arrangement",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "clearance"), ("voided_at__isnull", True)),
                        fields=("case",),
                        name="document_one_clearance_a_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("voided_at__isnull", False),
                            models.Q(("void_reason", ""), ("voided_by__isnull", True)),
                            _connector="OR",
                        ),
                        name="document_void_has_a_date",
                    ),
                ],
            },
        ),
    ]
