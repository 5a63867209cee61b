"""One mark before three digits, `10,123`: thousands or decimals, as the other amounts of the file say (DESIGN §5.1).

A portfolio notes such a column and goes on (`cases.importing.column_watch`); here it would be money, a thousand times
too much, so a cell that the file does not explain is no payment.
"""

import re

_DECIMALS = re.compile(r"(?P<before>[0-9.,]*)(?P<mark>[.,])[0-9]{1,2}(?![0-9.,])")
_SEVERAL_GROUPS = re.compile(r"[0-9]{1,3}(?P<mark>[.,])[0-9]{3}(?:(?P=mark)[0-9]{3})+(?![0-9])")
_EITHER = re.compile(r"(?<![0-9.,])(?P<before>[0-9]+)(?P<mark>[.,])[0-9]{3}(?![0-9.,])")
_OTHER = {".": ",", ",": "."}
_NAMES = {".": "un punto", ",": "una coma"}


class Marks:
    """Which marks the amounts of a file use before decimals, and which between thousands."""

    def __init__(self) -> None:
        self._decimal: set[str] = set()
        self._grouping: set[str] = set()

    def see(self, text: str) -> None:
        """Learn from one amount as it is written."""
        if len(self._decimal) == 2:
            return
        if match := _DECIMALS.search(text):
            mark = match["mark"]
            self._decimal.add(mark)
            if _OTHER[mark] in match["before"]:
                self._grouping.add(_OTHER[mark])
        elif match := _SEVERAL_GROUPS.search(text):
            self._grouping.add(match["mark"])

    def doubt(self, text: str) -> str:
        """Why nobody knows what the amount is, a reason that follows the quoted cell; empty where it is known.

        Thousands where the file groups by that mark, or its decimals have the other one, or it is a point, as people
        here write them; but not where the file has decimals after that mark, nor after more than three digits.
        """
        match = _EITHER.search(text) if "." in text or "," in text else None
        if match is None or not match["before"].strip("0"):
            return ""
        mark = match["mark"]
        is_known = mark in self._grouping or _OTHER[mark] in self._decimal or mark == "."
        if is_known and mark not in self._decimal and len(match["before"]) <= 3:
            return ""
        return f"puede ser mil veces más o menos (tiene {_NAMES[mark]} antes de tres cifras)"
