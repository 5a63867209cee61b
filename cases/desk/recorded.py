"""What a gestión recorded, in a few words: its result, and the money that was promised, agreed or paid with it."""

from typing import Any

from cases.desk.negotiating import AGREED, NEGOTIATED
from cases.models import Activity, Arrangement
from nova.lib.money import format_money

# What the words are made of, besides `ActivityQuerySet.with_parts`.
RECORDED_FIELDS = ("type", "notes", "is_system", "result__name", "result__code", "result__needs_promise")
PLAN_WORDS = {
    Arrangement.Status.PROPOSED.value: "Propuesta de convenio",
    Arrangement.Status.AWAITING_APPROVAL.value: "Pedido de autorización: convenio",
}


def recorded_in_words(activity: Activity) -> str:
    """«No contesta», «Convenio de 6 cuotas», «Promesa de $ 5.000,00 para el 04/12», «Renuente, pago $ 12.000,00».

    The result that stands for a promise or an arrangement is not said beside it. The activity comes from `with_parts`;
    reads no more data.
    """
    if activity.is_system:
        return activity.notes
    if activity.type == Activity.Type.STATUS:
        return activity.notes.partition(". ")[0]  # «En gestión → A juicio», without what was noted
    row: Any = activity
    words = []
    if row.plan_status:
        words.append(f"{PLAN_WORDS.get(row.plan_status, 'Convenio')} {_payments(row.plan_instalments)}")
    if row.promised:
        words.append(f"Promesa de {format_money(row.promised)} para el {row.promised_on:%d/%m}")
    if row.paid:
        words.append(f"Pago {format_money(row.paid)}")
    if row.result and not _stands_for_more(row):
        words.insert(0, row.result.name)
    first, *others = words or [activity.get_type_display()]
    return ", ".join([first, *(each[0].lower() + each[1:] for each in others)])


def _payments(count: int) -> str:
    return "en un pago" if count == 1 else f"de {count} cuotas"


def _stands_for_more(row: Any) -> bool:
    """Whether the result says no more than what was recorded with it."""
    if row.plan_status:
        return row.result.code in (AGREED, NEGOTIATED)
    return bool(row.promised and row.result.needs_promise)
