from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models.arrangement import Arrangement
from cases.models.cartera import Cartera
from cases.models.case import Case
from cases.querysets import LedgerEntryQuerySet
from cases.rules import ledger
from cases.rules.allocation import Posted, Split, allocate
from cases.searching import fold
from nova.lib.money import format_money

# Of adjustments that belong to no arrangement.
OWN_REASONS = ["creditor", "correction", "fee"]


def reference_key(reference: str) -> str | None:
    """What makes two references the same: no case, no accents, no runs of spaces. None for an empty one."""
    return fold(" ".join(reference.split()))[:80] or None


class LedgerEntry(models.Model):
    """One entry of the ledger of a case. Append-only: a mistake is corrected by another entry (DESIGN §2)."""

    class Kind(models.TextChoices):
        PLACEMENT = ledger.Kind.PLACEMENT.value, "Alta de deuda"
        ADJUSTMENT = ledger.Kind.ADJUSTMENT.value, "Ajuste"
        PAYMENT = ledger.Kind.PAYMENT.value, "Pago"
        REVERSAL = ledger.Kind.REVERSAL.value, "Reversa"

    class Method(models.TextChoices):
        CASH = "cash", "Efectivo"
        TRANSFER = "transfer", "Transferencia"
        CARD = "card", "Tarjeta"
        DEPOSIT = "deposit", "Depósito"
        CREDITOR = "creditor", "Pago al acreedor"
        OTHER = "other", "Otro"

    class Reason(models.TextChoices):
        """Why the balance was adjusted; empty where nobody said it, and in rows from before it was stored."""

        CREDITOR = ledger.Reason.CREDITOR.value, "Actualización del acreedor"
        PLAN_INTEREST = ledger.Reason.PLAN_INTEREST.value, "Interés del convenio"
        WAIVER = ledger.Reason.WAIVER.value, "Quita"
        CORRECTION = ledger.Reason.CORRECTION.value, "Corrección"
        FEE = ledger.Reason.FEE.value, "Gasto"

    case = models.ForeignKey(Case, models.PROTECT, related_name="entries", verbose_name="caso", db_index=False)
    cartera = models.ForeignKey(Cartera, models.PROTECT, related_name="entries", verbose_name="cartera", db_index=False)
    kind = models.CharField("tipo", max_length=10, choices=Kind.choices)
    amount = models.DecimalField("importe", max_digits=15, decimal_places=2)
    value_date = models.DateField("fecha valor")
    method = models.CharField("medio", max_length=10, choices=Method.choices, blank=True)
    reference = models.CharField("referencia", max_length=80, blank=True)
    # The reference as it is compared; null in rows from before it was stored, which nobody may update.
    reference_key = models.CharField(max_length=80, null=True, blank=True, editable=False)
    reason = models.CharField("motivo", max_length=13, choices=Reason.choices, blank=True, default="", db_default="")
    arrangement = models.ForeignKey(
        Arrangement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="entries",
        db_index=False,
        verbose_name="convenio",
    )
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversal", verbose_name="revierte"
    )
    # The gestor of the case when the entry was posted. It never changes, so a reassignment moves no money.
    credited_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="credited_entries",
        db_index=False,
        verbose_name="acreditado a",
    )
    activity = models.ForeignKey(
        "cases.Activity",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="entries",
        db_index=False,
        verbose_name="gestión",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="registrado por",
    )
    # As in Case.
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
    created_at = models.DateTimeField("registrado", default=timezone.now, editable=False)
    notes = models.TextField("notas", blank=True)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "movimiento"
        verbose_name_plural = "movimientos"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0) | (Q(kind="adjustment") & ~Q(amount=0)),
                name="ledger_amount_positive",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["placement", "adjustment", "payment", "reversal"]),
                name="ledger_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(method__in=["", "cash", "transfer", "card", "deposit", "creditor", "other"]),
                name="ledger_method_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="reversal", reverses__isnull=False) | (~Q(kind="reversal") & Q(reverses__isnull=True)),
                name="ledger_only_reversals_reverse",
            ),
            models.CheckConstraint(
                condition=Q(kind="payment") | Q(reference=""), name="ledger_only_payments_referenced"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=["", "creditor", "plan_interest", "waiver", "correction", "fee"]),
                name="ledger_reason_known",
            ),
            models.CheckConstraint(
                # Interest and waiver are of an arrangement, and nothing else is.
                condition=Q(kind="adjustment", reason__in=["plan_interest", "waiver"], arrangement__isnull=False)
                | (Q(arrangement__isnull=True) & (Q(reason="") | Q(kind="adjustment", reason__in=OWN_REASONS))),
                name="ledger_only_adjustments_have_reasons",
            ),
            models.UniqueConstraint(
                fields=["cartera", "reference"],
                condition=~Q(reference=""),
                name="ledger_reference_unique",
                violation_error_message="Esa referencia ya está usada en la cartera.",
            ),
            models.UniqueConstraint(
                fields=["cartera", "reference_key"],
                condition=Q(reference_key__isnull=False),
                name="ledger_reference_key_unique",
                violation_error_message="Esa referencia ya está usada en la cartera.",
            ),
            models.UniqueConstraint(
                fields=["case"], condition=Q(kind="placement"), name="ledger_one_placement_per_case"
            ),
        ]
        indexes = [
            models.Index(fields=["case", "value_date", "id"], name="ledger_by_case"),
            models.Index(fields=["cartera", "value_date"], name="ledger_by_cartera"),
            # For an index-only scan of what a gestor recovered; the condition excludes placements, also credited.
            models.Index(
                fields=["credited_to", "value_date", "kind", "amount"],
                name="ledger_recovered",
                condition=Q(credited_to__isnull=False, kind__in=["payment", "reversal"]),
            ),
            models.Index(
                fields=["-value_date", "-id"],
                name="ledger_recovered_newest",
                condition=Q(kind__in=["payment", "reversal"]),
            ),
            models.Index(fields=["-value_date", "-id"], name="ledger_waivers_newest", condition=Q(reason="waiver")),
            models.Index(fields=["activity"], name="ledger_by_activity", condition=Q(activity__isnull=False)),
            models.Index(
                fields=["arrangement", "value_date"],
                name="ledger_by_arrangement",
                condition=Q(arrangement__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {format_money(self.amount)}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The ledger is append-only: post a reversal or an adjustment.")
        self.reference_key = reference_key(self.reference)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The ledger is append-only: post a reversal or an adjustment.")

    @property
    def takes_receipt(self) -> bool:
        """Whether it is a payment that stands. Runs a query where the reversal was not read with it."""
        return self.kind == self.Kind.PAYMENT and not hasattr(self, "reversal")

    def posted(self, *, is_void: bool) -> Posted:
        """As the allocation of the balance reads it. `is_void`: a payment whose reversal counts too."""
        fields = (self.kind, self.amount, self.value_date, self.pk, is_void, self.reason, self.arrangement_id)
        return Posted(*fields)


# What `split` reads of an entry.
SPLIT_BY = ("case_id", "kind", "amount", "value_date", "reverses_id", "reason", "arrangement_id")


def split(entries: Iterable[LedgerEntry], *, initial_amount: Decimal | None) -> Split:
    """Capital and interest of what all `entries` of a case leave, in ARS (DESIGN §2)."""
    entries = list(entries)
    void = {entry.reverses_id for entry in entries}
    return allocate((entry.posted(is_void=entry.pk in void) for entry in entries), initial_amount=initial_amount)
