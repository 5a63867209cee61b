"""Precomputed sums for the dashboard (DESIGN §9). `cases.rollups` reads and maintains them.

On PostgreSQL, triggers write them in the statement that changes the data, so that imports, bulk changes and corrections
by hand are all included. Each statement inserts rows with its differences and needs no lock; `nightly` merges the rows
of each key. There are no foreign keys, because a sum must not prevent the deletion of the data.
"""

from django.db import models


class DailyTotal(models.Model):
    """The sums of one day: money by value date, promises by promised day, gestiones by local day. Amounts in cents.

    `grain` is the level of the sum: a gestor in a cartera, a cartera (`gestor_id` is null) or a gestor (`cartera_id` is
    null). In the first and last level, a null gestor means that the case had none or that the gestor is unknown.
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
    owed = models.BigIntegerField()  # the sum of the signed entries: the change of the balances on that day
    kept = models.BigIntegerField()
    broken = models.BigIntegerField()
    activities = models.BigIntegerField()
    attempts = models.BigIntegerField()
    direct = models.BigIntegerField()
    waived = models.BigIntegerField(default=0, db_default=0)
    agreed = models.BigIntegerField(default=0, db_default=0)  # the totals that were paid for those waivers

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


class InstalmentTotal(models.Model):
    """How many instalments of accepted arrangements fell due on a day and fared alike; by who asked for them.

    `late` is the days from the due date to the payment: 0 for one that was paid by then, null while unpaid. `closed` is
    those to the closing of an arrangement that left it unpaid: 0 for one that closed by then, null while it runs. Both
    stop at 99. Whether that was in time the reader says, who knows the holidays.
    """

    grain = models.PositiveSmallIntegerField(choices=DailyTotal.Grain.choices)
    day = models.DateField()
    cartera_id = models.BigIntegerField(null=True)
    gestor_id = models.BigIntegerField(null=True)
    late = models.SmallIntegerField(null=True)
    closed = models.SmallIntegerField(null=True)
    instalments = models.BigIntegerField()

    class Meta:
        verbose_name = "total de cuotas"
        verbose_name_plural = "totales de cuotas"
        indexes = [models.Index(fields=["grain", "day"], name="instalments_by_day")]

    def __str__(self) -> str:
        return f"{self.day}: cartera {self.cartera_id}, gestor {self.gestor_id}: {self.instalments:+}"


class BookTotal(models.Model):
    """The current portfolio: how many cases, and the sum of their balances in cents."""

    cartera_id = models.BigIntegerField()
    gestor_id = models.BigIntegerField(null=True)
    status_id = models.BigIntegerField()
    cases = models.BigIntegerField()
    owed = models.BigIntegerField()
    stopped = models.BigIntegerField()  # how many of them are open and stopped

    class Meta:
        verbose_name = "total de la cartera"
        verbose_name_plural = "totales de la cartera"

    def __str__(self) -> str:
        return f"cartera {self.cartera_id}, gestor {self.gestor_id}, estado {self.status_id}: {self.cases:+}"


class DataVersion(models.Model):
    """A single row with a number that every transaction increments when it changes a figure.

    A figure computed at a version is valid until the version changes. The increment comes at the end of the
    transaction, so that an import does not block other writers.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    version = models.BigIntegerField()

    class Meta:
        verbose_name = "versión de los datos"
        verbose_name_plural = "versiones de los datos"

    def __str__(self) -> str:
        return str(self.version)
