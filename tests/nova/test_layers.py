"""The layers hold: the contract of pyproject.toml names every module, and finds a forbidden import in each of them."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.serving import ROOT

APPS = ["nova", "accounts", "cases", "contact", "dashboards", "payments"]
# Module → what it must not import: upwards between the apps, upwards inside each, and the rules' way to the database.
FORBIDDEN = [
    ("dashboards.rows", "nova.urls"),
    ("cases.services.touch", "nova.metrics"),
    ("cases.services.money", "dashboards.filters"),
    ("contact.outbox", "cases.models"),
    ("contact.mail", "nova.middleware"),
    ("accounts.limits", "contact.models"),
    ("accounts.audit", "cases.rules.queue"),
    ("nova.lib.money", "accounts.audit"),
    ("nova.lib.dates", "nova.cache"),
    ("accounts.limits", "accounts.views.login"),
    ("contact.mail", "contact.outbox"),
    ("cases.models.case", "cases.services"),
    ("cases.services.statuses", "cases.desk.rows"),
    ("cases.importing.plan", "cases.admin.base"),
    ("cases.desk.rows", "cases.api.serializers"),
    ("cases.querysets", "cases.models.case"),
    ("payments.reading.rows", "dashboards.filters"),
    ("payments.reading.layout", "nova.formats"),
    ("cases.services.plans", "payments.reading.rows"),
    ("payments.reading.facts", "cases.models"),
    ("dashboards.figures.kpis", "dashboards.page.words"),
    ("dashboards.page.tiles", "dashboards.views.pages"),
    ("cases.rules.queue", "cases.models"),
    ("cases.rules.ledger", "rest_framework"),
]


@pytest.fixture(scope="module")
def contracts() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return {contract["id"]: contract for contract in tomllib.load(file)["tool"]["importlinter"]["contracts"]}


def lint(folder: Path) -> str:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    env = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False).stdout


def test_every_module_of_nova_has_a_layer(contracts: dict[str, Any]) -> None:
    named = set(contracts["apps"]["layers"][0].split(" : "))
    found = {f"nova.{path.stem}" for path in (ROOT / "nova").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert named == found - {"nova.__init__", "nova.__pycache__", "nova.lib"}


def test_every_forbidden_import_is_found(tmp_path: Path) -> None:
    for app in APPS:
        shutil.copytree(ROOT / app, tmp_path / app, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert "0 broken" in lint(tmp_path)
    for module, imported in FORBIDDEN:
        file = tmp_path / f"{module.replace('.', '/')}.py"
        file.write_text(f"{file.read_text()}\nimport {imported}\n")
    chains = re.sub(r"\s+", " ", lint(tmp_path))
    missed = [pair for pair in FORBIDDEN if f"{pair[0]} -> {pair[1]} (" not in chains]
    assert missed == []
