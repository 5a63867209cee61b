from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cases.models.activity import Activity
from cases.models.cartera import Cartera
from cases.models.case import Case
from cases.querysets import ArrangementQuerySet, DiscountLimitQuerySet, InstalmentQuerySet, OfferQuerySet
from cases.rules import arrangements as rules
from nova.lib.money import format_money

PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


class System(models.TextChoices):
    """How the total is divided into instalments."""

    NONE = rules.System.NONE.value, "Sin interés"
    DIRECT = rules.System.DIRECT.value, "Interés directo"
    FRENCH = rules.System.FRENCH.value, "Sistema francés"
    FREE = rules.System.FREE.value, "Cuotas a medida"


class Arrangement(models.Model):
    """A plan or a settlement with a waiver (convenio). Its outcome follows from the ledger (DESIGN §3.8)."""

    class Status(models.TextChoices):
        PROPOSED = rules.Status.PROPOSED.value, "Propuesto"
        AWAITING_APPROVAL = rules.Status.AWAITING_APPROVAL.value, "Espera autorización"
        ACTIVE = rules.Status.ACTIVE.value, "Vigente"
        COMPLETED = rules.Status.COMPLETED.value, "Cumplido"
        LAPSED = rules.Status.LAPSED.value, "Caído"
        CANCELLED = rules.Status.CANCELLED.value, "Cancelado"
        REJECTED = rules.Status.REJECTED.value, "Rechazado"

    System = System

    class How(models.TextChoices):
        PHONE = "phone", "Por teléfono"
        MESSAGE = "message", "Por mensaje"
        SIGNED = "signed", "Firmado"

    case = models.ForeignKey(Case, models.PROTECT, related_name="arrangements", verbose_name="caso", db_index=False)
    status = models.CharField("estado", max_length=18, choices=Status.choices, default=Status.PROPOSED)
    system = models.CharField("sistema", max_length=6, choices=System.choices, default=System.NONE)
    base_balance = models.DecimalField("saldo de partida", max_digits=15, decimal_places=2)
    agreed_total = models.DecimalField("total convenido", max_digits=15, decimal_places=2)
    down_payment = models.DecimalField("anticipo", max_digits=15, decimal_places=2, default=Decimal("0.00"))
    monthly_rate = models.DecimalField("interés mensual (%)", max_digits=6, decimal_places=2, default=Decimal("0.00"))
    instalments = models.PositiveSmallIntegerField("cuotas", default=1)  # without the down payment
    first_due_on = models.DateField("vencimiento de la primera cuota")
    accepted_at = models.DateTimeField("aceptado", null=True, blank=True)
    # Of a request that waits for approval: the debtor has accepted already, and the approval activates it.
    accepted_how = models.CharField("cómo aceptó", max_length=7, choices=How.choices, blank=True)
    lapse_overdue_count = models.PositiveSmallIntegerField("cae con tantas cuotas vencidas", default=2)
    lapse_days = models.PositiveSmallIntegerField("cae con tantos días de mora", null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="requested_arrangements",
        db_index=False,
        verbose_name="pedido por",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="autorizado por",
    )
    creditor_authorisation = models.TextField("autorización del acreedor", blank=True)
    policy = models.JSONField("límites que se aplicaron", default=dict, blank=True)
    activity = models.ForeignKey(
        Activity,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="arrangements",
        verbose_name="gestión",
    )
    closed_on = models.DateField("cerrado el", null=True, blank=True)
    # The next day on which the mere passing of time may change it; `nightly` reads only those of today and before.
    next_look_on = models.DateField(null=True, blank=True, editable=False)
    # The last day on which the creditor stated another total since it was accepted.
    restated_on = models.DateField("actualizado por el acreedor el", null=True, blank=True, editable=False)
    # Since when its ledger says that it would not have ended, while what followed it keeps it from running again.
    stays_ended_since = models.DateField(
        "terminado pese a sus pagos desde",
        null=True,
        blank=True,
        editable=False,
        help_text="Sus pagos alcanzarían para que siga vigente o cumplido; lo que se acordó después lo impide.",
    )
    notes = models.TextField("notas", blank=True)
    external_id = models.CharField("identificador de origen", max_length=120, null=True, blank=True, editable=False)
    # Moved in closed: shown as it came, never recomputed.
    is_historic = models.BooleanField("histórico", default=False, editable=False)
    created_at = models.DateTimeField("creado", default=timezone.now, editable=False)
    updated_at = models.DateTimeField("modificado", auto_now=True)

    objects = ArrangementQuerySet.as_manager()

    class Meta:
        verbose_name = "convenio"
        verbose_name_plural = "convenios"
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(status__in=["active", "awaiting_approval"]),
                name="arrangement_one_live_per_case",
                violation_error_message="El caso ya tiene un convenio vigente o que espera autorización.",
            ),
            models.UniqueConstraint(
                fields=["external_id"], condition=Q(external_id__isnull=False), name="arrangement_external_id_unique"
            ),
            models.CheckConstraint(
                condition=Q(base_balance__gt=0, agreed_total__gt=0, down_payment__gte=0)
                & Q(down_payment__lt=F("agreed_total")),
                name="arrangement_amounts_positive",
            ),
            models.CheckConstraint(
                condition=Q(instalments__gte=1, instalments__lte=60), name="arrangement_instalments_in_range"
            ),
            models.CheckConstraint(condition=Q(monthly_rate__gte=0), name="arrangement_rate_not_negative"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=False) | ~Q(status__in=["active", "completed", "lapsed"]),
                name="arrangement_active_is_accepted",
            ),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True, status__in=["proposed", "awaiting_approval", "active"])
                | Q(closed_on__isnull=False, status__in=["completed", "lapsed", "cancelled", "rejected"]),
                name="arrangement_closed_has_a_date",
            ),
            models.CheckConstraint(
                condition=Q(is_historic=False) | Q(closed_on__isnull=False), name="arrangement_historic_is_closed"
            ),
            models.CheckConstraint(condition=Q(lapse_overdue_count__gte=1), name="arrangement_lapse_count_positive"),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "proposed",
                        "awaiting_approval",
                        "active",
                        "completed",
                        "lapsed",
                        "cancelled",
                        "rejected",
                    ]
                ),
                name="arrangement_status_known",
            ),
            models.CheckConstraint(
                condition=Q(system__in=["none", "direct", "french", "free"]), name="arrangement_system_known"
            ),
            models.CheckConstraint(
                condition=Q(accepted_how__in=["", "phone", "message", "signed"]), name="arrangement_how_known"
            ),
        ]
        indexes = [
            models.Index(fields=["case", "id"], name="arrangement_by_case"),
            models.Index(fields=["case"], name="arrangement_running", condition=Q(status="active")),
            models.Index(fields=["next_look_on", "id"], name="arrangement_to_look_at", condition=Q(status="active")),
            # The inbox of requests, and the proposals that expire.
            models.Index(
                fields=["status", "created_at", "id"],
                name="arrangement_open_requests",
                condition=Q(status__in=["proposed", "awaiting_approval"]),
            ),
            models.Index(fields=["-created_at", "-id"], name="arrangement_newest"),
            models.Index(fields=["closed_on"], name="arrangement_completed", condition=Q(status="completed")),
            models.Index(fields=["restated_on"], name="arrangement_restated", condition=Q(status="active")),
            models.Index(
                fields=["stays_ended_since"],
                name="arrangement_stays_ended",
                condition=Q(stays_ended_since__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{format_money(self.agreed_total)} en {self.instalments} · {self.get_status_display()}"

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE

    @property
    def plan_interest(self) -> Decimal:
        """What acceptance adds to the balance, in ARS (DESIGN §3.8)."""
        return max(self.agreed_total - self.base_balance, Decimal("0.00"))

    @property
    def waived_if_completed(self) -> Decimal:
        """What completion forgives, in ARS, if nothing else happens to the balance."""
        return max(self.base_balance - self.agreed_total, Decimal("0.00"))


class Instalment(models.Model):
    """One payment of an arrangement (cuota); number 0 is the down payment. Its outcome follows from the ledger."""

    class Status(models.TextChoices):
        PENDING = rules.InstalmentStatus.PENDING.value, "Pendiente"
        PAID = rules.InstalmentStatus.PAID.value, "Pagada"
        OVERDUE = rules.InstalmentStatus.OVERDUE.value, "Vencida"

    arrangement = models.ForeignKey(
        Arrangement, models.PROTECT, related_name="schedule", verbose_name="convenio", db_index=False
    )
    number = models.PositiveSmallIntegerField("número")
    due_on = models.DateField("vence")
    amount = models.DecimalField("importe", max_digits=15, decimal_places=2)
    paid_amount = models.DecimalField("pagado", max_digits=15, decimal_places=2, default=Decimal("0.00"))
    status = models.CharField("estado", max_length=7, choices=Status.choices, default=Status.PENDING)
    paid_on = models.DateField("pagada el", null=True, blank=True)

    objects = InstalmentQuerySet.as_manager()

    class Meta:
        verbose_name = "cuota"
        verbose_name_plural = "cuotas"
        ordering = ["arrangement", "number"]
        constraints = [
            models.UniqueConstraint(fields=["arrangement", "number"], name="instalment_number_unique"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="instalment_amount_positive"),
            models.CheckConstraint(
                condition=Q(paid_amount__gte=0, paid_amount__lte=F("amount")), name="instalment_paid_within_amount"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "paid", "overdue"]), name="instalment_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status="paid", paid_on__isnull=False) | (~Q(status="paid") & Q(paid_on__isnull=True)),
                name="instalment_paid_has_a_date",
            ),
        ]
        indexes = [
            # What falls due by day, of all arrangements; which of them are active is looked up.
            models.Index(fields=["due_on", "arrangement"], name="instalment_unpaid", condition=~Q(status="paid")),
            models.Index(fields=["-due_on", "-id"], name="instalment_newest"),
        ]

    def __str__(self) -> str:
        name = f"Cuota {self.number}" if self.number else "Anticipo"
        return f"{name} · {format_money(self.amount)} al {self.due_on:%d/%m/%Y}"

    @property
    def unpaid(self) -> Decimal:
        return self.amount - self.paid_amount


def check_rate(rate: Decimal | None) -> None:
    """Raises ValidationError for a monthly rate (percent) that no arrangement may have (DESIGN §3.8)."""
    if rate is not None and rate > settings.PLAN_MAX_MONTHLY_RATE:
        most = f"{settings.PLAN_MAX_MONTHLY_RATE.normalize():f}".replace(".", ",")
        raise ValidationError({"monthly_rate": f"La tasa máxima de un convenio es del {most} % mensual."})


class DiscountLimit(models.Model):
    """What a role may grant on its own (DESIGN §3.8). Without a row there is no waiver at all."""

    class Role(models.TextChoices):
        GESTOR = rules.Authority.GESTOR.value, "Gestor"
        ADMIN = rules.Authority.ADMIN.value, "Administrador"
        CREDITOR = rules.Authority.CREDITOR.value, "Acreedor"

    cartera = models.ForeignKey(
        Cartera,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="discount_limits",
        verbose_name="cartera",
        help_text="Sin cartera, vale para todas las que no tengan límites propios para ese rol.",
    )
    role = models.CharField("quién otorga", max_length=8, choices=Role.choices)
    arrears_from_months = models.PositiveSmallIntegerField(
        "desde meses de mora", default=0, help_text="Se aplica la fila con más meses que la mora del caso alcance."
    )
    max_percent = models.DecimalField("quita máxima (%)", max_digits=5, decimal_places=2, validators=PERCENT)
    max_instalments = models.PositiveSmallIntegerField(
        "cuotas como máximo",
        default=rules.MAX_INSTALMENTS,
        validators=[MinValueValidator(1), MaxValueValidator(rules.MAX_INSTALMENTS)],
    )
    min_down_percent = models.DecimalField(
        "anticipo mínimo (%)", max_digits=5, decimal_places=2, default=Decimal("0.00"), validators=PERCENT
    )
    keeps_capital = models.BooleanField("nunca por debajo del capital", default=False)
    monthly_rate = models.DecimalField(
        "interés mensual mínimo (%)",
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="La tasa más baja que puede otorgar. Vacío: cualquiera.",
    )

    objects = DiscountLimitQuerySet.as_manager()

    class Meta:
        verbose_name = "límite de quita"
        verbose_name_plural = "límites de quita"
        constraints = [
            models.UniqueConstraint(
                fields=["cartera", "role", "arrears_from_months"],
                condition=Q(cartera__isnull=False),
                name="discount_limit_unique",
                violation_error_message="Esa cartera ya tiene un límite para ese rol y esos meses.",
            ),
            models.UniqueConstraint(
                fields=["role", "arrears_from_months"],
                condition=Q(cartera__isnull=True),
                name="discount_limit_general_unique",
                violation_error_message="Ya hay un límite general para ese rol y esos meses.",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["gestor", "admin", "creditor"]), name="discount_limit_role_known"
            ),
            models.CheckConstraint(
                condition=Q(max_percent__gte=0, max_percent__lte=100, min_down_percent__gte=0)
                & Q(min_down_percent__lte=100),
                name="discount_limit_percent_in_range",
                violation_error_message="Los porcentajes van de 0 a 100.",
            ),
            models.CheckConstraint(
                condition=Q(max_instalments__gte=1, max_instalments__lte=60),
                name="discount_limit_instalments_in_range",
                violation_error_message="Las cuotas van de 1 a 60.",
            ),
            models.CheckConstraint(
                condition=Q(monthly_rate__isnull=True) | Q(monthly_rate__gte=0),
                name="discount_limit_rate_not_negative",
                violation_error_message="El interés no puede ser negativo.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} · {self.cartera or 'todas las carteras'} · {self.max_percent} %"

    def clean(self) -> None:
        check_rate(self.monthly_rate)


class Offer(models.Model):
    """What the negotiator puts on the table at once: a waiver or a rate, not both (DESIGN §3.8)."""

    SYSTEMS = [choice for choice in System.choices if choice[0] != System.FREE]

    cartera = models.ForeignKey(
        Cartera,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="offers",
        verbose_name="cartera",
        help_text="Sin cartera, vale para todas.",
    )
    name = models.CharField("nombre", max_length=60)
    system = models.CharField("sistema", max_length=6, choices=SYSTEMS, default=System.NONE)
    instalments = models.PositiveSmallIntegerField(
        "cuotas", default=1, validators=[MinValueValidator(1), MaxValueValidator(rules.MAX_INSTALMENTS)]
    )
    waiver_percent = models.DecimalField(
        "quita (%)", max_digits=5, decimal_places=2, default=Decimal("0.00"), validators=PERCENT
    )
    down_percent = models.DecimalField(
        "anticipo (%)", max_digits=5, decimal_places=2, default=Decimal("0.00"), validators=PERCENT
    )
    monthly_rate = models.DecimalField(
        "interés mensual (%)",
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Vacío: el de la cartera.",
    )
    valid_days = models.PositiveSmallIntegerField(
        "días hasta la primera cuota",
        default=7,
        validators=[MaxValueValidator(366)],
        help_text="La primera cuota vence tantos días después de la oferta.",
    )
    arrears_from_months = models.PositiveSmallIntegerField("desde meses de mora", default=0)
    position = models.PositiveSmallIntegerField("posición", default=0)
    is_active = models.BooleanField("activa", default=True)

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = "oferta"
        verbose_name_plural = "ofertas"
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(waiver_percent=0) | Q(system="none"),
                name="offer_waiver_or_rate",
                violation_error_message="Una oferta tiene quita o interés, no ambos: con quita el sistema es «Sin "
                "interés».",
            ),
            models.CheckConstraint(condition=Q(system__in=["none", "direct", "french"]), name="offer_system_known"),
            models.CheckConstraint(
                condition=Q(waiver_percent__gte=0, waiver_percent__lt=100, down_percent__gte=0)
                & Q(down_percent__lt=100),
                name="offer_percent_in_range",
                violation_error_message="Los porcentajes van de 0 a menos de 100.",
            ),
            models.CheckConstraint(
                condition=Q(instalments__gte=1, instalments__lte=60),
                name="offer_instalments_in_range",
                violation_error_message="Las cuotas van de 1 a 60.",
            ),
            models.CheckConstraint(
                condition=Q(monthly_rate__isnull=True) | Q(monthly_rate__gte=0),
                name="offer_rate_not_negative",
                violation_error_message="El interés no puede ser negativo.",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="offer_name_present"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_rate(self.monthly_rate)
        self.name = " ".join(self.name.split())
        if not self.name:
            raise ValidationError({"name": "Escriba un nombre."})
