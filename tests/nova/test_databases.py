"""A database that is not there, or not ready, is one line in Spanish and exit code 2, whatever the command."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import Error

from cases.models import Debtor
from nova.lib.databases import chunks_by_key, trouble_of
from tests.factories import DebtorFactory

COMMANDS = ["verify_data", "repair_data", "nightly", "create_sample_data", "assign_cases", "export_data"]


def run(command: str, url: str) -> tuple[int, list[str]]:
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "nova.settings.dev", "DEBUG": "True"}
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr.strip().splitlines()


@pytest.mark.deployment
@pytest.mark.parametrize("command", COMMANDS)
def test_unreachable_database_says_where_it_was_looked_for(command):
    code, error = run(command, "postgres://nova@127.0.0.1:1/gestiones")
    assert (code, len(error)) == (2, 1)
    assert "«gestiones» en 127.0.0.1:1" in error[0]
    assert "DATABASE_URL" in error[0]


@pytest.mark.deployment
@pytest.mark.parametrize("command", COMMANDS)
def test_database_without_tables_asks_for_migrate(tmp_path, command):
    code, error = run(command, f"sqlite:///{tmp_path / 'empty.db'}")
    assert (code, len(error)) == (2, 1)
    assert "manage.py migrate" in error[0]


def test_anything_else_keeps_the_words_of_the_driver(db):
    assert trouble_of(Error("value too\n long")) == "La base de datos rechazó la operación: value too long."


@pytest.mark.django_db
def test_chunks_come_in_order_and_no_query_reads_more_than_one(django_assert_num_queries):
    made = DebtorFactory.create_batch(12)

    with django_assert_num_queries(4) as asked:
        chunks = list(chunks_by_key(Debtor.objects.values_list("id", "dni"), "id", 5))

    assert [len(chunk) for chunk in chunks] == [5, 5, 2]
    assert [row for chunk in chunks for row in chunk] == [(debtor.pk, debtor.dni) for debtor in made]
    assert ["LIMIT 5" in query["sql"] for query in asked.captured_queries] == [True] * 4
