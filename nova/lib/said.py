"""Days and moments as people say them in Argentina: «viernes», «mañana 15», «4/12», «+3», «fin de mes».

Day before month, always. What is shown for a value reads back as the same value. Source: DESIGN §4 "Typed as said".
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from nova.lib import dates
from nova.lib.text import without_accents

WEEKDAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
ALONE = "ljvs"  # letters with which one weekday begins and no other word of a day
MAX_BUSINESS_DAYS = 260
MAX_HOURS = 48

EXAMPLES_OF_DAYS = "«viernes», «4/12» o «+3»"
EXAMPLES_OF_MOMENTS = "«mañana 15», «viernes 9:30» o «4/12 15:00»"

_TIME = re.compile(r"(?:a las? )?(\d{1,2})(?:[:.](\d{2}))?(?: ?(?:hs?|horas))?\.?")
_CLOCK = re.compile(r"(?:a las? )(\d{1,2})(?:[:.](\d{2}))?(?: ?hs?)?|(\d{1,2}):(\d{2})(?: ?hs?)?|(\d{1,2}) ?hs?")
_DATE = re.compile(r"(\d{1,2})[/-](\d{1,2})(?:[/-](\d{4}|\d{2}))?(?!\d)")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?!\d)")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:t|(?!\d))")
_NAMED = re.compile(r"(\d{1,2}) (?:de )?([a-z]+)(?: (?:de |del )?(\d{4}))?(?!\d)")
_BUSINESS = re.compile(r"\+ ?(\d{1,3})(?! ?h)(?!\d)")
_HOURS = re.compile(r"\+ ?(\d{1,2}) ?(?:hs?|horas?)")
_WORD = re.compile(r"[a-z]+")
_NUMBER = re.compile(r"(?:dia )?(\d{1,2})")


class NotSaid(ValueError):
    """What was typed is no day or no moment; the reason is in Spanish, for the person who typed it."""


@dataclass(frozen=True)
class _Said:
    """A day that was read, and the text after it."""

    day: date
    rest: str
    takes_number: bool = False  # a number may follow: an hour, or the day of the month of this weekday


def read_day(text: str, *, today: date, past: bool = False) -> date:
    """The day that `text` says. Without a year: the next such day, today included; with `past`, the last such one.

    A number after a weekday, «hoy» or «mañana» is its day of the month and has to agree. Raises NotSaid.
    """
    words = _words(text)
    if match := _NUMBER.fullmatch(words):
        return _near(int(match[1]), today=today, past=past)
    said = _start(words, today=today, past=past)
    if not said.rest:
        return said.day
    match = _NUMBER.fullmatch(said.rest) if said.takes_number else None
    if match is None:
        raise NotSaid(f"«{text.strip()}» no es una fecha: escriba {EXAMPLES_OF_DAYS}.")
    number = int(match[1])
    weekday = _weekday(words)
    if weekday is None:
        return _agree(said.day, number, text)
    # «viernes 4» is the next 4th, and no other Friday.
    near = _near(number, today=today, past=past)
    if near.weekday() != weekday:
        raise NotSaid(f"El {near:%d/%m/%Y} es {WEEKDAYS[near.weekday()]}, no {WEEKDAYS[weekday]}: revise la fecha.")
    return near


def read_moment(text: str, *, now: datetime) -> datetime:
    """The moment that `text` says, in Buenos Aires, from now on; 00:00 for a day without an hour (DESIGN §4).

    A number after a weekday, «hoy», «mañana» or a date is an hour. Raises NotSaid.
    """
    today = dates.local_date(now)
    words = _words(text)
    if match := _HOURS.fullmatch(words):
        if not 0 < int(match[1]) <= MAX_HOURS:
            raise NotSaid(f"De +1 a +{MAX_HOURS} horas; si es más, escriba el día.")
        return dates.to_local(now + timedelta(hours=int(match[1]))).replace(second=0, microsecond=0)
    if match := _CLOCK.fullmatch(words):
        hour, minute = match[1] or match[3] or match[5], match[2] or match[4]
        moment = _at(today, hour, minute, text)
        if moment <= now:
            raise NotSaid(f"Las {moment:%H:%M} de hoy ya pasaron: escriba «mañana {moment:%H:%M}».")
        return moment
    if _NUMBER.fullmatch(words) and not words.startswith("dia "):
        raise NotSaid(f"¿El día {words} o a las {words}? Escriba «día {words}» o «hoy {words}».")
    if words.startswith("dia ") and (match := re.fullmatch(r"dia (\d{1,2})(?: (.+))?", words)):
        day = _near(int(match[1]), today=today, past=False)
        said = _Said(day, match[2] or "")
    else:
        said = _start(words, today=today, past=False)
    if not said.rest:
        return dates.start_of_day(said.day)
    if match := _TIME.fullmatch(said.rest):
        return _at(said.day, match[1], match[2], text)
    raise NotSaid(f"«{text.strip()}» no es un día con su hora: escriba {EXAMPLES_OF_MOMENTS}.")


def show_day(day: date) -> str:
    """«vie 04/12/2026», which `read_day` reads as the same day."""
    return f"{WEEKDAYS[day.weekday()][:3]} {day:%d/%m/%Y}"


def show_moment(moment: datetime) -> str:
    """«vie 04/12/2026 15:00», without the hour at 00:00."""
    local = dates.to_local(moment)
    day = show_day(local.date())
    return day if local.time() == time.min else f"{day} {local:%H:%M}"


def _words(text: str) -> str:
    words = " ".join(_fold(text).replace(",", " ").split())
    return words.removeprefix("para ").removeprefix("el ").removeprefix("este ")


def _fold(text: str) -> str:
    return without_accents(text).casefold()


def _start(words: str, *, today: date, past: bool) -> _Said:
    """The day with which the words begin. Raises NotSaid."""
    for reader in (_relative, _named_weekday):
        if said := reader(words, today, past):
            return said
    if said := _written(words, today=today, past=past):
        return said
    raise NotSaid(f"«{words}» no es una fecha: escriba {EXAMPLES_OF_DAYS}.")


RELATIVE = {"hoy": 0, "pasado manana": 2, "manana": 1, "pasado": 2, "ayer": -1, "anteayer": -2}


def _relative(words: str, today: date, past: bool) -> _Said | None:
    if words == "fin de mes" or words.startswith("fin de mes "):
        first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        return _Said(first - timedelta(days=1), words[len("fin de mes") :].strip())
    for word, days in RELATIVE.items():
        if words == word or words.startswith(f"{word} "):
            return _Said(today + timedelta(days=days), words[len(word) :].strip(), takes_number=True)
    match = _BUSINESS.match(words)
    if match is None:
        return None
    count = int(match[1])
    if not 0 < count <= MAX_BUSINESS_DAYS:
        raise NotSaid(f"De +1 a +{MAX_BUSINESS_DAYS} días hábiles; si es más, escriba la fecha.")
    return _Said(dates.add_business_days(today, -count if past else count), words[match.end() :].strip())


def _weekday(words: str) -> int | None:
    """The weekday with which the words begin: its name, its first three letters, or a letter of its own."""
    match = _WORD.match(words)
    if match is None or (len(match[0]) < 3 and match[0] not in ALONE):
        return None
    return next((number for number, name in enumerate(WEEKDAYS) if _fold(name).startswith(match[0])), None)


def _named_weekday(words: str, today: date, past: bool) -> _Said | None:
    weekday = _weekday(words)
    if weekday is None:
        return None
    rest = words.partition(" ")[2].strip()
    if written := _written(rest, today=today, past=past):
        if written.day.weekday() != weekday:
            real = WEEKDAYS[written.day.weekday()]
            raise NotSaid(f"El {written.day:%d/%m/%Y} es {real}, no {WEEKDAYS[weekday]}: revise la fecha.")
        return written
    ahead = (weekday - today.weekday()) % 7 or 7  # «viernes» on a Friday is the next one: today is «hoy»
    day = today + timedelta(days=ahead)
    if past:
        day = today - timedelta(days=(today.weekday() - weekday) % 7 or 7)
    return _Said(day, rest, takes_number=True)


def _written(words: str, *, today: date, past: bool) -> _Said | None:
    """A date with its month; None when the words begin with none."""
    if match := _ISO.match(words):
        day = _date(int(match[1]), int(match[2]), int(match[3]))
    elif match := _DATE.match(words) or _DOTTED.match(words):
        day = _with_month(int(match[1]), int(match[2]), match[3], today=today, past=past)
    else:
        match = _NAMED.match(words)
        month = match and next((n for n, name in enumerate(MONTHS, 1) if _is_month(name, match[2])), None)
        if not match or not month:
            return None
        day = _with_month(int(match[1]), month, match[3], today=today, past=past)
    return _Said(day, words[match.end() :].strip())


def _is_month(name: str, typed: str) -> bool:
    return len(typed) >= 3 and (name.startswith(typed) or (name == "septiembre" and "setiembre".startswith(typed)))


def _with_month(day: int, month: int, year: str | None, *, today: date, past: bool) -> date:
    if year:
        return _date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    # Up to eight years lie between two 29 February.
    years = range(today.year, today.year + (-9 if past else 9), -1 if past else 1)
    for candidate in years:
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if found <= today if past else found >= today:
            return found
    raise NotSaid(f"El {day}/{month} no existe: escriba el día, después el mes.")


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NotSaid(f"El {day}/{month}/{year} no existe: escriba el día, después el mes.") from None


def _near(number: int, *, today: date, past: bool) -> date:
    """The next (last) day with this number in its month, today included."""
    months = today.year * 12 + today.month - 1
    for index in range(13):
        year, month = divmod(months + (-index if past else index), 12)
        try:
            found = date(year, month + 1, number)
        except ValueError:
            continue
        if found <= today if past else found >= today:
            return found
    raise NotSaid("Ese día del mes no existe: escriba un número del 1 al 31.")


def _agree(day: date, number: int, text: str) -> date:
    if day.day != number:
        raise NotSaid(f"«{text.strip()}»: ese día es el {day:%d/%m/%Y}. Revise la fecha.")
    return day


def _at(day: date, hour: str, minute: str | None, text: str) -> datetime:
    if int(hour) > 23 or int(minute or 0) > 59:
        raise NotSaid(f"«{text.strip()}»: la hora va de 0 a 23 y los minutos de 00 a 59.")
    return datetime.combine(day, time(int(hour), int(minute or 0)), tzinfo=dates.BuenosAires())
