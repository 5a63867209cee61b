from django.db import models

from cases.models.activity import Activity


class Effect(models.Model):
    """One thing that a gestión did beyond being recorded, so that an undo can take it back (DESIGN §3.6).

    A field of a row that changed has its values as text; a row that was made has the field `""` and no values.
    """

    class Target(models.TextChoices):
        CASE = "case", "Caso"
        PHONE = "phone", "Teléfono"
        PROMISE = "promise", "Promesa"
        PAYMENT = "payment", "Pago"
        ACTIVITY = "activity", "Gestión automática"
        STOP = "stop", "Detención"
        ARRANGEMENT = "plan", "Convenio"

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="effects", verbose_name="gestión")
    model = models.CharField("qué", max_length=10, choices=Target.choices)
    object_id = models.BigIntegerField("número")
    field = models.CharField("dato", max_length=30, blank=True)
    before = models.TextField("antes", null=True, blank=True)
    after = models.TextField("después", null=True, blank=True)

    class Meta:
        verbose_name = "efecto"
        verbose_name_plural = "efectos"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(model__in=["case", "phone", "promise", "payment", "activity", "stop", "plan"]),
                name="effect_target_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_model_display()} {self.object_id} {self.field}".strip()
