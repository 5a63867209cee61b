"""What the public page shows of the agency. It comes from the settings only, so that nothing is invented."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from nova.lib import phones

EARLIEST_YEAR = 1900


@dataclass(frozen=True)
class Agency:
    """The agency's data. Unset values are empty and are not shown. `figures` are (value, label), as configured."""

    name: str
    phone: str
    whatsapp: str
    email: str
    address: str
    hours: str
    since: int | None
    years: int
    figures: list[tuple[str, str]]

    @property
    def phone_link(self) -> str:
        return f"tel:{_digits(self.phone)}"

    @property
    def whatsapp_link(self) -> str:
        """The WhatsApp link. The number in this setting is taken as a mobile."""
        phone = phones.parse_phone_number(self.whatsapp)
        return phones.whatsapp_link(phone.number if phone else f"+{_digits(self.whatsapp).lstrip('+')}", is_mobile=True)

    @property
    def is_reachable(self) -> bool:
        return any((self.phone, self.whatsapp, self.email, self.address, self.hours))


def agency() -> Agency:
    this_year = timezone.localdate().year
    since = settings.AGENCY_SINCE if EARLIEST_YEAR <= settings.AGENCY_SINCE <= this_year else None
    return Agency(
        name=settings.AGENCY_NAME,
        phone=settings.AGENCY_PHONE,
        whatsapp=settings.AGENCY_WHATSAPP,
        email=settings.AGENCY_EMAIL,
        address=settings.AGENCY_ADDRESS,
        hours=settings.AGENCY_HOURS,
        since=since,
        years=this_year - since if since else 0,
        figures=_figures(settings.AGENCY_FIGURES),
    )


def _figures(text: str) -> list[tuple[str, str]]:
    """`35=carteras en gestión; 120.000=casos gestionados`."""
    pairs = [part.split("=", 1) for part in text.split(";") if "=" in part]
    return [(value.strip(), label.strip()) for value, label in pairs if value.strip() and label.strip()]


def _digits(number: str) -> str:
    return re.sub(r"[^0-9+]", "", number)
