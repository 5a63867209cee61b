"""No test passes whatever the code does: tests/honesty looks for those that may, in all of them."""

import ast

import pytest

from tests.honesty.finder import findings
from tests.honesty.module import ROOT, Module, module_at


def kinds_in(body: str, start: str = "def test_x(rows, page):") -> list[str]:
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    source = f"{start}\n{indented}\n"
    return [finding.kind for finding in findings(Module(ast.parse(source)), source)]


def test_no_test_passes_whatever_the_code_does() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    assert len(files) > 100
    found = {
        f"{file.relative_to(ROOT)}:{finding.line}: {finding.kind}: {finding.text}"
        for file in files
        for finding in findings(module_at(file), file.read_text(encoding="utf-8"))
    }
    assert found == set(), "\n".join(["see tests/honesty/finder.py", *sorted(found)])  # honest: what it finds is below


def listed_logs(source: str) -> list[int]:
    """The lines that ask for all that was logged, by whomever."""
    tree = ast.parse(source)
    of_one_logger = {
        loop.iter
        for loop in ast.walk(tree)
        if isinstance(loop, ast.comprehension) and any(".name ==" in ast.unparse(test) for test in loop.ifs)
    }
    asked = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "caplog"]
    lists = ("records", "messages", "record_tuples")
    return sorted(node.lineno for node in asked if node.attr in lists and node not in of_one_logger)


def test_a_list_of_what_was_logged_is_that_of_one_logger() -> None:
    """Else it holds what the collector of garbage finds in the same process: a task of a browser that is gone."""
    assert listed_logs("rows = [row for row in caplog.records if row.levelno]\nassert caplog.messages == []") == [1, 2]
    assert listed_logs("rows = [row for row in caplog.records if row.name == 'nova']") == []
    found = [
        (str(file), line) for file in (ROOT / "tests").rglob("*.py") for line in listed_logs(file.read_text("utf-8"))
    ]
    assert found == []  # honest: what it finds is above


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("loop", "for row in rows:\n    assert row"),
        ("loop", "for row in Row.objects.all():\n    assert row.ok"),
        ("loop", "for row in [row for row in (1, 2) if row > 5]:\n    assert row"),
        ("loop", "assert rows\nrows = other()\nfor row in rows:\n    assert row"),
        ("loop", "assert not page\nfor row in rows:\n    with pytest.raises(ValueError):\n        row()"),
        ("all", "assert all(row.ok for row in rows)"),
        ("all", "assert all(row.ok for row in (1, 2) if row.is_new)"),
        ("all", "assert not any(row.bad for row in rows)"),
        ("all", "assert not [row for row in rows if row.bad]"),
        ("all", "assert [row for row in rows if row.bad] == []"),
        ("all", "wrong = [row for row in rows if row.bad]\nassert not wrong"),
        ("all", "wrong = []\nfor row in rows:\n    wrong.append(row.bad)\nassert wrong == []"),
        ("all", "assert 'x' not in [row.name for row in rows]"),
        ("all", "assert {row.name for row in rows} <= {'a', 'b'}"),
        ("several", "assert page.status_code in (200, 302)"),
        ("several", "assert page.status_code < 500"),
        ("several", "assert page.text in ['a', 'b']"),
        ("several", "assert {row.status for row in rows} <= {200, 404}"),
        ("several", "assert page == 1 or page == 2"),
        ("silent", "page.get('/')"),
        ("if", "if page:\n    assert page.ok"),
        ("if", "if not page:\n    return\nassert page.ok"),
        ("if", "for row in (1, 2):\n    if row > 5:\n        continue\n    assert row"),
        ("broad", "with pytest.raises(Exception):\n    page()"),
        ("broad", "with pytest.raises((KeyError, ValueError)):\n    page()"),
        ("broad", "try:\n    assert page()\nexcept Exception:\n    page.close()"),
        ("broad", "with suppress(ValueError):\n    assert page()"),
        ("always", "assert page == page"),
        ("always", "assert (page, 'is there')"),
        ("always", "assert (row for row in rows)"),
        ("always", "assert len(rows) >= 0"),
        ("always", "assert page.get('a', 1) == 1"),
        ("stale", "assert page  # honest: nothing to excuse"),
    ],
)
def test_what_it_looks_for_is_found(kind: str, body: str) -> None:
    assert kinds_in(body) == [kind]


@pytest.mark.parametrize(
    "body",
    [
        "for row in (1, 2):\n    assert row",
        "assert rows\nfor row in rows:\n    assert row",
        "for row in rows:\n    assert row\nassert len(rows) == 3",
        "assert len(rows) == len('abc') > 0\nassert all(row.ok for row in rows)",
        "[row] = rows\nassert all(row.ok for row in rows)",
        "assert {row.name for row in rows} == {'a'}\nfor row in rows:\n    assert row",
        "assert rows[0].ok\nassert not any(row.bad for row in rows)",
        "wrong = []\nfor row in (1, 2):\n    wrong.append(row)\nassert wrong == []",
        "if page:\n    assert page.ok\nelse:\n    assert rows",
        "try:\n    page()\nexcept ValueError:\n    page = None\nassert page",
        "assert rows == [] and page",
        "for row in rows:  # honest: whoever calls this has some\n    assert row",
    ],
)
def test_what_can_fail_is_let_be(body: str) -> None:
    assert kinds_in(body) == []


def test_what_is_written_down_is_known() -> None:
    start = "@pytest.mark.parametrize(('rows', 'page'), [([1], 2), ([3, 4], 5)])\ndef test_x(rows, page):"
    assert kinds_in("for row in rows:\n    assert row\nif page == 2:\n    assert rows", start) == []
    start = "@given(st.lists(page, min_size=1))\ndef test_x(rows):"
    assert kinds_in("for row in rows:\n    assert row", start) == []
