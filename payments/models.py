"""Payment files, their rows and what each row posted (DESIGN §5.1)."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models import Cartera, Case, LedgerEntry
from cases.models.arrangement import Instalment
from payments.querysets import PaymentRowQuerySet

# Rows whose identity another row may have: nothing of theirs was posted, or it was taken back.
FREE_STATES = ["duplicate", "rejected", "undone"]


class Layout(models.Model):
    """How a kind of file is read. `spec` is what `payments.reading.layout` understands."""

    code = models.SlugField("código", max_length=30)
    name = models.CharField("nombre", max_length=80)
    spec = models.JSONField("definición", default=dict)
    is_active = models.BooleanField("activo", default=True)
    verified_with_real_file = models.BooleanField(
        "verificado con un archivo real",
        default=False,
        help_text="Márquelo cuando un archivo verdadero de quien los envía se leyó bien.",
    )

    class Meta:
        verbose_name = "formato de archivo de pagos"
        verbose_name_plural = "formatos de archivos de pagos"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                name="layout_code_unique",
                violation_error_message="Ya existe un formato con ese código.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PaymentFile(models.Model):
    """A file of payments: what was read of it is staged, and then posted, once."""

    class Status(models.TextChoices):
        STAGED = "staged", "Por registrar"
        POSTED = "posted", "Registrado"
        UNDONE = "undone", "Deshecho"

    layout = models.ForeignKey(Layout, models.PROTECT, related_name="files", verbose_name="formato")
    file_name = models.CharField("archivo", max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    cartera = models.ForeignKey(
        Cartera, models.PROTECT, null=True, blank=True, related_name="payment_files", verbose_name="cartera"
    )
    account = models.CharField("cuenta", max_length=60, blank=True)
    totals = models.JSONField("resultado", default=dict, editable=False)
    status = models.CharField("estado", max_length=6, choices=Status.choices, default=Status.STAGED)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="cargado por",
    )
    created_at = models.DateTimeField("cargado", default=timezone.now, editable=False)
    posted_at = models.DateTimeField("registrado", null=True, blank=True, editable=False)
    undone_at = models.DateTimeField("deshecho", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "archivo de pagos"
        verbose_name_plural = "archivos de pagos"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=["staged", "posted", "undone"]), name="payment_file_status"),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="payment_file_newest")]

    def __str__(self) -> str:
        return f"{self.file_name} · {timezone.localtime(self.created_at):%d/%m/%Y %H:%M}"

    @staticmethod
    def account_of(cartera: int | None) -> str:
        """What stands for the account of a file that has none: its cartera, if it has one (an id)."""
        return f"cartera {cartera}" if cartera else ""

    @property
    def has_account(self) -> bool:
        """Whether a true account is known, of the file itself or named by who loaded it."""
        return self.account not in ("", self.account_of(self.cartera_id))


class PaymentRow(models.Model):
    """One row of a file. `why` says in a sentence how it came to its state."""

    class State(models.TextChoices):
        MATCHED = "matched", "Identificado"
        AMBIGUOUS = "ambiguous", "Por decidir"
        UNMATCHED = "unmatched", "Sin identificar"
        DUPLICATE = "duplicate", "Repetido"
        REJECTED = "rejected", "Rechazado"
        POSTED = "posted", "Registrado"
        IGNORED = "ignored", "Ignorado"
        UNDONE = "undone", "Deshecho"

    class Kind(models.TextChoices):
        PAYMENT = "payment", "Pago"
        REVERSAL = "reversal", "Contracargo"
        OTHER = "other", "Otra cosa"

    file = models.ForeignKey(PaymentFile, models.PROTECT, related_name="rows", verbose_name="archivo", db_index=False)
    line = models.PositiveIntegerField("fila")
    raw = models.TextField("como vino")
    kind = models.CharField("qué es", max_length=8, choices=Kind.choices, default=Kind.PAYMENT)
    value_date = models.DateField("fecha de pago", null=True, blank=True)
    credited_on = models.DateField("acreditado", null=True, blank=True)
    amount = models.DecimalField("importe", max_digits=15, decimal_places=2, null=True, blank=True)
    channel = models.CharField("medio", max_length=60, blank=True)
    payer_cuit = models.CharField("CUIT", max_length=11, blank=True)
    payer_dni = models.CharField("DNI", max_length=8, blank=True)
    payer_name = models.CharField("nombre", max_length=120, blank=True)
    nro_cliente = models.CharField("nro. de cliente", max_length=80, blank=True)
    external_reference = models.CharField("código de pago", max_length=120, blank=True)
    own_id = models.CharField("número en el archivo", max_length=120, blank=True)
    reverses = models.CharField("anula al número", max_length=120, blank=True)
    # (layout, account, id): one payment, in whatever file it comes. Empty for what is none.
    identity = models.CharField(max_length=64, blank=True, editable=False)
    # All that a payment says, whatever account it came under.
    content = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    # Of the ledger entry that it posts, without what tells the parts of a split apart.
    reference = models.CharField(max_length=60, blank=True, editable=False)
    state = models.CharField("estado", max_length=9, choices=State.choices)
    why = models.CharField("por qué", max_length=300)
    # What was found, or is proposed; what was posted is in `postings`.
    case = models.ForeignKey(Case, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="caso")
    entry = models.ForeignKey(
        LedgerEntry,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="pago propuesto",
    )
    # What a person said of it: it may exceed what is owed; it is not the one that was there; how it is divided,
    # [{"case": id, "amount": "0.00"}].
    is_confirmed = models.BooleanField("confirmado", default=False, editable=False)
    is_another = models.BooleanField("es otro pago", default=False, editable=False)
    split = models.JSONField("reparto", default=list, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="decidido por",
    )
    decided_at = models.DateTimeField("decidido", null=True, blank=True, editable=False)

    # Grows with each decision, and where posting asks a person after all.
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    objects = PaymentRowQuerySet.as_manager()

    class Meta:
        verbose_name = "fila de un archivo de pagos"
        verbose_name_plural = "filas de archivos de pagos"
        ordering = ["file", "line", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["identity"],
                condition=~Q(identity="") & ~Q(state__in=FREE_STATES),
                name="payment_row_identity_unique",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        *("matched", "ambiguous", "unmatched", "duplicate"),
                        *("rejected", "posted", "ignored", "undone"),
                    ]
                ),
                name="payment_row_state_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["payment", "reversal", "other"]), name="payment_row_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="payment_row_amount_positive"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=False, value_date__isnull=False) | Q(state__in=["rejected", "ignored"]),
                name="payment_row_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["file", "state", "id"], name="payment_row_by_state"),
            models.Index(fields=["content"], name="payment_row_by_content", condition=~Q(content="")),
            # «Pagos por identificar», the oldest first.
            models.Index(
                fields=["value_date", "id"],
                name="payment_row_to_identify",
                condition=Q(state__in=["ambiguous", "unmatched"]),
            ),
        ]

    def __str__(self) -> str:
        return f"Fila {self.line} de {self.file.file_name}"


class PaymentPosting(models.Model):
    """What a row posted to a case: several for a payment that was split. `posted_by_row` is false for an entry that a
    person had typed and the row was linked to."""

    row = models.ForeignKey(PaymentRow, models.PROTECT, related_name="postings", verbose_name="fila")
    case = models.ForeignKey(Case, models.PROTECT, related_name="+", verbose_name="caso")
    amount = models.DecimalField("importe", max_digits=15, decimal_places=2)
    entry = models.OneToOneField(LedgerEntry, models.PROTECT, related_name="payment_posting", verbose_name="movimiento")
    posted_by_row = models.BooleanField("registrado por la fila", default=True)

    class Meta:
        verbose_name = "registro de una fila"
        verbose_name_plural = "registros de filas"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_posting_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.row} · caso {self.case_id}"


class PaymentKey(models.Model):
    """A payment key or barcode that the creditor issued for a case, or for an instalment of its arrangement."""

    cartera = models.ForeignKey(Cartera, models.PROTECT, related_name="payment_keys", verbose_name="cartera")
    key = models.CharField("código de pago", max_length=120)
    case = models.ForeignKey(Case, models.PROTECT, related_name="payment_keys", verbose_name="caso")
    instalment = models.ForeignKey(
        Instalment, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name="cuota"
    )

    class Meta:
        verbose_name = "código de pago"
        verbose_name_plural = "códigos de pago"
        constraints = [
            models.UniqueConstraint(
                fields=["cartera", "key"],
                name="payment_key_unique",
                violation_error_message="Esa cartera ya tiene ese código de pago.",
            ),
            models.CheckConstraint(condition=~Q(key=""), name="payment_key_present"),
        ]

    def __str__(self) -> str:
        return self.key

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = self.key.strip().upper()
        super().save(*args, **kwargs)
