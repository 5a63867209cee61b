"""The forms of one creditor's key: `574354`, `574.354`, `0000574354`, `574354,00`, `574354-` (DESIGN §5).

Two keys of one form are one case only with the same document: "1-23" and "12-3" may be two debts.
"""

import re

_DECIMALS = re.compile(r"[.,]0{1,2}$")
_NOT_SIGNIFICANT = re.compile(r"[\s.,/_'\"=-]+")
# As a regular expression of both databases: the keys that are not their own form.
DRESSED = r"^0|[^0-9A-Za-z]"


def form_of(key: str) -> str:
    """What is left of a key without quotes, leading zeros, a decimal tail, separators and a trailing dash."""
    if key.isalnum():
        return key.lstrip("0") or key
    return _NOT_SIGNIFICANT.sub("", _DECIMALS.sub("", key.strip(" -'\"="))).lstrip("0") or key
