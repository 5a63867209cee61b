from django.conf import settings
from django.db import models
from django.utils import timezone

from cases.models.cartera import Cartera


class ImportBatch(models.Model):
    """One run of an import: its file, user and counts, and the report of every row with a problem."""

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

    class Meta:
        verbose_name = "importación"
        verbose_name_plural = "importaciones"
        ordering = ["-created_at", "-id"]
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
