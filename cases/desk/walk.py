"""Walking a list: a case that was opened from «Mis casos» knows the list, its place in it, and how to go back."""

from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from accounts.models import User
from cases.lists import LONGEST, OwnCases
from cases.models import Case

CASES_PER_PAGE = 25
KEPT = ("list", "at")  # in the address of a case: the parameters of its list, and its place when it was opened


class Walk:
    """The list named in an address, and the cases before and after one. Runs a query for the ids of the list."""

    def __init__(self, user: User, data: Any, *, now: datetime) -> None:
        self.own = OwnCases(user, QueryDict(data.get("list", "")), now=now)
        at = data.get("at", "")
        self.at = int(at) if at.isdecimal() and len(at) < 6 else 0

    @cached_property
    def ids(self) -> list[int]:
        return self.own.ids

    def place(self, case: Case) -> int | None:
        """The place of the case from 0; None when it is not in the list any more."""
        return self.ids.index(case.pk) if case.pk in self.ids else None

    def following(self, case: Case) -> str:
        """The address of the next case; of the list after the last one."""
        place = self.place(case)
        return self._address(self.ids, self.at if place is None else place + 1)

    def preceding(self, case: Case) -> str:
        """The address of the case before; the first one's is its own."""
        place = self.place(case)
        return self._address(self.ids, max((self.at if place is None else place) - 1, 0))

    def after_saving(self, case: Case) -> str:
        """The address of the case that comes where this one was: a save may have moved it, or taken it out."""
        return self._address([pk for pk in self.ids if pk != case.pk], self.at)

    def _address(self, ids: list[int], place: int) -> str:
        if place >= len(ids):
            return self.address(place)
        return f"{reverse('case', args=[ids[place]])}?{urlencode({'list': self.own.query, 'at': place})}"

    def address(self, place: int = 0) -> str:
        """The page of the list that holds a place."""
        page = min(place, max(len(self.ids) - 1, 0)) // CASES_PER_PAGE + 1
        query = f"&{self.own.query}" if self.own.query else ""
        return f"{reverse('dashboard-gestor')}?tab=casos{query}" + (f"&page={page}" if page > 1 else "")

    def words(self, case: Case) -> str:
        """«12 de 58»; empty for a case that is not in the list any more."""
        place = self.place(case)
        if place is None:
            return ""
        count = f"más de {LONGEST}" if self.own.is_capped else f"{len(self.ids)}"
        return f"{place + 1} de {count}"


def walk_of(user: User, data: Any, *, now: datetime) -> Walk | None:
    """The walk that an address names, if it does."""
    return Walk(user, data, now=now) if "list" in data and user.is_gestor else None
