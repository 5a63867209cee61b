"""The phones of a debtor, as the people who work their cases add and mark them."""

from django.db import transaction

from cases.models import Case, DebtorPhone
from cases.services.settlement import lock_case
from nova.lib.databases import lock_row


@transaction.atomic
def add_phone(*, case: Case, phone: DebtorPhone) -> DebtorPhone:
    """Save a new phone of the debtor of the case; a number that the debtor has already stays as it is. Raises Gone."""
    debtor = lock_case(case).debtor
    known = debtor.phones.filter(number=phone.number).first()
    if known is not None:
        return known
    phone.debtor = debtor
    phone.save()
    return phone


@transaction.atomic
def mark_phone(*, phone: DebtorPhone, state: str) -> str:
    """Set the state of a phone, and give the one it had, for whoever wants that back. Raises Gone."""
    phone = lock_row(DebtorPhone.objects.all(), phone.pk)
    former, phone.state = phone.state, state
    phone.save(update_fields=["state"])
    return former
