"""Messages from the public contact form. They are stored first and mailed later, from the same row (contact.outbox)."""

import uuid

from django.db import models
from django.utils import timezone

from contact.querysets import SubmissionQuerySet


class ContactSubmission(models.Model):
    entity = models.CharField("entidad", max_length=200, blank=True)
    name = models.CharField("nombre", max_length=200)
    email = models.EmailField("correo electrónico")
    phone = models.CharField("teléfono", max_length=50, blank=True)
    message = models.TextField("mensaje", max_length=5000)
    created_at = models.DateTimeField("recibido", default=timezone.now, editable=False)
    # The same text of the same form, sent twice, is one submission; its mail contains the key too.
    key = models.UUIDField("clave", default=uuid.uuid4, unique=True, editable=False)
    notified_at = models.DateTimeField("avisado", null=True, blank=True)
    attempts = models.PositiveIntegerField("intentos de aviso", default=0, editable=False)
    next_attempt_at = models.DateTimeField("próximo intento", default=timezone.now, editable=False)
    leased_until = models.DateTimeField("en envío hasta", null=True, blank=True, editable=False)
    last_error = models.CharField("por qué no se avisó", max_length=300, blank=True, editable=False)
    handled_at = models.DateTimeField("atendido", null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = "mensaje de contacto"
        verbose_name_plural = "mensajes de contacto"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="contact_newest"),
            models.Index(
                fields=["next_attempt_at"], name="contact_unsent", condition=models.Q(notified_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.created_at:%d/%m/%Y})"
