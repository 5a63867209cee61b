"""The result of a transfer: counts and issues, by section and row."""

from dataclasses import dataclass, field
from typing import NamedTuple

REJECTED, WARNING = "rejected", "warning"


class TransferFailed(Exception):
    """The whole transfer failed and nothing was saved. The message, in Spanish, says what to do."""


class Issue(NamedTuple):
    """A row that was left out (`rejected`) or changed (`warning`). `row` counts from 1 in its section."""

    section: str
    row: int
    value: str
    severity: str
    reason: str


@dataclass
class Tally:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass
class Result:
    tallies: dict[str, Tally] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)  # about the whole transfer, in Spanish

    def of(self, section: str) -> Tally:
        return self.tallies.setdefault(section, Tally())

    def reject(self, section: str, row: int, value: object, reason: str) -> None:
        self.of(section).rejected += 1
        self.issues.append(Issue(section, row, str(value), REJECTED, reason))

    def warn(self, section: str, row: int, value: object, reason: str) -> None:
        self.issues.append(Issue(section, row, str(value), WARNING, reason))

    @property
    def rejected(self) -> int:
        return sum(tally.rejected for tally in self.tallies.values())

    @property
    def created(self) -> int:
        return sum(tally.created for tally in self.tallies.values())

    @property
    def updated(self) -> int:
        return sum(tally.updated for tally in self.tallies.values())

    @property
    def unchanged(self) -> int:
        return sum(tally.unchanged for tally in self.tallies.values())
