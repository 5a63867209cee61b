"""Long lists of plain text as HTML: ten times faster than cell by cell in a template. The dashboard has hundreds of
rows.
"""

from collections.abc import Iterable, Sequence

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def table_rows(rows: Iterable[Sequence[str]], links: Sequence[str] = ()) -> SafeString:
    """`<tr>` elements. The first cell is the row's header, linked when `links` are given; the others are numbers."""
    made = []
    for index, (name, *cells) in enumerate(rows):
        head: str = escape(name)
        if links:
            head = f'<a href="{escape(links[index])}">{head}</a>'
        numbers = "".join(f'<td class="num">{escape(cell)}</td>' for cell in cells)
        made.append(f'<tr><th scope="row">{head}</th>{numbers}</tr>')
    return mark_safe("".join(made))  # noqa: S308 (every part is escaped)


@register.simple_tag
def options(pairs: Iterable[tuple[object, str]], chosen: object) -> SafeString:
    """`<option>` elements of (value, label), with the chosen one selected."""
    made = (
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(label)}</option>'
        for value, label in pairs
    )
    return mark_safe("".join(made))  # noqa: S308 (every part is escaped)
