"""A submission that is sent again (double click, reload, network retry) takes effect once (DESIGN §3.7)."""

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
    """The key was already used with other content; nothing was done."""


class _Used(Exception):
    """The key was used before; nothing was done."""


def fingerprint_of(content: Mapping[str, Any]) -> str:
    """A hash of the content that does not depend on the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()


def submit_once(*, by: User, key: str, content: Mapping[str, Any], action: Callable[[], Answer]) -> Answer:
    """Run `action` and return its answer; when the key was used before, return the stored answer instead.

    The key is stored in the transaction of the action. After an exception the key is free again, for the corrected
    form. Of two submissions at the same time, the second waits for the answer of the first.

    Raises AnotherSubmission when the key was used with other content.
    """
    fingerprint = fingerprint_of(content)
    try:
        return _first_time(by=by, key=key, fingerprint=fingerprint, action=action)
    except _Used as used:
        first = Submission.objects.get(created_by=by, key=key)
        if first.fingerprint != fingerprint:
            raise AnotherSubmission(key) from used
        return first.answer


@transaction.atomic
def _first_time(*, by: User, key: str, fingerprint: str, action: Callable[[], Answer]) -> Answer:
    """Take the key and run `action`. Raises _Used; the key comes first, so nothing else is rolled back with it."""
    try:
        submission = Submission.objects.create(created_by=by, key=key, fingerprint=fingerprint)
    except IntegrityError as error:
        raise _Used(key) from error
    submission.answer = action()
    submission.save(update_fields=["answer"])
    return submission.answer


def was_submitted(*, by: User, key: str, content: Mapping[str, Any]) -> bool:
    """Whether this content was submitted under this key, and is done."""
    return Submission.objects.filter(created_by=by, key=key, fingerprint=fingerprint_of(content)).exists()
