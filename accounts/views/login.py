"""Log-in, with one factor or two, and log-out."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth import logout as end_session
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.db.models import Max
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts import audit, kept_form, limits, places, second_factor, second_step
from accounts.access import Request, safe_next
from accounts.forms import CodeForm, LoginForm
from accounts.models import AuditEvent, User
from nova.lib import envelope
from nova.lib.errors import too_many_requests
from nova.lib.ip import ip_of

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
RESUME = "resume-form"
# Values of Sec-Fetch-Site: a link of ours, an address typed or kept by the user.
OWN_REQUESTS = ("same-origin", "none")
# One sentence for an unknown user, a wrong password and an inactive user, so that it does not reveal which.
WRONG_CREDENTIALS = "Usuario o contraseña incorrectos."


@login_not_required
@require_safe
def login_page(request: Request) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(request.user.home_url)
    form = LoginForm(initial={"next": safe_next(request, request.GET.get("next", ""))})
    return render(request, "accounts/login.html", {"form": form, "is_resuming": kept_form.kept(request) is not None})


@login_not_required
@sensitive_post_parameters("password")
@sensitive_variables()
def api_login(request: Request) -> HttpResponse:
    """`POST /api/login`: a form, an htmx form or JSON (DESIGN §7). Wrong credentials 400, over a limit 429."""
    if request.method != "POST":
        return _only_post(request)
    form = LoginForm(_sent(request))
    if not form.is_valid():
        return _refused(request, form, "Escriba su usuario y su contraseña.")
    username = form.cleaned_data["username"]
    credentials = {"username": username}
    # Before the attempt counts: what django-axes refuses would otherwise use up the limit of everybody else.
    if not AxesProxyHandler.is_allowed(request, credentials):
        return locked_out(request, None, credentials)
    attempt = limits.log_in_attempt(request, username)
    attempt.take()
    user = authenticate(request, username=username, password=form.cleaned_data["password"])
    if user is None:
        attempt.failed()
        return _refused(request, form, WRONG_CREDENTIALS)
    attempt.give_back()
    if second_factor.is_on(user):
        return _ask_for_code(request, user, form)
    return _enter(request, user, form.cleaned_data["next"])


# --- The second step ----------------------------------------------------------------------------------------
def _ask_for_code(request: Request, user: User, form: LoginForm) -> HttpResponse:
    """The password was right. An API client sends the code in the same request, a person gets the code page."""
    second_step.begin(request, user, target=safe_next(request, form.cleaned_data["next"]))
    if not envelope.wants_json(request) or request.htmx:
        return HttpResponseClientRedirect(reverse(second_step.PAGE)) if request.htmx else redirect(second_step.PAGE)
    if not form.cleaned_data["code"]:
        message = "Falta el código de su segundo factor."
        return envelope.failure(message, status=400, details={"code": [message]})
    return _check_code(request, user, form.cleaned_data["code"])


@login_not_required
@sensitive_post_parameters("code")
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def login_code(request: Request) -> HttpResponse:
    """Ask for the code after the password. Nobody is signed in before the code is right."""
    if request.user.is_authenticated:
        return redirect(request.user.home_url)
    was_half_way = second_step.KEY in request.session
    user = second_step.user_of(request)
    if user is None:
        if was_half_way:
            messages.info(request, "Pasó demasiado tiempo: ingrese otra vez.")
        return redirect(settings.LOGIN_URL)
    if request.method != "POST":
        return render(request, "accounts/login_code.html", {"form": CodeForm()})
    form = CodeForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/login_code.html", {"form": form}, status=422)
    return _check_code(request, user, form.cleaned_data["code"])


def _check_code(request: Request, user: User, code: str) -> HttpResponse:
    attempt = limits.log_in_attempt(request, user.username, step=" (2)")
    attempt.take()
    if not second_factor.accept(user, code, place=attempt.place):
        attempt.failed()
        return _wrong_code(request, user)
    attempt.give_back()
    target = second_step.end(request)
    response = _enter(request, user, target)
    request.session[second_factor.VERIFIED] = True
    return response


def _wrong_code(request: Request, user: User) -> HttpResponse:
    audit.record(
        AuditEvent.Action.LOGIN_FAILED,
        by=None,
        label=user.username,
        after={"reason": "código del segundo factor"},
        address=ip_of(request),
    )
    message = "Ese código no sirve: use el que muestra la aplicación ahora."
    if envelope.wants_json(request):
        return envelope.failure(message, status=400, details={"code": [message]})
    form = CodeForm(request.POST)
    form.add_error("code", message)
    return render(request, "accounts/login_code.html", {"form": form}, status=400)


def _sent(request: Request) -> Mapping[str, Any]:
    if request.content_type != "application/json":
        return request.POST
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _refused(request: Request, form: LoginForm, message: str) -> HttpResponse:
    if envelope.wants_json(request):
        return envelope.failure(message, status=400, details=_details(form))
    if form.is_valid():
        form.add_error(None, message)
    template = "accounts/login.html#form" if request.htmx and not request.htmx.boosted else "accounts/login.html"
    return render(request, template, {"form": form}, status=400)


def _details(form: LoginForm) -> dict[str, list[str]]:
    return {field: [str(error) for error in errors] for field, errors in form.errors.items()}


def _enter(request: Request, user: User, target: str) -> HttpResponse:
    """Sign the user in, and know the place from now on."""
    with transaction.atomic():
        login(request, user, backend=MODEL_BACKEND)
        ids = places.remember(request, user)
    response = _welcome(request, user, target)
    places.give_cookie(response, ids)
    return response


def _welcome(request: Request, user: User, target: str) -> HttpResponse:
    """Redirect to the kept form, to a safe `target`, or to the page of the role."""
    target = reverse(RESUME) if kept_form.kept(request) else safe_next(request, target) or user.home_url
    if request.htmx:
        return HttpResponseClientRedirect(target)
    if envelope.wants_json(request):
        who = {"id": user.pk, "username": user.username, "name": str(user), "role": user.role}
        return envelope.success({"user": who, "redirect": target})
    return redirect(target)


def _only_post(request: Request) -> HttpResponse:
    """Reloading the URL of a failed log-in shows the form again."""
    response: HttpResponse = HttpResponseNotAllowed(["POST"])
    if not envelope.wants_json(request):
        response.content = render(request, "accounts/login.html", {"form": LoginForm()}).content
    return response


def locked_out(request: Request, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """The response for django-axes: our own 429, with the remaining time of its lock. Runs a query."""
    username = (credentials or {}).get("username")
    attempts = AccessAttempt.objects.filter(username=username, ip_address=ip_of(request))
    last = attempts.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    left = last + settings.AXES_COOLOFF_TIME - timezone.now()
    return too_many_requests(request, wait=max(1, round(left / timedelta(seconds=1))))


@login_not_required
@require_http_methods(["GET", "POST"])
def logout(request: Request) -> HttpResponse:
    """Log out on POST. A GET asks first, unless the browser says that this site or its user sent it (DESIGN §7).

    Otherwise a link or a picture on another site would log people out.
    """
    if request.user.is_authenticated:
        if request.method == "GET" and request.headers.get("Sec-Fetch-Site") not in OWN_REQUESTS:
            return render(request, "accounts/logout.html")
        end_session(request)
    if request.htmx:
        return HttpResponseClientRedirect(resolve_url(settings.LOGOUT_REDIRECT_URL))
    return redirect(settings.LOGOUT_REDIRECT_URL)


@login_not_required
def admin_login(request: Request) -> HttpResponse:
    """The log-in of the Django admin is that of the site: same page, same limits."""
    query = urlencode({"next": request.GET.get("next", reverse("admin:index"))})
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")


@require_http_methods(["GET", "POST"])
def resume_form(request: Request) -> HttpResponse:
    """Show the kept form; a POST submits it to its original URL."""
    kept = kept_form.kept(request)
    if kept is None:
        return redirect(request.user.home_url)
    if request.method == "POST":
        kept_form.forget(request)
        return HttpResponseRedirect(safe_next(request, kept["path"]) or request.user.home_url, preserve_request=True)
    texts = kept_form.texts_of(kept["fields"])
    page = safe_next(request, kept["page"]) or request.user.home_url
    context = {"kept": kept, "texts": texts, "page": page, "is_old_page": kept.get("why") == kept_form.OLD_PAGE}
    return render(request, "accounts/kept_form.html", context)
