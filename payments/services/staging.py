"""A file of payments becomes rows, each with what became of it; nothing is posted yet (DESIGN §5.1)."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.importing.errors import ImportConflict, ImportFailed
from cases.importing.table import Limits
from cases.models import Cartera
from nova.lib import copying, dates
from nova.lib.databases import Lock, Taken, alone_in_transaction, refresh_statistics
from payments.matching import Match, State, match
from payments.models import Layout, PaymentFile, PaymentRow
from payments.reading.layout import Layout as Spec
from payments.reading.reader import Reading, find_layout, read_payments
from payments.reading.rows import Kind, Row
from payments.services import book
from payments.services.counting import totals_of
from payments.services.repeated import (
    CAME_IN,
    FOUND,
    Came,
    content_of,
    identity_of,
    reference_of,
    same_lines,
    why_again,
    with_content,
)

CHUNK_ROWS = 5000
AUTO = "auto"
BUSY = "Hay otra carga de pagos en curso: espere a que termine y vuelva a intentar."
Progress = Callable[[int], None]


class UnknownLayout(ImportFailed):
    """No active layout has that code."""


def spec_of(layout: Layout) -> Spec:
    """How it is read. Raises ImportFailed for a definition that makes no sense (any more)."""
    try:
        return Spec.from_json(layout.spec)
    except ValueError as error:
        raise ImportFailed(f"El formato «{layout.name}» está mal definido. {error}") from error


def layout_for(path: Path, code: str) -> Layout:
    """The layout of that code, or for `auto` the one that fits the file. Raises ImportFailed."""
    active = Layout.objects.filter(is_active=True)
    if code != AUTO:
        found = active.filter(code=code).first()
        if found is None:
            codes = ", ".join([AUTO, *active.order_by("code").values_list("code", flat=True)])
            raise UnknownLayout(f"No existe el formato «{code}»: los que hay son {codes}.")
        return found
    specs = [(spec_of(layout), layout) for layout in active]
    fitting = find_layout(path, [spec for spec, _ in specs], limits=_limits())
    return next(layout for spec, layout in specs if spec is fitting)


def stage_upload(upload: UploadedFile, *, layout: str, cartera: Cartera | None, account: str, by: User) -> PaymentFile:
    """`stage` what somebody uploaded, by the layout of that code. Raises ImportFailed, naming the file as they do."""
    with tempfile.NamedTemporaryFile(prefix="nova-payments-") as stream:
        for chunk in upload.chunks():
            stream.write(chunk)
        stream.flush()
        path, name = Path(stream.name), upload.name or ""
        try:
            return stage(path, layout=layout_for(path, layout), cartera=cartera, account=account, file_name=name, by=by)
        except ImportFailed as error:
            raise type(error)(str(error).replace(path.name, name)) from error


def stage(
    path: Path,
    *,
    layout: Layout,
    cartera: Cartera | None = None,
    account: str = "",
    sheet: str | None = None,
    file_name: str = "",
    by: User | None,
    progress: Progress = lambda rows: None,
    now: datetime | None = None,
) -> PaymentFile:
    """Read the file into rows, in one transaction. Raises ImportFailed, after which nothing was saved.

    A file that was staged and is not posted to its end yet is gone on with: it is the one returned.
    """
    now = now or timezone.now()
    reading = read_payments(
        path, spec_of(layout), account=account.strip(), sheet=sheet, latest=dates.local_date(now), limits=_limits()
    )
    try:
        with transaction.atomic():
            return _stage(reading, layout, cartera, file_name=file_name or path.name, by=by, progress=progress, now=now)
    except OperationalError as error:
        if "locked" in str(error):
            raise ImportConflict(BUSY) from error
        raise


def _limits() -> Limits:
    return Limits(max_bytes=settings.IMPORT_MAX_BYTES)


def _stage(
    reading: Reading,
    layout: Layout,
    cartera: Cartera | None,
    *,
    file_name: str,
    by: User | None,
    progress: Progress,
    now: datetime,
) -> PaymentFile:
    try:
        alone_in_transaction(Lock.PAYMENTS)
    except Taken as error:
        raise ImportConflict(BUSY) from error
    if cartera is not None and not Cartera.objects.hold(cartera.pk).is_active:
        raise ImportFailed(f"La cartera «{cartera.name}» está inactiva: actívela antes de cargar sus pagos.")
    account = (reading.account or PaymentFile.account_of(cartera.pk if cartera else None))[:60]
    begun = PaymentFile.objects.filter(
        sha256=reading.sha256, layout=layout, cartera=cartera, account=account, status=PaymentFile.Status.STAGED
    )
    if file := begun.select_related("layout").first():
        return file
    file = PaymentFile.objects.create(
        layout=layout,
        file_name=file_name[-255:],
        sha256=reading.sha256,
        cartera=cartera,
        account=account,
        created_by=by,
        created_at=now,
    )
    forms, seen, done = book.Forms(cartera), set[str](), 0
    for rows in _chunks(iter(reading)):
        staged = _staged(rows, file, reading.layout, forms, seen, dates.local_date(now))
        copying.insert(PaymentRow, COLUMNS, [_columns(row) for row in staged])
        done += len(rows)
        progress(done)
    if not done:
        raise ImportFailed("El archivo no tiene filas de pagos: revise que sea el que quería cargar.")
    file.totals = totals_of(file)
    file.save(update_fields=["totals"])
    audit.record(AuditEvent.Action.IMPORT, by=by, target=file, after=file.totals)
    refresh_statistics(PaymentRow)
    return file


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield chunk


def _staged(
    rows: list[Row], file: PaymentFile, spec: Spec, forms: book.Forms, seen: set[str], today: date
) -> Iterator[PaymentRow]:
    """`seen`: the identities of the rows of the file so far, which grows."""
    known = book.load(rows, forms, today=today, file=file)
    identities = [identity_of(row, file) for row in rows]
    contents = [content_of(row, file) for row in rows]
    came = PaymentRow.objects.with_identity([each for each in identities if each])
    held = dict(came.order_by().values_list("identity", CAME_IN))
    twins = {(line, raw): said for line, raw, said in same_lines(rows, file).values_list("line", "raw", CAME_IN)}
    others = with_content(contents, file, states=FOUND)
    for row, identity, content in zip(rows, identities, contents, strict=True):
        if row.kind in (Kind.REJECTED, Kind.IGNORED):
            state, why = PaymentRow.State(row.kind.value), row.why
            yield _row(row, file, identity="", state=state, why=why, kind=PaymentRow.Kind.OTHER)
            continue
        found = match(row, known, today=today)
        said = held.get(identity) or twins.get((row.line, row.raw))
        if said or identity in seen:
            why = f"Repetido: {said or 'está más de una vez en este archivo'}."
            found = Match(State.DUPLICATE, why, found.case)
        elif content in others:
            found = _again(row, found, others[content], file)
        if found.state not in (State.REJECTED, State.DUPLICATE):
            seen.add(identity)
        yield _row(
            row,
            file,
            identity=identity,
            content=content,
            state=PaymentRow.State(found.state.value),
            why=found.why,
            kind=PaymentRow.Kind(row.kind.value),
            reference=reference_of(row, spec, identity),
            case_id=found.case,
            entry_id=found.entry,
        )


def _again(row: Row, found: Match, came: list[Came], file: PaymentFile) -> Match:
    """A row that another file has brought under another account, or none: is it the same? (`found`, if nobody asks)

    That it found the same case, or that the account is the same, says that it is; else a person does.
    """
    same = next((one for one in came if one.account == file.account or one.case == found.case), None)
    if same is not None:
        return Match(State.DUPLICATE, f"Repetido: {same.said}.", found.case)
    if came and found.state is State.MATCHED:
        return Match(State.AMBIGUOUS, why_again(came[0]), found.case)
    return found


def _row(row: Row, file: PaymentFile, **result: Any) -> PaymentRow:
    document = row.debtor if any(row.debtor) else row.payer
    return PaymentRow(
        file=file,
        line=row.line,
        raw=row.raw,
        value_date=row.value_date,
        credited_on=row.credited_on,
        amount=row.amount,
        channel=row.channel[:60],
        payer_cuit=document.cuit,
        payer_dni=document.dni,
        payer_name=row.payer_name[:120],
        nro_cliente=row.nro_cliente[:80],
        external_reference=row.key[:120],
        own_id=row.own_id[:120],
        reverses=row.reverses[:120],
        **result | {"why": result["why"][:300]},
    )


COLUMNS = (
    *("file", "line", "raw", "kind", "value_date", "credited_on", "amount", "channel", "payer_cuit", "payer_dni"),
    *("payer_name", "nro_cliente", "external_reference", "own_id", "reverses", "identity", "reference", "state", "why"),
    "content",
    *("case", "entry", "is_confirmed", "is_another", "split"),
)


def _columns(row: PaymentRow) -> tuple[copying.Value, ...]:
    return (
        *(row.file_id, row.line, row.raw, row.kind, _text(row.value_date), _text(row.credited_on), _text(row.amount)),
        *(row.channel, row.payer_cuit, row.payer_dni, row.payer_name, row.nro_cliente, row.external_reference),
        *(row.own_id, row.reverses, row.identity, row.reference, row.state, row.why, row.content),
        *(row.case_id, row.entry_id),
        *(False, False, "[]"),
    )


def _text(value: date | Decimal | None) -> str | None:
    return None if value is None else str(value)
