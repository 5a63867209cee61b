"""What visitors wrote, as an admin looks for it and takes it away."""

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
    """Which submissions: `shown` is a key of SHOWN, `search` words that all occur."""

    shown: str
    search: str

    @property
    def rows(self) -> SubmissionQuerySet:
        rows = ContactSubmission.objects.search(self.search)
        if self.shown == "pendientes":
            return rows.waiting()
        return rows.handled() if self.shown == "atendidos" else rows

    def all_cells(self) -> Iterator[list[Cell]]:
        """Newest first, read a few hundred at a time."""
        for row in self.rows.iterator(chunk_size=500):
            yield [
                *(row.created_at, row.name, row.entity, row.email, row.phone, row.message),
                *(row.notified_at, row.handled_at),
            ]


def as_json(page: Page) -> Enveloped:
    """A page of submissions as every JSON list of ours is (DESIGN §7 "Envelope")."""
    rows = [{name: getattr(row, name) for name in FIELDS} for row in page.object_list]
    return enveloped_page(rows, page=page.number, per_page=page.paginator.per_page, total=page.paginator.count)


def read_filters(data: QueryDict) -> InboxFilters:
    """What an address asks for; what it cannot mean is everything."""
    shown = data.get("show", "")
    search = data.get("search", "").replace("\x00", "").strip()[:MAX_SEARCH]
    return InboxFilters(shown=shown if shown in SHOWN else "", search=search)
