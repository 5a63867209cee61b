"""A database that is not there, or not ready, is one line in Spanish and exit code 2, whatever the command."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import Error

from nova.lib.databases import trouble_of

COMMANDS = ["verify_data", "nightly", "create_sample_data"]


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


@pytest.mark.parametrize("command", COMMANDS)
def test_unreachable_database_says_where_it_was_looked_for(command):
    code, error = run(command, "postgres://nova@127.0.0.1:1/gestiones")
    assert (code, len(error)) == (2, 1)
    assert "«gestiones» en 127.0.0.1:1" in error[0]
    assert "DATABASE_URL" in error[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_database_without_tables_asks_for_migrate(tmp_path, command):
    code, error = run(command, f"sqlite:///{tmp_path / 'empty.db'}")
    assert (code, len(error)) == (2, 1)
    assert "manage.py migrate" in error[0]


def test_anything_else_keeps_the_words_of_the_driver(db):
    assert trouble_of(Error("value too\n long")) == "La base de datos rechazó la operación: value too long."
