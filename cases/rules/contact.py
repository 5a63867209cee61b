"""The hours in which a person may be called (DESIGN §4). Pure: no database, no clock.

Until the gate of contact rules exists, the hours are the strictest found: those of CABA's Ley 6171.
"""

from datetime import datetime, time, timedelta

from nova.lib import dates

# Monday is 0. A day without a window has none.
CONTACT_HOURS: dict[int, tuple[time, time]] = {
    **dict.fromkeys(range(5), (time(8), time(20))),
    5: (time(10), time(12)),
}
RETRY_AFTER = timedelta(hours=2)  # an agreed call that nobody answered is tried again on the same day


def is_contact_hour(moment: datetime) -> bool:
    """Whether a call may be made at `moment` (aware); the end of a window is outside."""
    local = dates.to_local(moment)
    window = CONTACT_HOURS.get(local.weekday())
    return window is not None and not dates.is_holiday(local.date()) and window[0] <= local.time() < window[1]


def retry_of_agreed_call(now: datetime) -> datetime | None:
    """When to try an agreed call again that nobody answered: in two hours, if that is today and permitted."""
    retry = now.replace(second=0, microsecond=0) + RETRY_AFTER
    return retry if dates.local_date(retry) == dates.local_date(now) and is_contact_hour(retry) else None
