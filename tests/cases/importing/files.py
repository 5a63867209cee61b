"""Builders of the files that creditors send."""

import io
import struct
import zipfile
from pathlib import Path

import openpyxl

DATA = Path(__file__).parents[2] / "data"


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
