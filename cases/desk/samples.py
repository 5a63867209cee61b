"""/estilos/gestor: the gestor's screen in every state, drawn by its own code from invented rows (only with DEBUG).

The rows are written in a transaction that is rolled back once the page is drawn, so what one sees is the real screen.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Request
from accounts.models import User
from cases import services
from cases.desk.forms import GestionForm
from cases.desk.negotiating import CALCULATE, OWN
from cases.desk.screen import Screen
from cases.desk.sheet import Sheet
from cases.models import (
    Activity,
    ActivityResult,
    Arrangement,
    Cartera,
    Case,
    CaseStatus,
    Debtor,
    DebtorPhone,
    DiscountLimit,
    Instalment,
    LedgerEntry,
    Offer,
)
from nova.lib import dates

LONG_NAME = "Fernández de la Vega Gutiérrez-Larreta Anchorena, María de los Ángeles Magdalena"
LONG_NOTE = (
    "Dice que cobra el 5 y que puede pagar la mitad; el resto, con el aguinaldo. Pide que no la llamen antes de las 10 "
    "porque trabaja de noche. "
) * 6


class Agency:
    """A gestor with a few people, to draw a state with."""

    def __init__(self, request: Request) -> None:
        self.now = timezone.now()
        self.gestor = User.objects.create(
            username="muestra", first_name="Gabriela", last_name="Muestra", role=User.Role.GESTOR
        )
        self.request, request.user = request, self.gestor
        self.carteras = [
            Cartera.objects.create(name=name, monthly_interest_rate=Decimal(5))
            for name in ("Muestra Cash", "Muestra Naranja", "Muestra Retail")
        ]

    def case(self, name: str = "Ñancupil, Ana", amount: str = "184250.50", **given: Any) -> Case:
        last, _, first = name.partition(", ")
        debtor = given.pop("debtor", None) or Debtor.objects.create(
            last_name=last, first_name=first, dni=str(90_000_000 + Debtor.objects.count() % 9_000_000)[:8], **ADDRESS
        )
        cartera = given.pop("cartera", self.carteras[0])
        fields = {
            "nro_cliente": f"M{Case.objects.count():06d}",
            "entity": "Muestra Bank",
            "amount": Decimal(amount),
            "balance": Decimal(amount),
            "creditor_total": Decimal(amount),
            "initial_amount": Decimal(amount),
            "placed_on": dates.today() - timedelta(days=60),
            "arrears_since": dates.today() - timedelta(days=210),
            "assigned_to": self.gestor,
            "status": CaseStatus.objects.get(slug="en-gestion"),
        }
        case = Case.objects.create(debtor=debtor, cartera=cartera, **{**fields, **given})
        common = {"case": case, "cartera": cartera, "value_date": case.placed_on, "credited_to": self.gestor}
        LedgerEntry.objects.create(kind=LedgerEntry.Kind.PLACEMENT, amount=case.amount, **common)
        return case

    def phones(self, case: Case, count: int = 2) -> None:
        kinds = DebtorPhone.Kind
        for number in range(count):
            state = ("good", "unverified", "bad")[min(number, 2)] if number < 3 else "unverified"
            kind = kinds.MOBILE if number % 2 == 0 else kinds.LANDLINE
            DebtorPhone.objects.create(
                debtor=case.debtor, number=f"+54911{50_000_000 + number}", state=state, kind=kind
            )

    def activities(self, case: Case, count: int = 6) -> None:
        codes = ("NC", "VLL", "BUZ", "DIF", "NC", "TER")
        results = {result.code: result for result in ActivityResult.objects.filter(code__in=codes)}
        Activity.objects.bulk_create(
            Activity(
                case=case,
                type=Activity.Type.CALL,
                result=results[codes[number % len(codes)]],
                created_by=self.gestor,
                created_at=self.now - timedelta(days=number, hours=1 + number % 9),
                notes=LONG_NOTE if number % 4 == 1 else ("Suena y corta" if number % 3 == 0 else ""),
            )
            for number in range(count)
        )

    def offers(self) -> None:
        """What a gestor may offer in the first cartera; the last offer is beyond their limit."""
        cartera = self.carteras[0]
        for role, percent in (("gestor", 10), ("admin", 30), ("creditor", 50)):
            DiscountLimit.objects.create(cartera=cartera, role=role, max_percent=Decimal(percent), max_instalments=12)
        given: list[dict[str, Any]] = [
            {"name": "Contado", "waiver_percent": Decimal(10)},
            {"name": "Tres cuotas", "instalments": 3, "waiver_percent": Decimal(5)},
            {"name": "Seis, francés", "instalments": 6, "system": "french", "down_percent": Decimal(20)},
            {"name": "Contado con quita grande", "waiver_percent": Decimal(30)},
        ]
        Offer.objects.bulk_create(Offer(cartera=cartera, position=at, **row) for at, row in enumerate(given))

    def plan(self, case: Case, *, agreed: str, first: int, paid: int = 0, count: int = 6, **given: Any) -> Arrangement:
        """An arrangement as the services leave it: `first` days from now the first is due, `paid` of them are paid."""
        total, today = Decimal(agreed), dates.today()
        plan = Arrangement.objects.create(
            case=case,
            base_balance=case.amount,
            agreed_total=total,
            instalments=count,
            first_due_on=today + timedelta(days=first),
            requested_by=self.gestor,
            **given,
        )
        part = (total / count).quantize(Decimal("0.01"))
        for number in range(1, count + 1):
            due_on = today + timedelta(days=first + 30 * (number - 1))
            amount = part if number < count else total - part * (count - 1)
            state: dict[str, Any] = {"status": "pending"}
            if number <= paid:
                state = {"status": "paid", "paid_amount": amount, "paid_on": due_on}
            elif due_on < today - timedelta(days=5):
                state = {"status": "overdue"}
            Instalment.objects.create(arrangement=plan, number=number, due_on=due_on, amount=amount, **state)
        return plan

    def others(self, count: int = 14) -> None:
        """Other people in the queue, of every band."""
        names = ("Gómez, Luis", "Pérez, Marta", "Ruiz Díaz, José", "D'Amico, Rosa", "Quispe, Elvio", "Sosa S.R.L.")
        for number in range(count):
            band = 1 + number % 7
            moment = self.now - timedelta(hours=2) if band != Case.Band.NEW else None
            case = self.case(
                f"{names[number % len(names)]}", str(90_000 - 1000 * number), queue_band=band, next_action_at=moment
            )
            if band == Case.Band.BROKEN_PROMISE:
                due = dates.today() - timedelta(days=4)
                case.promises.create(amount=Decimal(5000), promise_date=due, status="broken", created_by=self.gestor)


ADDRESS = {"street": "Av. Corrientes", "street_number": "1234", "city": "Quilmes", "provincia": "Buenos Aires"}


def usual(agency: Agency, **given: Any) -> Case:
    case = agency.case(**{"queue_band": Case.Band.BROKEN_PROMISE, "next_action_at": agency.now, **given})
    agency.phones(case, 3)
    agency.activities(case)
    due = dates.today() + timedelta(days=3)
    broken = dates.today() - timedelta(days=6)
    case.promises.create(amount=Decimal(20000), promise_date=broken, status="broken", created_by=agency.gestor)
    case.promises.create(amount=Decimal(40000), promise_date=due, created_by=agency.gestor, paid_amount=Decimal(10000))
    agency.others()
    return case


def twelve_debts(agency: Agency) -> Case:
    case = usual(agency)
    for number in range(11):
        agency.case(amount=str(1000 * (number + 1)), debtor=case.debtor, cartera=agency.carteras[number % 3])
    return case


def forty_phones(agency: Agency) -> Case:
    case = agency.case(queue_band=Case.Band.NEW)
    agency.phones(case, 40)
    agency.others()
    return case


def many_events(agency: Agency) -> Case:
    case = usual(agency)
    agency.activities(case, 300)
    return case


def extremes(agency: Agency) -> Case:
    case = usual(agency, name=LONG_NAME, amount="9999999999999.99", entity="Entidad con un nombre largo " * 3)
    for _ in range(2):
        agency.case(amount="1234567890123.45", debtor=case.debtor, cartera=agency.carteras[1])
    return case


def stopped(agency: Agency) -> Case:
    case = usual(agency)
    result = ActivityResult.objects.get(code="FAL")
    services.record_activity(case=case, by=agency.gestor, type=Activity.Type.CALL, result=result)
    return case


def paid(agency: Agency) -> Case:
    case = agency.case()
    agency.activities(case, 3)
    services.record_payment(case=case, by=agency.gestor, amount=case.amount)
    agency.others(3)
    return case


def offering(agency: Agency) -> Case:
    agency.offers()
    return usual(agency)


def awaiting(agency: Agency) -> Case:
    case = offering(agency)
    notes = "Cobra la indemnización el viernes y paga todo junto."
    agency.plan(case, agreed="128975.35", first=7, count=1, status="awaiting_approval", notes=notes)
    return case


def proposed(agency: Agency) -> Case:
    case = offering(agency)
    agency.plan(case, agreed="175037.98", first=7, count=3, status="proposed")
    return case


def running(agency: Agency) -> Case:
    """Two instalments are paid and one is overdue."""
    given: dict[str, Any] = {"queue_band": Case.Band.PROMISE_DUE, "status": CaseStatus.objects.get(slug="con-arreglo")}
    case = agency.case(**given, next_action_at=agency.now, balance=Decimal("135117.04"))
    agency.phones(case, 2)
    agency.activities(case, 3)
    accepted: dict[str, Any] = {"accepted_at": agency.now - timedelta(days=80), "accepted_how": "phone"}
    agency.plan(case, agreed="202675.56", first=-70, paid=2, status="active", **accepted)
    agency.others()
    return case


def lapsed(agency: Agency) -> Case:
    case = agency.case(queue_band=Case.Band.BROKEN_PROMISE, next_action_at=agency.now)
    agency.phones(case, 2)
    agency.activities(case, 3)
    made = case.activities.earliest("created_at")
    accepted: dict[str, Any] = {
        "accepted_at": agency.now - timedelta(days=120),
        "accepted_how": "signed",
        "activity": made,
    }
    closed = dates.today() - timedelta(days=2)
    agency.plan(case, agreed="184250.50", first=-100, paid=1, status="lapsed", closed_on=closed, **accepted)
    agency.others(6)
    return case


def completed(agency: Agency) -> Case:
    case = agency.case(
        status=CaseStatus.objects.get(slug="pagada-con-quita"), balance=Decimal("0.00"), next_action_at=None
    )
    agency.activities(case, 3)
    made = case.activities.earliest("created_at")
    accepted: dict[str, Any] = {
        "accepted_at": agency.now - timedelta(days=40),
        "accepted_how": "phone",
        "activity": made,
    }
    closed = dates.today() - timedelta(days=1)
    given: dict[str, Any] = {"count": 1, "paid": 1, "status": "completed", "closed_on": closed}
    agency.plan(case, agreed="165825.45", first=-1, **given, **accepted)
    agency.others(3)
    return case


def empty_queue(agency: Agency) -> None:
    agency.case(next_action_at=agency.now + timedelta(days=3), queue_band=Case.Band.FOLLOW_UP)


def new_gestor(agency: Agency) -> None:
    """Nobody is assigned yet."""


def offline(agency: Agency) -> Case:
    messages.error(agency.request, "No hay conexión con el servidor. Lo que escribió sigue aquí: pruebe de nuevo.")
    return usual(agency)


OTHER_TERMS = {
    "with_arrangement": "on",
    "arrangement_offer": OWN,
    "arrangement_system": "direct",
    "arrangement_monthly_rate": "5",
    "arrangement_instalments": "6",
    "arrangement_down_payment": "20 mil",
    "arrangement_first_due_on": "10",
    "then": CALCULATE,
}

# Name in the address → (words, what is drawn, what is sent to the form).
STATES: dict[str, tuple[str, Callable[[Agency], Case | None], dict[str, str]]] = {
    "usual": ("Una persona como casi todas", usual, {}),
    "doce-deudas": ("Doce deudas", twelve_debts, {}),
    "cuarenta-telefonos": ("Cuarenta teléfonos", forty_phones, {}),
    "trescientos-hechos": ("Trescientas gestiones, notas largas", many_events, {}),
    "extremos": ("Nombre de 80 letras, importes de 15 cifras", extremes, {}),
    "promesa": ("Registrando una promesa", usual, {"code": "PP"}),
    "llamar-despues": ("Registrando un llamado acordado", usual, {"code": "VLL"}),
    "pago": ("Registrando un pago", usual, {"with_payment": "on"}),
    "detiene": ("El segundo paso de lo que detiene", usual, {"code": "FAL"}),
    "error": ("Errores en el formulario", usual, {"code": "PP", "promise_amount": "x", "next_action_at": "10"}),
    "detenida": ("Persona detenida", stopped, {}),
    "pagada": ("Caso pagado", paid, {}),
    "ofertas": ("El negociador: ofertas", offering, {"with_arrangement": "on"}),
    "otros-terminos": ("El negociador: otros términos", offering, OTHER_TERMS),
    "fuera-de-limite": ("Más de lo que puede otorgar", offering, {"with_arrangement": "on", "offer": "3"}),
    "sin-ofertas": ("El negociador, sin ofertas", usual, {"with_arrangement": "on"}),
    "espera-autorizacion": ("Convenio que espera autorización", awaiting, {}),
    "propuesto": ("Convenio propuesto", proposed, {}),
    "convenio": ("Convenio vigente con una cuota vencida", running, {}),
    "convenio-caido": ("Convenio caído", lapsed, {}),
    "convenio-cumplido": ("Convenio cumplido, con quita", completed, {}),
    "bandeja-vacia": ("Bandeja al día", empty_queue, {}),
    "gestor-nuevo": ("Gestor nuevo, sin casos", new_gestor, {}),
    "sin-conexion": ("Sin conexión", offline, {}),
    "cargando": ("Cargando", usual, {}),
}


@require_safe
def states(request: Request, state: str = "") -> HttpResponse:
    """The list of states, or the screen in one of them."""
    if not settings.DEBUG or (state and state not in STATES):
        raise Http404
    if not state:
        return render(request, "cases/samples.html", {"states": {name: row[0] for name, row in STATES.items()}})
    with transaction.atomic():
        response = _drawn(request, state)
        transaction.set_rollback(True)
    return response


def _drawn(request: Request, state: str) -> HttpResponse:
    words, draw, sent = STATES[state]
    agency = Agency(request)
    case = draw(agency)
    bound: dict[str, Any] = {}
    if case is not None:
        case = Case.objects.listed().get(pk=case.pk)
        if sent:
            bound["gestion_form"] = _form(case, agency.gestor, sent)
    screen = Screen(request, case, address=case.get_absolute_url() if case else reverse("dashboard-gestor"), **bound)
    return render(request, "cases/sample.html", {"screen": screen, "state": state, "words": words})


def _form(case: Case, gestor: User, sent: dict[str, str]) -> GestionForm:
    """The form as it comes back after `sent`."""
    data = QueryDict(mutable=True)
    data.update({"token": "muestra", "type": "call", "notes": "Lo que dijo."})
    data.update({name: value for name, value in sent.items() if name != "code"})
    data["phone"] = str(case.debtor.phones.earliest("pk").pk)
    if "code" in sent:
        data["result"] = str(ActivityResult.objects.get(code=sent["code"]).pk)
    sheet = Sheet(case, gestor, now=timezone.now())
    if "offer" in sent:
        shown = GestionForm(cast(Any, data), sheet=sheet)
        data["arrangement_offer"] = shown.cards[int(sent["offer"])].value
        data["arrangement_how"] = Arrangement.How.PHONE
    form = GestionForm(cast(Any, data), sheet=sheet)
    form.is_valid()
    return form
