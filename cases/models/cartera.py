from decimal import Decimal
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.urls import reverse

from cases.querysets import CarteraQuerySet
from cases.rules.extra import LONGEST_HEADER, LONGEST_LABEL
from cases.searching import Fold
from nova.lib.databases import lock_rows


class Cartera(models.Model):
    """A creditor's portfolio. One with cases can be deactivated, never deleted."""

    name = models.CharField("nombre", max_length=120)
    is_active = models.BooleanField("activa", default=True)
    monthly_interest_rate = models.DecimalField(
        "interés mensual (%)",
        max_digits=6,
        decimal_places=2,
        default=Decimal("5.00"),
        validators=[MinValueValidator(0)],
        help_text="Simple, por mes: muestra a cuánto asciende hoy una deuda. No cambia el saldo.",
    )
    return_columns = models.JSONField(
        "columnas de la devolución", default=list, db_default=models.Value([], models.JSONField()), blank=True
    )
    created_at = models.DateTimeField("creada", auto_now_add=True)

    objects = CarteraQuerySet.as_manager()

    class Meta:
        verbose_name = "cartera"
        verbose_name_plural = "carteras"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Fold("name"),
                name="cartera_name_unique",
                violation_error_message="Ya existe una cartera con ese nombre.",
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="cartera_name_present"),
            models.CheckConstraint(
                condition=models.Q(monthly_interest_rate__gte=0), name="cartera_interest_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it, with the copy of `is_active` on its cases: 100,000 cases take some seconds.

        Nobody places a case in it meanwhile (`CarteraQuerySet.hold`), so that no case is left with the former value.
        """
        if self.pk is not None:
            lock_rows(Cartera.objects.only("pk"), [self.pk])
        super().save(*args, **kwargs)
        self.cases.exclude(in_active_cartera=self.is_active).update(in_active_cartera=self.is_active)

    def get_absolute_url(self) -> str:
        """The url of the dashboard filtered by this cartera."""
        return f"{reverse('dashboard-admin')}?cartera={self.pk}"

    def clean(self) -> None:
        self.name = " ".join(self.name.split())


class CarteraField(models.Model):
    """A column that a creditor sends besides ours and that is kept: a key of `Case.extra` (DESIGN §5).

    `header` is that key and the header of the creditor's column, and does not change; `label` is what people read.
    """

    cartera = models.ForeignKey(Cartera, models.CASCADE, related_name="fields", verbose_name="cartera", db_index=False)
    header = models.CharField("columna del acreedor", max_length=LONGEST_HEADER)
    label = models.CharField("nombre", max_length=LONGEST_LABEL)
    shown = models.BooleanField("en la pantalla", default=True, db_default=True)
    searchable = models.BooleanField("se busca", default=False, db_default=False)
    in_report = models.BooleanField("en la rendición", default=False, db_default=False)
    in_return = models.BooleanField("en la devolución", default=False, db_default=False)
    order = models.PositiveSmallIntegerField("orden", default=0, db_default=0)

    class Meta:
        verbose_name = "dato del acreedor"
        verbose_name_plural = "datos del acreedor"
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(
                "cartera",
                Fold("header"),
                name="cartera_field_header_unique",
                violation_error_message="La cartera ya guarda una columna con ese encabezado.",
            ),
            models.CheckConstraint(condition=~models.Q(header=""), name="cartera_field_header_present"),
            models.CheckConstraint(condition=~models.Q(label=""), name="cartera_field_label_present"),
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        self.header = " ".join(self.header.split())
        self.label = " ".join(self.label.split()) or self.header[:LONGEST_LABEL]
