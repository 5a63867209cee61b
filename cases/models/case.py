from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.urls import reverse
from django.utils import timezone

from cases.models.cartera import Cartera
from cases.models.debtor import Debtor
from cases.models.status import CaseStatus
from cases.querysets import CaseQuerySet
from cases.rules import queue
from cases.searching import key_text
from nova.lib import dates

OPEN_STAGES = [stage.value for stage in CaseStatus.OPEN_STAGES]


class Owed(Protocol):
    """A case, or as much of it as says what is owed."""

    @property
    def stage(self) -> str: ...
    @property
    def balance(self) -> Decimal: ...


Debt = TypeVar("Debt", bound=Owed)


def counted(debts: Iterable[Debt]) -> list[Debt]:
    """Those of a person's debts that are owed: neither returned to the creditor nor paid in full."""
    return [case for case in debts if case.stage != CaseStatus.Stage.DE_BAJA and case.balance > 0]


def consolidated(debts: Iterable[Owed]) -> Decimal:
    """What a person owes in all, in ARS. Cases returned to the creditor and overpaid ones count as zero."""
    return sum((case.balance for case in counted(debts)), Decimal("0.00"))


class Case(models.Model):
    """A debt under collection. `balance` always equals the sum of its ledger (DESIGN §3.1)."""

    class Band(models.IntegerChoices):
        CALL_BACK = queue.Band.CALL_BACK.value, "Volver a llamar"
        BROKEN_PROMISE = queue.Band.BROKEN_PROMISE.value, "Promesa incumplida"
        SAYS_PAID = queue.Band.SAYS_PAID.value, "Manifiesta pago"
        PROMISE_DUE = queue.Band.PROMISE_DUE.value, "Promesa por vencer"
        NEW = queue.Band.NEW.value, "Nuevo"
        FOLLOW_UP = queue.Band.FOLLOW_UP.value, "Seguimiento"
        REST = queue.Band.REST.value, "Resto"

    cartera = models.ForeignKey(Cartera, models.PROTECT, related_name="cases", verbose_name="cartera", db_index=False)
    nro_cliente = models.CharField("nro. de cliente", max_length=64, null=True, blank=True)
    debtor = models.ForeignKey(Debtor, models.PROTECT, related_name="cases", db_index=False, verbose_name="deudor")
    entity = models.CharField("entidad", max_length=120, blank=True)
    amount = models.DecimalField("deuda original", max_digits=15, decimal_places=2)
    initial_amount = models.DecimalField("capital", max_digits=15, decimal_places=2, null=True, blank=True)
    balance = models.DecimalField("saldo", max_digits=15, decimal_places=2, default=Decimal("0.00"))
    placed_on = models.DateField("recibida el", default=dates.today)
    # Arrears count from here. Only the creditor's word changes it: a payment does not make a debt younger.
    arrears_since = models.DateField("en mora desde", null=True, blank=True)
    arrears_estimated = models.BooleanField("mora estimada", default=True, db_default=True)
    last_payment_date = models.DateField("último pago", null=True, blank=True)
    # The creditor's date is stored apart, so that `last_payment_date` can return to it when our payment is reversed.
    creditor_last_payment_date = models.DateField("último pago según el acreedor", null=True, blank=True)
    creditor_total = models.DecimalField(
        "total según el acreedor", max_digits=15, decimal_places=2, null=True, blank=True
    )
    status = models.ForeignKey(CaseStatus, models.PROTECT, related_name="cases", verbose_name="estado")
    # A copy of `status.stage`, because the index of the queue cannot use a column of another table. save() and the
    # services keep it up to date.
    stage = models.CharField("etapa", max_length=12, choices=CaseStatus.Stage.choices, editable=False)
    # A copy of `cartera.is_active`, for the same reason. Cartera.save() and save() keep it; COPY takes the default, for
    # nothing is imported into an inactive cartera.
    in_active_cartera = models.BooleanField("cartera activa", default=True, db_default=True, editable=False)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="cases",
        db_index=False,
        verbose_name="gestor",
        limit_choices_to={"role": "gestor"},
    )
    next_action_at = models.DateTimeField("próxima acción", null=True, blank=True)
    queue_band = models.PositiveSmallIntegerField(
        "prioridad",
        choices=Band.choices,
        default=Band.NEW,
        validators=[MinValueValidator(1), MaxValueValidator(7)],
    )
    stopped_at = models.DateTimeField("detenido", null=True, blank=True)
    stopped_by_result = models.ForeignKey(
        "cases.ActivityResult",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stopped_cases",
        db_index=False,
        verbose_name="detenido por",
    )
    last_activity_at = models.DateTimeField("última gestión", null=True, blank=True)
    notes = models.TextField("notas", blank=True)
    # What the creditor sends besides, by the header of their column (`CarteraField`).
    extra = models.JSONField(
        "datos del acreedor", default=dict, db_default=Value({}, models.JSONField()), blank=True, editable=False
    )
    # Of these the ones that are searched, as a search compares them: `searching.compact`, parted by spaces.
    extra_text = models.TextField(default="", db_default="", blank=True, editable=False)
    version = models.PositiveIntegerField("versión", default=1, editable=False)
    # The import that placed it. Without a constraint, for which every row would pay: imports are never deleted.
    import_batch = models.ForeignKey(
        "cases.ImportBatch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        editable=False,
        verbose_name="importación",
    )
    external_id = models.CharField("identificador de origen", max_length=120, null=True, blank=True, editable=False)
    created_at = models.DateTimeField("creado", default=timezone.now, editable=False)
    updated_at = models.DateTimeField("modificado", auto_now=True)

    # Whether the person has any, on any debt: `CaseQuerySet.opened` reads it, otherwise there may be some.
    has_promises = has_plans = has_papers = has_stops = True

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = "caso"
        verbose_name_plural = "casos"
        constraints = [
            models.UniqueConstraint(
                fields=["cartera", "nro_cliente"],
                name="case_nro_cliente_unique",
                violation_error_message="Esa cartera ya tiene un caso con ese número de cliente.",
            ),
            models.UniqueConstraint(
                fields=["external_id"], condition=Q(external_id__isnull=False), name="case_external_id_unique"
            ),
            models.CheckConstraint(
                condition=Q(nro_cliente__isnull=True) | ~Q(nro_cliente=""), name="case_nro_cliente_not_empty"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="case_amount_positive",
                violation_error_message="El importe debe ser mayor que cero.",
            ),
            models.CheckConstraint(
                condition=Q(initial_amount__isnull=True) | Q(initial_amount__gt=0),
                name="case_initial_amount_positive",
                violation_error_message="El capital debe ser mayor que cero.",
            ),
            models.CheckConstraint(
                # Zero: the creditor sent the case without a debt, a possible payment to them (DESIGN §5).
                condition=Q(creditor_total__isnull=True) | Q(creditor_total__gte=0),
                name="case_creditor_total_not_negative",
            ),
            models.CheckConstraint(condition=Q(queue_band__gte=1, queue_band__lte=7), name="case_band_known"),
            models.CheckConstraint(
                condition=Q(stage__in=["en_gestion", "promesa", "pagada", "incobrable", "de_baja"]),
                name="case_stage_known",
            ),
            models.CheckConstraint(
                condition=Q(stopped_by_result__isnull=True) | Q(stopped_at__isnull=False),
                name="case_stop_has_a_date",
            ),
        ]
        indexes = [
            # The exact order of the queue; a null next action counts as now, so it comes last in its band.
            models.Index(
                F("assigned_to"),
                F("queue_band"),
                F("next_action_at"),
                F("balance").desc(),
                F("id"),
                F("debtor"),  # not for the order: people are counted from the index alone
                name="case_queue",
                condition=Q(stage__in=OPEN_STAGES, stopped_at__isnull=True, in_active_cartera=True),
            ),
            models.Index(fields=["assigned_to", "next_action_at", "id"], name="case_by_gestor"),
            # What searches and lists of a gestor's own cases read, without the rows themselves.
            models.Index(
                fields=["assigned_to", "debtor"],
                name="case_by_gestor_person",
                include=[
                    "id",
                    "balance",
                    "stage",
                    "in_active_cartera",
                    "stopped_at",
                    "queue_band",
                    "next_action_at",
                    "last_activity_at",
                ],
            ),
            # The debts of a person, and which of them were worked since a day.
            models.Index(fields=["debtor", "last_activity_at"], name="case_by_debtor", include=["id"]),
            models.Index(
                fields=["assigned_to", "last_activity_at", "created_at"],
                name="case_idle",
                condition=Q(stage__in=OPEN_STAGES, stopped_at__isnull=True, in_active_cartera=True),
            ),
            models.Index(fields=["-created_at", "-id"], name="case_newest"),
            models.Index(fields=["cartera", "-created_at", "-id"], name="case_newest_of_cartera"),
            models.Index(fields=["nro_cliente"], name="case_by_nro_cliente"),
            models.Index(key_text(), name="case_by_key"),  # on PostgreSQL for the beginning of a key too
            models.Index(
                fields=["stopped_by_result", "stopped_at"],
                name="case_stopped",
                condition=Q(stopped_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.nro_cliente or self.pk} · {self.debtor}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.stage = self.status.stage
        if self.arrears_since is None:
            self.arrears_since = self.creditor_last_payment_date or self.placed_on
        fields = kwargs.get("update_fields")
        if fields is None:
            self.in_active_cartera = self.cartera.is_active
        if fields is not None and "status" in fields:
            kwargs["update_fields"] = {*fields, "stage"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("case", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.stage in CaseStatus.OPEN_STAGES

    def months_in_arrears(self, today: date | None = None) -> int:
        """Whole months from `arrears_since` to `today` (DESIGN §2)."""
        return dates.whole_months_between(self.arrears_since or self.placed_on, today or dates.today())
