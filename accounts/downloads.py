"""Downloads. Each is recorded in the audit trail (DESIGN §8)."""

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from http import HTTPStatus
from itertools import islice
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render

from accounts import audit
from accounts.access import Request
from accounts.models import AuditEvent

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}

BUSY = "Ya se están preparando otros archivos. Espere un minuto y vuelva a pedirlo."
BUSY_SECONDS = 60

_slots = BoundedSemaphore(settings.DOWNLOADS_AT_ONCE)


def few_at_once(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A file takes its thread of the web process until the last byte is sent: half of them stay free for pages."""

    @wraps(view)
    def limited(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        slots = _slots
        if not slots.acquire(blocking=False):
            response = no_export(request, [BUSY], status=HTTPStatus.SERVICE_UNAVAILABLE)
            response["Retry-After"] = str(BUSY_SECONDS)
            return response
        try:
            answer = view(request, *args, **kwargs)
        except BaseException:
            slots.release()
            raise
        # At the end of the answer, whether it was sent or another took its place; once.
        done = weakref.finalize(answer, slots.release)
        answer._resource_closers.append(done)  # type: ignore[attr-defined]
        return answer

    return limited


def csv_download(
    request: Request, lines: Iterator[bytes], name: str, parameters: Mapping[str, Any]
) -> StreamingHttpResponse:
    """Stream a CSV file while it is read from the database; memory holds a few hundred rows.

    The first lines are read before anything is sent: a failing query gives an error, never an empty file.
    """
    first = list(islice(lines, 2))
    _record(request, f"{name}.csv", parameters)
    return StreamingHttpResponse(
        _resumed(first, lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _resumed(first: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    """A generator, so that closing the response (the browser goes away) closes the source of the rows too."""
    yield from first
    yield from rest


def file_download(
    request: Request, content: bytes, name: str, parameters: Mapping[str, Any], *, is_shown: bool = False
) -> HttpResponse:
    """`is_shown`: by the browser itself, to be read or printed, instead of kept."""
    _record(request, name, parameters)
    return HttpResponse(
        content,
        content_type=TYPES[name.rsplit(".", 1)[1]],
        headers={"Content-Disposition": f'{"inline" if is_shown else "attachment"}; filename="{name}"'},
    )


def _record(request: Request, name: str, parameters: Mapping[str, Any]) -> None:
    with transaction.atomic():
        audit.record(AuditEvent.Action.EXPORT, by=request.user, label=name, after=dict(parameters))


def no_export(request: Request, reasons: Sequence[str], *, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> HttpResponse:
    """A page with the reasons why there is no file."""
    return render(request, "no_export.html", {"errors": reasons}, status=status)
