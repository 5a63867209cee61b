from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from cases.querysets import NAMED_SLUGS, CaseStatusQuerySet
from cases.rules import stages


class CaseStatus(models.Model):
    """A status of cases, defined by the agency. Rules use only its `stage` (DESIGN §2)."""

    class Stage(models.TextChoices):
        EN_GESTION = stages.Stage.EN_GESTION.value, "En gestión"
        PROMESA = stages.Stage.PROMESA.value, "Promesa"
        PAGADA = stages.Stage.PAGADA.value, "Pagada"
        INCOBRABLE = stages.Stage.INCOBRABLE.value, "Incobrable"
        DE_BAJA = stages.Stage.DE_BAJA.value, "De baja"

    OPEN_STAGES = (Stage.EN_GESTION, Stage.PROMESA)

    slug = models.SlugField("identificador", max_length=40, unique=True)
    name = models.CharField("nombre", max_length=60)
    stage = models.CharField("etapa", max_length=12, choices=Stage.choices)
    color = models.CharField(
        "color",
        max_length=7,
        default="#64748b",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", "Escriba un color como #1d4ed8.")],
    )
    position = models.PositiveSmallIntegerField("posición", default=0)
    is_active = models.BooleanField("activo", default=True)
    is_stage_default = models.BooleanField("predeterminado de su etapa", default=False)

    objects = CaseStatusQuerySet.as_manager()

    class Meta:
        verbose_name = "estado"
        verbose_name_plural = "estados"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["stage"],
                condition=models.Q(is_stage_default=True),
                name="status_one_default_per_stage",
                violation_error_message="Esa etapa ya tiene un estado predeterminado.",
            ),
            models.CheckConstraint(
                condition=models.Q(is_stage_default=False) | models.Q(is_active=True),
                name="status_default_is_active",
                violation_error_message="El estado predeterminado de una etapa no puede desactivarse.",
            ),
            models.CheckConstraint(
                condition=models.Q(stage__in=["en_gestion", "promesa", "pagada", "incobrable", "de_baja"]),
                name="status_stage_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.stage in self.OPEN_STAGES

    @property
    def is_named_by_rules(self) -> bool:
        return self.is_stage_default or self.slug in NAMED_SLUGS

    def clean(self) -> None:
        """Refuse another stage for a status in use (`Case.stage` is a copy) or named by rules. Up to two queries."""
        if self.pk is None:
            return
        stored = type(self).objects.get(pk=self.pk)
        if stored.stage != self.stage and self.cases.exists():
            raise ValidationError({"stage": "Este estado ya tiene casos: cree otro estado para la nueva etapa."})
        if stored.stage != self.stage and stored.is_named_by_rules:
            raise ValidationError({"stage": "Las reglas usan este estado: su etapa no puede cambiarse."})
        if stored.slug != self.slug and stored.is_named_by_rules:
            raise ValidationError({"slug": "Las reglas usan este identificador: no puede cambiarse."})
        if not self.is_active and stored.is_named_by_rules:
            raise ValidationError({"is_active": "Las reglas usan este estado: no puede desactivarse."})
