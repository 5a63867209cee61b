from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models.arrangement import Arrangement
from cases.models.case import Case
from cases.models.ledger import LedgerEntry
from cases.querysets import DocumentQuerySet
from cases.rules import papers


class Kind(models.TextChoices):
    AGREEMENT = papers.Kind.AGREEMENT.value, "Convenio"
    RECEIPT = papers.Kind.RECEIPT.value, "Recibo"
    CLEARANCE = papers.Kind.CLEARANCE.value, "Libre deuda"
    STATEMENT = papers.Kind.STATEMENT.value, "Estado de deuda"


class Document(models.Model):
    """A paper that was issued. It is never changed and never deleted; a wrong one is voided (DESIGN §3.9).

    The file is kept as it was issued: made again from `content` it is the same only with the same version of the
    program and of reportlab, and whoever brings the paper years later asks for this very one. `content` is what it
    says, from which a voided one is printed with ANULADO across.
    """

    Kind = Kind

    kind = models.CharField("tipo", max_length=9, choices=Kind.choices)
    number = models.PositiveIntegerField("número")
    case = models.ForeignKey(Case, models.PROTECT, related_name="documents", verbose_name="caso", db_index=False)
    entry = models.ForeignKey(
        LedgerEntry,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="documents",
        db_index=False,
        verbose_name="pago",
    )
    arrangement = models.ForeignKey(
        Arrangement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="documents",
        db_index=False,
        verbose_name="convenio",
    )
    code = models.CharField("código de verificación", max_length=papers.CODE_LENGTH, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    file = models.BinaryField("archivo", editable=False)
    content = models.JSONField("lo que dice", default=dict, editable=False)
    texts = models.JSONField("textos que se aplicaron", default=dict, editable=False)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="emitido por",
    )
    issued_at = models.DateTimeField("emitido", default=timezone.now, editable=False)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="anulado por",
    )
    voided_at = models.DateTimeField("anulado", null=True, blank=True)
    void_reason = models.CharField("por qué se anuló", max_length=300, blank=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = "papel"
        verbose_name_plural = "papeles"
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="document_number_unique"),
            models.UniqueConstraint(fields=["code"], name="document_code_unique"),
            models.CheckConstraint(condition=Q(number__gt=0), name="document_number_positive"),
            models.CheckConstraint(
                condition=Q(kind__in=["agreement", "receipt", "clearance", "statement"]), name="document_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="receipt", entry__isnull=False) | (~Q(kind="receipt") & Q(entry__isnull=True)),
                name="document_receipt_is_of_a_payment",
            ),
            models.UniqueConstraint(
                fields=["entry"],
                condition=Q(entry__isnull=False, voided_at__isnull=True),
                name="document_one_receipt_a_payment",
            ),
            models.CheckConstraint(
                # A receipt has the one that its payment completes.
                condition=Q(kind="agreement", arrangement__isnull=False)
                | Q(kind="receipt")
                | Q(kind__in=["clearance", "statement"], arrangement__isnull=True),
                name="document_agreement_is_of_an_arrangement",
            ),
            models.UniqueConstraint(
                fields=["arrangement"],
                condition=Q(kind="agreement", voided_at__isnull=True),
                name="document_one_agreement_an_arrangement",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(kind="clearance", voided_at__isnull=True),
                name="document_one_clearance_a_case",
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=False) | Q(voided_by__isnull=True, void_reason=""),
                name="document_void_has_a_date",
            ),
        ]
        indexes = [models.Index(fields=["case", "-id"], name="document_by_case")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {papers.number_label(self.number)}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("A paper that was issued is voided, not deleted.")

    @property
    def is_valid(self) -> bool:
        return self.voided_at is None

    @property
    def is_in_force(self) -> bool:
        """Whether what it says still holds: an agreement does while its arrangement runs. May run a query."""
        has_ended = self.kind == Kind.AGREEMENT and self.arrangement is not None and not self.arrangement.is_active
        return self.is_valid and not has_ended

    @property
    def code_label(self) -> str:
        return papers.code_label(self.code)

    @property
    def file_name(self) -> str:
        """In ASCII, so that every browser keeps it."""
        name = {
            "agreement": "convenio",
            "receipt": "recibo",
            "clearance": "libre-deuda",
            "statement": "estado-de-deuda",
        }
        return f"{name[self.kind]}-{self.number:08d}.pdf"


class DocumentCounter(models.Model):
    """The last number of a kind. Its row is locked while a paper is issued, so that no number is missing or twice."""

    kind = models.CharField("tipo", max_length=9, choices=Kind.choices, primary_key=True)
    last = models.PositiveIntegerField("último número", default=0)

    class Meta:
        verbose_name = "numeración de papeles"
        verbose_name_plural = "numeraciones de papeles"

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.last}"


class PaperText(models.Model):
    """A text of the papers, which an admin edits. What was issued keeps the text that it was issued with."""

    class Slug(models.TextChoices):
        AGENCY_NAME = papers.Text.AGENCY_NAME.value, "Agencia: razón social"
        AGENCY_CUIT = papers.Text.AGENCY_CUIT.value, "Agencia: CUIT"
        AGENCY_ADDRESS = papers.Text.AGENCY_ADDRESS.value, "Agencia: domicilio"
        AGENCY_CONTACT = papers.Text.AGENCY_CONTACT.value, "Agencia: teléfono y correo"
        PAYMENT_MEANS = papers.Text.PAYMENT_MEANS.value, "Medios de pago"
        RECEIPT = papers.Text.RECEIPT.value, "Recibo: pago a cuenta"
        RECEIPT_COMPLETES = papers.Text.RECEIPT_COMPLETES.value, "Recibo: pago que cancela un convenio"
        CLEARANCE = papers.Text.CLEARANCE.value, "Libre deuda"
        STATEMENT = papers.Text.STATEMENT.value, "Estado de deuda"
        AGREEMENT = papers.Text.AGREEMENT.value, "Convenio: qué se acuerda"
        AGREEMENT_DEFAULT = papers.Text.AGREEMENT_DEFAULT.value, "Convenio: cláusula de incumplimiento"

    slug = models.CharField("texto", max_length=20, choices=Slug.choices, unique=True)
    text = models.TextField("contenido", max_length=5000, blank=True)

    class Meta:
        verbose_name = "texto de los papeles"
        verbose_name_plural = "textos de los papeles"
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    slug__in=[
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
                    ]
                ),
                name="paper_text_known",
            ),
        ]

    def __str__(self) -> str:
        return self.get_slug_display()

    @property
    def placeholders(self) -> frozenset[str]:
        return papers.PLACEHOLDERS[papers.Text(self.slug)]

    @property
    def wrong(self) -> list[str]:
        """What keeps it from being filled in, as Spanish sentences."""
        return papers.check(self.text, self.placeholders)

    def clean(self) -> None:
        self.text = self.text.replace("\r\n", "\n").strip()
        if self.wrong:
            raise ValidationError({"text": self.wrong})
