"""The pages of the gestor's screen: the queue, the list of own cases, one case."""

from http import HTTPStatus

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Request, background, for_role
from accounts.models import User
from cases.desk.own_cases import own_cases
from cases.desk.queue import Queue, place_of
from cases.desk.recent import remember
from cases.desk.screen import Screen, arrive, opened, opened_case, query_with, show
from cases.desk.walk import walk_of
from cases.fields import how_read
from cases.models import Case
from nova.lib.text import key_in


@require_safe
@for_role(User.Role.GESTOR)
def dashboard_gestor(request: Request) -> HttpResponse:
    """The queue, with its first case open next to it."""
    if request.GET.get("tab") == "casos":
        return own_cases(request)
    screen = Screen(request)
    if request.htmx.target not in ("queue", "queue-results", "more-rows") and screen.rows:
        screen.case = opened(screen.rows[0].case)
    return show(request, screen)


@require_safe
def case_page(request: Request, pk: int) -> HttpResponse:
    case = opened_case(request.user, pk)
    response = show(request, Screen(request, case))
    return remember(request, response, case) if request.user.is_gestor else response


@require_safe
def next_case(request: Request) -> HttpResponse:
    """Skip the case given as `from`: show the next one, and continue from there. An admin walks a list alone."""
    left = Case.objects.visible_to(request.user).filter(pk=key_in(request.GET.get("from", ""))).first()
    if left is not None and (walk := walk_of(request.user, request.GET, now=timezone.now())):
        return redirect(walk.following(left))
    if not request.user.is_gestor:
        return redirect(request.user.home_url)
    queue = Queue(request.user, request.GET, now=timezone.now())
    return go_on(request, queue, left, leaving=left)


@require_safe
def previous_case(request: Request) -> HttpResponse:
    """The case before the one given as `from`, which is itself the first one's. An admin walks a list alone."""
    case = get_object_or_404(Case.objects.visible_to(request.user), pk=key_in(request.GET.get("from", "")))
    if walk := walk_of(request.user, request.GET, now=timezone.now()):
        return redirect(walk.preceding(case))
    if not request.user.is_gestor:
        return redirect(request.user.home_url)
    queue = Queue(request.user, request.GET, now=timezone.now())
    before = queue.previous_before(case) or opened_case(request.user, case.pk)
    return _open(request, before.get_absolute_url() + query_with(request.GET), before)


def go_on(request: Request, queue: Queue, place: Case | None, *, leaving: Case | None) -> HttpResponse:
    """To the case that follows `place` in the queue, or to the queue itself when it is empty."""
    case = queue.next_after(place, leaving=leaving)
    if case is None:
        return arrive(request, reverse("dashboard-gestor") + query_with(request.GET), None)
    skip = place_of(place) if place is not None else ""
    is_saved = request.method == "POST"
    address = case.get_absolute_url() + query_with(request.GET, skip=skip)
    return _open(request, address, case, left=leaving if is_saved else None)


def _open(request: Request, address: str, case: Case, *, left: Case | None = None) -> HttpResponse:
    """`arrive`, and remember the person where they are shown at once: a redirect leads to `case_page`, which does."""
    response = arrive(request, address, case, left=left)
    return remember(request, response, case) if response.status_code == HTTPStatus.OK else response


@background
@require_safe
def due_calls(request: Request) -> HttpResponse:
    """What the screen asks every minute: the figures and the agreed calls whose hour has come. Changes nothing else."""
    screen = Screen(request)
    if not request.user.is_gestor or request.GET.get("known") == screen.pulse:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(request, "cases/_pulse.html", {"screen": screen})


@require_safe
def said(request: Request) -> HttpResponse:
    """How a text of a date or an amount is read (DESIGN §4), for the hint beside the field. Reads no data."""
    kind, text = request.GET.get("kind", ""), request.GET.get("text", "")[:100]
    try:
        return JsonResponse({"shown": how_read(kind, text, now=timezone.now()), "error": ""})
    except KeyError:
        raise Http404 from None
    except ValueError as error:
        reason = f"«{text}» {error}." if kind == "amount" else str(error)
        return JsonResponse({"shown": "", "error": reason})
