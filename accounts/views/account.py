"""«Mi cuenta»: the user's own data, password, sessions and second factor."""

from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit, kept_form, second_factor, session_life, tokens
from accounts.access import Request
from accounts.account import shown
from accounts.forms import ConfirmForm, OwnPasswordForm, SecondFactorForm
from accounts.models import AuditEvent, SecondFactor
from accounts.views.login import RESUME
from nova.lib.ip import ip_of

NEW_KEY = "second_factor_key"


@require_safe
def account(request: Request) -> HttpResponse:
    return render(request, "accounts/account.html", shown(request) | {"form": ConfirmForm(request)})


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def own_password(request: Request) -> HttpResponse:
    """Change the password. This ends all other sessions, and the API tokens where the user asks for it."""
    form = OwnPasswordForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            user = form.save(commit=False)
            user.must_change_password = False
            user.save(update_fields=["password", "must_change_password"])
            audit.record(AuditEvent.Action.PASSWORD, by=user, target=user, address=ip_of(request))
            ended = session_life.end_others(
                user=user, by=user, current=request.session.session_key, address=ip_of(request)
            )
            revoked = tokens.revoke_all(user=user, by=user) if form.cleaned_data.get(tokens.REVOKE) else 0
        update_session_auth_hash(request, user)
        messages.success(request, f"Su contraseña cambió.{_ended(ended)}{_revoked(revoked)}")
        return redirect(RESUME if kept_form.kept(request) else user.home_url)
    context = {"form": form, "is_forced": request.user.must_change_password}
    return render(request, "accounts/own_password.html", context, status=422 if form.errors else 200)


@require_POST
@sensitive_post_parameters("password")
def end_sessions(request: Request) -> HttpResponse:
    """End the chosen sessions, once the password confirms the owner."""
    form = ConfirmForm(request, request.POST)
    numbers = request.POST.getlist("session")
    if not form.is_valid():
        return render(request, "accounts/account.html", shown(request) | {"form": form}, status=422)
    ended = session_life.end_chosen(
        user=request.user, numbers=numbers, current=request.session.session_key, address=ip_of(request)
    )
    messages.success(request, _ended(ended).strip() or "No había otras sesiones que cerrar.")
    return redirect("account")


def _ended(count: int) -> str:
    if not count:
        return ""
    return " Se cerró otra sesión." if count == 1 else f" Se cerraron {count} sesiones."


def _revoked(count: int) -> str:
    if not count:
        return ""
    return " Se revocó un token de la API." if count == 1 else f" Se revocaron {count} tokens de la API."


# --- The second factor --------------------------------------------------------------------------------------
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor_page(request: Request) -> HttpResponse:
    """The state of the second factor. While off: the key for the app; the POST of its first code turns it on."""
    factor = SecondFactor.objects.filter(user=request.user).first()
    if factor is not None:
        return _second_factor_on(request, factor, ConfirmForm(request))
    key = request.session.setdefault(NEW_KEY, second_factor.new_key())
    form = SecondFactorForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = _turn_on(request, key, form.cleaned_data["code"])
        if codes is not None:
            return render(request, "accounts/recovery_codes.html", {"codes": codes, "is_new": True})
        form.add_error("code", "Ese código no es el de ahora. Revise que el reloj del teléfono esté en hora.")
    context = {
        "form": form,
        "key": second_factor.shown_key(key),
        "qr": _qr(second_factor.app_url(request.user, key)),
        "is_required": second_factor.is_missing(request),
    }
    return render(request, "accounts/second_factor_off.html", context, status=422 if form.errors else 200)


def _turn_on(request: Request, key: str, code: str) -> list[str] | None:
    codes = second_factor.turn_on(
        user=request.user,
        key=key,
        code="".join(code.split()),
        session_key=request.session.session_key,
        address=ip_of(request),
    )
    if codes is not None:
        del request.session[NEW_KEY]
        request.session[second_factor.VERIFIED] = True
    return codes


def _second_factor_on(request: Request, factor: SecondFactor, form: ConfirmForm, *, status: int = 200) -> HttpResponse:
    context = {
        "factor": factor,
        "form": form,
        "codes_left": request.user.recovery_codes.count(),
        "is_required": second_factor.is_required_of(request.user),
    }
    return render(request, "accounts/second_factor_on.html", context, status=status)


@require_POST
@sensitive_post_parameters("password")
def turn_second_factor_off(request: Request) -> HttpResponse:
    refused = _unconfirmed(request)
    if refused is not None:
        return refused
    second_factor.turn_off(
        user=request.user, by=request.user, session_key=request.session.session_key, address=ip_of(request)
    )
    request.session.pop(second_factor.VERIFIED, None)
    messages.success(request, "Su segundo factor quedó desactivado.")
    return redirect("account")


@require_POST
@sensitive_post_parameters("password")
@sensitive_variables()
def recovery_codes(request: Request) -> HttpResponse:
    """Replace the recovery codes by ten new ones."""
    refused = _unconfirmed(request)
    if refused is not None:
        return refused
    codes = second_factor.renew_recovery_codes(request.user)
    return render(request, "accounts/recovery_codes.html", {"codes": codes, "is_new": False})


def _unconfirmed(request: Request) -> HttpResponse | None:
    """The response when the second factor is off or the password was not confirmed, else None."""
    factor = SecondFactor.objects.filter(user=request.user).first()
    if factor is None:
        return redirect(settings.SECOND_FACTOR_URL)
    form = ConfirmForm(request, request.POST)
    return None if form.is_valid() else _second_factor_on(request, factor, form, status=422)


def _qr(text: str) -> SafeString:
    """A QR code as an SVG with attributes only: the Content-Security-Policy forbids inline styles."""
    code: Any = segno.make(text, error="m")
    svg = code.svg_inline(scale=5, border=4, light="#fff", dark="#000", omitsize=False, title="Código QR")
    return mark_safe(svg)  # noqa: S308 (numbers and our own title: the text is in the squares)
