"""Whose turn it is when cases are shared (DESIGN §4). Pure: no database, no clock."""

from collections.abc import Iterable, Sequence
from decimal import Decimal


class Shares:
    """Deals cases by weight: after any number of them no share differs by more than one case from the exact one.

    Where a case goes to somebody out of turn, the next ones make up for it.
    """

    def __init__(self, weights: Sequence[int]) -> None:
        self._weights, self._total = list(weights), sum(weights)
        self._credit = [0] * len(weights)

    def deal(self, holder: int | None = None, *, insists: bool = False) -> int:
        """The place of the next taker: whoever lacks most of their share.

        `holder` has another debt of the person and is preferred while something is due to them; with `insists` always.
        """
        self._credit = [due + weight for due, weight in zip(self._credit, self._weights, strict=True)]
        taker = max(range(len(self._credit)), key=lambda place: (self._credit[place], -place))
        if holder is not None and (insists or self._credit[holder] > 0):
            taker = holder
        self._credit[taker] -= self._total
        return taker


def keeper(debts: Iterable[tuple[int, Decimal]]) -> int | None:
    """Of (gestor, balance) of the debts of a person, the gestor who holds the largest sum; None without any."""
    held: dict[int, Decimal] = {}
    for gestor, balance in debts:
        held[gestor] = held.get(gestor, Decimal(0)) + balance
    return max(held, key=lambda gestor: (held[gestor], -gestor)) if held else None
