"""«Autorizaciones»: the arrangements that wait for an admin, with what a decision needs to know (DESIGN §4)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Max, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Request, for_role
from accounts.models import User
from cases import services
from cases.desk import plan_words
from cases.desk.keys import REQUEST_COMMANDS
from cases.desk.plan_card import PlanCard
from cases.desk.undo_offer import FROM_REQUESTS, Offer, offer_to
from cases.models import Arrangement, LedgerEntry, Promise
from cases.rules.arrangements import Limit, waived_percent
from cases.rules.reasons import days_away
from nova.lib import dates
from nova.lib.documents import format_dni
from nova.lib.money import format_money
from nova.lib.paginators import CappedPaginator

PER_PAGE = 25
CREDITOR = "creditor"


@dataclass(frozen=True)
class Line:
    """A request, with the history of its debtor."""

    card: PlanCard
    history: str
    typed: dict[str, str]  # what was typed in its form, when the decision was refused
    refusal: str = ""

    @property
    def plan(self) -> Arrangement:
        return self.card.plan

    @property
    def name(self) -> str:
        return self.plan.case.debtor.listed_name

    @property
    def dni(self) -> str:
        dni = self.plan.case.debtor.dni
        return format_dni(dni) if dni else ""

    @property
    def months(self) -> int:
        return self.plan.case.months_in_arrears(self.card.today)

    @property
    def percent(self) -> str:
        """«30 %» of the balance; empty without a waiver."""
        waived = waived_percent(self.plan.base_balance, self.plan.agreed_total)
        return plan_words.percent(waived) if waived else ""

    @property
    def beyond(self) -> str:
        """What whoever asked may grant, of what this goes beyond."""
        policy, asker = self.plan.policy, self.plan.requested_by
        role = "admin" if asker is not None and asker.is_admin else "gestor"
        limit = next((_limit(row) for row in policy.get("limits", []) if row.get("role") == role), None)
        return ", ".join(plan_words.beyond(policy.get("exceeded", []), limit)) if limit else ""

    @property
    def needs_creditor(self) -> bool:
        return self.plan.policy.get("needs") == CREDITOR

    @property
    def is_own(self) -> bool:
        return self.plan.requested_by_id == self.card.user.pk

    @property
    def note(self) -> str:
        """What whoever asked wrote: in the request, else in its gestión."""
        gestion = self.plan.activity
        said = gestion.notes if gestion is not None and not gestion.is_system else ""
        return self.plan.notes or said

    @property
    def accepted(self) -> str:
        """«aceptó por teléfono»; the approval then makes it run."""
        how = self.plan.accepted_how
        return f"aceptó {self.plan.get_accepted_how_display().lower()}" if how else "todavía no aceptó"

    @property
    def asked(self) -> str:
        return days_away(dates.local_date(self.plan.created_at), self.card.today)

    @property
    def has_changed(self) -> str:
        """Why it cannot be authorised any more; empty where nothing has changed since it was asked."""
        plan = self.plan
        if plan.case.balance != plan.base_balance:
            return f"El saldo cambió: era {format_money(plan.base_balance)} y es {format_money(plan.case.balance)}."
        return "Ya pasó la fecha de la primera cuota." if plan.first_due_on < self.card.today else ""


def _limit(row: dict[str, Any]) -> Limit:
    """A limit as `policy` keeps it: amounts and percentages are text."""
    read = {name: Decimal(row[name]) for name in ("max_percent", "min_down_percent")}
    rate = Decimal(row["monthly_rate"]) if row.get("monthly_rate") is not None else None
    return Limit(**{**row, **read, "monthly_rate": rate})


def lines_of(plans: Iterable[Arrangement], user: User, **refused: Any) -> list[Line]:
    """`plans` have their relations. `refused`: pk, typed and refusal of a decision. Runs three queries."""
    plans, today = list(plans), dates.today()
    told = histories({plan.case.debtor_id for plan in plans})
    return [
        Line(
            PlanCard(plan, user, today),
            told.get(plan.case.debtor_id, ""),
            refused.get("typed", {}) if plan.pk == refused.get("pk") else {},
            refused.get("refusal", "") if plan.pk == refused.get("pk") else "",
        )
        for plan in plans
    ]


def histories(debtors: set[int]) -> dict[int, str]:
    """How each person (ids) has paid so far: «2 promesas cumplidas · 1 convenio caído · pagó $ 5.000,00, el último pago
    el 03/10/2026». Runs three queries."""
    paid = _grouped(
        LedgerEntry.objects.filter(kind=LedgerEntry.Kind.PAYMENT, reversal__isnull=True),
        debtors,
        total=Sum("amount"),
        last=Max("value_date"),
    )
    kept, broken = Promise.Status.FULFILLED, Promise.Status.BROKEN
    promised = _grouped(
        Promise.objects.filter(status__in=[kept, broken]),
        debtors,
        kept=Count("pk", filter=Q(status=kept)),
        broken=Count("pk", filter=Q(status=broken)),
    )
    done, fallen = Arrangement.Status.COMPLETED, Arrangement.Status.LAPSED
    agreed = _grouped(
        Arrangement.objects.filter(status__in=[done, fallen]),
        debtors,
        done=Count("pk", filter=Q(status=done)),
        fallen=Count("pk", filter=Q(status=fallen)),
    )
    return {debtor: _told(promised.get(debtor), agreed.get(debtor), paid.get(debtor)) for debtor in debtors}


def _grouped(rows: Any, debtors: set[int], **sums: Any) -> dict[int, dict[str, Any]]:
    found = rows.filter(case__debtor__in=debtors).order_by().values("case__debtor").annotate(**sums)
    return {row["case__debtor"]: row for row in found}


def _told(promised: dict[str, Any] | None, agreed: dict[str, Any] | None, paid: dict[str, Any] | None) -> str:
    promises = promised or {"kept": 0, "broken": 0}
    plans = agreed or {"done": 0, "fallen": 0}
    words = [
        _counted(promises["kept"], "promesa cumplida", "promesas cumplidas"),
        _counted(promises["broken"], "promesa incumplida", "promesas incumplidas"),
        _counted(plans["done"], "convenio cumplido", "convenios cumplidos"),
        _counted(plans["fallen"], "convenio caído", "convenios caídos"),
        f"pagó {format_money(paid['total'])}, el último pago el {paid['last']:%d/%m/%Y}" if paid else "",
    ]
    return " · ".join(filter(None, words)) or "Sin promesas, convenios ni pagos anteriores"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""


@dataclass(frozen=True)
class Inbox:
    """What `_undo.html` asks of a screen: the offer, and where one comes back to after it."""

    undo: Offer | None
    walk: ClassVar = True
    query: ClassVar = f"?{FROM_REQUESTS}=1"


# --- The pages ---------------------------------------------------------------------------------------
@require_safe
@for_role(User.Role.ADMIN)
def requests(request: Request) -> HttpResponse:
    """The longest waiting first."""
    return _show(request)


def _show(request: Request, *, status: int = 200, said: str = "", **refused: Any) -> HttpResponse:
    """`said`: what has just been answered, which the offer to undo it says too."""
    waiting = Arrangement.objects.visible_to(request.user).awaiting().standing(timezone.now())
    related = waiting.select_related("case__debtor", "case__cartera", "case__assigned_to", "requested_by", "activity")
    page = CappedPaginator(related.prefetch_related("schedule"), PER_PAGE).get_page(request.GET.get("page"))
    offer = offer_to(request.user, now=timezone.now())
    inbox = Inbox(replace(offer, words=said, repeats=said) if offer and said else offer)
    context = {
        "screen": inbox,
        "page": page,
        "lines": lines_of(page.object_list, request.user, **refused),
        "commands": REQUEST_COMMANDS,
    }
    is_part = request.htmx and request.htmx.target == "requests" and not request.htmx.history_restore_request
    response = render(request, f"cases/requests.html{'#list' if is_part else ''}", context, status=status)
    if is_part:
        response.write(render_to_string("cases/_requests_count.html", {"oob": True}))
        response.write(render_to_string("_messages.html", {"oob": True, "screen": inbox}, request))
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


@require_POST
@for_role(User.Role.ADMIN)
def approval(request: Request, pk: int) -> HttpResponse:
    def approve(plan: Arrangement, typed: dict[str, str]) -> str:
        notes, creditor = typed["notes"], typed["creditor_authorisation"]
        plan = services.approve_arrangement(
            arrangement=plan, by=request.user, notes=notes, creditor_authorisation=creditor
        )
        return "El convenio está vigente." if plan.is_active else "Puede aceptarse desde la pantalla del caso."

    return _decide(request, pk, "Autorizado", approve)


@require_POST
@for_role(User.Role.ADMIN)
def rejection(request: Request, pk: int) -> HttpResponse:
    def reject(plan: Arrangement, typed: dict[str, str]) -> str:
        services.reject_arrangement(arrangement=plan, by=request.user, notes=typed["notes"])
        return "Su gestor lo ve en su bandeja."

    return _decide(request, pk, "No autorizado", reject)


def _decide(request: Request, pk: int, words: str, act: Callable[[Arrangement, dict[str, str]], str]) -> HttpResponse:
    plan = get_object_or_404(Arrangement.objects.visible_to(request.user).select_related("case__debtor"), pk=pk)
    typed = {name: request.POST.get(name, "").strip() for name in ("notes", "creditor_authorisation")}
    kept: dict[str, Any] = {"pk": plan.pk, "typed": typed}
    try:
        said = act(plan, typed)
    except ValidationError as error:
        return _show(request, status=422, refusal=" ".join(error.messages), **kept)
    except PermissionDenied as error:
        return _show(request, status=403, refusal=str(error), **kept)
    except services.ArrangementConflict as conflict:
        messages.error(request, f"{plan.case.debtor.listed_name}: {conflict}")
        return _show(request, status=409, refusal=str(conflict), **kept)
    said = f"{words}: {plan.case.debtor.listed_name}. {said}"
    messages.success(request, said, extra_tags=f"request:{plan.pk}")
    return _show(request, said=said) if request.htmx else redirect("requests")
