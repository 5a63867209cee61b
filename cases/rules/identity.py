"""Whether two names may be of one person or company (DESIGN §5 "Debtors"). Pure."""

import re

from nova.lib.text import without_accents

# Words that say nothing of who it is: particles of surnames, forms of companies.
_COMMON = frozenset(
    {
        *("de", "del", "la", "las", "el", "los", "y", "e", "da", "das", "do", "dos", "di", "van", "von", "der", "den"),
        *("san", "santa", "mc", "mac", "viuda", "vda", "sra", "sr", "sres", "suc", "sucesion"),
        *("sa", "srl", "sas", "sau", "saic", "scs", "sca", "sh", "sacifia", "ltda", "limitada", "cia", "compania"),
        *("sociedad", "anonima", "hno", "hnos", "hermanos", "hijo", "hijos", "asociados", "grupo", "empresa"),
    }
)
_APOSTROPHES = re.compile(r"['’´`‘]")
_WORD = re.compile(r"[^\W_]+")


def name_words(name: str) -> frozenset[str]:
    """The words of a name that tell people apart, lower case without accents; all of them if none does.

    `D'AMICO` is "damico" and "amico", as it may be written with a blank.
    """
    text = without_accents(name.lower())
    words = {*_WORD.findall(_APOSTROPHES.sub("", text)), *_WORD.findall(_APOSTROPHES.sub(" ", text))}
    return frozenset(word for word in words if len(word) > 1 and word not in _COMMON) or frozenset(words)


def may_be_the_same(*, stored_surname: str, stated_name: str) -> bool:
    """Whether a name that comes with a known document has a word of the surname that is stored with it."""
    return not name_words(stored_surname).isdisjoint(name_words(stated_name))
