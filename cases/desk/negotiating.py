"""The negotiator: the offers of a cartera, or other terms, worked out for one debt: a part of the gestión (DESIGN §4).

What is worked out is shown with a seal; what is saved must have the seal of what was shown, so that nobody agrees to
figures that a payment has changed meanwhile.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from cases import services
from cases.desk import plan_words
from cases.desk.sheet import Sheet
from cases.fields import MoneyField, PesosField, SaidDayField, add_errors
from cases.models import Arrangement
from nova.lib import dates
from nova.lib.money import parse_money, parse_said_money
from nova.lib.refusals import by_field
from nova.lib.said import read_day

PREFIX = "arrangement_"
OWN = "own"  # other terms than those of an offer
CALCULATE = "calculate"
AGREED, NEGOTIATED = "PP", "NEG"  # the results of a gestión with an arrangement, where nobody chose another
LATER = "later"  # the debtor has not accepted yet
DAYS_TO_FIRST = 7  # until the first instalment of other terms, unless another day is typed
WITH_INTEREST = frozenset({"monthly_rate", "down_payment", "instalments", "first_due_on"})
# The terms that each system asks for.
ASKED = {
    "none": frozenset({"agreed_total", "waiver_percent", "down_payment", "instalments", "first_due_on"}),
    "direct": WITH_INTEREST,
    "french": WITH_INTEREST,
    "free": frozenset({"down_payment", "schedule"}),
}
TERMS = frozenset().union(*ASKED.values())
TYPED = frozenset(PREFIX + name for name in TERMS | {"system"})
# Errors of the service that stand at another field of the form; those of the case at none.
SHOWN_AT = {"accepted_how": "arrangement_how"}
SYSTEMS = [
    (Arrangement.System.NONE.value, "Sin interés"),
    (Arrangement.System.DIRECT.value, "Interés directo"),
    (Arrangement.System.FRENCH.value, "Sistema francés"),
    (Arrangement.System.FREE.value, "Cuotas a medida"),
]
# What a person says of a debtor who accepts what is on the table.
ACCEPTED = [
    (Arrangement.How.PHONE.value, "Aceptó por teléfono"),
    (Arrangement.How.MESSAGE.value, "Aceptó por mensaje"),
    (Arrangement.How.SIGNED.value, "Firmó"),
]
HOW = [
    (Arrangement.How.PHONE.value, "Por teléfono"),
    (Arrangement.How.MESSAGE.value, "Por mensaje"),
    (Arrangement.How.SIGNED.value, "Firmó"),
    (LATER, "Lo va a pensar"),
]


def read_percent(text: str) -> Decimal:
    return parse_money(text.replace("%", "").strip())


class PercentField(MoneyField):
    """`10`, `12,5 %`"""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    reader = staticmethod(read_percent)


class ScheduleField(forms.CharField):
    """A payment a line, day and amount: `15/12 50.000`."""

    widget = forms.Textarea(attrs={"rows": 3, "placeholder": "15/12 50.000\n15/1 80 mil"})

    def to_python(self, value: Any) -> tuple[tuple[date, Decimal], ...]:  # type: ignore[override]
        text = super().to_python(value) or ""
        lines = [" ".join(line.split()) for line in text.splitlines()]
        return tuple(_payment(number, line) for number, line in enumerate(filter(None, lines), start=1))


def _payment(number: int, line: str) -> tuple[date, Decimal]:
    """The day and the amount of a line. The amount may have spaces too, so the split that can be read counts."""
    words = line.split(" ")
    for at in range(len(words) - 1, 0, -1):
        try:
            return read_day(" ".join(words[:at]), today=dates.today()), parse_said_money(" ".join(words[at:]))
        except ValueError:  # NotSaid is one too
            continue
    raise ValidationError(f"Línea {number}, «{line}»: escriba el día y el importe, como «15/12 50.000».")


def seal_of(figures: services.Figures) -> str:
    """What a person has seen of the figures when they agree to them."""
    first = min(part.due_on for part in figures.schedule if part.number)
    return f"{figures.agreed_total}:{figures.down_payment}:{figures.instalments}:{first:%d%m%y}:{figures.needs or ''}"


@dataclass(frozen=True)
class Worked:
    """Figures in words, as a card shows them."""

    figures: services.Figures

    @property
    def seal(self) -> str:
        return seal_of(self.figures)

    @property
    def needs(self) -> str:
        return self.figures.needs or ""

    @property
    def paid_in(self) -> str:
        return plan_words.paid_in(self.figures.schedule)

    @property
    def in_short(self) -> str:
        return plan_words.paid_in(self.figures.schedule, exact=False)

    @property
    def started(self) -> str:
        return plan_words.started(self.figures.schedule)

    @property
    def start_in_short(self) -> str:
        return plan_words.started(self.figures.schedule, year=False)

    @property
    def cost(self) -> str:
        figures = self.figures
        return plan_words.cost(
            waived=figures.waived_if_completed,
            waived_percent=figures.waiver_percent,
            interest=figures.plan_interest,
            tea=figures.tea,
        )

    @property
    def left(self) -> str:
        """What is left of the limit; of terms without a waiver nothing is used up."""
        figures = self.figures
        return plan_words.points_left(figures.percent_left) if figures.waived_if_completed else ""

    @property
    def beyond(self) -> str:
        """«Usted puede: quita de hasta 10 %, hasta 12 cuotas»; empty within the limit."""
        return ", ".join(plan_words.beyond(self.figures.exceeded, self.figures.limit))

    def refusal(self) -> str:
        """Why it has to be asked for."""
        who = "el acreedor" if self.needs == "creditor" else "un administrador"
        reasons = f" Usted puede dar {self.beyond}." if self.beyond else ""
        return f"Supera lo que usted puede otorgar: lo autoriza {who}.{reasons}"


@dataclass(frozen=True)
class Card(Worked):
    """An offer on the table. Its value in the form carries the seal."""

    terms: services.ArrangementTerms
    pk: int
    name: str

    @property
    def value(self) -> str:
        return f"{self.pk}~{self.seal}"


class ArrangementFields(forms.Form):
    """The fields of an arrangement in the form of the gestión; the names are those of the services, with a prefix."""

    with_arrangement = forms.BooleanField(label="Convenio", required=False)
    arrangement_offer = forms.CharField(required=False, max_length=120, label="Oferta")
    arrangement_how = forms.ChoiceField(label="Cómo aceptó", choices=HOW, required=False, widget=forms.RadioSelect)
    arrangement_system = forms.ChoiceField(label="Sistema", choices=SYSTEMS, required=False)
    arrangement_agreed_total = PesosField(label="Total", required=False)
    arrangement_waiver_percent = PercentField(label="Quita (%)", required=False)
    arrangement_monthly_rate = PercentField(label="Interés mensual (%)", required=False)
    arrangement_down_payment = PesosField(label="Anticipo", required=False)
    arrangement_instalments = forms.IntegerField(
        label="Cuotas", required=False, widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    )
    arrangement_first_due_on = SaidDayField(label="Primera cuota", required=False)
    arrangement_schedule = ScheduleField(label="Día e importe de cada cuota, una por línea", required=False)
    arrangement_creditor_authorisation = forms.CharField(
        label="Autorización del acreedor", required=False, max_length=300, help_text="Quién autorizó, cuándo y cómo."
    )
    # The seal of the other terms that were shown, and whether the person asks for what is beyond the limit.
    arrangement_seal = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)
    arrangement_ask = forms.CharField(required=False, max_length=3, widget=forms.HiddenInput)

    sheet: Sheet
    to_ask: Worked | None = None  # what goes beyond the limit, when it still has to be asked for
    is_agreed = False  # accepted, and within the limit

    @cached_property
    def cards(self) -> list[Card]:
        """The offers that can be worked out for this debt. Runs a query for them and a few for the case."""
        sheet = self.sheet
        offered = services.offers_for(case=sheet.case, by=sheet.user, now=sheet.now)
        return [Card(row.figures, row.terms, row.offer.pk, row.offer.name) for row in offered]

    @property
    def offer_value(self) -> str:
        return str(self["arrangement_offer"].value() or "")

    @property
    def is_own(self) -> bool:
        """Whether other terms are chosen; they are where there is no offer."""
        return self.offer_value == OWN or not self.cards

    @property
    def first_day(self) -> date:
        return self.sheet.today + timedelta(days=DAYS_TO_FIRST)

    @cached_property
    def _tried(self) -> tuple[Worked | None, list[str]]:
        """The other terms that were sent, worked out, or why they cannot be. Runs a few queries."""
        if not self.is_bound or not self.is_own:
            return None, []
        wrong = [str(sentence) for name, found in self.errors.items() if name in TYPED for sentence in found]
        if wrong:
            return None, wrong
        try:
            return self.work_out(self.own_terms()), []
        except ValidationError as error:
            return None, [sentence for found in by_field(error).values() for sentence in found]

    @property
    def worked(self) -> Worked | None:
        return self._tried[0]

    @property
    def complaints(self) -> list[str]:
        """Why nothing could be worked out; errors that stand at their fields are not said again."""
        return self._tried[1] if self.is_calculation and not self.errors else []

    @property
    def is_calculation(self) -> bool:
        """Whether the form was sent to see what its terms come to, and not to be saved."""
        return self.data.get("then") == CALCULATE

    def work_out(self, terms: services.ArrangementTerms) -> Worked:
        """Raises ValidationError, with the names of the service."""
        sheet = self.sheet
        return Worked(services.work_out(case=sheet.case, by=sheet.user, terms=terms, now=sheet.now))

    def own_terms(self) -> services.ArrangementTerms:
        """What was typed. A rate is of interest alone, an amount or a waiver of a plan without it."""
        system = self.cleaned_data.get(PREFIX + "system") or Arrangement.System.NONE.value
        asked = ASKED[system]  # what the other systems ask for may stand in a field that is out of sight
        data = {name: self.cleaned_data.get(PREFIX + name) if name in asked else None for name in TERMS}
        schedule = data["schedule"] or ()
        return services.ArrangementTerms(
            first_due_on=schedule[0][0] if schedule else data["first_due_on"] or self.first_day,
            system=system,
            instalments=len(schedule) or (1 if data["instalments"] is None else data["instalments"]),
            agreed_total=data["agreed_total"],
            waiver_percent=data["waiver_percent"],
            down_payment=data["down_payment"] or Decimal("0.00"),
            monthly_rate=data["monthly_rate"],
            schedule=schedule,
            creditor_authorisation=self.authorisation,
        )

    @property
    def authorisation(self) -> str:
        """An admin may bring the creditor's authorisation along."""
        given = self.cleaned_data.get("arrangement_creditor_authorisation") or ""
        return given.strip() if self.sheet.user.is_admin else ""

    def agreed_terms(self) -> services.ArrangementTerms:
        """The terms of the chosen offer, or those that were typed. Raises KeyError for an offer that is not there."""
        if self.is_own:
            return self.own_terms()
        pk = self.offer_value.partition("~")[0]
        card = {str(card.pk): card for card in self.cards}[pk]
        return card.terms._replace(creditor_authorisation=self.authorisation)

    def arrangement(self) -> dict[str, Any]:
        """What `record_activity` takes."""
        how = self.cleaned_data["arrangement_how"]
        accept = how != LATER
        return {"terms": self.agreed_terms(), "accept": accept, "accepted_how": how if accept else ""}

    def clean_arrangement(self) -> None:
        """Check the part. What is saved is what was shown, and what is beyond the limit was asked for."""
        if not self.cleaned_data.get("arrangement_how") and "arrangement_how" not in self.errors:
            self.add_error("arrangement_how", "Diga cómo aceptó, o que lo va a pensar.")
        if not self.offer_value and self.cards:
            self.add_error("arrangement_offer", "Elija una oferta, u «Otros términos».")
        if any(name.startswith(PREFIX) for name in self.errors):
            return
        try:
            worked = self.work_out(self.agreed_terms())
        except KeyError:
            self.add_error("arrangement_offer", "Esa oferta ya no está: elija otra.")
        except ValidationError as error:
            add_errors(self, error, {name: SHOWN_AT.get(name, PREFIX + name) for name in by_field(error)})
        else:
            self._check_seal(worked)

    def _check_seal(self, worked: Worked) -> None:
        self.is_agreed = self.cleaned_data["arrangement_how"] != LATER and not self.has_to_ask(worked)
        seen = self.cleaned_data["arrangement_seal"] if self.is_own else self.offer_value.partition("~")[2]
        if seen != worked.seal:
            words = "Revise cómo queda y guarde de nuevo." if self.is_own else "El saldo cambió: elija de nuevo."
            self.add_error("arrangement_offer", words)
        elif self.has_to_ask(worked) and not self.cleaned_data["arrangement_ask"] and not self.errors:
            self.to_ask = worked
            self.add_error(None, "Todavía no se guardó: hay que pedir autorización.")

    def has_to_ask(self, worked: Worked) -> bool:
        """Whether somebody else has to say yes; nobody where an admin brings the creditor's word."""
        return bool(worked.needs) and not (worked.needs == "creditor" and self.authorisation)


class OwnTermsForm(ArrangementFields):
    """The other terms alone, to be worked out while they are typed."""

    def __init__(self, data: Any, *, sheet: Sheet) -> None:
        super().__init__(data)
        self.sheet = sheet

    @property
    def is_own(self) -> bool:
        return True

    @property
    def complaints(self) -> list[str]:
        return self._tried[1]
