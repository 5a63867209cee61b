from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models.cartera import Cartera

# For how long an import can be undone: what it changed is noted as long as that.
UNDO_FOR = timedelta(days=90)


class ImportBatch(models.Model):
    """One run of an import: its file, user and counts, and the report of every row with a problem."""

    class Kind(models.TextChoices):
        CASES = "cases", "Cartera"
        RECALL = "recall", "Bajas"

    kind = models.CharField("qué es", max_length=6, choices=Kind.choices, default=Kind.CASES, db_default=Kind.CASES)
    file_name = models.CharField("archivo", max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    cartera = models.ForeignKey(Cartera, models.PROTECT, related_name="import_batches", verbose_name="cartera")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="importado por",
    )
    created_at = models.DateTimeField("fecha", default=timezone.now, editable=False)
    mapping = models.JSONField("columnas", default=dict)
    options = models.JSONField("opciones", default=dict)
    counts = models.JSONField("resultado", default=dict)
    report = models.TextField("informe (CSV)", blank=True)
    # The row of each line of the report, as it is in the file: for the report that people download.
    originals = models.JSONField("filas originales", default=list, editable=False)
    undone_at = models.DateTimeField("deshecha", null=True, blank=True, editable=False)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        editable=False,
        verbose_name="deshecha por",
    )

    class Meta:
        verbose_name = "importación"
        verbose_name_plural = "importaciones"
        ordering = ["-created_at", "-id"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=["cases", "recall"]), name="import_kind_known")]
        indexes = [models.Index(fields=["-created_at", "-id"], name="import_newest")]

    def __str__(self) -> str:
        return f"{self.file_name} · {timezone.localtime(self.created_at):%d/%m/%Y %H:%M}"


class ImportUpload(models.Model):
    """A file between its upload and its confirmation. It is in the database, so that every web process can read it."""

    file_name = models.CharField("archivo", max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    content = models.BinaryField("contenido")
    options = models.JSONField("opciones", default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="subido por"
    )
    created_at = models.DateTimeField("subido", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "archivo por importar"
        verbose_name_plural = "archivos por importar"
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.file_name


class ImportChange(models.Model):
    """What an import did to a case or a person that was there before, for undoing it (DESIGN §5).

    Of a case `former` has the values before, or {"moved": the person before}. Of a person it has what was filled in:
    {"filled": {field: value}, "phones": [number]}.
    """

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="changes", verbose_name="importación")
    case = models.ForeignKey(
        "cases.Case", models.CASCADE, null=True, blank=True, related_name="import_changes", verbose_name="caso"
    )
    debtor = models.ForeignKey(
        "cases.Debtor", models.CASCADE, null=True, blank=True, related_name="import_changes", verbose_name="deudor"
    )
    former = models.JSONField("antes", default=dict)

    class Meta:
        verbose_name = "cambio de una importación"
        verbose_name_plural = "cambios de importaciones"
        constraints = [
            models.CheckConstraint(
                condition=Q(case__isnull=False, debtor__isnull=True) | Q(case__isnull=True, debtor__isnull=False),
                name="import_change_of_one_row",
            )
        ]

    def __str__(self) -> str:
        return f"{self.batch} · {self.case or self.debtor}"
