"""The start page of admins and users, and the component samples."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import account
from accounts.access import Request, for_role
from accounts.forms import ConfirmForm
from accounts.models import User
from cases.fields import SaidDayField
from dashboards.filtering import DashboardPage, dashboard_page
from dashboards.page.board import ranking_rows, shown
from dashboards.page.charts import charts
from dashboards.page.links import gestor_link
from dashboards.page.notices import notices
from dashboards.uniting import count_split_people
from dashboards.views.parts import page_or_part
from nova.lib.databases import reads_from_replica
from payments.services.waiting import waiting_payments


@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
def dashboard_admin(request: Request) -> HttpResponse:
    """The whole dashboard, or only the fragment that its filters change."""
    page = dashboard_page(request.GET, now=timezone.now())
    query = page.filters.query() if page.filters else ""
    return page_or_part(request, "dashboards/admin.html", "board", _context(page), filters=page.filters, query=query)


def _context(page: DashboardPage) -> dict[str, Any]:
    context: dict[str, Any] = {"errors": page.errors, "choices": page.choices}
    if page.filters is None or page.figures is None:
        return context
    filters, figures = page.filters, page.figures
    return (
        context
        | shown(figures, filters, charts(figures, filters))
        | {
            "asked": filters,
            "ranking": ranking_rows(figures.ranking),
            "ranking_links": [gestor_link(row, filters) for row in figures.ranking],
            "notices": notices(
                figures,
                filters,
                split_people=count_split_people(),
                payments=waiting_payments(),
                now=timezone.now(),
            ),
            "report_query": filters.query(gestor=None),
        }
    )


@require_safe
@for_role(User.Role.USER)
def dashboard_user(request: Request) -> HttpResponse:
    return render(request, "dashboards/user.html", account.shown(request) | {"form": ConfirmForm(request)})


class SampleForm(forms.Form):
    """One field of each kind, with its hint and its error."""

    name = forms.CharField(label="Texto", help_text="Una ayuda breve.")
    amount = forms.CharField(label="Con error", widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    kind = forms.ChoiceField(label="Lista", choices=[("1", "Uno"), ("2", "Dos")], required=False)
    day = SaidDayField(label="Fecha", required=False)
    notes = forms.CharField(label="Nota", widget=forms.Textarea(attrs={"rows": 3}), required=False)


@require_safe
def styles(request: Request) -> HttpResponse:
    """The component set, for developers of pages (only with DEBUG)."""
    if not settings.DEBUG:
        raise Http404
    page = Paginator(range(100), 25).page(2)
    return render(request, "estilos.html", {"form": SampleForm({"name": "Ana"}), "page": page})
