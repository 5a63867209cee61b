"""Files of fixed width: lines that begin as their record does, and trailers that must agree with them (DESIGN §5.1).

A file is refused whole, `ImportFailed`, when it is not what its layout says: nothing of it is known to be a payment.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from cases.importing.cells import text_of
from cases.importing.encoding import Encoding
from cases.importing.errors import ImportFailed
from cases.importing.table import Limits
from nova.lib.money import CENT, MAX_MONEY, format_money, round_total
from nova.lib.text import whole
from payments.reading.facts import Facts
from payments.reading.layout import MANY, Layout, Place, Record, Role

MAX_RAW = 500
MAX_LINE = 4_000
TWO_ENCODINGS = (
    "El archivo mezcla dos codificaciones de texto (línea {line}), así que alguien lo modificó: pida el original."
)

_AGAIN = "Pida el archivo de nuevo, tal como lo emite la red."
_DATE_PARTS = {  # type → (year, month, day)
    "date": (slice(0, 4), slice(4, 6), slice(6, 8)),
    "date_dmy": (slice(4, 8), slice(2, 4), slice(0, 2)),
    "date6": (slice(0, 2), slice(2, 4), slice(4, 6)),
    "date6_dmy": (slice(4, 6), slice(2, 4), slice(0, 2)),
}


@dataclass(slots=True)
class Tally:
    count: int = 0
    total: Decimal = Decimal(0)

    def add(self, amount: Decimal | None) -> None:
        self.count += 1
        self.total += amount or 0


@dataclass(slots=True)
class FixedFile:
    """One reading of a file; `account` is known when its rows were read."""

    path: Path
    layout: Layout
    encoding: Encoding
    limits: Limits
    account: str = ""
    _whole: Tally = field(init=False, default_factory=Tally)
    _lot: Tally | None = field(init=False, default=None)
    _first: Record | None = field(init=False)
    _last: Record | None = field(init=False)
    _inside: list[Record] = field(init=False)  # the longest beginning first

    def __post_init__(self) -> None:
        self._first, self._last = self.layout.record(Role.HEADER), self.layout.record(Role.TRAILER)
        inside = [record for record in self.layout.records if record.role not in (Role.HEADER, Role.TRAILER)]
        self._inside = sorted(inside, key=lambda record: -len(record.starts))

    def __iter__(self) -> Iterator[Facts]:
        """The rows. Raises `ImportFailed` at the line that is not as the layout says."""
        self._whole, self._lot = Tally(), None
        waiting: Facts | None = None
        is_fitting = self._first is not None  # it has been seen, or the first line is refused
        for place, (number, line, is_last) in enumerate(self._lines()):
            record = self._record_of(number, line, is_first=not place, is_last=is_last)
            if record.role is Role.MORE:
                if waiting is None:
                    raise self._unfit(number, "completa un pago y no hay ninguno antes")
                waiting.raw = f"{waiting.raw}\n{text_of(line)}"[:MAX_RAW]
                _read(waiting, line, record)
                continue
            if waiting is not None:
                yield waiting
                waiting = None
            if record.role is Role.ROW:
                waiting = Facts(number, text_of(line)[:MAX_RAW])
                _read(waiting, line, record)
                is_fitting = is_fitting or (waiting.amount is not None and waiting.value_date is not None)
                for tally in filter(None, (self._whole, self._lot)):
                    tally.add(waiting.amount)
            else:
                self._frame(number, line, record)
        if waiting is not None:
            yield waiting
        if self._lot is not None:
            raise ImportFailed(f"El archivo está cortado: no tiene la línea que cierra el último lote. {_AGAIN}")
        if not self._whole.count:
            raise ImportFailed(
                f"El archivo no trae ningún pago en el formato «{self.layout.label}»: no hay qué cargar."
            )
        if not is_fitting:
            raise ImportFailed(
                f"El archivo no tiene el formato «{self.layout.label}»: en ninguna línea hay una fecha y un importe "
                "donde tendrían que estar; elija otro formato."
            )

    def _lines(self) -> Iterator[tuple[int, str, bool]]:
        """(number, line without its end, whether it is the last), blank ones left out."""
        previous: tuple[int, str] | None = None
        with self.encoding.open(self.path) as stream:
            for number, line in enumerate(self.encoding.lines(stream, MAX_LINE), start=1):
                if len(line) > MAX_LINE:
                    raise self._unfit(number, "es demasiado larga para ser un pago")
                if self.encoding.remarks:
                    raise ImportFailed(TWO_ENCODINGS.format(line=number))
                text = line.rstrip("\r\n\x1a").removeprefix("\ufeff")
                if not text.strip():
                    continue
                if number > self.limits.max_rows:
                    raise ImportFailed(
                        f"El archivo tiene más de {whole(self.limits.max_rows)} líneas: divídalo en varios."
                    )
                if previous:
                    yield *previous, False
                previous = number, text
        if previous is None:
            raise ImportFailed("El archivo está vacío: vuelva a exportarlo o copiarlo.")
        yield *previous, True

    def _record_of(self, number: int, line: str, *, is_first: bool, is_last: bool) -> Record:
        header, trailer = self._first, self._last
        if is_first and header:
            if not line.startswith(header.starts):
                raise self._unfit(number, f"tendría que ser el encabezado, que empieza con «{header.starts}»")
            record = header
        elif is_last and trailer:
            if not line.startswith(trailer.starts):
                raise ImportFailed(
                    f"El archivo está cortado: la última línea ({number}) tendría que ser la de los totales, que "
                    f"empieza con «{trailer.starts}». {_AGAIN}"
                )
            record = trailer
        else:
            record = self._record_inside(number, line)
        self._check_length(number, line, record)
        return record

    def _record_inside(self, number: int, line: str) -> Record:
        for record in self._inside:
            if line.startswith(record.starts):
                return record
        raise self._unfit(number, f"empieza con «{line[:4]}», que no es de ningún registro de este formato")

    def _check_length(self, number: int, line: str, record: Record) -> None:
        exact = self.layout.length
        if exact is not None and len(line) != exact:
            raise self._unfit(number, f"tiene {len(line)} caracteres y tendría que tener {exact}")
        if exact is None and len(line) < (least := self.layout.least_length or record.least_length):
            raise self._unfit(number, f"tiene {len(line)} caracteres y tendría que tener {least} por lo menos")

    def _frame(self, number: int, line: str, record: Record) -> None:
        """A line that is no payment: the header, or what encloses payments and counts them."""
        if record.role is Role.HEADER:
            self._check_header(number, line, record)
        elif record.role is Role.LOT:
            if self._lot is not None:
                raise self._unfit(number, "abre un lote y el anterior no se cerró")
            self._lot = Tally()
        elif record.role is Role.LOT_TRAILER:
            if self._lot is None:
                raise self._unfit(number, "cierra un lote que no se abrió")
            self._check_totals(number, line, record, self._lot)
            self._lot = None
        else:
            self._check_totals(number, line, record, self._whole)

    def _check_header(self, number: int, line: str, record: Record) -> None:
        if place := record.fields.get("account"):
            self.account = _text(line, place)
        place = record.fields.get("file_date")
        if place and _day(_text(line, place), place.type) is None:
            raise self._unfit(number, f"«{_text(line, place)}» tendría que ser la fecha del archivo")

    def _check_totals(self, number: int, line: str, record: Record, tally: Tally) -> None:
        if place := record.fields.get("count"):
            text = _text(line, place)
            if not text.isdecimal() or int(text) != tally.count:
                raise ImportFailed(
                    f"Línea {number}: el archivo dice traer {text.lstrip('0') or '0'} pagos y trae {tally.count}: está "
                    f"cortado o modificado, y no se cargó nada. {_AGAIN}"
                )
        if place := record.fields.get("total"):
            text = _text(line, place)
            total = _money(text, place.decimals)
            if total != tally.total:
                said = format_money(total) if total is not None else f"«{text}»"
                raise ImportFailed(
                    f"Línea {number}: el archivo dice sumar {said} y sus pagos suman {format_money(tally.total)}: está "
                    f"cortado o modificado, y no se cargó nada. {_AGAIN}"
                )

    def _unfit(self, number: int, what: str) -> ImportFailed:
        return ImportFailed(
            f"Línea {number}: {what}. El archivo no tiene el formato «{self.layout.label}», o está dañado: elija otro "
            "formato o pida el archivo de nuevo."
        )


def _read(facts: Facts, line: str, record: Record) -> None:
    for name, place in record.fields.items():
        text = _text(line, place)
        if place.type == "text":
            facts.texts[name] = text
            if name in MANY:
                facts.pieces[name] = [text]
        elif name == "amount":
            facts.amount = _money(text, place.decimals)
            if facts.amount is None:
                facts.problem = facts.problem or f"«{text}» no es un importe: revise la línea."
            elif facts.amount > MAX_MONEY:
                facts.problem = facts.problem or f"El importe {format_money(facts.amount)} es demasiado grande."
        elif name == "due":
            facts.texts[name] = text  # which of two bills with one number: of the identity alone
        elif text.strip("0"):
            day = _day(text, place.type)
            if day is None:
                facts.problem = facts.problem or f"«{text}» no es una fecha: revise la línea."
            elif name == "value_date":
                facts.value_date = day
            else:
                facts.credited_on = day


def _text(line: str, place: Place) -> str:
    return text_of(line[place.start : place.end])


def _money(text: str, decimals: int) -> Decimal | None:
    """Digits with implied decimals; None for anything else."""
    if not (text.isascii() and text.isdecimal()):
        return None
    amount = Decimal(text).scaleb(-decimals)
    return amount.quantize(CENT) if decimals <= 2 else round_total(amount)


@lru_cache(maxsize=4096)
def _day(text: str, kind: str) -> date | None:
    """A day of this millennium; None for what is none."""
    if not (text.isascii() and text.isdecimal()):
        return None
    year, month, day = (text[part] for part in _DATE_PARTS[kind])
    try:
        found = date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return None
    return found if 1980 <= found.year <= 2100 else None
