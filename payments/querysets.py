"""Questions about rows of payment files."""

from typing import Any

from django.db import models

from cases.searching import OneOf


class PaymentRowQuerySet(models.QuerySet):
    def to_identify(self) -> "PaymentRowQuerySet":
        """What waits for a person: ambiguous and unmatched rows."""
        return self.filter(state__in=["ambiguous", "unmatched"])

    def with_identity(self, identities: list[str]) -> Any:
        """The rows that hold one of these identities: whoever comes with it again is a duplicate."""
        return (
            self.filter(OneOf("identity", identities))
            .exclude(identity="")
            .exclude(state__in=["duplicate", "rejected", "undone"])
        )
