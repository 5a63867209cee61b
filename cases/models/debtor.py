from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Concat

from cases.querysets import DebtorPhoneQuerySet, DebtorQuerySet
from cases.searching import SearchText

# Where a debtor lives, and how else they are reached: what a gestor may correct and a creditor's file may fill in.
STREET_FIELDS = ("street", "street_number", "city", "postal_code", "provincia")
CONTACT_FIELDS = ("email", *STREET_FIELDS)


class Debtor(models.Model):
    """A person or company that owes. One debtor has many cases, in several carteras."""

    first_name = models.CharField("nombre", max_length=150, blank=True)
    last_name = models.CharField("apellido o razón social", max_length=150, blank=True)
    dni = models.CharField("DNI", max_length=8, null=True, blank=True)
    cuit = models.CharField("CUIT/CUIL", max_length=11, null=True, blank=True)
    email = models.CharField("correo electrónico", max_length=254, blank=True)
    street = models.CharField("calle", max_length=200, blank=True)
    street_number = models.CharField("altura", max_length=20, blank=True)
    city = models.CharField("localidad", max_length=120, blank=True)
    postal_code = models.CharField("código postal", max_length=12, blank=True)
    provincia = models.CharField("provincia", max_length=60, blank=True)
    notes = models.TextField("notas", blank=True)
    created_at = models.DateTimeField("creado", auto_now_add=True)
    # What a search compares with: lower case, no accents, kept by the database itself.
    search_text = models.GeneratedField(
        expression=SearchText(Concat("first_name", Value(" "), "last_name")),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = DebtorQuerySet.as_manager()

    class Meta:
        verbose_name = "deudor"
        verbose_name_plural = "deudores"
        ordering = ["last_name", "first_name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dni"],
                name="debtor_dni_unique",
                violation_error_message="Ya existe un deudor con ese DNI.",
            ),
            models.UniqueConstraint(
                fields=["cuit"],
                name="debtor_cuit_unique",
                violation_error_message="Ya existe un deudor con ese CUIT.",
            ),
            models.CheckConstraint(
                condition=Q(dni__isnull=True) | Q(dni__regex=r"^[0-9]{7,8}$"),
                name="debtor_dni_digits",
                violation_error_message="El DNI tiene 7 u 8 dígitos, sin puntos.",
            ),
            models.CheckConstraint(
                condition=Q(cuit__isnull=True) | Q(cuit__regex=r"^[0-9]{11}$"),
                name="debtor_cuit_digits",
                violation_error_message="El CUIT tiene 11 dígitos, sin guiones.",
            ),
            models.CheckConstraint(
                condition=~Q(first_name="", last_name=""),
                name="debtor_name_present",
                violation_error_message="Escriba el nombre, el apellido o la razón social.",
            ),
        ]
        indexes = [models.Index(fields=["last_name", "first_name", "id"], name="debtor_by_name")]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def listed_name(self) -> str:
        """The surname first, as lists are ordered: `PÉREZ, Ana`."""
        return ", ".join(filter(None, (self.last_name, self.first_name)))


class DebtorPhone(models.Model):
    class Kind(models.TextChoices):
        MOBILE = "mobile", "Celular"
        LANDLINE = "landline", "Fijo"
        WORK = "work", "Trabajo"
        OTHER = "other", "Otro"

    class State(models.TextChoices):
        UNVERIFIED = "unverified", "Sin verificar"
        GOOD = "good", "Bueno"
        BAD = "bad", "Malo"

    debtor = models.ForeignKey(Debtor, models.CASCADE, related_name="phones", verbose_name="deudor", db_index=False)
    number = models.CharField("número", max_length=40)
    kind = models.CharField("tipo", max_length=10, choices=Kind.choices, default=Kind.OTHER)
    state = models.CharField("estado", max_length=10, choices=State.choices, default=State.UNVERIFIED)
    note = models.CharField("nota", max_length=120, blank=True)

    objects = DebtorPhoneQuerySet.as_manager()

    class Meta:
        verbose_name = "teléfono"
        verbose_name_plural = "teléfonos"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["debtor", "number"],
                name="phone_unique_per_debtor",
                violation_error_message="El deudor ya tiene ese teléfono.",
            ),
            models.CheckConstraint(condition=~Q(number=""), name="phone_number_present"),
            models.CheckConstraint(
                condition=Q(kind__in=["mobile", "landline", "work", "other"]), name="phone_kind_known"
            ),
            models.CheckConstraint(condition=Q(state__in=["unverified", "good", "bad"]), name="phone_state_known"),
        ]
        indexes = [models.Index(fields=["number"], name="phone_by_number")]

    def __str__(self) -> str:
        return self.number
