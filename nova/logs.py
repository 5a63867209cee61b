"""JSON logs: one object per line, with the number of its request and without personal data.

The line of a request has the user's key and the pattern of its URL, never what was searched, typed or stored. Errors of
the database lose their quoted values: the values of a row are personal data.
"""

import logging
import re
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import LazyObject
from pythonjsonlogger.json import JsonFormatter

access = logging.getLogger("nova.access")
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_user_id: ContextVar[int | None] = ContextVar("user_id", default=None)

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# psycopg's "DETAIL:  Key (dni)=(…)", "LINE 1: …", and values quoted in messages: "invalid input … \"…\"".
_OF_DATABASES = re.compile(r"^\s*(psycopg|django\.db|sqlite3)[\w.]*:")
_QUOTED_ROWS = re.compile(r"^\s*(DETAIL|CONTEXT|LINE \d+|HINT|\^)")
QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class ContextFilter(logging.Filter):
    """Adds the request and the user to each record, of any logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _request_id.get()
        record.user_id = _user_id.get()
        return True


class Formatter(JsonFormatter):
    """JSON with times in UTC, without empty fields; exceptions lose the values they quote."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("%(levelname)s %(name)s %(message)s %(request_id)s %(user_id)s", *args, **kwargs)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        # Attributes that Django adds to records: the request with all its data, and the arguments of the view.
        for name in ("request", "server_time", "status_code", "taskName"):
            log_data.pop(name, None)
        return {key: value for key, value in log_data.items() if value is not None}

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        super().add_fields(log_data, record, message_dict)

    def formatException(self, ei: Any) -> str:  # noqa: N802 (of logging)
        return without_values("".join(traceback.format_exception(*ei)))


def without_values(text: str) -> str:
    """A traceback without the parts where a database repeats the values of a row."""
    kept = []
    for line in text.splitlines():
        if _QUOTED_ROWS.match(line):
            continue
        kept.append(re.sub(r"\"[^\"]*\"|'[^']*'|\([^)]*\)=\([^)]*\)", "…", line) if _OF_DATABASES.match(line) else line)
    return "\n".join(kept)


def without_personal_data(event: Any, hint: Any) -> Any:
    """Hook of the error tracker: removes database values from errors, and the query string from the URL."""
    for exception in event.get("exception", {}).get("values", []):
        exception["value"] = without_values(f"django.db.{exception.get('type')}: {exception.get('value')}")
    request = event.get("request", {})
    for name in ("query_string", "cookies", "data", "headers", "env"):
        request.pop(name, None)
    if "url" in request:
        request["url"] = request["url"].partition("?")[0]
    event.pop("breadcrumbs", None)
    return event


class RequestLogMiddleware:
    """Gives each request a number, taken from our proxy if it sent one, and logs one line when it is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        number = _number_of(request)
        numbered, signed_in = _request_id.set(number), _user_id.set(None)
        started = time.monotonic()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = number
            if not _is_quiet(request, response):
                _log_request(request, response, time.monotonic() - started)
        finally:
            _user_id.reset(signed_in)
            _request_id.reset(numbered)
        return response


class LogUserMiddleware:
    """Adds the user's key to the log lines of a request. Must come after the authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: Any) -> None:
        _user_id.set(_known_user(request))


def _is_quiet(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether a request is not logged: probes and existing static files."""
    is_file = request.path.startswith(settings.STATIC_URL) and response.status_code < HTTPStatus.BAD_REQUEST
    return is_file or request.path in QUIET_PATHS


def _number_of(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if settings.TRUSTED_PROXY_HOPS and _GIVEN_ID.fullmatch(given) else uuid4().hex


def _known_user(request: HttpRequest) -> int | None:
    """The user, if already loaded by the session or the token. Runs no query."""
    user = vars(request).get("user")  # of a token; the user of a session is loaded lazily, and cached
    return getattr(getattr(request, "_cached_user", None) if isinstance(user, LazyObject) else user, "pk", None)


def _log_request(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    _user_id.set(_known_user(request))
    match = request.resolver_match
    level = logging.ERROR if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
    access.log(
        level,
        "%s %s %d",
        request.method,
        f"/{match.route}" if match else "(unknown)",
        response.status_code,
        extra={
            "method": request.method,
            "route": f"/{match.route}" if match else None,
            "status": response.status_code,
            "duration_ms": round(seconds * 1000, 1),
        },
    )


def configuration(level: str) -> dict[str, Any]:
    """The logging configuration, also for gunicorn: everything to standard output, as the container's log."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "nova.logs.ContextFilter"}},
        "formatters": {"json": {"()": "nova.logs.Formatter"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["context"]}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "axes": {"level": "WARNING"},
            "django": {"level": level},
            # The line of the request has its status; nova.lib.envelope logs what failed.
            "django.request": {"level": "CRITICAL"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "gunicorn.access": {"level": "CRITICAL"},
            # Configured here, because gunicorn gives it its own handler and does not propagate to the root.
            "gunicorn.error": {"handlers": ["console"], "level": level, "propagate": False},
        },
    }
