"""What the first requests of every worker would load, loaded once before gunicorn forks them.

The URLs with all that they import, the templates and their icons cost a process 0.7 s of a processor, and each of the
requests that come meanwhile does the same work again: who came right after a start waited seconds. Nothing here opens a
connection, for one that crosses a fork would be used by all workers.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.template import Context, Engine, Template, TemplateDoesNotExist, TemplateSyntaxError
from django.template.library import SimpleNode
from django.urls import reverse

from nova.lib.dates import is_holiday, today
from nova.lib.icons import lucide

log = logging.getLogger(__name__)


def load_what_workers_share() -> None:
    is_holiday(today())  # the package imports all countries
    reverse("login")  # the URLs: to find one, all are read
    for template in _templates():
        _draw_icons(template)


def _templates() -> Iterator[Template]:
    """Those of the project, compiled. Of a broken one only its own pages fail."""
    engine = Engine.get_default()
    for folder in map(Path, engine.dirs):
        for path in sorted(folder.rglob("*.html")):
            try:
                yield engine.get_template(path.relative_to(folder).as_posix())
            except (TemplateSyntaxError, TemplateDoesNotExist):
                log.exception("broken template: %s", path.relative_to(folder))


def _draw_icons(template: Template) -> None:
    nodes: list[Any] = template.nodelist.get_nodes_by_type(SimpleNode)
    for node in nodes:
        if node.func is lucide:
            node.render(Context())
