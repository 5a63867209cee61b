"""What should become of an arrangement: slow, obvious, a day at a time (DESIGN §3.8).

It knows nothing of the rules' code: it keeps what happened in plain lists and works everything out anew from the first
day each time it is asked.
"""

from datetime import date, timedelta
from decimal import Decimal

from nova.lib import dates

D = Decimal
SIGNED = date(2026, 12, 1)
BASE = D("300000.00")


class Oracle:
    """What should be. Payments and other entries by their number, which is the order in which they were posted."""

    def __init__(self, agreed, parts):
        self.agreed, self.parts = agreed, parts
        self.payments = {}  # number → (value date, amount)
        self.others = {}  # number → (day, amount, whether it is the creditor's)
        self.stops = []  # [first day, last day or None]
        self.standing = None  # what was waived, while it stands

    def expected(self, today):
        """(status, day, paid by number, waived, taken back): what the books should say now."""
        status, day, paid, waived, back = self.replay(today)
        settled = self.settled_on()
        if settled is not None and (day is None or settled < day):
            status, day, waived, back = "completed", settled, D(0), D(0)
        if status != "completed":
            self.standing = None
        elif self.standing is None:
            self.standing = waived
        return status, day, paid, self.standing or D(0), back

    def settled_on(self):
        """The first day on which nothing was owed: entries as they were posted, the last of their days."""
        owed = BASE + max(self.agreed - BASE, D(0))
        changes = {number: (day, -amount) for number, (day, amount) in self.payments.items()}
        changes |= {number: (day, amount) for number, (day, amount, _) in self.others.items()}
        for number in sorted(changes):
            owed += changes[number][1]
            if owed <= 0:
                return max(day for other, (day, _) in changes.items() if other <= number)
        return None

    def grace(self, day):
        for _ in range(3):
            day += timedelta(days=1)
            while not dates.is_business_day(day):
                day += timedelta(days=1)
        return day

    def stopped(self, day):
        return any(first <= day and (last is None or day <= last) for first, last in self.stops)

    def replay(self, today):
        """Walk from the first day to today. Gives (status, day, paid by number, waived, taken back)."""
        paid = {number: D(0) for number, _, _ in self.parts}
        amounts = {number: amount for number, _, amount in self.parts}
        interest = max(self.agreed - BASE, D(0))
        day = SIGNED
        while day <= today:
            if self.falls(day, paid, amounts):
                unpaid = sum(amounts[number] - paid[number] for number, due, _ in self.parts if due > day)
                restated = any(when < day for when, _, creditor in self.others.values() if creditor)
                return "lapsed", day, paid, D(0), D(0) if restated else min(interest, unpaid)
            for number in sorted(self.payments):
                when, amount = self.payments[number]
                if when != day:
                    continue
                for part, _, _ in self.parts:
                    share = min(amount, amounts[part] - paid[part])
                    paid[part] += share
                    amount -= share
                if paid == amounts:
                    return "completed", day, paid, self.waived(number, day, interest), D(0)
            day += timedelta(days=1)
        return "active", None, paid, D(0), D(0)

    def late_since(self, due, day):
        return max([due, *(last for _, last in self.stops if last is not None and last < day)])

    def falls(self, day, paid, amounts):
        if self.stopped(day):
            return False
        open_parts = [(number, due) for number, due, _ in self.parts if paid[number] < amounts[number]]
        late = [due for _, due in open_parts if day > due and day > self.grace(self.late_since(due, day))]
        if not late:
            return False
        last = self.late_since(max(due for _, due, _ in self.parts), day)
        alone = len(late) == len(open_parts) and day >= last + timedelta(days=30)
        return len(self.parts) == 1 or len(late) >= 2 or alone

    def waived(self, completing, day, interest):
        """What is left on completion of what was to be forgiven and of what the creditor added."""
        point = (day, completing)
        left = BASE + interest
        left -= sum(amount for number, (when, amount) in self.payments.items() if (when, number) <= point)
        for number, (when, amount, creditor) in self.others.items():
            left += amount if creditor or (when, number) <= point else D(0)
        restated = sum(amount for _, amount, creditor in self.others.values() if creditor)
        return max(min(left, max(BASE - self.agreed, D(0)) + restated), D(0))
