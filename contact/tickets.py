"""The signed ticket inside the contact form: the time it was shown, and a unique number.

It needs no session and no row. A form sent faster than a person types, or without a valid ticket, was filled in by a
program. The same text with the same ticket is the same submission, however often it arrives.
"""

import json
import uuid
from datetime import timedelta
from enum import Enum

from django.core import signing

SALT = "contact.form"
SHORTEST = timedelta(seconds=3)
LONGEST = timedelta(hours=24)


class Verdict(Enum):
    GOOD = "good"
    TOO_FAST = "too fast"
    EXPIRED = "expired"
    FORGED = "forged"


def issue() -> str:
    return signing.TimestampSigner(salt=SALT).sign(uuid.uuid4().hex)


def judge(ticket: str) -> Verdict:
    signer = signing.TimestampSigner(salt=SALT)
    try:
        signer.unsign(ticket, max_age=LONGEST)
    except signing.SignatureExpired:
        return Verdict.EXPIRED
    except signing.BadSignature:
        return Verdict.FORGED
    try:
        signer.unsign(ticket, max_age=SHORTEST)
    except signing.SignatureExpired:
        return Verdict.GOOD
    return Verdict.TOO_FAST


def key_of(ticket: str, fields: dict[str, str]) -> uuid.UUID:
    """The key of a submission. Another text with the same ticket (the back button) gets another key."""
    number = uuid.UUID(signing.TimestampSigner(salt=SALT).unsign(ticket))
    return uuid.uuid5(number, json.dumps(fields, sort_keys=True))
