"""Workbooks of every kind, and some that nobody should send."""

import hashlib
import struct
from datetime import date, datetime

import openpyxl
import pytest
from openpyxl.styles import Font

from cases.importing.reader import open_table
from cases.importing.table import Limits
from tests.cases.importing.files import DATA, saved, workbook_bytes, zipped

SEEN_AT = datetime(2024, 3, 5, 10, 30)  # noqa: DTZ001 - a spreadsheet has no zones


def test_kind_is_decided_by_content_not_by_name(read):
    table, rows = read((DATA / "cartera_favacard.xlsx").read_bytes(), name="cartera.csv")
    assert (table.kind, table.sheet, table.header_row, len(rows)) == ("xlsx", "Asignación", 4, 801)
    assert read((DATA / "cartera_cristal.csv").read_bytes(), name="cartera.xlsx")[0].encoding == "cp1252"


@pytest.mark.parametrize("extension", ["xlsx", "xls", "ods", "xlsb", "txt"])
def test_a_workbook_of_any_name(read, extension):
    for name in ("cartera_favacard.xlsx", "deudores.xls"):
        assert read((DATA / name).read_bytes(), name=f"cartera.{extension}")[1]


def test_cells_of_a_workbook_keep_their_types(read):
    content = workbook_bytes(
        ["CARTERA"],
        [],
        ["N° de Cliente", "Deudor", "Saldo", "Último Pago", "Visto", "Activo", "Fórmula", "Texto"],
        [7, "PÉREZ, ANA 🙂", 1234.565, date(2024, 3, 5), SEEN_AT, True, "=1/0", "00123"],
        [],
        [None, "x"],
    )
    table, rows = read(content)
    assert (table.header_row, table.headers[0]) == (3, "N° de Cliente")
    assert rows[0] == (
        4,
        [7.0, "PÉREZ, ANA 🙂", 1234.565, date(2024, 3, 5), SEEN_AT, True, "", "00123"],
    )
    assert rows[1][0] == 6


def test_a_workbook_may_be_read_twice_and_its_digest_is_the_files(tmp_path):
    path = DATA / "cartera_favacard.xlsx"
    table = open_table(path)
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert table.size == path.stat().st_size
    first = list(table)
    assert list(table) == first
    table.close()


def test_the_first_sheet_with_every_required_column_is_read(read):
    before = (("Instrucciones", [["No modificar"]]), ("Resumen", [["Localidad", "Total"], ["Bahía", 5]]), ("Nada", []))
    content = workbook_bytes(["Cliente", "Nombre", "Saldo"], [1, "Ana", 5], title="Datos", before=before)
    assert read(content)[0].sheet == "Datos"
    assert read(content, sheet="resumen ")[0].sheet == "Resumen"


def test_an_unknown_sheet_lists_those_there_are(refused):
    message = refused((DATA / "cartera_favacard.xlsx").read_bytes(), sheet="Hoja 9")
    assert "«Asignación»" in message
    assert "«Instructivo»" in message


def test_visible_sheets_come_before_hidden_ones(read):
    book = openpyxl.Workbook()
    for sheet, state in ((book.active, "hidden"), (book.create_sheet("Vista"), "visible")):
        sheet.append(["Cliente", "Nombre", "Saldo"])
        sheet.append([1, "Ana", 5])
        sheet.sheet_state = state
    assert read(saved(book))[0].sheet == "Vista"


def test_xls(read):
    table, rows = read((DATA / "deudores.xls").read_bytes(), name="deudores.xlsx")
    assert (table.kind, table.sheet, table.header_row) == ("xls", "Deudores", 3)
    assert rows[0] == (4, [100.0, "PÉREZ, ANA", 20737173.0, 1234.565, date(2024, 3, 5), 8000.0, True])
    assert rows[1][1][0] == "007"


def test_ods(read, refused):
    def cell(text):
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    lines = (("Cliente", "Nombre", "Saldo"), ("007", "Ana", "$ 1.500,50"))
    rows = "".join(f"<table:table-row>{''.join(map(cell, line))}</table:table-row>" for line in lines)
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{name}="{urn}:{name}:1.0"' for name in ("office", "table", "text"))
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="Hoja1">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    files = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content}
    files["META-INF/manifest.xml"] = "<manifest/>"
    table, read_rows = read(zipped(files))
    assert (table.kind, table.sheet) == ("ods", "Hoja1")
    assert read_rows == [(2, ["007", "Ana", "$ 1.500,50"])]
    files["META-INF/manifest.xml"] = "<manifest:encryption-data/>"
    assert "contraseña" in refused(zipped(files))
    files["mimetype"] = "application/vnd.oasis.opendocument.text"
    assert "LibreOffice" in refused(zipped(files))


def test_a_sheet_formatted_down_to_the_last_row_is_only_as_long_as_its_data(read):
    book = openpyxl.Workbook()
    book.active.append(["Cliente", "Nombre", "Saldo"])
    book.active.append([1, "Ana", 5])
    book.active["C1048576"].font = Font(bold=True)
    assert read(saved(book))[1] == [(2, [1.0, "Ana", 5.0])]


def test_two_cells_at_the_corners_of_a_sheet_kill_only_the_child(refused):
    book = openpyxl.Workbook()
    book.active["A1"] = "Cliente"
    book.active["XFD1048576"] = 1
    assert "demasiado grande" in refused(saved(book))


def test_a_wide_or_long_sheet_is_refused(refused):
    book = openpyxl.Workbook()
    book.active["A1"] = "Cliente"
    book.active["ZZ2"] = 1
    content = saved(book)
    assert "500 columnas" in refused(content)
    assert "más de 1 filas" in refused(content, limits=Limits(max_rows=1))


def test_a_long_cell_of_a_workbook_is_refused_by_its_row(refused):
    content = workbook_bytes(["Cliente", "Nombre", "Saldo"], [1, "Ana", 5], [2, "x" * 200, 5])
    assert "Fila 3" in refused(content, limits=Limits(max_cell_chars=100))


def test_a_zip_bomb_is_counted_whatever_its_headers_say(refused):
    content = bytearray(zipped({"xl/workbook.xml": "x", "xl/worksheets/sheet1.xml": bytes(40 << 20)}))
    limits = Limits(max_inflated_bytes=20 << 20)
    assert "20 MB" in refused(bytes(content), limits=limits)
    central = content.rfind(b"PK\x01\x02")
    struct.pack_into("<I", content, central + 24, 10)  # its size, it says, is 10 bytes
    assert "20 MB" in refused(bytes(content), limits=limits)


def test_a_member_under_a_password_or_an_odd_compression(refused):
    content = bytearray(zipped({"xl/workbook.xml": "x"}))
    struct.pack_into("<H", content, content.rfind(b"PK\x01\x02") + 8, 1)
    assert "contraseña" in refused(bytes(content))
    struct.pack_into("<H", content, content.rfind(b"PK\x01\x02") + 8, 0)
    struct.pack_into("<H", content, content.rfind(b"PK\x01\x02") + 10, 14)
    assert "dañado" in refused(bytes(content))


def test_a_damaged_sheet_is_refused(refused):
    content = bytearray((DATA / "cartera_favacard.xlsx").read_bytes())
    content[20_000:20_050] = bytes(50)
    assert "dañado" in refused(bytes(content))


def test_the_memory_of_the_child_is_limited(refused):
    book = openpyxl.Workbook()
    book.active["A1"] = "Cliente"
    book.active["Y1000000"] = 1
    assert "demasiado grande" in refused(saved(book), limits=Limits(max_memory=400 << 20))


def test_the_time_of_the_child_is_limited(refused):
    rows = [[number, f"Persona {number}", number + 1] for number in range(30_000)]
    content = workbook_bytes(["Cliente", "Nombre", "Saldo"], *rows)
    assert "tarda demasiado" in refused(content, limits=Limits(max_cpu_seconds=0))


def test_leaving_a_workbook_half_read_ends_its_process(tmp_path):
    path = tmp_path / "larga.xlsx"
    path.write_bytes(workbook_bytes(["Cliente", "Nombre", "Saldo"], *([n, "Ana", 5] for n in range(1, 20_000))))
    rows = iter(open_table(path))
    assert next(rows)[0] == 2
    rows.close()
    with open_table(path) as table:
        pending = table.read_rows.__self__._pending[0]
        assert pending.poll() is None
    assert pending.returncode is not None
    table = open_table(path)
    pending = table.read_rows.__self__._pending[0]
    del table  # forgotten, not closed
    assert pending.returncode is not None


def test_the_workbook_process_does_not_depend_on_where_it_is_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "/nonexistent")
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    (tmp_path / "a.xlsx").write_bytes(workbook_bytes(["Cliente", "Nombre", "Saldo"], [1, "Ana", 5]))
    assert len(list(open_table("a.xlsx"))) == 1
