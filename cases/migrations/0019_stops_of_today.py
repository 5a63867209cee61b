"""The stops that cases carry become stops of their person or debt, as their result says (DESIGN §3.6).

A person's stop reaches all of their debts: those that were still being worked leave the queues now. A chunk of people
at a time, so that the memory stays small; about 20,000 stops take some seconds.
"""

from django.db import migrations
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

CHUNK = 500
REASONS = {
    "NOC": "pide_no_contacto",
    "DES": "desconoce",
    "REC": "reclamo",
    "ABG": "abogado",
    "FAL": "fallecido",
}


def forwards(apps, schema_editor):
    Case = apps.get_model("cases", "Case")
    stopped = Case.objects.filter(stopped_at__isnull=False, stops__isnull=True)
    last = 0
    while debtors := list(
        stopped.filter(debtor__gt=last).order_by("debtor").values_list("debtor", flat=True).distinct()[:CHUNK]
    ):
        last = debtors[-1]
        _carry(apps, debtors)


def _carry(apps, debtors):
    Activity, Case, StopFlag = (apps.get_model("cases", name) for name in ("Activity", "Case", "StopFlag"))
    cases = list(
        Case.objects.filter(debtor__in=debtors, stopped_at__isnull=False)
        .select_related("stopped_by_result")
        .order_by("stopped_at", "id")
    )
    results = {case.pk: case.stopped_by_result_id for case in cases}
    gestiones = {}  # the newest one of each case that had the result
    for activity in Activity.objects.filter(case__in=results, result__isnull=False).order_by("created_at", "id"):
        if activity.result_id == results[activity.case_id]:
            gestiones[activity.case_id] = activity
    flags = {}
    for case in cases:
        result, activity = case.stopped_by_result, gestiones.get(case.pk)
        reason = REASONS.get(result.code if result else "", "revision")
        of_one = None if result is not None and result.stops_person else case.pk
        flags.setdefault(
            (case.debtor_id, of_one, reason),
            StopFlag(
                debtor_id=case.debtor_id,
                case_id=of_one,
                channel="all",
                reason=reason,
                since=case.stopped_at,
                set_by_id=activity.created_by_id if activity else None,
                activity=activity,
            ),
        )
    StopFlag.objects.bulk_create(flags.values())
    people = [debtor for debtor, of_one, _ in flags if of_one is None]
    first = StopFlag.objects.filter(
        Q(case__isnull=True) | Q(case=OuterRef("pk")), debtor=OuterRef("debtor_id")
    ).order_by("since", "id")
    Case.objects.filter(debtor__in=people).update(
        stopped_at=Subquery(first.values("since")[:1]),
        stopped_by_result=Coalesce(Subquery(first.values("activity__result")[:1]), F("stopped_by_result")),
    )


def backwards(apps, schema_editor):
    """The cases stay stopped: nobody is contacted who asked not to be."""
    apps.get_model("cases", "StopFlag").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("cases", "0018_results_that_stop_a_person")]

    operations = [migrations.RunPython(forwards, backwards)]
