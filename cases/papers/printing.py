"""The PDF of a paper: the same words give the same bytes, with the same version of the program."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from reportlab.lib.colors import Color
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Spacer,
    Table,
    TableStyle,
)

from cases.papers.paper import Block, Paper
from nova.lib import pdf

BODY = ParagraphStyle("paper", parent=pdf.BODY, fontSize=10, leading=14)
LABEL = ParagraphStyle("paper-label", parent=BODY, textColor=pdf.MUTED)
STRONG = ParagraphStyle("paper-strong", parent=BODY, fontName=pdf.BOLD)
JUSTIFIED = ParagraphStyle("paper-text", parent=BODY, alignment=4, spaceAfter=5)
SUM = ParagraphStyle("paper-sum", parent=BODY, fontName=pdf.BOLD, fontSize=16, leading=20)
CENTERED = ParagraphStyle("paper-centered", parent=BODY, alignment=1)
TITLE = ParagraphStyle("paper-title", parent=pdf.TITLE, rightIndent=46 * mm)
AGENCY = ParagraphStyle("paper-agency", parent=BODY, fontSize=9, leading=12, textColor=pdf.MUTED, rightIndent=46 * mm)
# So small that amounts of thirteen digits stand in one line.
CELL = ParagraphStyle("cell", parent=BODY, fontSize=7.5, leading=10)
NUMBER = ParagraphStyle("cell-number", parent=CELL, alignment=2)
HEAD = ParagraphStyle("cell-head", parent=CELL, fontName=pdf.BOLD)
HEAD_NUMBER = ParagraphStyle("cell-number-head", parent=HEAD, alignment=2)
HEADING = ParagraphStyle("paper-heading", parent=pdf.HEADING, keepWithNext=0)
LABEL_WIDTH = 34 * mm
BOTTOM = 20 * mm
VOID_RED = Color(0.75, 0.1, 0.1, alpha=0.35)
MONEY_FROM = 2  # the columns of a table from this one on are numbers


def printed(paper: Paper, *, voided: str = "") -> bytes:
    """The PDF. `voided`: what a withdrawn one says below its «ANULADO», which goes across every page."""
    file = BytesIO()
    document = BaseDocTemplate(
        file,
        pagesize=A4,
        title=pdf.text(paper["title"]),
        author=pdf.text(paper["agency"][0]),
        lang="es-AR",
        invariant=1,  # no moment and no random number of the file itself
    )
    frame = Frame(pdf.MARGIN, BOTTOM, pdf.WIDTH, A4[1] - pdf.MARGIN - BOTTOM, 0, 0, 0, 0)

    def furnish(canvas: Canvas, document: BaseDocTemplate) -> None:
        if document.page == 1:
            pdf.draw_logo(canvas, A4[0] - pdf.MARGIN - 37 * mm, A4[1] - pdf.MARGIN - 8 * mm, 10 * mm)
        canvas.saveState()
        canvas.setFont(pdf.FONT, 7.5)
        canvas.setFillColor(pdf.MUTED)
        canvas.drawString(pdf.MARGIN, 12 * mm, pdf.text(paper["verification"]))
        canvas.drawString(pdf.MARGIN, 8.5 * mm, pdf.text(f"{paper['agency'][0]} · {paper['title']}")[:110])
        canvas.restoreState()

    def stamp(canvas: Canvas, document: BaseDocTemplate) -> None:
        if voided:
            _stamp(canvas, voided)

    document.addPageTemplates(PageTemplate(frames=[frame], onPage=furnish, onPageEnd=stamp))
    top = [pdf.paragraph(paper["title"], TITLE)]
    top += [pdf.paragraph(line, AGENCY) for line in paper["agency"]]
    top += [Spacer(1, 4), pdf.paragraph(paper["date"], BODY), Spacer(1, 10)]
    story = [flowable for block in paper["blocks"] for flowable in _flowables(block)]
    document.build([*top, *story], canvasmaker=_Numbered)
    return file.getvalue()


class _Numbered(Canvas):
    """«Página 2 de 3»: the number of pages is known when the last one is done."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._done: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 (reportlab's name)
        self._done.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for state in self._done:
            self.__dict__.update(state)
            self.setFont(pdf.FONT, 7.5)
            self.setFillColor(pdf.MUTED)
            page = f"Página {self._pageNumber} de {len(self._done)}"
            self.drawRightString(A4[0] - pdf.MARGIN, 8.5 * mm, page)
            super().showPage()
        super().save()


def _stamp(canvas: Canvas, words: str) -> None:
    canvas.saveState()
    canvas.translate(A4[0] / 2, A4[1] / 2)
    canvas.rotate(40)
    canvas.setFillColor(VOID_RED)
    canvas.setFont(pdf.BOLD, 92)
    canvas.drawCentredString(0, -20, "ANULADO")
    canvas.restoreState()
    canvas.saveState()
    canvas.setFillColor(VOID_RED.clone(alpha=1))
    canvas.setFont(pdf.BOLD, 10)
    canvas.drawString(pdf.MARGIN, 16 * mm, pdf.text(f"ANULADO {words}"))
    canvas.restoreState()


# --- Blocks ------------------------------------------------------------------------------------------------
def _flowables(block: Block) -> list[Flowable]:
    (kind, content), *_ = block.items()
    return _KINDS[kind](content)


def _facts(pairs: list[list[str]]) -> list[Flowable]:
    if not pairs:
        return []
    cells = [[pdf.paragraph(label, LABEL), pdf.paragraph(value, STRONG)] for label, value in pairs]
    return [_plain(cells, [LABEL_WIDTH, pdf.WIDTH - LABEL_WIDTH]), Spacer(1, 8)]


def _plain(cells: list[list[Any]], widths: list[float]) -> Table:
    made = Table(cells, colWidths=widths, hAlign="LEFT")
    made.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        )
    )
    return made


def _heading(words: str) -> list[Flowable]:
    """Not alone at the end of a page. The table that follows may be longer than a page: it must not be kept with it."""
    return [CondPageBreak(30 * mm), pdf.paragraph(words, HEADING)]


def _text(lines: list[str]) -> list[Flowable]:
    return [*(pdf.paragraph(line, JUSTIFIED) for line in lines), Spacer(1, 4)]


def _sum(parts: list[str]) -> list[Flowable]:
    figure, in_words = parts
    made = Table([[pdf.paragraph(figure, SUM)], [pdf.paragraph(f"Son {in_words}.", BODY)]], colWidths=[pdf.WIDTH])
    made.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), pdf.SUNKEN),
                ("LEFTPADDING", (0, 0), (-1, -1), 8),
                ("RIGHTPADDING", (0, 0), (-1, -1), 8),
                ("TOPPADDING", (0, 0), (-1, 0), 6),
                ("TOPPADDING", (0, 1), (-1, 1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, 0), 2),
                ("BOTTOMPADDING", (0, 1), (-1, 1), 7),
            ]
        )
    )
    return [made, Spacer(1, 8)]


def _table(content: dict[str, Any]) -> list[Flowable]:
    def cells(row: list[str], texts: ParagraphStyle, money: ParagraphStyle) -> list[Any]:
        return [pdf.paragraph(cell, money if at >= MONEY_FROM else texts) for at, cell in enumerate(row)]

    *body, last = content["rows"] or [[""] * len(content["headers"])]
    styles = (HEAD, HEAD_NUMBER) if content["total"] else (CELL, NUMBER)
    rows = [cells(content["headers"], HEAD, HEAD_NUMBER), *(cells(row, CELL, NUMBER) for row in body)]
    made = Table(
        [*rows, cells(last, *styles)],
        colWidths=[pdf.WIDTH * width for width in content["widths"]],
        repeatRows=1,
        hAlign="LEFT",
    )
    made.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), pdf.SUNKEN),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, pdf.LINE),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return [made, Spacer(1, 10)]


def _signatures(who: list[str]) -> list[Flowable]:
    """Lines to sign on, side by side, that stay on one page."""
    width = (pdf.WIDTH - pdf.GUTTER) / 2
    names: list[Any] = []
    for name in who:
        names += [pdf.paragraph(name, CENTERED), ""]
    widths = [width, pdf.GUTTER] * len(who)
    made = Table([names[:-1]], colWidths=widths[:-1], hAlign="RIGHT")
    style: list[tuple[Any, ...]] = [("VALIGN", (0, 0), (-1, -1), "TOP")]
    style += [("LINEABOVE", (at, 0), (at, 0), 0.6, pdf.INK) for at in range(0, len(names), 2)]
    made.setStyle(TableStyle(style))
    return [KeepTogether([Spacer(1, 26 * mm), made])]


_KINDS: dict[str, Callable[[Any], list[Flowable]]] = {
    "facts": _facts,
    "heading": _heading,
    "text": _text,
    "sum": _sum,
    "table": _table,
    "signatures": _signatures,
}
