"""What a move from the old system says at its end: who is who, where cases went, what was left out and what differs."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cases.transfer import old_values
from cases.transfer.document import Numbered
from cases.transfer.legacy_cases import OldCase
from cases.transfer.load import Loader
from cases.transfer.people import People, Person
from cases.transfer.result import Result
from cases.transfer.taking_over import TakingOver
from nova.lib.money import format_money

ZERO = Decimal("0.00")


@dataclass
class Refusal:
    """A case that is not loaded, and what goes with it."""

    issue: int  # the place of its message in the result
    activities: int = 0
    promises: int = 0
    promised: Decimal = ZERO


@dataclass
class Book:
    """The cases of a cartera in the file: number and total of those loaded, paid, folded into another, and refused."""

    loaded: list[Decimal] = field(default_factory=lambda: [ZERO, ZERO])
    paid: list[Decimal] = field(default_factory=lambda: [ZERO, ZERO])
    folded: list[Decimal] = field(default_factory=lambda: [ZERO, ZERO])
    refused: list[Decimal] = field(default_factory=lambda: [ZERO, ZERO])


class LegacyReport:
    def __init__(self, loader: Loader, people: People, result: Result) -> None:
        self._loader, self._people, self._result = loader, people, result
        self._refusals: dict[int, Refusal] = {}
        self._books: dict[str, Book] = {}
        self._used: dict[int, Counter[str]] = {}  # number of a user there → cases, activities and promises
        self._found: dict[int, Person] = {}
        self._has_authors: set[str] = set()
        self.missing_users: list[str] = []
        self.same_ids = 0
        self.closed_promises = 0
        self.overdue_promises = 0

    # --- While reading --------------------------------------------------------------------------------
    def refuse_case(self, number: int, row: dict[str, Any], reason: str, *, cartera: str) -> None:
        name = row.get("nro_cliente") or row.get("id")
        self._result.reject("cases", number, name, reason)
        pk = old_values.number(row.get("id"))
        if pk is not None:
            self._refusals[pk] = Refusal(len(self._result.issues) - 1)
            self._loader.refused[pk] = str(name)
        total = row.get("total")
        worth = Decimal(str(total)) if isinstance(total, int | float | Decimal) and total == total else ZERO
        _add(self._books.setdefault(cartera, Book()).refused, worth)

    def count_case(self, old: OldCase) -> None:
        book, total = self._books.setdefault(old.case["cartera"], Book()), old.case["total_there"]
        _add(book.folded if old.id in self._loader.folded else book.loaded, total)
        if not old.case["balance"] and old.id not in self._loader.folded:
            _add(book.paid, total)

    def count_person(self, there: Any, person: Person | None, section: str) -> None:
        pk = old_values.number(there)
        if pk is not None:
            self._has_authors.add(section)
            self._used.setdefault(pk, Counter())[section] += 1
            if person is not None:
                self._found[pk] = person

    def count_lost(self, rows: list[Numbered]) -> None:
        """Rows of refused cases."""
        for _, row in rows:
            if refusal := self._refusals.get(row["case"]):
                if "promise_date" in row:
                    refusal.promises += 1
                    refusal.promised += row["amount"]
                else:
                    refusal.activities += 1

    # --- At the end -----------------------------------------------------------------------------------
    def write(self, taking_over: TakingOver) -> None:
        self._name_what_is_lost()
        self._say_who_is_who()
        self._say_where_cases_went(taking_over)
        self._say_totals()

    def _name_what_is_lost(self) -> None:
        for refusal in self._refusals.values():
            lost = [_count(refusal.activities, "gestión", "gestiones")] if refusal.activities else []
            if refusal.promises:
                promises = _count(refusal.promises, "promesa", "promesas")
                lost.append(f"{promises} por {format_money(refusal.promised)}")
            if lost:
                issue = self._result.issues[refusal.issue]
                reason = f"{issue.reason}; quedan sin cargar con él {' y '.join(lost)}"
                self._result.issues[refusal.issue] = issue._replace(reason=reason)

    def _say_who_is_who(self) -> None:
        nobody = sorted(number for number in self._used if number not in self._found)
        for number, used in sorted(self._used.items()):
            person = self._found.get(number)
            here = f"es aquí «{person.username}»" if person else "no es nadie aquí"
            counts = [_count(used["cases"], "caso", "casos"), _count(used["activities"], "gestión", "gestiones")]
            if "promises" in self._has_authors:  # that export has no author of promises
                counts.append(_count(used["promises"], "promesa", "promesas"))
            self._result.notices.append(f"El usuario {number} del sistema anterior {here}: {', '.join(counts)}.")
        if nobody:
            missing = f" Usuarios activos de allá que aquí no existen: {', '.join(self.missing_users)}."
            self._result.notices.append(
                f"Números que no están en el mapa de usuarios: {', '.join(map(str, nobody))}. Sus gestiones y promesas "
                "quedan como «usuario N del sistema anterior»; con un mapa que los tenga, la misma orden las completa."
                + (missing if self.missing_users else "")
            )
        if unmatched := self._people.unmatched:
            self._result.notices.append(
                f"Del mapa de usuarios no sirvieron, porque el archivo no nombra esos números: {', '.join(unmatched)}."
            )

    def _say_where_cases_went(self, taking_over: TakingOver) -> None:
        say = self._result.notices.append
        if passed_on := taking_over.passed_on:
            to = f"al gestor «{self._people.default.username}»" if self._people.default else "sin gestor"
            whys = ", ".join(f"{count} {why}" for why, count in sorted(passed_on.items()))
            say(f"{_count(passed_on.total(), 'caso abierto quedó', 'casos abiertos quedaron')} {to}: {whys}.")
        if taken := taking_over.taken:
            say(
                f"{_count(taken, 'caso', 'casos')} que una cartera había cargado, sin historia aquí: se tomó el "
                "estado, el gestor, el total, las fechas, las notas y los teléfonos del sistema anterior."
            )
        if taking_over.assigned:
            say(f"{_count(taking_over.assigned, 'caso pasó', 'casos pasaron')} al gestor que el mapa ahora nombra.")
        if differences := taking_over.differences:
            whats = ", ".join(f"{what} {count}" for what, count in sorted(differences.items()))
            say(f"Diferencias con lo que ya estaba, donde queda lo de aquí: {whats}. El informe las tiene todas.")
        if self.same_ids:
            say(
                f"{_count(self.same_ids, 'caso tiene', 'casos tienen')} el número de otro que ya está, con otra "
                "persona o fecha: entran como casos propios. Si son de otra instalación, cárguela con --origin NOMBRE."
            )
        if self.closed_promises:
            say(
                f"Promesas pendientes de casos que no están abiertos, canceladas como historia: {self.closed_promises}."
            )
        if self.overdue_promises:
            say(f"Promesas pendientes ya vencidas, incumplidas como historia: {self.overdue_promises}.")

    def _say_totals(self) -> None:
        """What the old system's totals become, so that they can be compared by cartera."""
        for cartera, book in sorted(self._books.items()):
            whole = [sum(column, ZERO) for column in zip(book.loaded, book.folded, book.refused, strict=True)]
            parts = [f"{_worth(book.loaded)} aquí"]
            if book.paid[0]:
                parts[0] += f" (de ellos {_worth(book.paid)} sin saldo)"
            parts += [f"{_worth(book.folded)} dentro de otro"] if book.folded[0] else []
            parts += [f"{_worth(book.refused)} sin cargar"] if book.refused[0] else []
            self._result.notices.append(f"Cartera «{cartera}»: {_worth(whole)} en el archivo = {' + '.join(parts)}.")


def _add(sum_: list[Decimal], total: Decimal) -> None:
    sum_[0] += 1
    sum_[1] += total


def _worth(sum_: list[Decimal]) -> str:
    return f"{_count(int(sum_[0]), 'caso', 'casos')} por {format_money(sum_[1])}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
