"""Pagination of tables that are too large to count or to scan (DESIGN §9)."""

from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.utils.functional import cached_property

Row = TypeVar("Row", bound=Model)


def rows_of_keys(rows: QuerySet[Row], bottom: int, top: int) -> QuerySet[Row]:
    """The rows of a slice of a list in a total order. Reads the keys first, so that skipped rows are not joined.

    Runs a query for the keys; the rows are read when they are used.
    """
    keys = list(rows.values_list("pk", flat=True)[bottom:top]) if bottom < top else []
    return rows.filter(pk__in=keys) if keys else rows.none()


class CappedPaginator(Paginator):
    """Counts at most `count_limit` rows and offers no page after them; users search for those.

    A page reads its keys first, then their rows, so that skipped rows are not joined. Two queries per page, one to
    count. The list must be a QuerySet in a total order.
    """

    object_list: Any
    count_limit = 5_000

    @cached_property
    def _counted(self) -> int:
        """The count, up to one more than the limit, which shows that there are more. Runs a query."""
        return self.object_list.order_by()[: self.count_limit + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.count_limit)

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than `count`."""
        return self._counted > self.count_limit

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        top = min(bottom + self.per_page, self.count)
        return Page(rows_of_keys(self.object_list, bottom, top), number, self)
