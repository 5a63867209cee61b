from django.db import models


class CaseTally(models.Model):
    """A rollup: what each statement added to (or took from) a cartera's number of cases.

    Written by triggers on PostgreSQL, so that no way of writing cases can forget it, and as rows of its own, so that
    nobody waits for an import to end; `nightly` sums them up. Read through `cases.tally`.
    """

    cartera_id = models.BigIntegerField()  # no foreign key: it must not stand in the way of deleting a cartera
    cases = models.BigIntegerField()

    class Meta:
        verbose_name = "recuento de casos"
        verbose_name_plural = "recuentos de casos"

    def __str__(self) -> str:
        return f"{self.cartera_id}: {self.cases:+}"
