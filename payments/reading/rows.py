"""One row of a payment file, as its layout reads it: no database, nobody's case yet (DESIGN §5.1)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from nova.lib.documents import Document

NOBODY = Document()


class Kind(StrEnum):
    PAYMENT = "payment"
    REVERSAL = "reversal"  # a chargeback, a refund, a debit that was sent back: it takes back a payment of before
    REJECTED = "rejected"  # it should be a payment and cannot be one; `why` says what to do
    IGNORED = "ignored"  # taxes, balances, headers repeated, fees: no payment, counted


@dataclass(frozen=True, slots=True)
class Row:
    """`amount` is positive, in ARS, two decimals; None only for what is rejected or ignored. Texts are without blanks
    around them; empty is "not there"."""

    line: int  # in the file, from 1
    raw: str  # as it came, cut to 500 characters
    kind: Kind
    why: str = ""  # a Spanish sentence: of what is rejected or ignored
    amount: Decimal | None = None
    value_date: date | None = None  # when the debtor paid
    credited_on: date | None = None  # when the agency or creditor has it
    channel: str = ""  # in the file's words
    key: str = ""  # barcode, payment key or external reference that was issued to a case or instalment
    nro_cliente: str = ""
    debtor: Document = NOBODY  # of a column that says whose debt it is
    payer: Document = NOBODY  # of who paid, who may be anybody
    payer_name: str = ""
    own_id: str = ""  # the file's id of this row; empty where it has none, or one that other rows have too
    reverses: str = ""  # the own id of the payment that a reversal takes back
    identity: str = ""  # of a payment or reversal: what is the same when the same row comes again in another file
    content: str = ""  # of a payment: the same where all that it says is, in whatever file
