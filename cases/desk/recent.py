"""The people whom a gestor opened last: in a signed cookie of the browser, which names the cases and whose they were.

Not in the session: two tabs that open people at the same moment would overwrite what the session holds beside.
"""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Request, for_role
from accounts.models import User
from cases.desk.rows import rows_of, with_tools
from cases.desk.screen import Screen
from cases.models import Case

COOKIE = "recientes"
MOST = 10
MONTH = 30 * 24 * 3600  # seconds


def _read(request: Request) -> list[tuple[int, int]]:
    """(debtor, case) of the people opened last, the latest first; none for what another user of the browser opened."""
    text = request.get_signed_cookie(COOKIE, default="", salt=_salt(request.user), max_age=MONTH)
    pairs = [pair.partition("-") for pair in (text or "").split(".") if pair]
    return [(int(debtor), int(case)) for debtor, _, case in pairs]


def _salt(user: User) -> str:
    return f"{COOKIE}.{user.pk}"


def remember(request: Request, response: HttpResponse, case: Case) -> HttpResponse:
    """Put a person who was opened at the head of the list."""
    others = [pair for pair in _read(request) if pair[0] != case.debtor_id]
    pairs = [(case.debtor_id, case.pk), *others][:MOST]
    response.set_signed_cookie(
        COOKIE,
        ".".join(f"{debtor}-{pk}" for debtor, pk in pairs),
        salt=_salt(request.user),
        max_age=MONTH,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


@require_safe
@for_role(User.Role.GESTOR)
def recent(request: Request) -> HttpResponse:
    """Those who are still the gestor's; who is no longer visible is not shown."""
    pks = [case for _, case in _read(request)]
    found = {case.pk: case for case in Case.objects.visible_to(request.user).listed().filter(pk__in=pks)}
    cases = [found[pk] for pk in pks if pk in found]
    context = {"screen": Screen(request), "rows": with_tools(rows_of(cases, now=timezone.now()))}
    return render(request, "cases/recent.html", context)
