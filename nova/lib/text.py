"""Text read and compared."""

import unicodedata

LONGEST_KEY = len(str(2**63))


def without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def key_in(text: str) -> int | None:
    """The key of a row in a text that a client sent; None when it is none. Python itself refuses 5,000 digits."""
    return int(text) if len(text) <= LONGEST_KEY and text.isdecimal() else None
