"""Who gets the new cases of an import (DESIGN §5): nobody, one gestor, or the active ones in turn, by person."""

from collections.abc import Callable, Sequence

from accounts.models import User
from cases.importing.errors import ImportFailed
from cases.importing.existing import KnownDebtor
from cases.rules.sharing import Shares, keeper
from cases.services.assignment import debts_of_people

ROUND_ROBIN = "round-robin"
# The gestores (ids) of new cases, given the debtor of each, in the order of the file.
Dealer = Callable[[Sequence[KnownDebtor]], list[int | None]]


def dealer_for(assign_to: str) -> Dealer:
    """Raises ImportFailed for somebody who cannot receive cases."""
    if not assign_to:
        return lambda debtors: [None] * len(debtors)
    if assign_to == ROUND_ROBIN:
        gestores = list(User.objects.gestores().order_by("id").values_list("pk", flat=True))
        if not gestores:
            raise ImportFailed("No hay gestores activos entre quienes repartir: cree uno o importe sin asignar.")
        return _RoundRobin(gestores)
    gestor = User.objects.filter(username=assign_to).first()
    if gestor is None:
        raise ImportFailed(f"No existe el usuario «{assign_to}»: revise el nombre o importe sin asignar.")
    if not gestor.is_active or not gestor.is_gestor:
        raise ImportFailed(f"«{assign_to}» no es un gestor activo: elija otro o importe sin asignar.")
    return lambda debtors: [gestor.pk] * len(debtors)


class _RoundRobin:
    """By person: whoever has an open debt of theirs gets the new one too. Runs a query a chunk."""

    def __init__(self, gestores: list[int]) -> None:
        self._gestores, self._shares = gestores, Shares([1] * len(gestores))
        self._places = {gestor: place for place, gestor in enumerate(gestores)}

    def __call__(self, debtors: Sequence[KnownDebtor]) -> list[int | None]:
        # What the chunks before wrote is read too. Debtors that this chunk makes have their number already.
        known = debts_of_people({debtor.id for debtor in debtors})
        held: dict[int, int] = {}
        for pk, debts in known.items():
            gestor = keeper((gestor, balance) for _, gestor, balance in debts if gestor in self._places)
            if gestor is not None:
                held[pk] = self._places[gestor]
        dealt: list[int | None] = []
        for debtor in debtors:
            place = held.setdefault(debtor.id, self._shares.deal(held.get(debtor.id), insists=debtor.id in held))
            dealt.append(self._gestores[place])
        return dealt
