"""The alerts as sentences, each with a link to the page where an admin can act."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from cases.rules.reasons import days_away
from dashboards.figures.alerts import Alert, Kind, broken_today
from dashboards.figures.kpis import Dashboard
from dashboards.filters import DashboardFilters
from dashboards.page.links import admin_cases, link, stopped_cases
from dashboards.page.words import percentage, whole
from nova.lib import dates
from nova.lib.money import format_money
from payments.services.waiting import Waiting

OF_ARRANGEMENTS = {
    Kind.RESTATED: ("convenio vigente", "convenios vigentes", "con una actualización del acreedor"),
    Kind.WAIVED_BEYOND: ("convenio cumplido perdonó", "convenios cumplidos perdonaron", "más de lo autorizado"),
    Kind.KEPT_ENDED: (
        "convenio terminado seguiría",
        "convenios terminados seguirían",
        "en pie por sus pagos, pero hubo otro acuerdo o se cerró el caso",
    ),
}


@dataclass(frozen=True)
class Notice:
    """`level` is danger or warning; `action` is the text of the link."""

    level: str
    text: str
    action: str
    href: str


def notices(
    figures: Dashboard, filters: DashboardFilters, *, split_people: int, payments: Waiting, now: datetime
) -> list[Notice]:
    """`split_people`: how many people several gestores call; `payments`: those that wait. Questions of the whole
    agency, whatever the filters.
    """
    told = [_notice(alert, filters, now) for alert in figures.alerts]
    if split_people:
        text = _counted(split_people, "persona", "personas") + " con deudas abiertas en manos de varios gestores"
        told.append(Notice("warning", text, "Dejar un gestor por persona", reverse("uniting")))
    if payments.count and payments.oldest:
        text = _counted(payments.count, "pago por identificar", "pagos por identificar")
        since = days_away(payments.oldest, dates.local_date(now))
        href = reverse("payments-inbox")
        amount = format_money(payments.amount)
        told.append(Notice("danger", f"{text}, por {amount} (el más viejo, {since})", "Identificar", href))
    return told


def _notice(alert: Alert, filters: DashboardFilters, now: datetime) -> Notice:
    today = dates.local_date(now)
    match alert.kind:
        case Kind.UNASSIGNED:
            text = _counted(alert.count, "caso abierto sin gestor", "casos abiertos sin gestor")
            return Notice("danger", text, "Asignar", admin_cases(filters, assigned="0"))
        case Kind.STOPPED:
            text = _counted(alert.count, "caso detenido espera", "casos detenidos esperan") + " una decisión"
            return Notice("danger", text, "Resolver", stopped_cases(filters))
        case Kind.INACTIVE_GESTOR:
            text = _counted(alert.count, "caso abierto", "casos abiertos") + f" de un gestor inactivo: {alert.subject}"
            return Notice("danger", text, "Reasignar", reverse("reassignment", args=[alert.pk]))
        case Kind.BROKEN_TODAY:
            text = _counted(alert.count, "promesa se incumplió hoy", "promesas se incumplieron hoy")
            href = link("promesas", filters.between(broken_today(today)), only="broken")
            return Notice("warning", text, "Ver cuáles", href)
        case Kind.IDLE_GESTOR:
            last = dates.local_date(alert.last_activity) if alert.last_activity else None
            since = f"última, {days_away(last, today)}" if last else "todavía ninguna"
            text = f"{alert.subject}: sin gestiones en 48 horas hábiles ({since})"
            return Notice("warning", text, "Ver al gestor", reverse("gestor", args=[alert.pk]))
        case Kind.FALLEN_CARTERA:
            before, after = percentage(alert.kept_before), percentage(alert.kept_now)
            text = f"{alert.subject}: las promesas cumplidas cayeron de {before} a {after}"
            return Notice(
                "warning", text, "Ver las incumplidas", link("promesas", filters, cartera=alert.pk, only="broken")
            )
        case Kind.RESTATED | Kind.WAIVED_BEYOND | Kind.KEPT_ENDED:
            one, many, said = OF_ARRANGEMENTS[alert.kind]
            text = f"{_counted(alert.count, one, many)} {said}"
            return Notice("warning", text, "Ver cuáles", link("convenios", filters, only=alert.kind))


def _counted(count: int, one: str, many: str) -> str:
    return f"{whole(count)} {one if count == 1 else many}"
