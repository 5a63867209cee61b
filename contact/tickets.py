"""The signed ticket inside the contact form: when it was shown, and a number of its own.

It costs no session and no row. A form that comes back faster than a person types, or without a ticket of ours, was
filled in by a program; the same text on the same ticket is the same submission, however often it arrives.
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
    """The number of a submission: another text on the same ticket (the back button) is another one."""
    number = uuid.UUID(signing.TimestampSigner(salt=SALT).unsign(ticket))
    return uuid.uuid5(number, json.dumps(fields, sort_keys=True))
