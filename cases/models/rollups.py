"""What the dashboard adds up, added up already (DESIGN §9). Read and kept through `cases.rollups`.

Triggers write them on PostgreSQL, in the statement that changes what they sum, so that no way of writing can forget
them: an import, a bulk change, a correction by hand. Each statement adds rows of what it changed and waits for nobody;
`nightly` sums them up. No foreign keys: a sum must not stand in the way of deleting what it sums.
"""

from django.db import models


class DailyTotal(models.Model):
    """What one day added: money by value date, promises by promised day, gestiones by local day. Sums in cents.

    `grain` says of what: of a gestor in a cartera, of a cartera (`gestor_id` is null) or of a gestor (`cartera_id` is).
    Elsewhere a null gestor is nobody: who held no case, or is unknown.
    """

    class Grain(models.IntegerChoices):
        BOTH = 0, "gestor y cartera"
        CARTERA = 1, "cartera"
        GESTOR = 2, "gestor"

    grain = models.PositiveSmallIntegerField(choices=Grain.choices)
    day = models.DateField()
    cartera_id = models.BigIntegerField(null=True)
    gestor_id = models.BigIntegerField(null=True)
    recovered = models.BigIntegerField()  # payments less reversals
    placed = models.BigIntegerField()
    owed = models.BigIntegerField()  # every movement with its sign: what the day added to the balances
    kept = models.BigIntegerField()
    broken = models.BigIntegerField()
    activities = models.BigIntegerField()
    attempts = models.BigIntegerField()
    direct = models.BigIntegerField()

    class Meta:
        verbose_name = "total diario"
        verbose_name_plural = "totales diarios"
        indexes = [
            models.Index(fields=["grain", "day"], name="daily_by_day"),
            models.Index(fields=["cartera_id", "day"], name="daily_of_cartera", condition=models.Q(grain=0)),
            models.Index(fields=["gestor_id", "day"], name="daily_of_gestor", condition=models.Q(grain=0)),
        ]

    def __str__(self) -> str:
        return f"{self.day}: cartera {self.cartera_id}, gestor {self.gestor_id}"


class BookTotal(models.Model):
    """The book as it stands: how many cases, and what they owe in cents."""

    cartera_id = models.BigIntegerField()
    gestor_id = models.BigIntegerField(null=True)
    status_id = models.BigIntegerField()
    cases = models.BigIntegerField()
    owed = models.BigIntegerField()
    stopped = models.BigIntegerField()  # those of them that are open and stopped

    class Meta:
        verbose_name = "total de la cartera"
        verbose_name_plural = "totales de la cartera"

    def __str__(self) -> str:
        return f"cartera {self.cartera_id}, gestor {self.gestor_id}, estado {self.status_id}: {self.cases:+}"


class DataVersion(models.Model):
    """One row, raised by every transaction that changes a figure: what was computed at a version is good while it is
    the version. Raised as the transaction ends, so that nobody waits for an import.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    version = models.BigIntegerField()

    class Meta:
        verbose_name = "versión de los datos"
        verbose_name_plural = "versiones de los datos"

    def __str__(self) -> str:
        return str(self.version)
