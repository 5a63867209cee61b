"""Read a payment file by its layout, or find the layout of one (DESIGN §5.1). No database.

A file is read twice: first whole, so that one that is cut or of another format is refused before any row is seen, then
row by row. Memory does not grow with the rows but by a mark for each.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

from cases.importing.columns import HeaderNames
from cases.importing.errors import ImportFailed
from cases.importing.reader import PlainText, open_table, open_text
from cases.importing.table import DEFAULT_LIMITS, Limits
from payments.reading.facts import Facts, own_id_of
from payments.reading.fixed import FixedFile
from payments.reading.headed import HeadedFile, columns_of
from payments.reading.identity import Ids, Ordinals
from payments.reading.judging import judged, row_of
from payments.reading.layout import Layout
from payments.reading.rows import Kind, Row

_ROWS_TRIED = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was read once and is what its layout says. Iterating reads it again, each time from the start.

    `account` is the file's own, else the one it was read for; `count` is of all its rows, whatever they are.
    """

    layout: Layout
    sha256: str
    size: int
    account: str
    count: int
    _facts: Callable[[], Iterator[Facts]] = field(repr=False)
    _ids: Ids = field(repr=False)
    _latest: date | None = None

    def __iter__(self) -> Iterator[Row]:
        ordinals = Ordinals(self.layout)
        for facts in self._facts():
            kind, why = judged(facts, self.layout, self._latest)
            if kind is Kind.REVERSAL:
                identity = ordinals.identity(kind, facts)
                yield row_of(facts, kind, why, reverses=own_id_of(facts), identity=identity)
            elif kind is not Kind.PAYMENT:
                yield row_of(facts, kind, why)
            else:
                content = ordinals.identity(kind, facts)
                own_id = own_id_of(facts)
                own_id = own_id if self._ids.is_one(own_id) else ""
                yield row_of(facts, kind, why, own_id=own_id, identity=own_id or content, content=content)


def read_payments(
    path: str | Path,
    layout: Layout,
    *,
    account: str = "",
    sheet: str | None = None,
    date_order: str = "dmy",
    latest: date | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Reading:
    """The rows of a payment file. Raises `ImportFailed` for a file that is not what its layout says (E7).

    `sheet` and `date_order` are of layouts by header, as `open_table` has them. A payment after `latest` (today) is
    rejected.
    """
    path = Path(path)
    if layout.is_fixed:
        text = open_text(path, limits=limits)
        if text is None:
            raise ImportFailed(
                f"El formato «{layout.label}» es de texto y este archivo es una planilla: suba el que emite la red, "
                "sin abrirlo en la planilla de cálculo."
            )
        fixed = FixedFile(path, layout, text.encoding, limits)
        ids = Ids(fixed, layout)
        return Reading(layout, text.sha256, text.size, fixed.account or account, ids.count, fixed.__iter__, ids, latest)
    with open_table(path, sheet=sheet, limits=limits, names=layout.header_names) as table:
        headed = HeadedFile(table, layout, date_order)
        ids = Ids(headed, layout)
    return Reading(layout, table.sha256, table.size, account, ids.count, headed.__iter__, ids, latest)


def find_layout(path: str | Path, layouts: Iterable[Layout], *, limits: Limits = DEFAULT_LIMITS) -> Layout:
    """The layout that fits the content: of those by header the one that knows most of its columns.

    Raises `ImportFailed` when none fits, or several.
    """
    path = Path(path)
    known = list(layouts)
    text = open_text(path, limits=limits)
    fitting = [layout for layout in known if text and layout.is_fixed and _fits(path, text, layout, limits)]
    fitting = fitting or _fitting_by_header(path, [layout for layout in known if not layout.is_fixed], limits)
    if not fitting:
        raise ImportFailed(
            f"No se reconoce el formato de «{path.name}»: elija uno de la lista, o corrija los encabezados del archivo."
        )
    if len(fitting) > 1:
        labels = ", ".join(f"«{layout.label}»" for layout in fitting)
        raise ImportFailed(f"«{path.name}» puede ser de varios formatos ({labels}): elija uno.")
    return fitting[0]


def _fits(path: Path, text: PlainText, layout: Layout, limits: Limits) -> bool:
    """Whether the first lines are of a layout of fixed width; that all of them are is said when it is read."""
    rows = iter(FixedFile(path, layout, text.encoding, limits))
    try:
        return any(facts.amount is not None and facts.value_date for facts in islice(rows, _ROWS_TRIED))
    except ImportFailed:
        return False


def _fitting_by_header(path: Path, layouts: list[Layout], limits: Limits) -> list[Layout]:
    names = {name: name for layout in layouts for name in layout.header_names.fields}
    with open_table(path, limits=limits, names=HeaderNames(names)) as table:
        columns = [(layout, columns_of(table.headers, layout)) for layout in layouts]
    known = [(len(each.known), layout) for layout, each in columns if not each.missing(layout)]
    most = max((count for count, _ in known), default=0)
    return [layout for count, layout in known if count == most]
