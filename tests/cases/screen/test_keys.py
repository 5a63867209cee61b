"""The keys of the gestor's screen: two disjoint sets, printed from one table."""

import importlib
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from cases.desk.keys import COMMANDS
from cases.models import ActivityResult
from cases.models.activity import RESULT_KEYS, USUAL_KEYS
from tests import factories

pytestmark = pytest.mark.django_db


def test_no_key_means_two_things() -> None:
    keys = [key for command in COMMANDS for key in command.keys]

    assert len(keys) == len(set(keys))
    assert not set(keys) & set(RESULT_KEYS)
    assert not set(keys) & set("nprg")  # they meant something else before
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)


def test_the_usual_results_have_the_digits() -> None:
    chosen = dict(ActivityResult.objects.exclude(shortcut="").values_list("code", "shortcut"))

    assert chosen == USUAL_KEYS
    assert sorted(chosen.values()) == list(RESULT_KEYS)


@pytest.mark.parametrize(("code", "key"), [("OCU", "o"), ("OCU", "7"), ("OCU", "j"), ("OCU", "1"), ("REC", "6")])
def test_the_database_refuses_another_key(code: str, key: str) -> None:
    ActivityResult.objects.filter(code="EQ").update(shortcut="")
    result = factories.result(code)
    result.shortcut = key
    with pytest.raises(ValidationError):
        result.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        result.save()


def test_the_page_prints_the_table(gestor_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    page = gestor_client.get(f"/cases/{case.pk}").text
    printed = page[page.index('<dialog id="keys"') :]

    for command in COMMANDS:
        assert f'data-command="{command.name}" data-keys="{" ".join(command.keys)}"' in printed
        assert command.words in printed
    for code, key in USUAL_KEYS.items():
        assert f"<kbd>{key}</kbd></dt><dd>{factories.result(code).name}</dd>" in printed


def test_back_through_the_queue(gestor_client: Client, gestor_user: User) -> None:
    cases = [factories.CaseFactory(assigned_to=gestor_user, amount=Decimal(amount)) for amount in (900, 500, 500, 100)]

    def previous(case: object, **filters: object) -> str:
        return gestor_client.get("/dashboard-gestor/previous", {"from": case.pk, **filters}).url  # type: ignore[attr-defined]

    assert [previous(case) for case in reversed(cases)] == [f"/cases/{cases[place].pk}" for place in (2, 1, 0, 0)]
    for case in (cases[1], cases[2], cases[3]):  # there and back
        back = previous(case)
        forth = gestor_client.get("/dashboard-gestor/next", {"from": back.split("/")[-1]})
        assert forth.url.startswith(f"/cases/{case.pk}")
    assert previous(cases[3], cartera=cases[3].cartera_id).startswith(f"/cases/{cases[3].pk}?cartera=")
    assert gestor_client.get("/dashboard-gestor/previous", {"from": "x"}).status_code == 404
    other = factories.CaseFactory(assigned_to=factories.GestorFactory())
    assert gestor_client.get("/dashboard-gestor/previous", {"from": other.pk}).status_code == 404


def test_the_migration_keeps_digits_and_drops_letters() -> None:
    migration = importlib.import_module("cases.migrations.0028_results_by_digit")
    ActivityResult.objects.update(shortcut="")
    ActivityResult.objects.filter(code="OCU").update(shortcut="1")  # an installation's own choice
    ActivityResult.objects.filter(code="BUZ").update(is_active=False)

    migration.forwards(apps, None)

    chosen = dict(ActivityResult.objects.exclude(shortcut="").values_list("code", "shortcut"))
    assert chosen == {"OCU": "1", "VLL": "3", "PP": "4", "YP": "5", "EQ": "6"}
