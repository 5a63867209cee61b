"""An admin's page about a gestor, and the reassignment of their cases."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Request, for_role
from accounts.models import User
from cases.models import Case
from cases.services.assignment import UNITED_AT_ONCE
from dashboards.filtering import all_carteras, choices, figures_of, read_filters
from dashboards.filters import DashboardFilters
from dashboards.gestor_page import health_lines, last_activities, people_with_figures, queue_health
from dashboards.page.board import shown
from dashboards.page.charts import charts
from dashboards.page.words import whole
from dashboards.reassigning import ReassignmentForm, read, total_of, written
from dashboards.uniting import split_people, unite
from dashboards.views.parts import page_or_part
from nova.lib.databases import reads_from_replica
from nova.lib.text import key_in


@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
def gestor_page(request: Request, pk: int) -> HttpResponse:
    gestor = get_object_or_404(people_with_figures(), pk=pk)
    now = timezone.now()
    filters, errors = read_filters({**request.GET.dict(), "gestor": str(pk)}, now=now)
    context: dict[str, Any] = {
        "gestor": gestor,
        "errors": errors,
        "choices": choices(filters, request.GET, all_carteras(), None),
    }
    if filters is not None:
        health = queue_health(gestor, now=now)
        context |= _figures(filters) | {
            "asked": filters,
            "health": health_lines(health, now=now),
            "bands": health.bands,
            "activities": last_activities(gestor),
            "form": ReassignmentForm(gestor=gestor),
        }
    query = filters.query(gestor=None) if filters else ""
    return page_or_part(request, "dashboards/gestor.html", "board", context, filters=filters, query=query)


def _figures(filters: DashboardFilters) -> dict[str, Any]:
    figures = figures_of(filters, now=timezone.now())
    drawing = [chart for chart in charts(figures, filters) if chart.name in ("weekly", "statuses")]
    return shown(figures, filters, drawing)


@reads_from_replica
@require_http_methods(["GET", "HEAD", "POST"])
@for_role(User.Role.ADMIN)
def reassignment(request: Request, pk: int) -> HttpResponse:
    """GET shows what each gestor would receive; the POST that confirms moves the cases, or leaves them."""
    gestor = get_object_or_404(people_with_figures(), pk=pk)
    form = ReassignmentForm(request.POST if request.method == "POST" else request.GET or None, gestor=gestor)
    context: dict[str, Any] = {
        "gestor": gestor,
        "form": form,
        "open": Case.objects.open().filter(assigned_to=gestor).count(),
        "has_left": not (gestor.is_active and gestor.is_gestor),
    }
    if not form.is_bound:
        return render(request, "dashboards/reassignment.html", context)
    if not form.is_valid():
        return render(request, "dashboards/reassignment.html", context, status=422)
    if form.leaves:
        if request.method == "POST":
            text = f"Los casos de {gestor} quedan como están. El aviso sigue en el tablero hasta que los reasigne."
            messages.warning(request, text)
            return redirect("gestor", pk=pk)
        return render(request, "dashboards/reassignment.html", context | {"leaves": True})
    status = 200
    if request.method == "POST":
        expected = key_in(request.POST.get("expected", ""))
        shares = read(request.POST.get("shares", ""))
        try:
            moved = form.reassign(by=request.user, expected=-1 if expected is None else expected, shares=shares)
        except ValidationError as error:
            form.add_error(None, error.messages)
            status = 409
        else:
            messages.success(request, f"Casos reasignados: {whole(moved)}, a {form.destination}.")
            return redirect("gestor", pk=pk)
    try:
        shares_now = form.preview()
    except ValidationError as error:
        form.add_error(None, error)
        return render(request, "dashboards/reassignment.html", context, status=409 if status == 409 else 422)
    count = form.cases().count()
    context |= {
        "count": count,
        "destination": form.destination,
        "shares": shares_now,
        "expected_shares": written(shares_now),
        "total": total_of(shares_now),
        "staying": count - sum(share.cases for share in shares_now),
    }
    return render(request, "dashboards/reassignment.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_role(User.Role.ADMIN)
def uniting(request: Request) -> HttpResponse:
    """GET shows the people whose debts several gestores hold; the POST that confirms gives each to one of them."""
    status, error = 200, ""
    if request.method == "POST":
        expected = request.POST.get("expected", "")
        try:
            people, moved = unite(by=request.user, expected=int(expected) if expected.isdecimal() else -1)
        except ValidationError as refusal:
            status, error = 409, " ".join(refusal.messages)
        else:
            messages.success(
                request, f"Personas con un solo gestor: {whole(people)}; casos que cambiaron: {whole(moved)}."
            )
            return redirect("dashboard-admin")
    context = {"split": split_people(), "limit": UNITED_AT_ONCE, "error": error}
    return render(request, "dashboards/uniting.html", context, status=status)
