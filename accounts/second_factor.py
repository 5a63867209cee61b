"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for a lost phone.

django-otp computes the codes. A code works once, up to half a minute early or late. Until it has been given, nobody is
signed in.
"""

import base64
import hashlib
import math
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django_otp.oath import TOTP

from accounts import audit, limits, session_life
from accounts.models import AuditEvent, KnownPlace, RecoveryCode, SecondFactor, User
from nova.lib.databases import Gone, lock_row, lock_rows
from nova.lib.dates import doubled

KEY_BYTES = 20
DIGITS = 6
TOLERANCE = 1  # steps of half a minute
RECOVERY_CODES = 10
RECOVERY_BYTES = 15  # 120 bits, 24 letters and figures
FREE_FAILURES = 10
FIRST_BLOCK, LONGEST_BLOCK = timedelta(minutes=1), timedelta(hours=24)
# So long after a wait has ended, wrong codes are counted anew: whoever guesses once a day would have got further.
FORGOTTEN_AFTER = timedelta(days=30)
VERIFIED = "second_factor"  # session key: the log-in used both factors


def is_required_of(user: User) -> bool:
    return settings.REQUIRE_2FA or (settings.REQUIRE_ADMIN_2FA and (user.is_admin or user.is_superuser))


def is_missing(request: HttpRequest) -> bool:
    """Whether this session lacks a second factor that the installation requires of its user."""
    return is_required_of(request.user) and not request.session.get(VERIFIED)  # type: ignore[arg-type]


def is_on(user: User) -> bool:
    """Whether the user has a second factor. Runs a query."""
    return SecondFactor.objects.filter(user=user).exists()


# --- Setting it up ------------------------------------------------------------------------------------------
def new_key() -> str:
    return secrets.token_hex(KEY_BYTES)


def shown_key(key: str) -> str:
    """The key as typed into an app: base32, in groups of four."""
    text = _base32(bytes.fromhex(key))
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def app_url(user: User, key: str) -> str:
    """The URL in the QR code."""
    label = quote(f"{settings.AGENCY_NAME}:{user.username}")
    query = {"secret": _base32(bytes.fromhex(key)), "issuer": settings.AGENCY_NAME, "digits": DIGITS, "period": 30}
    return f"otpauth://totp/{label}?{urlencode(query, quote_via=quote)}"


def turn_on(*, user: User, key: str, code: str, session_key: str | None, address: str | None) -> list[str] | None:
    """Turn the second factor on, with the first code of the app that has `key`.

    Returns the recovery codes, to be shown once; None when the code is wrong. Other sessions, which used the password
    only, end.
    """
    step = _step_of(key, code, after=0)
    if step is None:
        return None
    with transaction.atomic():
        SecondFactor.objects.update_or_create(user=user, defaults={"key": key, "last_step": step})
        user.known_places.update(failures=0, blocked_until=None)
        codes = list(_new_recovery_codes(user))
        audit.record(AuditEvent.Action.SECOND_FACTOR_ON, by=user, target=user, address=address)
        session_life.end_others(user=user, by=user, current=session_key, address=address)
    return codes


def turn_off(*, user: User, by: User | None, session_key: str | None = None, address: str | None = None) -> bool:
    """Turn the second factor off and end the user's other sessions. Returns whether it was on."""
    with transaction.atomic():
        removed, _ = SecondFactor.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(user=user).delete()
        if removed:
            audit.record(AuditEvent.Action.SECOND_FACTOR_OFF, by=by, target=user, address=address)
            session_life.end_others(user=user, by=by, current=session_key, address=address)
    return bool(removed)


def renew_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes by ten new ones, to be shown once. The old ones stop working."""
    with transaction.atomic():
        return list(_new_recovery_codes(user))


# --- Using it -----------------------------------------------------------------------------------------------
def accept(user: User, code: str, *, place: KnownPlace | None = None) -> bool:
    """Whether `code` is an unused code of the app or a recovery code, which is used up.

    Somebody with the password and weeks of time could guess codes of six digits: from the tenth wrong one in a row on,
    each doubles the wait for the next. A known `place` counts and waits for itself. Raises limits.TooManyAttempts
    during the wait; recovery codes are still accepted.
    """
    code = "".join(code.split()).replace("-", "")
    if len(code) == DIGITS and code.isdecimal():
        return _accept_of_app(user, code, place)
    used, _ = RecoveryCode.objects.filter(user=user, digest=_digest(code)).delete()
    return bool(used)


def _accept_of_app(user: User, code: str, place: KnownPlace | None) -> bool:
    """Check a code of the app. The rows are locked first: of simultaneous requests with one code one passes, and of
    simultaneous wrong ones none is compared during the wait that another has just begun.
    """
    pk = SecondFactor.objects.filter(user=user).values_list("pk", flat=True).first()
    if pk is None:
        return False
    with transaction.atomic():
        try:
            factor = lock_row(SecondFactor.objects.all(), pk)
        except Gone:  # turned off meanwhile
            return False
        # Somebody elsewhere who knows the password makes nobody wait at a place of the user's.
        guesses = _locked(place) or factor
        now = timezone.now()
        if guesses.blocked_until and guesses.blocked_until > now:
            raise limits.TooManyAttempts(math.ceil((guesses.blocked_until - now).total_seconds()))
        step = _step_of(factor.key, code, after=factor.last_step)
        if step is None:
            _count_failure(guesses, now)
        else:
            SecondFactor.objects.filter(pk=factor.pk).update(last_step=step)
            guesses.failures, guesses.blocked_until = 0, None
        guesses.save(update_fields=["failures", "blocked_until"])
    return step is not None


def _locked(place: KnownPlace | None) -> KnownPlace | None:
    return next(iter(lock_rows(KnownPlace.objects.all(), [place.pk])), None) if place else None


def _count_failure(guesses: SecondFactor | KnownPlace, now: datetime) -> None:
    if guesses.blocked_until and guesses.blocked_until < now - FORGOTTEN_AFTER:
        guesses.failures = 0
    guesses.failures += 1
    if guesses.failures >= FREE_FAILURES:
        guesses.blocked_until = now + block_after(guesses.failures)


def block_after(failures: int) -> timedelta:
    """How long codes of the app are refused after `failures` wrong ones in a row."""
    return doubled(FIRST_BLOCK, failures - FREE_FAILURES, longest=LONGEST_BLOCK)


def _step_of(key: str, code: str, *, after: int) -> int | None:
    """The time step of a code (30 seconds each); None when it is not valid."""
    if len(code) != DIGITS or not code.isdecimal() or not code.isascii():
        return None
    totp = TOTP(bytes.fromhex(key), digits=DIGITS)
    return totp.t() if totp.verify(int(code), tolerance=TOLERANCE, min_t=after + 1) else None


def _new_recovery_codes(user: User) -> Iterator[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = [_base32(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(code)) for code in codes)
    for code in codes:
        yield "-".join(code[start : start + 6] for start in range(0, len(code), 6))


def _digest(code: str) -> str:
    return hashlib.sha256(code.upper().encode()).hexdigest()


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")
