from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models.case import Case
from cases.models.debtor import DebtorPhone
from cases.querysets import ActivityQuerySet, ActivityResultQuerySet

# The keys that choose a result. Commands of the screen never use them (cases/desk/keys.py).
RESULT_KEYS = "123456"
# Those of the seeded codes, also where a file or an installation still has letters.
USUAL_KEYS = {"NC": "1", "BUZ": "2", "VLL": "3", "PP": "4", "YP": "5", "EQ": "6"}


class ActivityType(models.TextChoices):
    CALL = "call", "Llamada"
    EMAIL = "email", "Correo"
    VISIT = "visit", "Visita"
    NOTE = "note", "Nota"
    PAYMENT = "payment", "Pago"
    PROMISE = "promise", "Promesa"
    MESSAGE = "message", "Mensaje"
    STATUS = "status", "Cambio de estado"


# The types that a person may choose; the others follow from what else was recorded.
CONTACT_TYPES = (
    ActivityType.CALL,
    ActivityType.MESSAGE,
    ActivityType.EMAIL,
    ActivityType.VISIT,
    ActivityType.NOTE,
)


class ActivityResult(models.Model):
    """A result code (tipificación): the outcome of a contact and its effect on the case (DESIGN §4)."""

    class Group(models.TextChoices):
        DIRECTO = "directo", "Contacto directo"
        INDIRECTO = "indirecto", "Contacto indirecto"
        SIN_CONTACTO = "sin_contacto", "Sin contacto"
        DATO_INVALIDO = "dato_invalido", "Dato inválido"
        OTRO = "otro", "Otro"

    code = models.CharField(
        "código",
        max_length=10,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9]+$", "Use solo mayúsculas y números.")],
    )
    name = models.CharField("nombre", max_length=80)
    group = models.CharField("grupo", max_length=14, choices=Group.choices)
    # The type of a gestión with this result: a WhatsApp message is no call.
    type = models.CharField(
        "tipo de gestión",
        max_length=10,
        choices=[(kind.value, kind.label) for kind in CONTACT_TYPES],
        default=ActivityType.CALL,
        db_default=ActivityType.CALL,
    )
    is_direct_contact = models.BooleanField("contacto directo", default=False)
    is_attempt = models.BooleanField("cuenta como intento", default=True)
    needs_promise = models.BooleanField("exige una promesa", default=False)
    stops_case = models.BooleanField("detiene", default=False)
    stops_person = models.BooleanField(
        "detiene a la persona", default=False, help_text="Con todas sus deudas; si no, solo la de la gestión."
    )
    marks_phone_bad = models.BooleanField("marca que el teléfono no sirve", default=False)
    next_action_days = models.PositiveSmallIntegerField(
        "días hábiles hasta la próxima acción", null=True, blank=True, help_text="Vacío: no cambia la fecha."
    )
    band = models.PositiveSmallIntegerField(
        "prioridad", choices=Case.Band.choices, null=True, blank=True, help_text="Vacío: según las reglas."
    )
    asks_when = models.BooleanField("pide fecha y hora", default=False)
    shortcut = models.CharField(
        "tecla",
        max_length=1,
        blank=True,
        help_text="De 1 a 6, para los seis más usados. Lo que detiene no tiene tecla.",
    )
    position = models.PositiveSmallIntegerField("posición", default=0)
    is_active = models.BooleanField("activo", default=True)

    objects = ActivityResultQuerySet.as_manager()

    class Meta:
        verbose_name = "resultado de gestión"
        verbose_name_plural = "resultados de gestión"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["shortcut"],
                condition=~Q(shortcut="") & Q(is_active=True),
                name="result_shortcut_unique",
                violation_error_message="Otro resultado activo usa ese atajo.",
            ),
            models.CheckConstraint(
                condition=Q(shortcut__in=["", *RESULT_KEYS]),
                name="result_shortcut_is_a_digit",
                violation_error_message="La tecla es un número de 1 a 6, o ninguna.",
            ),
            models.CheckConstraint(
                condition=Q(shortcut="") | Q(stops_case=False),
                name="result_that_stops_has_no_shortcut",
                violation_error_message="Un resultado que detiene no tiene tecla: se elige y se confirma.",
            ),
            models.CheckConstraint(
                condition=Q(group__in=["directo", "indirecto", "sin_contacto", "dato_invalido", "otro"]),
                name="result_group_known",
            ),
            models.CheckConstraint(
                condition=Q(type__in=["call", "message", "email", "visit", "note"]), name="result_type_known"
            ),
            models.CheckConstraint(
                condition=Q(band__isnull=True) | Q(band__gte=1, band__lte=7), name="result_band_known"
            ),
            models.CheckConstraint(
                condition=Q(is_direct_contact=False) | Q(is_attempt=True),
                name="result_direct_contact_is_attempt",
                violation_error_message="Un contacto directo cuenta siempre como intento.",
            ),
            models.CheckConstraint(
                condition=Q(stops_person=False) | Q(stops_case=True),
                name="result_person_stop_is_a_stop",
                violation_error_message="Lo que detiene a la persona detiene: marque también «detiene».",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} · {self.name}"


class Activity(models.Model):
    """One action or note on a case (gestión). Never deleted: voided ones are left out of timelines and figures."""

    Type = ActivityType

    case = models.ForeignKey(Case, models.PROTECT, related_name="activities", verbose_name="caso", db_index=False)
    type = models.CharField("tipo", max_length=10, choices=Type.choices)
    result = models.ForeignKey(
        ActivityResult,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name="resultado",
    )
    phone = models.ForeignKey(
        DebtorPhone, models.PROTECT, null=True, blank=True, related_name="activities", verbose_name="teléfono"
    )
    notes = models.TextField("notas", blank=True)
    override_reason = models.CharField(
        "por qué, a un teléfono del trabajo", max_length=200, blank=True, default="", db_default=""
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        db_index=False,
        verbose_name="autor",
    )
    imported_author = models.CharField("autor según el sistema anterior", max_length=150, blank=True)
    # The same for the gestiones that one save recorded for several debts of a person: they are one contact.
    submission = models.UUIDField("envío", null=True, blank=True, editable=False)
    created_at = models.DateTimeField("fecha", default=timezone.now)
    is_system = models.BooleanField("automática", default=False)
    voided_at = models.DateTimeField("anulada", null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="anulada por",
    )
    external_id = models.CharField("identificador de origen", max_length=120, null=True, blank=True, editable=False)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = "gestión"
        verbose_name_plural = "gestiones"
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"],
                condition=Q(external_id__isnull=False),
                name="activity_external_id_unique",
            ),
            models.CheckConstraint(
                condition=Q(type__in=["call", "email", "visit", "note", "payment", "promise", "message", "status"]),
                name="activity_type_known",
            ),
            models.CheckConstraint(
                condition=Q(voided_by__isnull=True) | Q(voided_at__isnull=False),
                name="activity_void_has_a_date",
            ),
        ]
        indexes = [
            models.Index(fields=["case", "-created_at", "-id"], name="activity_timeline"),
            models.Index(fields=["created_by", "-created_at"], name="activity_by_author"),
            models.Index(fields=["-created_at", "-id"], name="activity_newest"),
            models.Index(fields=["submission"], name="activity_by_submission", condition=Q(submission__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} · {timezone.localtime(self.created_at):%d/%m/%Y %H:%M}"
