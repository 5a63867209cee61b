"""Workbooks: what a cell cannot hold is not cut in silence."""

from io import BytesIO

from python_calamine import CalamineWorkbook

from nova.lib.spreadsheets import Column, Workbook


def test_text_longer_than_a_cell_says_that_it_was_cut() -> None:
    book = Workbook()
    longest = "x" * 32_767
    book.add_sheet("Hoja", title="T", columns=[Column("Nota", "text")], rows=[[longest], [longest + "y"]])

    rows = CalamineWorkbook.from_filelike(BytesIO(book.content())).get_sheet_by_index(0).to_python()

    assert [row[0] for row in rows][-2] == longest
    assert rows[-1][0].endswith("x… (cortado: entero en el CSV)")
    assert len(rows[-1][0]) == 32_767
