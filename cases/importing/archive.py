"""The kind and size of ZIP and OLE files, without trusting their own headers (DESIGN §8 "zip-bomb safe")."""

import mmap
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from cases.importing.errors import ImportFailed
from cases.importing.table import Limits

ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_CHUNK = 256 * 1024
_MAX_MEMBERS = 10_000
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_STORED, _DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_DIRECTORY_ENTRY = 128  # bytes of an entry in an OLE directory, aligned to its own size

DAMAGED = (
    "El archivo está dañado o incompleto: ábralo en la planilla de cálculo, guárdelo de nuevo y vuelva a importar."
)
PASSWORD = "La planilla está protegida con contraseña: ábrala, guárdela sin contraseña y vuelva a importar."  # noqa: S105
NOT_A_WORKBOOK = "El archivo no es una planilla ({what}): guarde los datos como XLSX o CSV y vuelva a importar."


def zip_kind(path: Path, limits: Limits) -> str:
    """ "xlsx", "xlsb" or "ods". Inflates every member once to count its bytes.

    Raises `ImportFailed` for a file that is damaged, is no workbook, has a password or exceeds the limit when unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
            members = archive.infolist()
            names = {member.filename.replace("\\", "/").casefold() for member in members}
            kind = _workbook_kind(names)
            _check_inflated(stream, members, limits)
            if kind == "ods":
                _check_ods(archive, names)
            return kind
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, OverflowError):
        raise ImportFailed(DAMAGED) from None


def _workbook_kind(names: set[str]) -> str:
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "content.xml" in names and "mimetype" in names:
        return "ods"
    if any(name.startswith("word/") for name in names):
        raise ImportFailed(NOT_A_WORKBOOK.format(what="es un documento de Word"))
    if any(name.startswith("ppt/") for name in names):
        raise ImportFailed(NOT_A_WORKBOOK.format(what="es una presentación"))
    raise ImportFailed(NOT_A_WORKBOOK.format(what="es un archivo comprimido ZIP; descomprímalo"))


def _check_inflated(stream: BinaryIO, members: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Inflate every member and count the bytes, because the sizes in the headers may be false."""
    if len(members) > _MAX_MEMBERS:
        raise ImportFailed("La planilla trae demasiados archivos adentro: guárdela de nuevo con una sola hoja.")
    left = limits.max_inflated_bytes
    for member in members:
        if member.flag_bits & 1:
            raise ImportFailed(PASSWORD)
        stream.seek(member.header_offset)
        signature, name_length, extra_length = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
        if signature != ZIP_SIGNATURES[0]:
            raise ImportFailed(DAMAGED)
        stream.seek(name_length + extra_length, 1)
        if member.compress_type == _DEFLATED:
            left -= _inflated_size(stream, left)
        elif member.compress_type == _STORED:
            left -= member.compress_size
        else:
            raise ImportFailed(DAMAGED)
        if left < 0:
            raise ImportFailed(
                f"La planilla descomprimida supera los {limits.max_inflated_bytes // 2**20} MB: "
                "guarde solo los datos necesarios, o como CSV, y vuelva a importar."
            )


def _inflated_size(stream: BinaryIO, limit: int) -> int:
    """The inflated size of a member in bytes. Keeps one chunk in memory and stops at most one chunk after the limit."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    while not inflate.eof and size <= limit:
        data = inflate.unconsumed_tail or stream.read(_CHUNK)
        if not data:
            raise ImportFailed(DAMAGED)
        size += len(inflate.decompress(data, _CHUNK))
    return size


def _check_ods(archive: zipfile.ZipFile, names: set[str]) -> None:
    if b"spreadsheet" not in archive.read("mimetype")[:100]:
        raise ImportFailed(NOT_A_WORKBOOK.format(what="es otro documento de LibreOffice"))
    manifest = "META-INF/manifest.xml"
    if manifest.casefold() in names and b"encryption-data" in archive.read(manifest):
        raise ImportFailed(PASSWORD)


def ole_kind(path: Path) -> str:
    """ "xls". Raises `ImportFailed` for a workbook with a password and for a file that is no workbook."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if _has_entry(content, "EncryptedPackage") or _has_entry(content, "EncryptionInfo"):
            raise ImportFailed(PASSWORD)
        if _has_entry(content, "Workbook") or _has_entry(content, "Book"):
            return "xls"
        if _has_entry(content, "WordDocument"):
            raise ImportFailed(NOT_A_WORKBOOK.format(what="es un documento de Word"))
    raise ImportFailed(DAMAGED)


def _has_entry(content: mmap.mmap, name: str) -> bool:
    """Whether the OLE directory has a stream of that name: UTF-16 at the start of an entry, then its length."""
    encoded = name.encode("utf-16-le") + b"\0\0"
    position = content.find(encoded)
    while position >= 0:
        length = content[position + 64 : position + 66]
        if position % _DIRECTORY_ENTRY == 0 and length == struct.pack("<H", len(encoded)):
            return True
        position = content.find(encoded, position + 2)
    return False
