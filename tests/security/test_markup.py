"""Text becomes markup in one way, which ruff sees (S308): `mark_safe`."""

import ast
from pathlib import Path

from django.conf import settings

APPS = ("accounts", "cases", "contact", "dashboards", "nova", "payments")
# Kinds of the same text that nobody needs, and that ruff does not look at.
OTHERS = {"SafeString", "SafeText", "SafeData"}


def makers(tree: ast.AST) -> list[int]:
    """The lines that make text safe by its class: by a call, or as the base of another class."""
    found = []
    for node in ast.walk(tree):
        used = [node.func] if isinstance(node, ast.Call) else node.bases if isinstance(node, ast.ClassDef) else []
        names = {getattr(each, "id", getattr(each, "attr", "")) for each in used}
        if names & OTHERS:
            found.append(node.lineno)
    return sorted(found)


def test_nothing_is_made_safe_out_of_ruffs_sight() -> None:
    files = [file for app in APPS for file in Path(settings.BASE_DIR, app).rglob("*.py")]
    assert len(files) > 100
    found = [f"{file}:{line}" for file in files for line in makers(ast.parse(file.read_text()))]
    assert found == []  # honest: the next test shows that it finds


def test_what_it_looks_for_is_found() -> None:
    assert makers(ast.parse("SafeString(x)\nsafestring.SafeText(x)\nclass Mine(SafeData): ...\nmark_safe(x)")) == [
        1,
        2,
        3,
    ]
