"""The last ledger entries, promises and gestiones of a case for its page, with links to the full lists."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from cases.admin.base import Tool, change_url, changelist_url
from cases.admin.promises import can_be_cancelled
from cases.admin.records import author_of, can_be_reversed, shorten
from cases.models import Activity, Case, LedgerEntry, Promise
from cases.rules.ledger import signed
from nova.lib.money import format_money

SHOWN = 8


class Row(NamedTuple):
    url: str
    cells: list[Any]
    tool: Tool | None = None
    is_void: bool = False


class Panel(NamedTuple):
    title: str
    columns: list[str]
    rows: list[Row]
    more: str


def history_of(request: HttpRequest, case: Case) -> list[Panel]:
    """The three panels of a case. Runs three queries, for any length of the history."""
    return [_ledger(request, case), _promises(request, case), _activities(case)]


def _ledger(request: HttpRequest, case: Case) -> Panel:
    entries = case.entries.select_related("reversal", "credited_to").order_by("-value_date", "-id")[:SHOWN]
    rows = []
    for entry in entries:
        undo = None
        if can_be_reversed(request, entry):
            undo = Tool("Revertir…", reverse("admin:cases_ledgerentry_reverse", args=[entry.pk]))
        is_undone = entry.kind == LedgerEntry.Kind.PAYMENT and hasattr(entry, "reversal")
        said = [entry.get_kind_display(), entry.get_reason_display()]
        kind = f"{': '.join(filter(None, said))}{' (revertido)' if is_undone else ''}"
        cells = [
            f"{entry.value_date:%d/%m/%Y}",
            kind,
            format_money(signed(entry.kind, entry.amount)),
            entry.get_method_display(),
            entry.reference,
            entry.credited_to or "—",
        ]
        rows.append(Row(change_url(entry), cells, undo, is_void=is_undone))
    columns = ["Fecha", "Movimiento", "Importe", "Medio", "Referencia", "Acreditado a"]
    return Panel("Movimientos", columns, rows, changelist_url(LedgerEntry, case__id__exact=case.pk))


def _promises(request: HttpRequest, case: Case) -> Panel:
    rows = []
    for promise in case.promises.select_related("created_by").order_by("-promise_date", "-id")[:SHOWN]:
        cancel = None
        if can_be_cancelled(request, promise):
            cancel = Tool("Cancelar…", reverse("admin:cases_promise_cancel", args=[promise.pk]))
        cells = [
            f"{promise.promise_date:%d/%m/%Y}",
            format_money(promise.amount),
            promise.get_status_display(),
            format_money(promise.paid_amount),
            author_of(promise),
        ]
        rows.append(Row(change_url(promise), cells, cancel))
    columns = ["Fecha prometida", "Importe", "Estado", "Pagado", "Autor"]
    return Panel("Promesas", columns, rows, changelist_url(Promise, case__id__exact=case.pk))


def _activities(case: Case) -> Panel:
    found = case.activities.select_related("result", "created_by").order_by("-created_at", "-id")[:SHOWN]
    rows = [
        Row(
            change_url(activity),
            [
                activity.created_at,
                activity.get_type_display(),
                activity.result or "—",
                shorten(activity.notes),
                author_of(activity),
                "Anulada" if activity.voided_at else "Automática" if activity.is_system else "",
            ],
            is_void=activity.voided_at is not None,
        )
        for activity in found
    ]
    columns = ["Fecha", "Tipo", "Resultado", "Notas", "Autor", ""]
    return Panel("Gestiones", columns, rows, changelist_url(Activity, case__id__exact=case.pk))
