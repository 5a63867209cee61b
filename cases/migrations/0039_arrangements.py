"""Arrangements with their instalments, limits and offers; what an adjustment of the ledger is for.

Both columns of the ledger are added without rewriting it: one has a constant default, the other none.
"""

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "__first__"),
        ("cases", "0038_index_of_phones_takes_many_at_once"),
    ]

    operations = [
        migrations.CreateModel(
            name="Arrangement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "Propuesto"),
                            ("awaiting_approval", "Espera autorización"),
                            ("active", "Vigente"),
                            ("completed", "Cumplido"),
                            ("lapsed", "Caído"),
                            ("cancelled", "Cancelado"),
                            ("rejected", "Rechazado"),
                        ],
                        default="proposed",
                        max_length=18,
                        verbose_name="estado",
                    ),
                ),
                (
                    "system",
                    models.CharField(
                        choices=[
                            ("none", "Sin interés"),
                            ("direct", "Interés directo"),
                            ("french", "Sistema francés"),
                            ("free", "Cuotas a medida"),
                        ],
                        default="none",
                        max_length=6,
                        verbose_name="sistema",
                    ),
                ),
                ("base_balance", models.DecimalField(decimal_places=2, max_digits=15, verbose_name="saldo de partida")),
                ("agreed_total", models.DecimalField(decimal_places=2, max_digits=15, verbose_name="total convenido")),
                (
                    "down_payment",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0.00"), max_digits=15, verbose_name="anticipo"
                    ),
                ),
                (
                    "monthly_rate",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0.00"), max_digits=6, verbose_name="interés mensual (%)"
                    ),
                ),
                ("instalments", models.PositiveSmallIntegerField(default=1, verbose_name="cuotas")),
                ("first_due_on", models.DateField(verbose_name="vencimiento de la primera cuota")),
                ("accepted_at", models.DateTimeField(blank=True, null=True, verbose_name="aceptado")),
                (
                    "accepted_how",
                    models.CharField(
                        blank=True,
                        choices=[("phone", "Por teléfono"), ("message", "Por mensaje"), ("signed", "Firmado")],
                        max_length=7,
                        verbose_name="cómo aceptó",
                    ),
                ),
                (
                    "lapse_overdue_count",
                    models.PositiveSmallIntegerField(default=2, verbose_name="cae con tantas cuotas vencidas"),
                ),
                (
                    "lapse_days",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="cae con tantos días de mora"),
                ),
                ("creditor_authorisation", models.TextField(blank=True, verbose_name="autorización del acreedor")),
                ("policy", models.JSONField(blank=True, default=dict, verbose_name="límites que se aplicaron")),
                ("closed_on", models.DateField(blank=True, null=True, verbose_name="cerrado el")),
                ("next_look_on", models.DateField(blank=True, editable=False, null=True)),
                ("notes", models.TextField(blank=True, verbose_name="notas")),
                (
                    "external_id",
                    models.CharField(
                        blank=True, editable=False, max_length=120, null=True, verbose_name="identificador de origen"
                    ),
                ),
                ("is_historic", models.BooleanField(default=False, editable=False, verbose_name="histórico")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="creado"),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="modificado")),
                (
                    "activity",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="arrangements",
                        to="cases.activity",
                        verbose_name="gestión",
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="autorizado por",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="arrangements",
                        to="cases.case",
                        verbose_name="caso",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requested_arrangements",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="pedido por",
                    ),
                ),
            ],
            options={
                "verbose_name": "convenio",
                "verbose_name_plural": "convenios",
                "indexes": [
                    models.Index(fields=["case", "id"], name="arrangement_by_case"),
                    models.Index(
                        condition=models.Q(("status", "active")),
                        fields=["next_look_on", "id"],
                        name="arrangement_to_look_at",
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ["proposed", "awaiting_approval"])),
                        fields=["status", "created_at", "id"],
                        name="arrangement_open_requests",
                    ),
                    models.Index(fields=["-created_at", "-id"], name="arrangement_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["active", "awaiting_approval"])),
                        fields=("case",),
                        name="arrangement_one_live_per_case",
                        violation_error_message="El caso ya tiene un convenio vigente o que espera autorización.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id__isnull", False)),
                        fields=("external_id",),
                        name="arrangement_external_id_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("agreed_total__gt", 0),
                            ("base_balance__gt", 0),
                            ("down_payment__gte", 0),
                            ("down_payment__lt", models.F("agreed_total")),
                        ),
                        name="arrangement_amounts_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("instalments__gte", 1), ("instalments__lte", 60)),
                        name="arrangement_instalments_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("monthly_rate__gte", 0)), name="arrangement_rate_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at__isnull", False),
                            models.Q(("status__in", ["active", "completed", "lapsed"]), _negated=True),
                            _connector="OR",
                        ),
                        name="arrangement_active_is_accepted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("closed_on__isnull", True), ("status__in", ["proposed", "awaiting_approval", "active"])
                            ),
                            models.Q(
                                ("closed_on__isnull", False),
                                ("status__in", ["completed", "lapsed", "cancelled", "rejected"]),
                            ),
                            _connector="OR",
                        ),
                        name="arrangement_closed_has_a_date",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_historic", False), ("closed_on__isnull", False), _connector="OR"),
                        name="arrangement_historic_is_closed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lapse_overdue_count__gte", 1)), name="arrangement_lapse_count_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "proposed",
                                    "awaiting_approval",
                                    "active",
                                    "completed",
                                    "lapsed",
                                    "cancelled",
                                    "rejected",
                                ],
                            )
                        ),
                        name="arrangement_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("system__in", ["none", "direct", "french", "free"])),
                        name="arrangement_system_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accepted_how__in", ["", "phone", "message", "signed"])),
                        name="arrangement_how_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Instalment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField(verbose_name="número")),
                ("due_on", models.DateField(verbose_name="vence")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=15, verbose_name="importe")),
                (
                    "paid_amount",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0.00"), max_digits=15, verbose_name="pagado"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Pendiente"), ("paid", "Pagada"), ("overdue", "Vencida")],
                        default="pending",
                        max_length=7,
                        verbose_name="estado",
                    ),
                ),
                ("paid_on", models.DateField(blank=True, null=True, verbose_name="pagada el")),
                (
                    "arrangement",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="schedule",
                        to="cases.arrangement",
                        verbose_name="convenio",
                    ),
                ),
            ],
            options={
                "verbose_name": "cuota",
                "verbose_name_plural": "cuotas",
                "ordering": ["arrangement", "number"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "paid"), _negated=True),
                        fields=["due_on", "arrangement"],
                        name="instalment_unpaid",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("arrangement", "number"), name="instalment_number_unique"),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="instalment_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("paid_amount__gte", 0), ("paid_amount__lte", models.F("amount"))),
                        name="instalment_paid_within_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "paid", "overdue"])),
                        name="instalment_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("paid_on__isnull", False), ("status", "paid")),
                            models.Q(models.Q(("status", "paid"), _negated=True), ("paid_on__isnull", True)),
                            _connector="OR",
                        ),
                        name="instalment_paid_has_a_date",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DiscountLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("gestor", "Gestor"), ("admin", "Administrador"), ("creditor", "Acreedor")],
                        max_length=8,
                        verbose_name="quién otorga",
                    ),
                ),
                (
                    "arrears_from_months",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Se aplica la fila con más meses que la mora del caso alcance.",
                        verbose_name="desde meses de mora",
                    ),
                ),
                (
                    "max_percent",
                    models.DecimalField(
                        decimal_places=2,
                        max_digits=5,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="quita máxima (%)",
                    ),
                ),
                (
                    "max_instalments",
                    models.PositiveSmallIntegerField(
                        default=60,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                        verbose_name="cuotas como máximo",
                    ),
                ),
                (
                    "min_down_percent",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0.00"),
                        max_digits=5,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="anticipo mínimo (%)",
                    ),
                ),
                ("keeps_capital", models.BooleanField(default=False, verbose_name="nunca por debajo del capital")),
                (
                    "monthly_rate",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="La tasa más baja que puede otorgar. Vacío: cualquiera.",
                        max_digits=6,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="interés mensual mínimo (%)",
                    ),
                ),
                (
                    "cartera",
                    models.ForeignKey(
                        blank=True,
                        help_text="Sin cartera, vale para todas las que no tengan límites propios para ese rol.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="discount_limits",
                        to="cases.cartera",
                        verbose_name="cartera",
                    ),
                ),
            ],
            options={
                "verbose_name": "límite de quita",
                "verbose_name_plural": "límites de quita",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("cartera__isnull", False)),
                        fields=("cartera", "role", "arrears_from_months"),
                        name="discount_limit_unique",
                        violation_error_message="Esa cartera ya tiene un límite para ese rol y esos meses.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("cartera__isnull", True)),
                        fields=("role", "arrears_from_months"),
                        name="discount_limit_general_unique",
                        violation_error_message="Ya hay un límite general para ese rol y esos meses.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["gestor", "admin", "creditor"])),
                        name="discount_limit_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("max_percent__gte", 0),
                            ("max_percent__lte", 100),
                            ("min_down_percent__gte", 0),
                            ("min_down_percent__lte", 100),
                        ),
                        name="discount_limit_percent_in_range",
                        violation_error_message="Los porcentajes van de 0 a 100.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("max_instalments__gte", 1), ("max_instalments__lte", 60)),
                        name="discount_limit_instalments_in_range",
                        violation_error_message="Las cuotas van de 1 a 60.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("monthly_rate__isnull", True), ("monthly_rate__gte", 0), _connector="OR"),
                        name="discount_limit_rate_not_negative",
                        violation_error_message="El interés no puede ser negativo.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Offer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="nombre")),
                (
                    "system",
                    models.CharField(
                        choices=[("none", "Sin interés"), ("direct", "Interés directo"), ("french", "Sistema francés")],
                        default="none",
                        max_length=6,
                        verbose_name="sistema",
                    ),
                ),
                (
                    "instalments",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                        verbose_name="cuotas",
                    ),
                ),
                (
                    "waiver_percent",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0.00"),
                        max_digits=5,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="quita (%)",
                    ),
                ),
                (
                    "down_percent",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0.00"),
                        max_digits=5,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="anticipo (%)",
                    ),
                ),
                (
                    "monthly_rate",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Vacío: el de la cartera.",
                        max_digits=6,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="interés mensual (%)",
                    ),
                ),
                (
                    "valid_days",
                    models.PositiveSmallIntegerField(
                        default=7,
                        help_text="La primera cuota vence tantos días después de la oferta.",
                        validators=[django.core.validators.MaxValueValidator(366)],
                        verbose_name="días hasta la primera cuota",
                    ),
                ),
                (
                    "arrears_from_months",
                    models.PositiveSmallIntegerField(default=0, verbose_name="desde meses de mora"),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="posición")),
                ("is_active", models.BooleanField(default=True, verbose_name="activa")),
                (
                    "cartera",
                    models.ForeignKey(
                        blank=True,
                        help_text="Sin cartera, vale para todas.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="offers",
                        to="cases.cartera",
                        verbose_name="cartera",
                    ),
                ),
            ],
            options={
                "verbose_name": "oferta",
                "verbose_name_plural": "ofertas",
                "ordering": ["position", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("waiver_percent", 0), ("system", "none"), _connector="OR"),
                        name="offer_waiver_or_rate",
                        violation_error_message="Una oferta tiene quita o interés, no ambos: con quita el sistema es «Sin interés».",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("system__in", ["none", "direct", "french"])), name="offer_system_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("down_percent__gte", 0),
                            ("waiver_percent__gte", 0),
                            ("waiver_percent__lt", 100),
                            ("down_percent__lt", 100),
                        ),
                        name="offer_percent_in_range",
                        violation_error_message="Los porcentajes van de 0 a menos de 100.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("instalments__gte", 1), ("instalments__lte", 60)),
                        name="offer_instalments_in_range",
                        violation_error_message="Las cuotas van de 1 a 60.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("monthly_rate__isnull", True), ("monthly_rate__gte", 0), _connector="OR"),
                        name="offer_rate_not_negative",
                        violation_error_message="El interés no puede ser negativo.",
                    ),
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="offer_name_present"),
                ],
            },
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("creditor", "Actualización del acreedor"),
                    ("plan_interest", "Interés del convenio"),
                    ("waiver", "Quita"),
                    ("correction", "Corrección"),
                    ("fee", "Gasto"),
                ],
                db_default="",
                default="",
                max_length=13,
                verbose_name="motivo",
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="arrangement",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="cases.arrangement",
                verbose_name="convenio",
            ),
        ),
    ]
