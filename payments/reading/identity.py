"""What is the same when the same row comes again, in this file or in another one (DESIGN §5.1).

Its own id, where it stands on one payment of the file; else SHA-256 of day, amount, balance and texts, and the ordinal
among the rows with the same. A bank's extract that comes again with one more day gives the old rows the same.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable

from payments.reading.facts import Facts, own_id_of
from payments.reading.judging import judged
from payments.reading.layout import Layout, plain
from payments.reading.rows import Kind


class Ids:
    """Of a whole file: how many rows it has, and the own ids that stand on several of its payments."""

    def __init__(self, rows: Iterable[Facts], layout: Layout) -> None:
        self.count = 0
        seen: set[int] = set()  # hashes, which are smaller than texts
        self._repeated: set[int] = set()
        for facts in rows:
            self.count += 1
            own_id = own_id_of(facts)
            if own_id and judged(facts, layout)[0] is Kind.PAYMENT:
                mark = hash(own_id)
                (self._repeated if mark in seen else seen).add(mark)

    def is_one(self, own_id: str) -> bool:
        """Whether it stands on one payment alone."""
        return bool(own_id) and hash(own_id) not in self._repeated


class Ordinals:
    """Identities of the rows without an id, in the order of the file."""

    def __init__(self, layout: Layout) -> None:
        self._fields = layout.field_names
        self._counts: Counter[bytes] = Counter()

    def identity(self, kind: Kind, facts: Facts) -> str:
        """Of a payment or a reversal: `<SHA-256>:<ordinal>`."""
        balance = "" if facts.balance is None else str(facts.balance)
        # With their names, and the empty ones left out: a layout that gains a field leaves what it does not concern.
        texts = [f"{name}={facts.texts[name]}" for name in self._fields if facts.texts.get(name)]
        said = "\0".join((str(facts.paid_on), str(abs(facts.amount or 0)), balance, kind, *texts))
        digest = hashlib.sha256(plain(said).encode())
        mark = digest.digest()
        self._counts[mark] += 1
        return f"{digest.hexdigest()}:{self._counts[mark]}"
