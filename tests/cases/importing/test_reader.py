"""Text of every kind, and what is no portfolio at all."""

import os
import subprocess
import sys
import tracemalloc

import pytest

from cases.importing.errors import ImportFailed
from cases.importing.reader import open_table
from cases.importing.table import Limits
from tests.cases.importing.files import DATA, ole, zipped

HEADER = "Nro. Cliente;Nombre;Apellido;Deuda Total;Obs"
ROWS = '1;José;Ñáñez;1.234,56;"dice ""no"";\r\nsí"\r\n\r\n2;Ana;Paz;10;\r\n'
TEXT = f"{HEADER}\r\n{ROWS}"


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


def test_trailing_separators_are_no_cells(read):
    assert read(f"{HEADER}\n1;Ana;Paz;10;x;; ;\n2;Ana;Paz;10;x;;y\n")[1] == [
        (2, ["1", "Ana", "Paz", "10", "x"]),
        (3, ["2", "Ana", "Paz", "10", "x", "", "y"]),
    ]
    commas = f"{HEADER}\n1;Ana;Paz;10;x;\n".replace(";", ",")
    assert read(commas)[1] == [(2, ["1", "Ana", "Paz", "10", "x", ""])]


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


def test_the_modules_need_no_django():
    code = "import cases.importing.rows, cases.importing.reader, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=DATA.parents[1], check=False).returncode == 0
