"""The page of each role."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Request, for_role
from accounts.models import User
from cases.querysets import CaseQuerySet
from dashboards import queries
from nova.lib.paginators import CappedPaginator

CASES_PER_PAGE = 25


@require_safe
@for_role(User.Role.ADMIN)
def dashboard_admin(request: Request) -> HttpResponse:
    return _case_list(request, "dashboards/admin.html", queries.newest_first(request.user), now=timezone.now())


@require_safe
@for_role(User.Role.USER)
def dashboard_user(request: Request) -> HttpResponse:
    context = {"session_ends": request.session.get_expiry_date()}
    return render(request, "dashboards/user.html", context)


def _case_list(request: Request, template: str, cases: CaseQuerySet, *, now: datetime) -> HttpResponse:
    text = request.GET.get("search", "").strip()
    paginator = CappedPaginator(cases.search(text), CASES_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    rows = queries.case_rows(page.object_list, now=now)
    return render(request, template, {"page": page, "rows": rows, "search": text})
