"""Refuses passwords that are easy to guess for people who know the agency (ASVS 5.0, 6.1.2 and 6.2.11;
docs/security.md).
"""

import re

from django.conf import settings
from django.core.exceptions import ValidationError

from nova.lib.text import without_accents

# A password must have at least this much left once the well-known words are removed.
FEWEST_OTHER_CHARACTERS = 6


class ContextWordsValidator:
    """Refuses passwords made of PASSWORD_CONTEXT_WORDS and the agency's name plus a year or a mark."""

    def validate(self, password: str, user: object = None) -> None:
        whole = rest = plain(password)
        for word in sorted(context_words(), key=len, reverse=True):
            rest = rest.replace(word, "")
        if rest != whole and len(re.sub(r"[^a-z]", "", rest)) < FEWEST_OTHER_CHARACTERS:
            raise ValidationError("Es fácil de adivinar para quien conoce la agencia: agregue otras palabras.")

    def get_help_text(self) -> str:
        return "No puede ser el nombre de la agencia, del sistema o del oficio, con un número al final."


def context_words() -> set[str]:
    agency = re.findall(r"[a-z]{4,}", plain(settings.AGENCY_NAME))
    return {*settings.PASSWORD_CONTEXT_WORDS, *agency}


def plain(text: str) -> str:
    """The text in lower case without accents, with digits read as letters: C0br4nz4s is cobranzas."""
    return without_accents(text.casefold()).translate(LEET)


LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"})
