"""Arrangements: plans and waivers (DESIGN §3.8). Pure: no database, no clock. Amounts are Decimals in ARS."""

from enum import StrEnum

MAX_INSTALMENTS = 60


class Status(StrEnum):
    """ACTIVE, COMPLETED and LAPSED follow from the ledger; the others are a person's decisions, or expiry."""

    PROPOSED = "proposed"
    AWAITING_APPROVAL = "awaiting_approval"
    ACTIVE = "active"
    COMPLETED = "completed"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class System(StrEnum):
    """How what is left after the down payment is divided."""

    NONE = "none"
    DIRECT = "direct"
    FRENCH = "french"
    FREE = "free"


class InstalmentStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    OVERDUE = "overdue"


class Authority(StrEnum):
    """Who may grant something, the lowest first."""

    GESTOR = "gestor"
    ADMIN = "admin"
    CREDITOR = "creditor"
