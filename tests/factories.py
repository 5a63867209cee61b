"""Rows for tests, true to the rules: a case comes with the placement that makes its balance (DESIGN §3.1).

The database is seeded by the migrations: statuses and result codes are looked up, never made anew.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import factory
from django.utils import timezone

from accounts.models import AuditEvent, User
from cases.models import (
    Activity,
    ActivityResult,
    Arrangement,
    Cartera,
    CarteraField,
    Case,
    CaseStatus,
    Debtor,
    DebtorPhone,
    DiscountLimit,
    ImportBatch,
    Instalment,
    LedgerEntry,
    Offer,
    Promise,
)
from contact.models import ContactSubmission
from nova.lib import dates
from payments.models import Layout, PaymentFile, PaymentRow
from payments.services.counting import STATES

PASSWORD = "una-clave-de-prueba"


def status(slug: str) -> CaseStatus:
    return CaseStatus.objects.get(slug=slug)


def result(code: str) -> ActivityResult:
    return ActivityResult.objects.get(code=code)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"usuario{n}")
    first_name = factory.Sequence(lambda n: f"Nombre{n}")
    last_name = "Apellido"
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    role = User.Role.USER
    password = factory.django.Password(PASSWORD)


class GestorFactory(UserFactory):
    username = factory.Sequence(lambda n: f"gestor{n}")
    role = User.Role.GESTOR


class AdminFactory(UserFactory):
    username = factory.Sequence(lambda n: f"admin{n}")
    role = User.Role.ADMIN


class CarteraFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Cartera

    name = factory.Sequence(lambda n: f"Cartera {n}")


class CarteraFieldFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CarteraField

    cartera = factory.SubFactory(CarteraFactory)
    header = factory.Sequence(lambda n: f"Dato {n}")
    label = factory.SelfAttribute("header")


class DebtorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Debtor

    first_name = factory.Sequence(lambda n: f"Deudora{n}")
    last_name = "Gómez"
    dni = factory.Sequence(lambda n: str(20_000_000 + n))


class DebtorPhoneFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DebtorPhone

    debtor = factory.SubFactory(DebtorFactory)
    number = factory.Sequence(lambda n: f"+54911{40_000_000 + n}")
    kind = DebtorPhone.Kind.MOBILE


class CaseFactory(factory.django.DjangoModelFactory):
    """An untouched open case of $ 10.000, placed 60 days ago, with its placement in the ledger.

    `status_slug="pagada"` picks the status; a `balance` other than `amount` comes with the adjustment that explains it.
    """

    class Meta:
        model = Case
        skip_postgeneration_save = True

    class Params:
        status_slug = "sin-gestion"

    cartera = factory.SubFactory(CarteraFactory)
    debtor = factory.SubFactory(DebtorFactory)
    nro_cliente = factory.Sequence(lambda n: f"{n:06d}")
    entity = factory.LazyAttribute(lambda case: case.cartera.name)
    amount = Decimal("10000.00")
    balance = factory.LazyAttribute(lambda case: case.amount)
    creditor_total = factory.LazyAttribute(lambda case: case.amount)
    placed_on = factory.LazyFunction(lambda: dates.today() - timedelta(days=60))
    status = factory.LazyAttribute(lambda case: status(case.status_slug))

    @factory.post_generation
    def ledger(case: Case, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        if not create:
            return
        common = {"case": case, "cartera": case.cartera, "value_date": case.placed_on, "credited_to": case.assigned_to}
        LedgerEntry.objects.create(kind=LedgerEntry.Kind.PLACEMENT, amount=case.amount, **common)
        if difference := Decimal(case.balance) - Decimal(case.amount):
            LedgerEntry.objects.create(kind=LedgerEntry.Kind.ADJUSTMENT, amount=difference, **common)


class ActivityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Activity

    case = factory.SubFactory(CaseFactory)
    type = Activity.Type.CALL
    notes = "Se llamó y no contestó."
    created_by = factory.LazyAttribute(lambda activity: activity.case.assigned_to)


class PromiseFactory(factory.django.DjangoModelFactory):
    """A pending promise of $ 1.000 for seven days from now; it does not move the case, as the service does."""

    class Meta:
        model = Promise

    case = factory.SubFactory(CaseFactory)
    amount = Decimal("1000.00")
    promise_date = factory.LazyFunction(lambda: dates.today() + timedelta(days=7))
    created_by = factory.LazyAttribute(lambda promise: promise.case.assigned_to)


class ArrangementFactory(factory.django.DjangoModelFactory):
    """A proposal of the whole balance in three equal parts, a month apart; nothing is posted, as the service would."""

    class Meta:
        model = Arrangement
        skip_postgeneration_save = True

    case = factory.SubFactory(CaseFactory)
    base_balance = factory.LazyAttribute(lambda arrangement: arrangement.case.balance)
    agreed_total = factory.LazyAttribute(lambda arrangement: arrangement.base_balance)
    instalments = 3
    first_due_on = factory.LazyFunction(lambda: dates.today() + timedelta(days=30))
    requested_by = factory.LazyAttribute(lambda arrangement: arrangement.case.assigned_to)

    @factory.post_generation
    def plan(arrangement: Arrangement, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        if not create:
            return
        part = (arrangement.agreed_total / arrangement.instalments).quantize(Decimal("0.01"))
        rest = arrangement.agreed_total - part * (arrangement.instalments - 1)
        for number in range(1, arrangement.instalments + 1):
            Instalment.objects.create(
                arrangement=arrangement,
                number=number,
                due_on=arrangement.first_due_on + timedelta(days=30 * (number - 1)),
                amount=rest if number == arrangement.instalments else part,
            )


class DiscountLimitFactory(factory.django.DjangoModelFactory):
    """A gestor may waive a tenth, in every cartera."""

    class Meta:
        model = DiscountLimit

    role = DiscountLimit.Role.GESTOR
    max_percent = Decimal("10.00")


class OfferFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Offer

    name = factory.Sequence(lambda n: f"Oferta {n}")


class ImportBatchFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportBatch

    cartera = factory.SubFactory(CarteraFactory)
    file_name = "cartera.csv"
    sha256 = factory.Sequence(lambda n: f"{n:064x}")


class PaymentFileFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PaymentFile

    layout = factory.LazyFunction(lambda: Layout.objects.get(code="generic"))
    file_name = "pagos.csv"
    sha256 = "0" * 64
    totals = factory.LazyFunction(lambda: {**dict.fromkeys(["rows", *STATES], 0), "total": "0.00"})


class PaymentRowFactory(factory.django.DjangoModelFactory):
    """A payment of $ 100 of yesterday that nobody has identified."""

    class Meta:
        model = PaymentRow

    file = factory.SubFactory(PaymentFileFactory)
    line = factory.Sequence(lambda n: n + 2)
    raw = "Gómez, Ana;100,00"
    value_date = factory.LazyFunction(lambda: dates.today() - timedelta(days=1))
    amount = Decimal("100.00")
    identity = factory.Sequence(lambda n: f"{n:064x}")
    reference = factory.Sequence(lambda n: f"gen:{n}")
    state = PaymentRow.State.UNMATCHED
    why = "No se encontró un caso."


class ContactSubmissionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ContactSubmission

    name = "Marta Ruiz"
    email = "marta@example.com"
    message = "Quisiera información sobre sus servicios."


class AuditEventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AuditEvent

    action = AuditEvent.Action.LOGIN
    actor = factory.SubFactory(UserFactory)
    target_label = factory.LazyAttribute(lambda event: event.actor.username if event.actor else "")
    created_at = factory.LazyFunction(timezone.now)
