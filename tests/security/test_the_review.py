"""docs/security.md names tests that exist, and every requirement of ASVS 5.0 up to level 2 has its word."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REVIEW = (ROOT / "docs" / "security.md").read_text()
# How many requirements of levels 1 and 2 each section has (ASVS 5.0.0), by their last numbers.
L2 = {
    "1.1": [1, 2],
    "1.2": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "1.3": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    "1.4": [1, 2, 3],
    "1.5": [1, 2],
    "2.1": [1, 2, 3],
    "2.2": [1, 2, 3],
    "2.3": [1, 2, 3, 4],
    "2.4": [1],
    "3.2": [1, 2],
    "3.3": [1, 2, 3, 4],
    "3.4": [1, 2, 3, 4, 5, 6],
    "3.5": [1, 2, 3, 4, 5],
    "3.7": [1, 2],
    "4.1": [1, 2, 3],
    "4.2": [1],
    "5.1": [1],
    "5.2": [1, 2, 3],
    "5.3": [1, 2],
    "5.4": [1, 2, 3],
    "6.1": [1, 2, 3],
    "6.2": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    "6.3": [1, 2, 3, 4],
    "6.4": [1, 2, 3, 4],
    "6.5": [1, 2, 3, 4, 5],
    "7.1": [1, 2, 3],
    "7.2": [1, 2, 3, 4],
    "7.3": [1, 2],
    "7.4": [1, 2, 3, 4, 5],
    "7.5": [1, 2],
    "7.6": [1, 2],
    "8.1": [1, 2],
    "8.2": [1, 2, 3],
    "8.3": [1],
    "8.4": [1],
    "9.1": [1, 2, 3],
    "9.2": [1, 2, 3, 4],
    "11.1": [1, 2],
    "11.2": [1, 2, 3],
    "11.4": [1, 2, 3, 4],
    "11.5": [1],
    "12.1": [1, 2, 3],
    "12.2": [1, 2],
    "12.3": [1, 2, 3, 4],
    "13.1": [1],
    "13.2": [1, 2, 3, 4, 5],
    "13.3": [1, 2],
    "13.4": [1, 2, 3, 4, 5],
    "14.1": [1, 2],
    "14.2": [1, 2, 3, 4],
    "14.3": [1, 2, 3],
    "15.1": [1, 2, 3],
    "15.2": [1, 2, 3],
    "15.3": [1, 2, 3, 4, 5, 6, 7],
    "16.1": [1],
    "16.2": [1, 2, 3, 4, 5],
    "16.3": [1, 2, 3, 4],
    "16.4": [1, 2, 3],
    "16.5": [1, 2, 3],
}
# Sections set aside as a whole, in words.
SET_ASIDE = ["V10", "V17", "4.3", "4.4", "6.6", "6.8", "11.3", "11.6"]


def named_tests() -> list[str]:
    return sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", REVIEW)))


@cache
def functions_of(path: str) -> set[str]:
    return {node.name for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", named_tests())
def test_the_tests_that_it_names_exist(name: str) -> None:
    path, _, function = name.partition("::")
    assert function in functions_of(path) | {""}


def test_every_requirement_has_its_word() -> None:
    rows = set(re.findall(r"^\| (\d+\.\d+\.\d+) \|", REVIEW, re.M))
    prose = " ".join(line for line in REVIEW.splitlines() if not line.startswith("|"))
    told = rows | set(re.findall(r"\b\d+\.\d+\.\d+\b", prose))
    wanted = {f"{section}.{number}" for section, numbers in L2.items() for number in numbers}
    assert sorted(wanted - told) == []
    assert sorted(rows - wanted) == []  # nothing invented
    for section in SET_ASIDE:
        assert re.search(rf"\b{re.escape(section)}\b", prose), section


def test_every_row_has_its_proof() -> None:
    rows = [line for line in REVIEW.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) > 150
    assert not [row for row in rows if "`tests/" not in row.split("|")[-2]]
