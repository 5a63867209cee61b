"""The admin's list of visitors' messages: filters, columns, JSON."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.core.paginator import Page
from django.http import QueryDict

from contact.models import ContactSubmission
from contact.querysets import SubmissionQuerySet
from nova.lib.envelope import Enveloped, enveloped_page
from nova.lib.spreadsheets import Cell, Column

SHOWN = {"": "Todos", "pendientes": "Sin atender", "atendidos": "Atendidos"}
MAX_SEARCH = 100
FIELDS = ["id", "created_at", "name", "entity", "email", "phone", "message", "notified_at", "handled_at"]
COLUMNS = [
    Column("Recibido", "moment"),
    Column("Nombre"),
    Column("Entidad"),
    Column("Correo electrónico"),
    Column("Teléfono"),
    Column("Mensaje"),
    Column("Avisado", "moment"),
    Column("Atendido", "moment"),
]


@dataclass(frozen=True)
class InboxFilters:
    """Filters of the inbox: `shown` is a key of SHOWN; all words of `search` must occur."""

    shown: str
    search: str

    @property
    def rows(self) -> SubmissionQuerySet:
        rows = ContactSubmission.objects.search(self.search)
        if self.shown == "pendientes":
            return rows.waiting()
        return rows.handled() if self.shown == "atendidos" else rows

    def all_cells(self) -> Iterator[list[Cell]]:
        """The cells of each row, newest first, read a few hundred at a time."""
        for row in self.rows.iterator(chunk_size=500):
            yield [
                *(row.created_at, row.name, row.entity, row.email, row.phone, row.message),
                *(row.notified_at, row.handled_at),
            ]


def as_json(page: Page) -> Enveloped:
    """A page of submissions in the envelope of every JSON list (DESIGN §7 "Envelope")."""
    rows = [{name: getattr(row, name) for name in FIELDS} for row in page.object_list]
    return enveloped_page(rows, page=page.number, per_page=page.paginator.per_page, total=page.paginator.count)


def read_filters(data: QueryDict) -> InboxFilters:
    """The filters of a query string. Invalid values are ignored."""
    shown = data.get("show", "")
    search = data.get("search", "").replace("\x00", "").strip()[:MAX_SEARCH]
    return InboxFilters(shown=shown if shown in SHOWN else "", search=search)
