"""The encoding of a text file, from all of its bytes, and its lines as text (DESIGN §5 "Reading").

A file is UTF-8 when its bytes are; else the encoding in which its accents are letters of Spanish words. Where lines of
two encodings come together each is read on its own, with a remark. Nothing is read as the wrong letters in silence.
"""

import codecs
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TextIO

from cases.importing.errors import ImportFailed

NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "cp1252": "Windows-1252",
    "cp850": "DOS (CP850)",
    "mac_roman": "Mac (Mac Roman)",
}
LOST = "\N{REPLACEMENT CHARACTER}"
WRAPS = frozenset({"'", "="})

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, because its BOM begins with the one of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MOST_CONTROL_CHARACTERS = 0.05
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b")) + b"\x7f"
_LEGACY = ("cp1252", "cp850", "mac_roman")
_LETTERS = frozenset("áéíóúñüÁÉÍÓÚÑÜçÇ")
_SCORED_BYTES = 100_000
_BESIDE_A_LETTER = re.compile(rb"(?<=[A-Za-z])[\x80-\xff]|[\x80-\xff](?=[A-Za-z])")
_BAD_BYTE = re.compile("([\udc80-\udcff])")
# How a cell begins that a spreadsheet has quoted, after any separator; what is no start of a cell does not matter.
_STARTS = frozenset(b'\n\r,;\t|" ')
# "Ñ" as two characters, as UTF-8 that was read as Windows-1252 and written as UTF-8 again.
_AS_CP1252 = {bytes([byte]).decode("cp1252", "replace"): byte for byte in range(0x80, 0xC0)}
_CONTINUATION = {**{chr(byte): byte for byte in range(0x80, 0xC0)}, **_AS_CP1252}
_CONTINUATION.pop("\ufffd", None)
_DOUBLED = re.compile(f"[ÃÂ][{re.escape(''.join(_CONTINUATION))}]")


def guess_encoding(head: bytes) -> str | None:
    """The encoding that the first bytes prove (BOM, or UTF-16 by its NULs), else "utf-8" to try; None if binary."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    pairs = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > pairs * 0.3 and even < odd * 0.1:
        return "utf-16-le"
    if even > pairs * 0.3 and odd < even * 0.1:
        return "utf-16-be"
    if len(head) - len(head.translate(None, _CONTROL_BYTES)) > len(head) * _MOST_CONTROL_CHARACTERS:
        return None
    return "utf-8"


class Encoding:
    """How the bytes of one file are read. Fed with all of them first, then settled, then it opens the file.

    `name` is that of Python. `is_wrapped`: some cell may have the quoting of a spreadsheet. `remarks` are about lines
    (by their number) of the last reading.
    """

    def __init__(self, guess: str) -> None:
        self.name = guess
        self.is_wrapped = not guess.startswith("utf-8")
        self.remarks: dict[int, str] = {}
        self._decoder = codecs.getincrementaldecoder(guess)("strict")
        self._is_valid = True
        self._is_mixed = self._may_be_doubled = False
        self._rest = "cp1252"
        self._repaired = 0
        self._last = b"\n"

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        """Check the next bytes. Raises `ImportFailed` when a file with a BOM or of UTF-16 is not valid."""
        if not self.is_wrapped:
            self.is_wrapped = _has_wraps(self._last + chunk)
            self._last = chunk[-1:]
        self._may_be_doubled = self._may_be_doubled or b"\xc3\x83" in chunk or b"\xc3\x82" in chunk
        if not self._is_valid:
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            if self.name != "utf-8":
                raise ImportFailed(
                    f"El texto dice ser {self.name.upper().removesuffix('-SIG')} y tiene partes que no lo son: "
                    "el archivo está dañado o cortado. Vuelva a exportarlo como CSV UTF-8."
                ) from None
            self._is_valid = False

    def settle(self, path: Path) -> None:
        """Decide, once everything was fed: a file that is not UTF-8 is looked at line by line."""
        if self._is_valid:
            return
        valid = broken = 0
        bytes_seen: list[bytes] = []
        left = _SCORED_BYTES
        with path.open("rb") as stream:
            for line in stream:
                if line.isascii():
                    continue
                try:
                    line.decode()
                    valid += 1
                except UnicodeDecodeError:
                    broken += 1
                    if left > 0:
                        bytes_seen.append(line)
                        left -= len(line)
        self._rest = likely_encoding(b"".join(bytes_seen))
        self._is_mixed = valid > 0
        if valid < broken:
            self.name, self._rest = self._rest, self.name
            self._may_be_doubled = self._is_mixed

    def open(self, path: Path) -> TextIO:
        """Open the file as text: as bytes in disguise (Latin-1) where its lines have to be looked at one by one."""
        self.remarks.clear()
        self._repaired = 0
        if self._is_mixed or self._may_be_doubled:
            return path.open(encoding="latin-1", newline="")
        errors = "strict" if self.name.startswith("utf") else "replace"  # cp1252 has five undefined bytes
        return path.open(encoding=self.name, errors=errors, newline="")

    def lines(self, stream: TextIO, longest: int) -> Iterator[str]:
        """The lines of an opened file, read with a limit on their length, which the caller checks."""
        lines = iter(partial(stream.readline, longest + 1), "")
        if not self._is_mixed and not self._may_be_doubled:
            return lines
        return self._one_by_one(lines)

    def _one_by_one(self, lines: Iterator[str]) -> Iterator[str]:
        for number, line in enumerate(lines, start=1):
            raw = line.encode("latin-1")
            if number == 1 and self.name == "utf-8-sig":
                raw = raw.removeprefix(codecs.BOM_UTF8)
            text, remark = self._decoded(raw)
            if remark:
                self.remarks[number] = remark
            if self._may_be_doubled and (repaired := repair_doubled(text)) != text:
                text = repaired
                self._repaired += 1
            yield text

    def _decoded(self, raw: bytes) -> tuple[str, str]:
        """A line in the encoding of the file, else in that of the rest of it, and what is to be said about it."""
        if raw.isascii():
            return raw.decode("ascii"), ""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            if not self.name.startswith("utf"):
                return raw.decode(self.name, "replace"), ""
            return _damaged(raw, self._rest)
        if self.name.startswith("utf"):
            return text, ""
        return text, f"La fila está en UTF-8 y las demás en {NAMES[self.name]}: se leyó así. Revise sus acentos."

    @property
    def notes(self) -> list[str]:
        """What is to be said once, after a reading, about an encoding that was guessed."""
        found = []
        if self.name in _LEGACY[1:]:
            found.append(
                f"El archivo no está en UTF-8 ni en Windows-1252: se leyó como {NAMES[self.name]}, por cómo quedan los "
                "acentos. Revise los nombres antes de confirmar."
            )
        if self._repaired:
            found.append(
                f"En {self._repaired} líneas el texto estaba codificado dos veces (UTF-8 leído como Windows-1252: «Ã‘» "
                "en lugar de «Ñ») y se corrigió. Revise los nombres antes de confirmar."
            )
        return found


def _has_wraps(content: bytes) -> bool:
    """Whether a `'` or a `=` stands where a cell may begin; an apostrophe inside a word does not matter."""
    for mark in (b"'", b"="):
        place = content.find(mark)
        while place >= 0:
            if content[place - 1 : place] and content[place - 1] in _STARTS:
                return True
            place = content.find(mark, place + 1)
    return False


def likely_encoding(content: bytes) -> str:
    """cp1252, cp850 (DOS) or mac_roman: where most bytes beside a letter are Spanish letters of the same case."""
    scores = dict.fromkeys(_LEGACY, 0)
    for match in _BESIDE_A_LETTER.finditer(content):
        place = match.start()
        around = content[max(place - 1, 0) : place] + content[place + 1 : place + 2]
        is_upper = any(65 <= byte <= 90 for byte in around) and not any(97 <= byte <= 122 for byte in around)
        for name in _LEGACY:
            letter = match[0].decode(name, "replace")
            scores[name] += (2 if letter.isupper() == is_upper else 0) if letter in _LETTERS else -1
    return max(_LEGACY, key=lambda name: scores[name])  # the first of equals: cp1252


def repair_doubled(text: str) -> str:
    """`MUÃ‘OZ` → `MUÑOZ`: UTF-8 that was read as Windows-1252, which no Spanish text looks like."""

    def letter(found: re.Match[str]) -> str:
        return bytes([0xC3 if found[0][0] == "Ã" else 0xC2, _CONTINUATION[found[0][1]]]).decode()

    return _DOUBLED.sub(letter, text)


def _damaged(raw: bytes, rest: str) -> tuple[str, str]:
    """A line that is not UTF-8 in a file that is: letters of another encoding inside a word, else «�»."""
    text = raw.decode("utf-8", "surrogateescape")
    lost = False

    def read(match: re.Match[str]) -> str:
        nonlocal lost
        letter = bytes([ord(match[0]) - 0xDC00]).decode(rest, "replace")
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if letter in _LETTERS and (before.isalpha() or after.isalpha()):
            return letter
        lost = True
        return LOST

    fixed = _BAD_BYTE.sub(read, text)
    if lost:
        return fixed, f"La fila tiene letras dañadas, que no se pueden leer y quedaron como «{LOST}»: corríjalas."
    return fixed, f"La fila no está en UTF-8, como las demás: se leyó como {NAMES[rest]}. Revise sus acentos."
