"""A test that empties the tables leaves to the next one what the migrations had put there."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command

from cases.models import ActivityResult, Case, CaseStatus
from tests.factories import CaseFactory

MIGRATED = [ActivityResult, CaseStatus, ContentType, Group, Group.permissions.through, Permission]


@pytest.mark.django_db(transaction=True)
def test_they_come_back_with_their_numbers_and_nothing_else():
    before = [set(model.objects.values_list("pk", flat=True)) for model in MIGRATED]
    assert all(before)
    CaseFactory()
    CaseStatus.objects.filter(slug="contactado").update(name="Otro")
    Group.objects.all().delete()

    call_command("flush", interactive=False, verbosity=0)

    assert [set(model.objects.values_list("pk", flat=True)) for model in MIGRATED] == before
    assert CaseStatus.objects.get(slug="contactado").name == "Contactado"
    assert not Case.objects.exists()
    added = CaseStatus.objects.create(slug="otra", name="Otra", stage="en_gestion", position=90)
    assert added.pk > max(before[1])
