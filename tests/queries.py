"""What a page or a service costs the database."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext


def queries_of(action: Callable[[], object]) -> list[str]:
    """The SQL that it sends. A page must be there."""
    with CaptureQueriesContext(connection) as captured:
        answer = action()
    assert getattr(answer, "status_code", 200) == 200, answer
    return [query["sql"] for query in captured]


def queries_do_not_grow(action: Callable[[], object], more: Callable[[], object]) -> int:
    """How many queries it sends, which are as many after `more` rows."""
    few = queries_of(action)
    more()
    many = queries_of(action)
    assert len(many) == len(few) > 0, "\n".join(sql for sql in many if sql not in few)
    return len(few)
