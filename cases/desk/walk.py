"""Walking a list: a case that was opened from «Mis casos», or by an admin from «Detenidos», knows the list, its place
in it, and how to go back.

The list is read anew at each step, and what one does moves cases in it. So the address also has the last cases that
one came through (`was`) and those from which one went back (`ahead`): «anterior» is the case one came from.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from accounts.models import User
from cases.desk.waiting import NAME, PER_PAGE, StoppedCases
from cases.lists import LONGEST, OwnCases, address_of
from cases.models import Case
from nova.lib.text import key_in

CASES_PER_PAGE = 25
REMEMBERED = 10
# In the address of a case: the parameters of its list, its place when it was opened, the cases before and after it.
KEPT = ("list", "at", "was", "ahead")


class Walk:
    """The list named in an address, and the cases before and after one. Runs a query for the ids of the list.

    One more to go to a case that the address remembers, which may not be the user's any more.
    """

    def __init__(self, user: User, data: Any, *, now: datetime) -> None:
        self.user = user
        named = QueryDict(data.get("list", ""))
        self.list = OwnCases(user, named, now=now) if user.is_gestor else StoppedCases(user, named)
        at = data.get("at", "")
        self.at = int(at) if at.isdecimal() and len(at) < 6 else 0
        self._was, self._ahead = data.get("was", ""), data.get("ahead", "")

    @cached_property
    def ids(self) -> list[int]:
        return self.list.ids

    def place(self, case: Case) -> int | None:
        """The place of the case from 0; None when it is not in the list any more."""
        return self.ids.index(case.pk) if case.pk in self.ids else None

    @cached_property
    def was(self) -> list[int]:
        """The cases that one came through, the last one first."""
        return self._remembered(self._was)

    @cached_property
    def ahead(self) -> list[int]:
        """The cases from which one went back, the nearest one first."""
        return self._remembered(self._ahead)

    def _remembered(self, text: str) -> list[int]:
        keys = [key for part in text.split(".")[:REMEMBERED] if part and (key := key_in(part)) is not None]
        seen = set(Case.objects.visible_to(self.user).filter(pk__in=keys).values_list("pk", flat=True)) if keys else ()
        return [key for key in keys if key in seen]

    def following(self, case: Case) -> str:
        """The address of the next case; of the list after the last one."""
        place = self.place(case)
        return self._onward(case, self.ids, self.at if place is None else place + 1)

    def after_saving(self, case: Case) -> str:
        """The address of the case that comes where this one was: a save may have moved it, or taken it out."""
        return self._onward(case, [pk for pk in self.ids if pk != case.pk], self.at)

    def preceding(self, case: Case) -> str:
        """The address of the case one came from, else of the one before; the first one's is its own."""
        if self.was:
            return self._address(self.was[0], was=self.was[1:], ahead=[case.pk, *self.ahead])
        place = self.place(case)
        before = max((self.at if place is None else place) - 1, 0)
        return self._address(self.ids[before]) if before < len(self.ids) else self.address(before)

    def _onward(self, case: Case, ids: list[int], place: int) -> str:
        was = [case.pk, *self.was]
        if self.ahead:
            return self._address(self.ahead[0], was=was, ahead=self.ahead[1:])
        return self._address(ids[place], at=place, was=was) if place < len(ids) else self.address(place)

    def _address(self, pk: int, *, at: int | None = None, was: Sequence[int] = (), ahead: Sequence[int] = ()) -> str:
        """Of a case, at its place in the list; of one that has left it, where one is."""
        if at is None:
            at = self.ids.index(pk) if pk in self.ids else self.at
        kept: dict[str, Any] = {"list": self.list.query, "at": at}
        kept |= {name: _written(keys) for name, keys in (("was", was), ("ahead", ahead)) if keys}
        return f"{reverse('case', args=[pk])}?{urlencode(kept)}"

    def address(self, place: int = 0) -> str:
        """The page of the list that holds a place."""
        place = min(place, max(len(self.ids) - 1, 0))
        if isinstance(self.list, StoppedCases):
            return self.list.address(place // PER_PAGE + 1)
        page = place // CASES_PER_PAGE + 1
        return address_of(self.list.data) + (f"&page={page}" if page > 1 else "")

    def words(self, case: Case) -> str:
        """«12 de 58»; empty for a case that is not in the list any more."""
        place = self.place(case)
        if place is None:
            return ""
        count = f"más de {LONGEST}" if self.list.is_capped else f"{len(self.ids)}"
        return f"{place + 1} de {count}"


def _written(keys: Sequence[int]) -> str:
    return ".".join(str(key) for key in keys[:REMEMBERED])


def walk_of(user: User, data: Any, *, now: datetime) -> Walk | None:
    """The walk that an address names, if it does and if it is one of this user: a gestor's address names their list."""
    if "list" not in data:
        return None
    is_stopped = QueryDict(data["list"]).get("of") == NAME
    return Walk(user, data, now=now) if (is_stopped and user.is_admin) or (not is_stopped and user.is_gestor) else None
