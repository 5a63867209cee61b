"""PDF files: the look of the agency's papers, its logo, paragraphs and tables. Charts are drawn by `dashboards`."""

import unicodedata
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import Any

from django.utils import timezone
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Spacer, Table, TableStyle

from nova.lib import dates
from nova.lib.text import without_accents

INK, MUTED, LINE, SUNKEN = (HexColor(color) for color in ("#17202e", "#536076", "#d8dee7", "#ebeff4"))
BRAND, ACCENT, AMBER = HexColor("#12203a"), HexColor("#2353c4"), HexColor("#d98a00")
FONT, BOLD = "Helvetica", "Helvetica-Bold"
MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN
GUTTER = 6 * mm
HALF = (WIDTH - GUTTER) / 2
BODY = ParagraphStyle("body", fontName=FONT, fontSize=8.5, leading=11, textColor=INK)
NUMBER = ParagraphStyle("number", parent=BODY, alignment=2)
STRONG = ParagraphStyle("strong", parent=BODY, fontName=BOLD)
HEADING = ParagraphStyle(
    "heading", parent=BODY, fontName=BOLD, fontSize=11, leading=14, spaceBefore=8, spaceAfter=4, keepWithNext=1
)
TITLE = ParagraphStyle("title", parent=BODY, fontName=BOLD, fontSize=17, leading=21)
NOTE = ParagraphStyle("note", parent=BODY, textColor=MUTED)


def text(value: Any) -> str:
    """`value` limited to what the standard fonts can show, the letters of Western Europe. Of others the accent goes
    (`Ł` is `L`), and what is no letter of ours at all becomes a question mark.
    """
    shown = unicodedata.normalize("NFC", str(value))
    if not _fits(shown):
        shown = "".join(char if _fits(char) else without_accents(char.translate(_LETTERS)) for char in shown)
    return shown.encode("cp1252", "replace").decode("cp1252")


def _fits(value: str) -> bool:
    try:
        return bool(value.encode("cp1252"))
    except UnicodeEncodeError:
        return False


_LETTERS = str.maketrans("ĐđŁłıŊŋĦħŦŧ", "DdLliNnHhTt")  # no accent in Unicode's eyes


def paragraph(value: Any, style: ParagraphStyle = BODY) -> Paragraph:
    return Paragraph(escape(text(value)), style)


# --- The page ---------------------------------------------------------------------------------------------
def draw_logo(canvas: Canvas, x: float, y: float, height: float) -> None:
    """Draw static/images/logo.svg as lines and curves, sharp at any size. `y` is its lower edge."""
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(height / 40, -height / 40)
    canvas.translate(0, -40)
    star = canvas.beginPath()
    star.moveTo(20, 3)
    star.curveTo(21.6, 13.8, 26.2, 18.4, 37, 20)
    star.curveTo(26.2, 21.6, 21.6, 26.2, 20, 37)
    star.curveTo(18.4, 26.2, 13.8, 21.6, 3, 20)
    star.curveTo(13.8, 18.4, 18.4, 13.8, 20, 3)
    star.close()
    canvas.setFillColor(ACCENT)
    canvas.drawPath(star, stroke=0, fill=1)
    canvas.setFillColor(AMBER)
    canvas.circle(32, 8, 2.6, stroke=0, fill=1)
    canvas.setStrokeColor(BRAND)
    canvas.setLineWidth(3.6)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    strokes = (
        ((50, 30), (50, 10), (65, 30), (65, 10)),
        ((101, 10), (110.5, 30), (120, 10)),
        ((126, 30), (135.5, 10), (145, 30)),
        ((129.5, 23.5), (141.5, 23.5)),
    )
    for (first_x, first_y), *rest in strokes:
        path = canvas.beginPath()
        path.moveTo(first_x, first_y)
        for point_x, point_y in rest:
            path.lineTo(point_x, point_y)
        canvas.drawPath(path, stroke=1, fill=0)
    canvas.circle(84, 20, 10, stroke=1, fill=0)
    canvas.restoreState()


def made(title: str, notes: Sequence[str], story: list[Flowable]) -> bytes:
    """Build the document: logo and title at the top of the first page, page numbers at the bottom."""
    file = BytesIO()
    printed = f"Generado el {dates.format_moment(timezone.now())}"

    def furnish(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.saveState()
        if document.page == 1:
            draw_logo(canvas, A4[0] - MARGIN - 37 * mm, A4[1] - MARGIN - 8 * mm, 10 * mm)
        canvas.setFont(FONT, 7.5)
        canvas.setFillColor(MUTED)
        canvas.drawString(MARGIN, 9 * mm, f"NOVA Gestión de Cobranzas · {printed}")
        canvas.drawRightString(A4[0] - MARGIN, 9 * mm, f"Página {document.page}")
        canvas.restoreState()

    document = BaseDocTemplate(
        file,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=16 * mm,
        title=text(title),
        author="NOVA Gestión de Cobranzas",
        lang="es-AR",
    )
    frame = Frame(MARGIN, 16 * mm, WIDTH, A4[1] - MARGIN - 16 * mm, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=furnish))
    top = [paragraph(title, ParagraphStyle("first", parent=TITLE, rightIndent=42 * mm))]
    top += [paragraph(note, NOTE) for note in notes]
    document.build([*top, Spacer(1, 8), *story])
    return file.getvalue()


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Table:
    """A table whose first column is text that wraps; the others are numbers."""
    head = [paragraph(header, STRONG if index == 0 else NUMBER_HEAD) for index, header in enumerate(headers)]
    body = [[paragraph(row[0]), *(paragraph(cell, NUMBER) for cell in row[1:])] for row in rows]
    made_of = Table([head, *body], colWidths=list(widths), repeatRows=1, hAlign="LEFT")
    made_of.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), SUNKEN),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return made_of


NUMBER_HEAD = ParagraphStyle("number-head", parent=STRONG, alignment=2)


def side_by_side(left: list[Flowable], right: list[Flowable]) -> Table:
    pair = Table([[left, "", right]], colWidths=[HALF, GUTTER, HALF])
    pair.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return pair
