"""A double click, a reload, a retry of the network: the same submission is done once (DESIGN §3.7)."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from accounts.models import User
from cases.models import Submission

Answer = dict[str, Any]


class AnotherSubmission(Exception):
    """The key was already used with another content; nothing was done."""


def fingerprint_of(content: Mapping[str, Any]) -> str:
    """Tells contents apart, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()


@transaction.atomic
def submit_once(*, by: User, key: str, content: Mapping[str, Any], action: Callable[[], Answer]) -> Answer:
    """What `action` answers, or what it answered the first time that this key was sent.

    The key is taken in the transaction of the action: a refused one (any exception) leaves it free for the corrected
    form, and of two at the same moment the second waits for the first one's answer. Raises AnotherSubmission.
    """
    fingerprint = fingerprint_of(content)
    try:
        with transaction.atomic():
            submission = Submission.objects.create(created_by=by, key=key, fingerprint=fingerprint)
    except IntegrityError as error:
        first = Submission.objects.get(created_by=by, key=key)
        if first.fingerprint != fingerprint:
            raise AnotherSubmission(key) from error
        return first.answer
    submission.answer = action()
    submission.save(update_fields=["answer"])
    return submission.answer
