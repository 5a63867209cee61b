from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cases.models.activity import Activity
from cases.models.case import Case
from cases.querysets import PromiseQuerySet
from cases.rules import promises
from nova.lib.money import format_money


class Promise(models.Model):
    """A promise to pay. Its outcome is computed from the ledger, never set by hand (DESIGN §3.3)."""

    class Status(models.TextChoices):
        PENDING = promises.Status.PENDING.value, "Pendiente"
        FULFILLED = promises.Status.FULFILLED.value, "Cumplida"
        BROKEN = promises.Status.BROKEN.value, "Incumplida"
        CANCELLED = promises.Status.CANCELLED.value, "Cancelada"

    case = models.ForeignKey(Case, models.PROTECT, related_name="promises", verbose_name="caso", db_index=False)
    amount = models.DecimalField("importe", max_digits=15, decimal_places=2)
    promise_date = models.DateField("fecha prometida")
    status = models.CharField("estado", max_length=10, choices=Status.choices, default=Status.PENDING)
    paid_amount = models.DecimalField("pagado", max_digits=15, decimal_places=2, default=Decimal("0.00"))
    fulfilled_date = models.DateField("cumplida el", null=True, blank=True)
    notes = models.TextField("notas", blank=True)
    # Transferred with its outcome, or too old for our payments to decide it: shown as it came, never recomputed.
    is_historic = models.BooleanField("histórica", default=False, editable=False)
    activity = models.ForeignKey(
        Activity, models.PROTECT, null=True, blank=True, related_name="promises", verbose_name="gestión"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="promises",
        db_index=False,
        verbose_name="autor",
    )
    imported_author = models.CharField("autor según el sistema anterior", max_length=150, blank=True)
    created_at = models.DateTimeField("creada", default=timezone.now)
    updated_at = models.DateTimeField("modificada", auto_now=True)
    external_id = models.CharField("identificador de origen", max_length=120, null=True, blank=True, editable=False)

    objects = PromiseQuerySet.as_manager()

    class Meta:
        verbose_name = "promesa"
        verbose_name_plural = "promesas"
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"],
                condition=Q(external_id__isnull=False),
                name="promise_external_id_unique",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="promise_amount_positive"),
            models.CheckConstraint(
                condition=Q(paid_amount__gte=0, paid_amount__lte=F("amount")),
                name="promise_paid_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "fulfilled", "broken", "cancelled"]),
                name="promise_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="fulfilled", fulfilled_date__isnull=False)
                | (~Q(status="fulfilled") & Q(fulfilled_date__isnull=True)),
                name="promise_fulfilled_has_a_date",
            ),
        ]
        indexes = [
            models.Index(fields=["case", "promise_date", "id"], name="promise_by_case"),
            models.Index(fields=["promise_date", "id", "case"], name="promise_due", condition=Q(status="pending")),
            models.Index(fields=["created_by", "promise_date", "status"], name="promise_by_author_and_day"),
            models.Index(fields=["-created_at", "-id"], name="promise_newest"),
            models.Index(fields=["-promise_date", "-id"], name="promise_by_day"),
        ]

    def __str__(self) -> str:
        return f"{format_money(self.amount)} al {self.promise_date:%d/%m/%Y}"
