"""The page of each role."""

from datetime import datetime

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Request, for_role
from accounts.models import User
from cases.querysets import CaseQuerySet
from dashboards import case_list
from nova.lib.paginators import CappedPaginator

CASES_PER_PAGE = 25


@require_safe
@for_role(User.Role.ADMIN)
def dashboard_admin(request: Request) -> HttpResponse:
    return _case_list(request, "dashboards/admin.html", case_list.newest_first(request.user), now=timezone.now())


@require_safe
@for_role(User.Role.USER)
def dashboard_user(request: Request) -> HttpResponse:
    context = {"session_ends": request.session.get_expiry_date()}
    return render(request, "dashboards/user.html", context)


class SampleForm(forms.Form):
    """One field of each kind, with its hint and its error."""

    name = forms.CharField(label="Texto", help_text="Una ayuda breve.")
    amount = forms.CharField(label="Con error", widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    kind = forms.ChoiceField(label="Lista", choices=[("1", "Uno"), ("2", "Dos")], required=False)
    day = forms.DateField(label="Fecha", widget=forms.DateInput(attrs={"type": "date"}), required=False)
    notes = forms.CharField(label="Nota", widget=forms.Textarea(attrs={"rows": 3}), required=False)


@require_safe
def styles(request: Request) -> HttpResponse:
    """The component set, for whoever builds a page (in development alone)."""
    if not settings.DEBUG:
        raise Http404
    page = Paginator(range(100), 25).page(2)
    return render(request, "estilos.html", {"form": SampleForm({"name": "Ana"}), "page": page})


def _case_list(request: Request, template: str, cases: CaseQuerySet, *, now: datetime) -> HttpResponse:
    text = request.GET.get("search", "").strip()
    paginator = CappedPaginator(cases.search(text), CASES_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    rows = case_list.case_rows(page.object_list, now=now)
    return render(request, template, {"page": page, "rows": rows, "search": text})
