from django.conf import settings
from django.db import models
from django.db.models import F, Q

from cases.models.activity import Activity
from cases.models.case import Case
from cases.models.debtor import Debtor
from cases.querysets import StopFlagQuerySet
from cases.rules import stops


class StopFlag(models.Model):
    """A person, or one debt of theirs, is not contacted until somebody lifts it or `until` is reached (DESIGN §3.6).

    `Case.stopped_at` is the copy that the queue reads; `services.stops` keeps it.
    """

    class Channel(models.TextChoices):
        ALL = stops.Channel.ALL.value, "Todos los canales"
        CALL = stops.Channel.CALL.value, "Llamadas"
        MESSAGE = stops.Channel.MESSAGE.value, "WhatsApp"
        EMAIL = stops.Channel.EMAIL.value, "Correo electrónico"
        SMS = stops.Channel.SMS.value, "SMS"
        VISIT = stops.Channel.VISIT.value, "Visitas"
        LETTER = stops.Channel.LETTER.value, "Cartas"

    class Reason(models.TextChoices):
        PIDE_NO_CONTACTO = stops.Reason.PIDE_NO_CONTACTO.value, "Pide no ser contactado"
        DESCONOCE = stops.Reason.DESCONOCE.value, "Desconoce la deuda"
        RECLAMO = stops.Reason.RECLAMO.value, "Reclamo"
        ABOGADO = stops.Reason.ABOGADO.value, "Remite a abogado"
        FALLECIDO = stops.Reason.FALLECIDO.value, "Fallecido"
        REVISION = stops.Reason.REVISION.value, "En revisión"
        MISSING = stops.Reason.MISSING.value, "Ya no viene en la cartera"

    debtor = models.ForeignKey(Debtor, models.PROTECT, related_name="stops", verbose_name="deudor")
    case = models.ForeignKey(
        Case,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stops",
        verbose_name="caso",
        help_text="Vacío: toda la persona.",
    )
    channel = models.CharField("canal", max_length=10, choices=Channel.choices, default=Channel.ALL)
    reason = models.CharField("motivo", max_length=20, choices=Reason.choices)
    since = models.DateTimeField("desde")
    until = models.DateTimeField("hasta", null=True, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="puesta por",
    )
    activity = models.ForeignKey(
        Activity, models.PROTECT, null=True, blank=True, related_name="stops", verbose_name="gestión"
    )
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="levantada por",
    )
    lifted_at = models.DateTimeField("levantada", null=True, blank=True)

    objects = StopFlagQuerySet.as_manager()

    class Meta:
        verbose_name = "detención"
        verbose_name_plural = "detenciones"
        constraints = [
            models.CheckConstraint(
                condition=Q(channel__in=["all", "call", "message", "email", "sms", "visit", "letter"]),
                name="stop_channel_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    reason__in=[
                        "pide_no_contacto",
                        "desconoce",
                        "reclamo",
                        "abogado",
                        "fallecido",
                        "revision",
                        "missing",
                    ]
                ),
                name="stop_reason_known",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")),
                name="stop_ends_after_it_begins",
                violation_error_message="La detención debe terminar después de empezar.",
            ),
            models.CheckConstraint(
                condition=Q(lifted_by__isnull=True) | Q(lifted_at__isnull=False), name="stop_lift_has_a_date"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} · {'toda la persona' if self.case_id is None else 'esta deuda'}"
