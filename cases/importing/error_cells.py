"""The error cells of an XLSX sheet (`#N/A`, `#REF!`), which python-calamine gives as empty (DESIGN §5 "Cells").

Read from the sheet's own XML, in pieces, by the process that reads the workbook. Other formats have none here.
"""

import re
import zipfile
from html import unescape
from pathlib import Path
from posixpath import normpath

Place = tuple[int, int]  # row from 1, column from 0

_CHUNK = 1 << 20
_MARK = b't="e"'
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_CELL = re.compile(rb'<(?:\w+:)?c\b([^>]*\bt="e"[^>]*)>(.*?)</(?:\w+:)?c>', re.S)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)</")


def errors_of(path: Path, sheet: str) -> dict[Place, str]:
    """The text of every error cell of a sheet; empty for a file that is no XLSX, or is built in an unusual way."""
    try:
        with zipfile.ZipFile(path) as archive:
            member = _member_of(archive, sheet)
            return _errors_in(archive, member) if member else {}
    except (zipfile.BadZipFile, KeyError, OSError, ValueError):
        return {}


def _member_of(archive: zipfile.ZipFile, sheet: str) -> str:
    if "xl/workbook.xml" not in archive.namelist():
        return ""
    targets = {
        _attribute(tag, "Id"): _attribute(tag, "Target")
        for tag in _RELATION.findall(archive.read("xl/_rels/workbook.xml.rels"))
    }
    for tag in _SHEET.findall(archive.read("xl/workbook.xml")):
        if _attribute(tag, "name") == sheet:
            target = targets.get(_attribute(tag, r"\w+:id"), "")
            return target.lstrip("/") if target.startswith("/") else normpath(f"xl/{target}")
    return ""


def _attribute(tag: bytes, name: str) -> str:
    found = re.search(rf"""\s{name}=(?:"([^"]*)"|'([^']*)')""".encode(), tag)
    return unescape((found[1] or found[2] or b"").decode()) if found else ""


def _errors_in(archive: zipfile.ZipFile, member: str) -> dict[Place, str]:
    found: dict[Place, str] = {}
    rest = b""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            rest += chunk
            cut = rest.rfind(b"</")
            # A cell is looked at whole: what may be the beginning of one waits for the next piece.
            start = max(rest.rfind(b"<c ", 0, cut), rest.rfind(b":c ", 0, cut) - 8, 0)
            found |= _errors_of_piece(rest[:start])
            rest = rest[start:]
    return found | _errors_of_piece(rest)


def _errors_of_piece(xml: bytes) -> dict[Place, str]:
    if _MARK not in xml:
        return {}
    found = {}
    for attributes, content in _CELL.findall(xml):
        place, value = _PLACE.search(attributes), _VALUE.search(content)
        if place and value:
            found[int(place[2]), _column(place[1])] = unescape(value[1].decode("utf-8", "replace"))
    return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
