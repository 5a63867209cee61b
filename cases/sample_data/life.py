"""The history of one sample case: events in order of time, recorded through the services."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count, cycle
from random import Random
from typing import Any

from accounts.models import User
from cases import services
from cases.models import Activity, ActivityResult, Arrangement, Case, CaseStatus, DebtorPhone, LedgerEntry
from cases.rules import promises as rules
from cases.sample_data.calendar import Calendar
from cases.services.settlement import lock_case, promise_terms
from nova.lib import dates

HUNDRED = Decimal(100)
REFERENCED_PER_HUNDRED = 60

TYPES = {
    "WSP": Activity.Type.MESSAGE,
    "MAIL": Activity.Type.EMAIL,
    "CD": Activity.Type.MESSAGE,
    "VIS": Activity.Type.VISIT,
    "NOTA": Activity.Type.NOTE,
}
OFFER = (
    "Ofrece entregar la tercera parte este mes y el resto en seis cuotas, porque cobra el aguinaldo en diciembre y el "
    "hermano le presta lo que falta. Pregunta si se puede sacar el interés de mora: le expliqué que eso lo decide el "
    "acreedor y que se lo consulto. Pidió que le mande los datos de la cuenta por WhatsApp y que la próxima llamada "
    "sea después de las 18, cuando sale del trabajo. Confirmó el domicilio y el correo."
)
HARDSHIP = (
    "Cuenta que cerró el taller donde trabajaba y que vive de changas. Tiene a la madre a cargo, con remedios que la "
    "obra social no cubre. No se niega a pagar: dice que en cuanto consiga algo fijo empieza, aunque sea de a poco. "
    "Quedamos en hablar a principio de mes para ver si puede entregar algo a cuenta."
)
NOTES = {
    "PP": ("Se compromete a pagar por transferencia.", "Promete pagar cuando cobra.", "Acuerda el pago en efectivo."),
    "YP": ("Dice que pagó la semana pasada; enviará el comprobante.", "Manifiesta haber pagado en el local."),
    "NEG": ("Pide quita; se eleva al supervisor.", "Pregunta por un plan en cuotas sin interés.", OFFER),
    "VLL": ("Está trabajando, pide que lo llamen más tarde.", "Pide que se lo llame mañana a la tarde."),
    "DIF": ("Perdió el trabajo; no puede pagar este mes.", "Gastos médicos: pide tiempo.", HARDSHIP),
    "REN": ("No tiene intención de pagar.", "Corta al identificarse el gestor."),
    "DES": ("Desconoce la deuda: dice que nunca tuvo la tarjeta.",),
    "REC": ("Tiene un reclamo abierto con el acreedor.",),
    "ABG": ("Pide que se hable con su abogado.",),
    "NOC": ("Pide no ser contactado más.",),
    "FAL": ("La familia informa que falleció.",),
    "TER": ("Atiende la madre; se deja mensaje.", "Atiende un compañero de trabajo; se deja mensaje."),
    "WSP": ("Se envía WhatsApp con el saldo.", "Recordatorio por WhatsApp."),
    "MAIL": ("Se envía correo con los medios de pago.",),
    "CD": ("Carta documento enviada.",),
    "VIS": ("Visita al domicilio: no se encontraba.",),
    "NOTA": ("El acreedor confirma los datos de la deuda.", "Se revisó el legajo."),
}
CLOSINGS = (
    ("de-baja", "El acreedor retira la deuda."),
    ("incobrable", "Sin bienes ni ingresos."),
    ("a-juicio", "Pasa a legales."),
    ("incobrable", "Agotadas las gestiones."),
)
OBJECTIONS = ("Cheque rechazado.", "Pago acreditado en otra cuenta.", "Transferencia duplicada.")


@dataclass
class Desk:
    """Shared by all cases: the calendar, the catalogues and the admin."""

    calendar: Calendar
    chance: Random
    admin: User
    gestores: Sequence[User]

    def __post_init__(self) -> None:
        self.closings = cycle(CLOSINGS)  # in turn, so that even a small agency has every stage
        self.results = {result.code: result for result in ActivityResult.objects.active()}
        self.statuses = {status.slug: status for status in CaseStatus.objects.active()}
        self.receipts = count(1)


WORK = DebtorPhone.Kind.WORK


class Life:
    """Records the events of one case. `clock` is the moment of the last event; later events come after it."""

    def __init__(self, desk: Desk, case: Case, phones: Sequence[DebtorPhone], *, since: datetime) -> None:
        self.desk, self.case, self.phones, self.clock = desk, case, phones, since
        self.calendar, self.chance = desk.calendar, desk.chance
        self.owed = case.balance

    def gestion(
        self,
        day: date,
        code: str,
        *,
        chosen: datetime | None = None,
        promise: dict | None = None,
        moment: datetime | None = None,
    ) -> Activity:
        self.clock = moment or self.calendar.moment(day, after=self.clock)
        kind = TYPES.get(code, Activity.Type.CALL)
        recorded = services.record_activity(
            case=self.case,
            by=self._gestor(),
            type=kind,
            result=self.desk.results[code],
            phone=self._phone() if kind in (Activity.Type.CALL, Activity.Type.MESSAGE) and code != "CD" else None,
            notes=self.chance.choice(NOTES.get(code, ("",))),
            next_action_at=chosen,
            promise=promise,
            now=self.clock,
        )
        return recorded.activity

    def promise(self, day: date, due: date, *, share: float = 1.0) -> Decimal:
        """A call with a promise of a share of the balance, rounded to hundreds of ARS; the whole balance is exact."""
        amount = self.owed if share == 1 else max((self.owed * Decimal(share)) // HUNDRED * HUNDRED, HUNDRED)
        amount = min(amount, self.owed)
        self.gestion(day, "PP", promise={"amount": amount, "promise_date": due})
        return amount

    def arrange(self, day: date, first: date, *, accept: bool = True, **terms: Any) -> Arrangement:
        """A call in which an arrangement is offered, and mostly accepted."""
        self.clock = self.calendar.moment(day, after=self.clock)
        recorded = services.record_activity(
            case=self.case,
            by=self._gestor(),
            result=self.desk.results["PP" if accept else "NEG"],
            phone=self._phone(),
            notes=self.chance.choice(NOTES["NEG"]),
            arrangement={
                "terms": services.ArrangementTerms(max(first, dates.local_date(self.clock)), **terms),
                "accept": accept,
                "accepted_how": "phone" if accept else "",
            },
            now=self.clock,
        )
        self._count()
        assert recorded.arrangement is not None  # noqa: S101 (asked for above)
        return recorded.arrangement

    def refuse(self, day: date, arrangement: Arrangement) -> None:
        self.clock = self.calendar.moment(day, after=self.clock)
        services.reject_arrangement(
            arrangement=arrangement, by=self.desk.admin, notes="El acreedor no acepta tanta quita.", now=self.clock
        )

    def approve(self, day: date, arrangement: Arrangement) -> None:
        self.clock = self.calendar.moment(day, after=self.clock)
        services.approve_arrangement(
            arrangement=arrangement, by=self.desk.admin, notes="Por única vez.", now=self.clock
        )
        self._count()

    def give_up(self, day: date, arrangement: Arrangement) -> None:
        self.clock = self.calendar.moment(day, after=self.clock)
        services.cancel_arrangement(
            arrangement=arrangement, by=self._gestor(), reason="Prefiere pagar de otra manera.", now=self.clock
        )
        self._count()

    def _count(self) -> None:
        self.owed = Case.objects.values_list("balance", flat=True).get(pk=self.case.pk)

    def pay(self, day: date, amount: Decimal) -> LedgerEntry:
        self.clock = self.calendar.moment(day, after=self.clock)
        referenced = self.chance.randrange(100) < REFERENCED_PER_HUNDRED
        payment = services.record_payment(
            case=self.case,
            by=self._gestor(),
            amount=amount,
            method=self.chance.choice(LedgerEntry.Method.values),
            confirm_duplicate=True,
            reference=f"TRX-{next(self.desk.receipts):06d}" if referenced else "",
            now=self.clock,
        )
        self.owed -= amount
        return payment

    def reverse(self, day: date, payment: LedgerEntry) -> None:
        self.clock = self.calendar.moment(day, after=self.clock)
        services.reverse_payment(
            payment=payment, by=self.desk.admin, notes=self.chance.choice(OBJECTIONS), now=self.clock
        )
        self.owed += payment.amount

    def night_after(self, due: date) -> date:
        """Run what `nightly` does when a promise of that date becomes broken. Returns the day of that run."""
        day = rules.last_day_of_grace(due, promise_terms()) + timedelta(days=1)
        self.clock = max(self.clock, dates.start_of_day(day) + timedelta(hours=2))
        services.settle(lock_case(self.case), now=self.clock)
        return day

    def restate(self, day: date, *, by: int | None = None) -> None:
        """A refresh of the creditor's total, a few percent more or less; `by`: the new one, in percent."""
        self.clock = self.calendar.moment(day, after=self.clock)
        percent = Decimal(by or self.chance.choice((90, 104, 108)))
        total = (self.owed * percent / HUNDRED).quantize(Decimal("0.01"))
        services.refresh_total(case=self.case, by=self.desk.admin, total=total, now=self.clock)
        self.owed = total

    def move(self, day: date, slug: str, *, notes: str = "") -> None:
        self.clock = self.calendar.moment(day, after=self.clock)
        services.change_status(
            case=self.case, status=self.desk.statuses[slug], by=self.desk.admin, notes=notes, now=self.clock
        )

    def hand_over(self, day: date) -> None:
        self.clock = self.calendar.moment(day, after=self.clock)
        taker = self.chance.choice([gestor for gestor in self.desk.gestores if gestor != self.case.assigned_to])
        services.assign_cases(
            cases=Case.objects.filter(pk=self.case.pk), gestor=taker, by=self.desk.admin, now=self.clock
        )

    def mistake(self, day: date) -> None:
        """A gestión recorded on the wrong case and voided by its creator."""
        activity = self.gestion(day, "NC")
        self.clock += timedelta(minutes=5)
        services.void_activity(activity=activity, by=self._gestor(), now=self.clock)

    def _gestor(self) -> User:
        assert self.case.assigned_to is not None  # noqa: S101 (only assigned cases live)
        return self.case.assigned_to

    def _phone(self) -> DebtorPhone | None:
        usable = [phone for phone in self.phones if phone.state != DebtorPhone.State.BAD and phone.kind != WORK]
        return self.chance.choice(usable) if usable else None
