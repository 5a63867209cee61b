"""Messages from the public contact form. Stored first, mailed after."""

from django.db import models
from django.utils import timezone


class ContactSubmission(models.Model):
    entity = models.CharField("entidad", max_length=120, blank=True)
    name = models.CharField("nombre", max_length=120)
    email = models.EmailField("correo electrónico")
    phone = models.CharField("teléfono", max_length=40, blank=True)
    message = models.TextField("mensaje", max_length=5000)
    created_at = models.DateTimeField("recibido", default=timezone.now, editable=False)
    notified_at = models.DateTimeField("avisado", null=True, blank=True)
    handled_at = models.DateTimeField("atendido", null=True, blank=True)

    class Meta:
        verbose_name = "mensaje de contacto"
        verbose_name_plural = "mensajes de contacto"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="contact_newest")]

    def __str__(self) -> str:
        return f"{self.name} ({self.created_at:%d/%m/%Y})"
