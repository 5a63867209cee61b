"""Questions about rows of payment files."""

from typing import Any

from django.db import models

from cases.searching import OneOf

# Rows about which nothing is final, and those of which a person may say that they are another payment.
OPEN_STATES = ("matched", "ambiguous", "unmatched")
DECIDABLE = (*OPEN_STATES, "duplicate")


class PaymentRowQuerySet(models.QuerySet):
    def to_identify(self) -> "PaymentRowQuerySet":
        """What waits for a person: ambiguous and unmatched rows."""
        return self.filter(state__in=["ambiguous", "unmatched"])

    def decidable(self) -> "PaymentRowQuerySet":
        """What a person may decide about: also a row that found its case and is not posted, and a repeated one."""
        return self.filter(state__in=DECIDABLE).exclude(file__status="undone")

    def with_identity(self, identities: list[str]) -> Any:
        """The rows that hold one of these identities: whoever comes with it again is a duplicate."""
        return (
            self.filter(OneOf("identity", identities))
            .exclude(identity="")
            .exclude(state__in=["duplicate", "rejected", "undone"])
        )
