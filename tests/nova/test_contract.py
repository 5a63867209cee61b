"""docs/DESIGN.md is what the code does: its numbers, models, routes, commands and variables are compared with the code.

§7 holds the exact paths of the site: a path that changes there or in the code alone fails here.
"""

import re
from collections.abc import Iterator
from functools import cache

from django.apps import apps
from django.core.management import get_commands
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

from nova.middleware import PROBES
from tests.serving import ROOT

DESIGN = (ROOT / "docs/DESIGN.md").read_text()
APPS = ("accounts", "contact", "cases", "payments", "dashboards")
# Answered before the URLs: the probes, and the figures for Prometheus (nova.metrics).
BEFORE_THE_URLS = {*PROBES, "/metrics"}
OF_DJANGOS_ADMIN = ("add", "change", "changelist", "delete", "history")
SOURCES = {".py", ".html", ".txt", ".js", ".css", ".md", ".sh", ".yaml", ".yml", ".toml", ".in", ""}
FOLDERS = [*APPS, "nova", "tests", "templates", "static/js", "docs", "deploy", "bench", ".ci", ".github"]

SECTION = re.compile(r"§([0-9]+(?:\.[0-9]+)?)")
QUOTED_AFTER = re.compile(r'§([0-9]+)(?:\.[0-9]+)? (?:"([^"]+)"|`([^`]+)`)')
HEADING = re.compile(r"^#{2,3} ([0-9]+(?:\.[0-9]+)?)\.? ", re.M)


# --- The page ---------------------------------------------------------------------------------------------
def section(number: int) -> str:
    """The text of a section, its heading included."""
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", DESIGN, re.M | re.S)
    assert found, f"§{number} is missing"
    return found[0]


def spans(text: str) -> list[str]:
    """What stands in code font, on one line each."""
    without_fences = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", without_fences)]


def words(text: str) -> set[str]:
    """The names in code font: `MAIL_PORT=465` and `id, nro_cliente` name what they begin with or list."""
    return {word for span in spans(text) for word in re.split(r"[\s,=|()]+", span)}


def table(title: str, *, until: str) -> str:
    """The part of §7 between two headings, without what is not built yet."""
    part = section(7).split(f"\n### {title}", 1)[1].split(until, 1)[0]
    return "\n".join(line for line in part.splitlines() if "(next)" not in line)


# --- Citations --------------------------------------------------------------------------------------------
@cache
def cited_texts() -> list[tuple[str, str]]:
    """(file, text) of everything that may cite the page. It cites itself too. Cached: it reads every source file."""
    found = []
    loose = [ROOT / ".env.example", *(path for path in ROOT.glob("[!.]*") if path.is_file())]
    nested = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in [*loose, *nested]:
        is_other = {"node_modules", "vendor", "__pycache__", "data"} & set(path.parts)
        if path.suffix in SOURCES and not is_other and (text := path.read_text(errors="replace")).find("§") >= 0:
            found.append((str(path.relative_to(ROOT)), text))
    return found


def test_every_rule_that_is_cited_exists() -> None:
    numbers = set(HEADING.findall(DESIGN))
    cited = [(file, number) for file, text in cited_texts() for number in SECTION.findall(text)]
    assert len(cited) > 150, "the citations of the code were not found"
    assert {file.split("/")[0] for file, _ in cited} >= {"accounts", "cases", "contact", "dashboards", "nova", "tests"}
    assert [(file, number) for file, number in cited if number not in numbers] == []


def test_every_part_that_is_cited_by_name_exists() -> None:
    """`DESIGN §5 "Cells"`: the section has that word."""
    cited = [
        (file, number, quoted or command)
        for file, text in cited_texts()
        for number, quoted, command in QUOTED_AFTER.findall(text)
    ]
    assert len(cited) > 20, "no part was found"
    assert [(file, number, name) for file, number, name in cited if name not in section(int(number))] == []


def test_the_rules_keep_their_numbers() -> None:
    """Ten sections, nine rules of money, files of payments, the watched folder: code cites them by number."""
    money = [f"3.{rule}" for rule in range(1, 10)]
    assert HEADING.findall(DESIGN) == ["1", "2", "3", *money, "4", "5", "5.1", "5.2", *map(str, range(6, 11))]


# --- Models: §2 --------------------------------------------------------------------------------------------
MODELS = [model for app in APPS for model in apps.get_app_config(app).get_models()]


def names_of(model: type[Model]) -> set[str]:
    """Its fields, but for the number that every row has, and its constraints."""
    fields = {field.name for field in model._meta.get_fields() if getattr(field, "concrete", False)} - {"id"}
    return fields | {constraint.name for constraint in model._meta.constraints}


def test_every_model_is_in_section_2_with_its_fields_and_constraints() -> None:
    parts = dict(re.findall(r"^#### (\w+)$(.*?)(?=^#{2,4} |\Z)", section(2), re.M | re.S))
    assert len(MODELS) > 20
    lacking = {model.__name__: names_of(model) - words(parts.get(model.__name__, "")) for model in MODELS}
    assert {name: names for name, names in lacking.items() if names} == {}


def test_section_2_has_no_other_model() -> None:
    assert set(re.findall(r"^#### (\w+)$", section(2), re.M)) == {model.__name__ for model in MODELS}


# --- Routes: §7 --------------------------------------------------------------------------------------------
def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(path as §7 writes it, pattern) of every URL, those of the Django admin included."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, route)
        else:
            yield f"/{as_written(route)}", entry


def as_written(route: str) -> str:
    """`cases/<int:pk>` is `cases/<id>`, `phones/<int:phone_pk>` is `phones/<phone_id>`, `(?P<form>…)` is `<form>`."""
    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route.replace("^", "").removesuffix("$"))
    return re.sub(r"<(?:int:)?(\w*)pk>", r"<\1id>", route)


URLS = list(patterns(get_resolver()))
API = "/api/v1/"


def routes_in(part: str, form: str) -> set[str]:
    """What in code font has the form of a route."""
    return {found[0] for span in spans(part) if (found := re.fullmatch(form, span))}


def test_every_page_is_in_section_7_and_nothing_else() -> None:
    pages = {path for path, _ in URLS if not path.startswith((API, "/admin/"))} | BEFORE_THE_URLS | {"/admin/"}
    listed = routes_in(table("HTML", until="\n- **Log-in**"), r"(?:(?:GET|POST) )*(/\S*)")
    assert {route.split()[-1] for route in listed} == pages


def test_every_endpoint_is_in_section_7_with_its_methods() -> None:
    endpoints = {
        f"{method} {path.removeprefix(API)}"
        for path, pattern in URLS
        if path.startswith(API)
        for method in methods_of(pattern.callback)
    }
    listed = routes_in(table("JSON", until="\n**Dashboard.**"), r"(GET|POST|PUT|PATCH|DELETE) [^/\s]\S*")
    assert listed == endpoints


def methods_of(view: object) -> list[str]:
    """Those that an API view answers; a viewset maps them to actions."""
    if actions := getattr(view, "actions", None):
        return [method.upper() for method in actions if method != "head"]
    names = ("get", "post", "put", "patch", "delete")
    return [name.upper() for name in names if hasattr(view.cls, name)]  # type: ignore[attr-defined]


def test_every_page_of_ours_in_the_admin_is_in_section_7() -> None:
    models = {f"{app}_{model._meta.model_name}_" for app in APPS for model in apps.get_app_config(app).get_models()}
    own = set()
    for path, pattern in URLS:
        prefix = next((name for name in models if (pattern.name or "").startswith(name)), None)
        if path.startswith("/admin/") and prefix and pattern.name.removeprefix(prefix) not in OF_DJANGOS_ADMIN:
            own.add(path.removeprefix("/admin/cases/"))
    listed = set(spans(section(7).split("| under `/admin/cases/`", 1)[1].split("\n\n", 1)[0]))
    assert own == listed


# --- Operations: §10 ---------------------------------------------------------------------------------------
def test_every_command_is_in_section_10_and_nothing_else() -> None:
    commands = {name for name, app in get_commands().items() if app in APPS}
    listed = re.findall(r"^\| `(\w+)` \|", section(10).split("### Environment", 1)[0], re.M)
    assert len(commands) >= 15
    assert set(listed) == commands


def test_every_variable_is_in_section_10() -> None:
    variables = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert len(variables) >= 60
    assert variables - words(section(10)) == set()
