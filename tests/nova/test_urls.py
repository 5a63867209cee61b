"""Pages name each other by the name of their URL: no path of ours is written by hand outside the files of URLs.

The paths themselves are held by tests/nova/test_contract.py.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

from tests.serving import ROOT

PYTHON = [
    path
    for app in ("accounts", "cases", "contact", "dashboards", "nova", "payments")
    for path in (ROOT / app).rglob("*.py")
]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
# Prefixes that tell one part of the site from another, and what is no page of Django's.
ALLOWED = {"/api/", "/api/v1/", "/api/v1", "/static/", "/healthz", "/readyz", "/metrics", "/media/"}


def first_parts(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """`cases`, `login`…: how the paths of the site begin."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern).lstrip("^")
        if isinstance(entry, URLPattern):
            yield re.split(r"[/<(.$\\]", route)[0]
        else:
            yield from first_parts(entry, route)


BEGINNINGS = sorted({part for part in first_parts(get_resolver()) if part})
PATH = re.compile(rf"/(?:{'|'.join(map(re.escape, BEGINNINGS))})(?:[/?#{{]|$)")


def strings_of(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module that is no docstring, f-strings as far as their first value."""
    tree = ast.parse(path.read_text())
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values[1:]}
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside | docs:
            yield node.lineno, node.value


def test_the_beginnings_of_paths_are_found() -> None:
    assert {"cases", "dashboard-gestor", "login", "submissions", "admin", "api"} <= set(BEGINNINGS)
    assert PATH.match("/cases/1")
    assert PATH.match("/login")
    assert not PATH.match("/logins")


def test_no_module_writes_a_path() -> None:
    strings = [
        (str(path.relative_to(ROOT)), line, text)
        for path in PYTHON
        if path.name != "urls.py" and path != ROOT / "nova/api.py" and "migrations" not in path.parts
        for line, text in strings_of(path)
    ]
    assert len(strings) > 5000
    assert [found for found in strings if PATH.match(found[2]) and found[2] not in ALLOWED] == []


def test_no_template_or_script_writes_a_path() -> None:
    strings = [
        (str(path.relative_to(ROOT)), text)
        for path in [*TEMPLATES, *SCRIPTS]
        for text in re.findall(r"""["'`](/[^"'`\s]*)""", path.read_text())
    ]
    assert strings
    assert [found for found in strings if PATH.match(found[1])] == []
