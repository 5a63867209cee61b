"""Every kind of file a creditor sends, and some that nobody should."""

import hashlib
import io
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font

from cases.importing.errors import ImportFailed
from cases.importing.reader import open_table
from cases.importing.table import Limits

DATA = Path(__file__).parents[2] / "data"
SEEN_AT = datetime(2024, 3, 5, 10, 30)  # noqa: DTZ001 - a spreadsheet has no zones
HEADER = "Nro. Cliente;Nombre;Apellido;Deuda Total;Obs"
ROWS = '1;José;Ñáñez;1.234,56;"dice ""no"";\r\nsí"\r\n\r\n2;Ana;Paz;10;\r\n'
TEXT = f"{HEADER}\r\n{ROWS}"


@pytest.fixture
def read(tmp_path):
    def read(content, *, name="cartera.csv", encoding="utf-8", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        with open_table(path, **options) as table:
            return table, [(number, list(cells)) for number, cells in table]

    return read


@pytest.fixture
def refused(read):
    """The one-line message with which a file is refused."""

    def refused(content, **options):
        with pytest.raises(ImportFailed) as caught:
            read(content, **options)
        message = str(caught.value)
        assert message
        assert "\n" not in message
        return message

    return refused


def workbook_bytes(*rows, title="Deudores", before=()):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in (*before, (title, rows)):
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    return saved(book)


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def ole(stream_name):
    """The least that has an OLE signature and one directory entry."""
    name = stream_name.encode("utf-16-le") + b"\0\0"
    entry = name.ljust(64, b"\0") + struct.pack("<H", len(name)) + bytes(62)
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + entry + bytes(384)


# Text


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be"), ("cp1252", "cp1252")],
)  # fmt: skip
def test_encodings(read, encoding, named):
    table, rows = read(TEXT, encoding=encoding)
    assert (table.kind, table.encoding, table.delimiter, table.header_row) == ("csv", named, ";", 1)
    assert rows == [
        (2, ["1", "José", "Ñáñez", "1.234,56", 'dice "no";\r\nsí']),
        (4, ["2", "Ana", "Paz", "10", ""]),
    ]


def test_big_endian_mark(read):
    assert read(b"\xfe\xff" + TEXT.encode("utf-16-be"))[1][0][1][1] == "José"


def test_cp1252_is_not_taken_for_its_neighbours_and_its_undefined_bytes_are_seen(read):
    table, rows = read(HEADER.encode() + b"\n1;Mu\xf1oz \x80\x93;A\x81\x8d\x8f\x90\x9d;10;\n")
    assert table.encoding == "cp1252"
    assert rows[0][1][1:3] == ["Muñoz €“", "A\ufffd\ufffd\ufffd\ufffd\ufffd"]


def test_a_late_accent_decides_the_encoding(read):
    filler = "1;Ana;Paz;10;\n" * 200_000
    assert read(HEADER.encode() + b"\n" + filler.encode() + b"2;Mu\xf1oz;Paz;10;\n")[0].encoding == "cp1252"


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbf" + HEADER.encode() + b"\n1;\xe9;P;1;\n", TEXT.encode("utf-16")[:-1]]
)
def test_text_that_is_not_what_its_mark_says(refused, content):
    assert "dañado" in refused(content)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators_with_quoted_amounts(read, delimiter):
    lines = (
        ("Nro. Cliente", '"Nombre"', "Apellido", "Deuda Total"),
        ("1", '"Ana"', "Paz", '"1,234,567.89"'),
        ("2", '"L|u;i,s"', "Paz", '"1.000,50"'),
    )
    table, rows = read("\n".join(delimiter.join(line) for line in lines))
    assert table.delimiter == delimiter
    assert [cells[3] for _, cells in rows] == ["1,234,567.89", "1.000,50"]
    assert rows[1][1][1] == "L|u;i,s"


def test_decimal_commas_do_not_outvote_the_separator(read):
    table, rows = read(HEADER + "\n" + "1;A;B;1,5;a, b, c, d, e, f\n" * 40)
    assert table.delimiter == ";"
    assert rows[0][1][3] == "1,5"


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_separator_declared_for_excel(read, first):
    table, rows = read(f"{first}\r\n{TEXT}")
    assert (table.delimiter, table.header_row) == (";", 2)
    assert rows[0][0] == 3


def test_title_rows_are_skipped_and_counted(read):
    table, rows = read(f"CARTERA ASIGNADA, 2026\r\nDeuda;;;;\r\n\r\n;;;;\r\n{TEXT}")
    assert table.header_row == 5
    assert [number for number, _ in rows] == [6, 8]


def test_a_header_with_line_breaks_and_old_line_ends(read):
    assert read('"Nro.\nCliente";Nombre;Saldo\n1;Ana;5\n')[0].headers == ["Nro. Cliente", "Nombre", "Saldo"]
    assert [number for number, _ in read("Cliente;Nombre;Saldo\r1;Ana;5\r\r2;Ana;5\r")[1]] == [2, 4]


def test_an_unrecognised_header_is_still_a_header_for_a_person_to_map(read):
    table, rows = read("Lote 5\nCódigo;Quién;Cuánto\n1;Ana;5\n")
    assert (table.header_row, table.headers, table.delimiter) == (2, ["Código", "Quién", "Cuánto"], ";")
    assert rows == [(3, ["1", "Ana", "5"])]


@pytest.mark.parametrize("rows", ['1;A;B;10;"x\n2;A;B;10;x\n3;A;B;10;x\n', '1;A;B;10;"x\n2;A;B;10;"y"\n3;A;B;10;x\n'])
def test_an_unclosed_quote_does_not_swallow_rows(refused, rows):
    assert "Fila 2" in refused(f"{HEADER}\n{rows}")
    assert "comilla" in refused(f"{HEADER}\n{rows}" + "9;A;B;10;\n" * 50_000)


def test_nul_characters_and_emoji_are_text(read):
    assert read(f"{HEADER}\n1;Ana 🙂;P\0az;10;👩‍👧\n")[1][0][1] == ["1", "Ana 🙂", "P\0az", "10", "👩‍👧"]


def test_a_row_or_cell_of_40_mb_is_refused_without_loading_it(tmp_path):
    path = tmp_path / "enorme.csv"
    for third_row in (f'2;A;B;10;"{"x" * 40_000_000}"\n', f"2{';' * 40_000_000}"):
        path.write_text(f"{HEADER}\n1;A;B;10;\n{third_row}")
        tracemalloc.start()
        with pytest.raises(ImportFailed, match="Fila 3"):
            list(open_table(path))
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
        tracemalloc.stop()


def test_memory_is_flat_however_long_the_file(tmp_path):
    path = tmp_path / "larga.csv"
    path.write_text(HEADER + "\n" + "1;Ana;Paz;10;nada que observar\n" * 100_000)
    tracemalloc.start()
    assert sum(1 for _ in open_table(path)) == 100_000
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_limits_are_told_in_words(refused):
    assert "Fila 3" in refused(f"{HEADER}\n1;A;B;1;\n2;A;B;1;{'x' * 40_000}\n")
    assert "1.000 filas" in refused(HEADER + "\n" + "1;A;B;1;\n" * 1_001, limits=Limits(max_rows=1_000))
    assert "500 columnas" in refused(f"{HEADER}\n1;A;B;1;{';x' * 600}\n")
    assert "MB" in refused(TEXT, limits=Limits(max_bytes=10))


# Not a table at all


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "vacío"),
        (b" \r\n\r\n", "vacío"),
        (b"\xef\xbb\xbf", "vacío"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "imagen"),
        (b"\x1f\x8b\x08" + bytes(100), "comprimido"),
        (bytes(range(256)) * 20, "binarios"),
        (b"MZ" + bytes(4000), "binarios"),
        (b"<html><table><tr><td>1", "web"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "web"),
        (HEADER.encode(), "filas de datos"),
        (HEADER.encode() + b"\n;;;;\n ; ;\n", "filas de datos"),
        (zipped({"word/document.xml": "x"}), "Word"),
        (zipped({"cartera.csv": TEXT}), "ZIP"),
        (b"PK\x05\x06" + bytes(18), "ZIP"),
        (b"PK\x03\x04 roto", "dañado"),
        (zipped({"xl/workbook.xml": "x"}), "dañado"),
        ((DATA / "cartera_favacard.xlsx").read_bytes()[:40_000], "dañado"),
        (ole("EncryptedPackage"), "contraseña"),
        (ole("WordDocument"), "Word"),
        (ole("Otra"), "dañado"),
        (ole("Workbook"), "dañado"),
    ],
)
def test_refusals_say_what_the_file_is(refused, content, word):
    assert word in refused(content)


def test_paths_that_are_no_file(tmp_path):
    with pytest.raises(ImportFailed, match="No existe"):
        open_table(tmp_path / "falta.csv")
    with pytest.raises(ImportFailed, match="carpeta"):
        open_table(tmp_path)
    with pytest.raises(ImportFailed, match="no es un archivo común"):
        open_table("/dev/zero")
    with pytest.raises(ImportFailed, match="No se pudo leer"):
        open_table(tmp_path / ("x" * 300))


def test_no_permission(tmp_path):
    path = tmp_path / "ajeno.csv"
    path.write_text(TEXT)
    path.chmod(0)
    me = os.geteuid()
    if me == 0:  # root may read everything, so nobody tries
        os.seteuid(65534)
    try:
        with pytest.raises(ImportFailed, match="permiso"):
            open_table(path)
    finally:
        os.seteuid(me)


# Workbooks


def test_kind_is_decided_by_content_not_by_name(read):
    table, rows = read((DATA / "cartera_favacard.xlsx").read_bytes(), name="cartera.csv")
    assert (table.kind, table.sheet, table.header_row, len(rows)) == ("xlsx", "Asignación", 4, 801)
    assert read((DATA / "cartera_cristal.csv").read_bytes(), name="cartera.xlsx")[0].encoding == "cp1252"


@pytest.mark.parametrize("extension", ["xlsx", "xls", "ods", "xlsb", "txt"])
def test_a_workbook_of_any_name(read, extension):
    for name in ("cartera_favacard.xlsx", "deudores.xls"):
        assert read((DATA / name).read_bytes(), name=f"cartera.{extension}")[1]


def test_trailing_separators_are_no_cells(read):
    assert read(f"{HEADER}\n1;Ana;Paz;10;x;; ;\n2;Ana;Paz;10;x;;y\n")[1] == [
        (2, ["1", "Ana", "Paz", "10", "x"]),
        (3, ["2", "Ana", "Paz", "10", "x", "", "y"]),
    ]
    commas = f"{HEADER}\n1;Ana;Paz;10;x;\n".replace(";", ",")
    assert read(commas)[1] == [(2, ["1", "Ana", "Paz", "10", "x", ""])]


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


def test_the_modules_need_no_django():
    code = "import cases.importing.rows, cases.importing.reader, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=DATA.parents[1], check=False).returncode == 0
