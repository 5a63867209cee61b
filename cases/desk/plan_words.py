"""An arrangement in words: how it is paid, what it forgives or costs, what goes beyond a limit. Reads no data."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from nova.lib.money import format_money, format_percentage

MULTIPLY = "×"


class Payment(Protocol):
    """A part of a schedule, worked out or stored; number 0 is the down payment."""

    @property
    def number(self) -> int: ...
    @property
    def due_on(self) -> date: ...
    @property
    def amount(self) -> Decimal: ...


def percent(value: Decimal) -> str:
    """«10 %», «12,50 %»."""
    return format_percentage(value).replace(",00", "")


def instalments_of(parts: Iterable[Payment]) -> list[Payment]:
    """Without the down payment, by number."""
    return sorted((part for part in parts if part.number), key=lambda part: part.number)


def paid_in(parts: Iterable[Payment], *, exact: bool = True) -> str:
    """«1 pago», «3 × $ 333.333,33», «6 × $ 86.666,66 (última $ 86.666,70)», «4 cuotas de $ 10.000,00 a $ 50.000,00».

    Unless it has to be `exact`, the cents that the last one takes are not said.
    """
    amounts = [part.amount for part in instalments_of(parts)]
    if len(amounts) == 1:
        return "1 pago"
    first, last = amounts[0], amounts[-1]
    if any(amount != first for amount in amounts[:-1]):
        return f"{len(amounts)} cuotas de {format_money(min(amounts))} a {format_money(max(amounts))}"
    words = f"{len(amounts)} {MULTIPLY} {format_money(first)}"
    is_same = last == first or (not exact and abs(last - first) < 1)
    return words if is_same else f"{words} (última {format_money(last)})"


def started(parts: Sequence[Payment], *, year: bool = True) -> str:
    """«Anticipo $ 80.000,00 · 1ª cuota 30/12/2026», «hasta el 15/12/2026»."""
    instalments = instalments_of(parts)
    first = instalments[0].due_on
    day = f"{first:%d/%m/%Y}" if year else f"{first:%d/%m}"
    words = f"1ª cuota {day}" if len(instalments) > 1 else f"hasta el {day}"
    down = next((part.amount for part in parts if not part.number), None)
    return f"Anticipo {format_money(down)} · {words}" if down else words


def cost(*, waived: Decimal, waived_percent: Decimal, interest: Decimal, tea: Decimal | None) -> str:
    """«Quita $ 18.425,05 (10 %)», «Interés $ 120.000,00 · TEA 153,32 %», «Sin quita ni interés»."""
    if waived:
        return f"Quita {format_money(waived)} ({percent(waived_percent)})"
    if interest:
        yearly = f" · TEA {format_percentage(tea)}" if tea is not None else ""
        return f"Interés {format_money(interest)}{yearly}"
    return "Sin quita ni interés"


def beyond(exceeded: Iterable[str], limit: Any) -> list[str]:
    """What goes beyond a limit, a phrase each: «quita de hasta 10 %», «hasta 12 cuotas»."""
    words = {
        "waiver_percent": f"quita de hasta {percent(limit.max_percent)}",
        "instalments": f"hasta {limit.max_instalments} cuotas",
        "down_payment": f"anticipo de al menos {percent(limit.min_down_percent)}",
        "monthly_rate": f"interés de al menos {percent(limit.monthly_rate or Decimal(0))} mensual",
        "capital": "nunca menos que el capital",
    }
    return [words[name] for name in exceeded if name in words]


def points_left(left: Decimal) -> str:
    """What is left of the waiver that a person may grant: «le quedan 5 puntos»; empty beyond it."""
    if left < 0:
        return ""
    points = format_money(left, symbol=False).replace(",00", "")
    return f"le quedan {points} puntos" if left else "es su límite"
