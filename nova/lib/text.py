"""Text read and compared."""

import unicodedata

LARGEST_KEY = 2**63 - 1


def whole(number: int) -> str:
    """`1.234`"""
    return f"{number:,}".replace(",", ".")


def without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def key_in(text: str) -> int | None:
    """The key of a row in a text that a client sent; None when it is none. Python itself refuses 5,000 digits."""
    if not text.isdecimal() or len(text) > len(str(LARGEST_KEY)):
        return None
    key = int(text)
    return key if key <= LARGEST_KEY else None
