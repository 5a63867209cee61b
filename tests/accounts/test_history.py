"""The history of log-ins ends: nobody keeps for ever from where people work."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.utils import timezone

from cases import nightly

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("model", "kept", "gone"),
    [
        (AccessLog, timedelta(days=179), timedelta(days=181)),
        (AccessFailureLog, timedelta(days=179), timedelta(days=181)),
        (AccessAttempt, timedelta(minutes=50), timedelta(minutes=70)),
    ],
)
def test_the_night_forgets_log_ins_of_long_ago(model, kept: timedelta, gone: timedelta) -> None:
    now = timezone.now()
    rows = {}
    counted = {"failures_since_start": 1} if model is AccessAttempt else {}
    for name, age in (("recent", kept), ("old", gone)):
        row = model.objects.create(
            username=name, ip_address="203.0.113.7", user_agent="Firefox", path_info="/login", **counted
        )
        model.objects.filter(pk=row.pk).update(attempt_time=now - age)
        rows[name] = row.pk

    nightly.run(now=now, dry_run=True)
    assert model.objects.count() == 2
    nightly.run(now=now)
    assert list(model.objects.values_list("pk", flat=True)) == [rows["recent"]]
