"""Downloads. Each is recorded in the audit trail (DESIGN §8)."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from accounts import audit
from accounts.access import Request
from accounts.models import AuditEvent

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


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


def file_download(request: Request, content: bytes, name: str, parameters: Mapping[str, Any]) -> HttpResponse:
    _record(request, name, parameters)
    return HttpResponse(
        content,
        content_type=TYPES[name.rsplit(".", 1)[1]],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _record(request: Request, name: str, parameters: Mapping[str, Any]) -> None:
    with transaction.atomic():
        audit.record(AuditEvent.Action.EXPORT, by=request.user, label=name, after=dict(parameters))


def no_export(request: Request, reasons: Sequence[str]) -> HttpResponse:
    """A 400 page with the reasons why there is no file."""
    return render(request, "no_export.html", {"errors": reasons}, status=HTTPStatus.BAD_REQUEST)
