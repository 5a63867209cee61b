"""API tokens: issued and revoked by admins, stored as hashes, with the role of their user (DESIGN §7)."""

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db import transaction
from django.utils import timezone
from django.utils.html import format_html
from knox.auth import TokenAuthentication
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from accounts import audit
from accounts.models import ApiToken, AuditEvent, User
from nova.lib.databases import lock_rows

FORM = re.compile(rb"[A-Za-z0-9_]{1,200}")
USE_IS_NOTED_EVERY = timedelta(minutes=1)
REVOKE = "revoke_tokens"
REFUSED = "El token no es válido: no existe, fue revocado o venció."


@transaction.atomic
def issue_token(*, user: User, name: str, by: User, expiry: datetime | None = None) -> tuple[ApiToken, str]:
    """Create a token. Returns it and its text, which is not stored."""
    token, text = ApiToken.objects.create(user, expiry=None, name=name, created_by=by)
    if expiry is not None:  # the library only computes it from a time span
        token.expiry = expiry
        token.save(update_fields=["expiry"])
    after = {"name": name, "user": user.username, "expiry": expiry}
    audit.record(AuditEvent.Action.TOKEN_ISSUED, by=by, target=token, after=after)
    return token, text


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User) -> None:
    """Delete the token; the audit trail keeps its name and user."""
    before = {"name": token.name, "user": token.user.username, "last_used_at": token.last_used_at}
    audit.record(AuditEvent.Action.TOKEN_REVOKED, by=by, target=token, before=before)
    token.delete()


@transaction.atomic
def revoke_all(*, user: User, by: User) -> int:
    """Revoke every token of a user, each with its audit event. Returns their number."""
    tokens = lock_rows(user.auth_token_set.all(), list(user.auth_token_set.values_list("pk", flat=True)))
    for token in tokens:
        revoke_token(token=token, by=by)
    return len(tokens)


def offer_to_revoke(form: forms.Form, user: User) -> None:
    """Add the box REVOKE to a form that changes the password of a user who has tokens. Runs a query.

    Not ticked: a program goes on working when its user merely chooses another password. But whoever knew the old one
    may also know a token, which needs none.
    """
    tokens = list(user.auth_token_set.order_by("name", "pk"))
    if not tokens:
        return
    label = "Revocar también el token de la API" if len(tokens) == 1 else "Revocar también los tokens de la API"
    form.fields[REVOKE] = forms.BooleanField(
        required=False,
        label=label,
        help_text=format_html(
            "Con un token un sistema entra sin la contraseña: revóquelo si alguien pudo conocerlo. "
            "El sistema deja de entrar en el momento. Tokens: {}.",
            "; ".join(map(described, tokens)),
        ),
    )


def described(token: ApiToken) -> str:
    """«Sistema Cristal», usado el 24/11/2026."""
    used = token.last_used_at and f"usado el {timezone.localtime(token.last_used_at):%d/%m/%Y}"
    expired = token.expiry is not None and token.expiry <= timezone.now()
    return f"«{token.name}», {'vencido' if expired else used or 'sin usar'}"


class ApiTokenAuthentication(TokenAuthentication):
    """`Authorization: Token …`. A wrong header is a 401 with the reason."""

    def authenticate(self, request: Any) -> Any:
        if "HTTP_AUTHORIZATION" not in request.META:
            return None
        words = get_authorization_header(request).split()
        # A header with another scheme is refused: a session cookie sent with it is not used.
        if len(words) != 2 or words[0].lower() != b"token" or not FORM.fullmatch(words[1]):
            raise AuthenticationFailed("Envíe la cabecera así: Authorization: Token …")
        return self.authenticate_credentials(words[1])

    def authenticate_credentials(self, token: bytes) -> Any:
        now = timezone.now()
        try:
            user, found = super().authenticate_credentials(token)
        except AuthenticationFailed as error:
            raise AuthenticationFailed(REFUSED) from error
        if found.last_used_at is None or now - found.last_used_at >= USE_IS_NOTED_EVERY:
            ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
        return user, found

    def _cleanup_token(self, auth_token: Any) -> bool:
        """Whether the token has expired. Knox deletes expired ones here; we leave that to an admin."""
        return auth_token.expiry is not None and auth_token.expiry <= timezone.now()

    def validate_user(self, auth_token: Any) -> Any:
        if auth_token.user.must_change_password:
            raise AuthenticationFailed(REFUSED)
        return super().validate_user(auth_token)
