"""API tokens: issued and revoked by admins, stored as hashes, with the role of their user (DESIGN §7)."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from knox.auth import TokenAuthentication
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from accounts import audit
from accounts.models import ApiToken, AuditEvent, User

FORM = re.compile(rb"[A-Za-z0-9_]{1,200}")
USE_IS_NOTED_EVERY = timedelta(minutes=1)
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
