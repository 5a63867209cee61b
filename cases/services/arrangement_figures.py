"""What an arrangement would come to, and who may grant it (DESIGN §3.8). Reads alone: nothing is saved."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from cases.models import Arrangement, Case, DiscountLimit, LedgerEntry, Offer
from cases.models.arrangement import check_rate
from cases.models.ledger import SPLIT_BY, split
from cases.rules import arrangements as rules
from cases.rules.allocation import Split
from cases.rules.arrangements import Authority, Limit, Part
from cases.services.money import checked_amount
from cases.services.plans import Status, monthly_cost_of, parts_of
from nova.lib import dates
from nova.lib.money import format_money
from nova.lib.prepared import KEY, Prepared

ZERO = Decimal("0.00")
LATEST_FIRST_DATE = timedelta(days=366)
MAX_REFERENCE = 2000  # of the creditor's authorisation and the notes


class ArrangementTerms(NamedTuple):
    """What a person typed. At most one of `agreed_total` and `waiver_percent`; amounts in ARS, rates in percent.

    `instalments` None: as many as were typed, else one.
    """

    first_due_on: date
    system: str = rules.System.NONE
    instalments: int | None = None
    agreed_total: Decimal | None = None
    waiver_percent: Decimal | None = None
    down_payment: Decimal = ZERO
    monthly_rate: Decimal | None = None
    schedule: tuple[tuple[date, Decimal], ...] = ()
    creditor_authorisation: str = ""
    notes: str = ""


class Figures(NamedTuple):
    """An arrangement worked out. `needs`: who has to approve it (admin, creditor), None within one's own limit.

    `percent_left` of the waiver that `limit` allows, in percentage points; negative beyond it.
    """

    system: str
    base_balance: Decimal
    agreed_total: Decimal
    waiver_percent: Decimal
    waived_if_completed: Decimal
    plan_interest: Decimal
    down_payment: Decimal
    monthly_rate: Decimal
    tea: Decimal | None
    schedule: tuple[Part, ...]
    needs: str | None
    limit: Limit
    percent_left: Decimal
    exceeded: tuple[str, ...]

    @property
    def instalments(self) -> int:
        return sum(1 for part in self.schedule if part.number)


class Offered(NamedTuple):
    """An offer as it would be for a case."""

    offer: Offer
    terms: ArrangementTerms
    figures: Figures


class Granting(NamedTuple):
    """The limits of a case, the lowest role first, and the capital that some of them keep."""

    limits: tuple[Limit, ...]
    capital: Decimal
    is_all_capital: bool

    def from_role(self, role: str) -> tuple[Limit, ...]:
        roles = [limit.role for limit in self.limits]
        return self.limits[roles.index(role) :]


def split_of(case: Case) -> Split:
    """Capital and interest of the balance. Runs a query."""
    return split(ENTRIES(case=case.pk), initial_amount=case.initial_amount)


ENTRIES = Prepared(lambda case: LedgerEntry.objects.filter(case=case).only(*SPLIT_BY), case=KEY)


def granting_of(case: Case, today: date) -> Granting:
    """Runs two queries."""
    months = case.months_in_arrears(today)
    own: list[Limit] = []
    general: list[Limit] = []
    for row in DiscountLimit.objects.for_cartera(case.cartera_id):
        limit = Limit(
            row.role,
            row.max_percent,
            row.max_instalments,
            row.min_down_percent,
            row.keeps_capital,
            row.monthly_rate,
            row.arrears_from_months,
        )
        (general if row.cartera_id is None else own).append(limit)
    limits = tuple(rules.limit_of_role(role, own, general, months=months) for role in Authority)
    return Granting(limits, split_of(case).capital, case.initial_amount is None)


def role_of(by: User) -> str:
    return Authority.ADMIN if by.is_admin else Authority.GESTOR


def limit_of(*, by: User, case: Case, now: datetime | None = None) -> Limit:
    """What a person may grant on a case. Runs two queries."""
    return granting_of(case, dates.local_date(now or timezone.now())).from_role(role_of(by))[0]


def work_out(*, case: Case, by: User, terms: ArrangementTerms, now: datetime | None = None) -> Figures:
    """The figures of an arrangement, of which nothing is saved. Raises ValidationError with the field to mend."""
    today = dates.local_date(now or timezone.now())
    return worked_out(case, by, terms, granting_of(case, today), today=today)


def worked_out(case: Case, by: User, terms: ArrangementTerms, granting: Granting, *, today: date) -> Figures:
    _check_terms(case, terms, today=today)
    base, rate = case.balance, _rate_of(case, terms)
    agreed = _agreed_of(base, terms)
    down = terms.down_payment if terms.down_payment == 0 else checked_amount(terms.down_payment, field="down_payment")
    try:
        parts = rules.schedule(
            system=terms.system,
            base=base,
            agreed=agreed,
            down=down,
            count=1 if terms.instalments is None else terms.instalments,
            monthly_rate=rate,
            accepted_on=today,
            first_due_on=terms.first_due_on,
            typed=terms.schedule,
        )
    except rules.Refused as error:
        raise ValidationError({error.field: str(error)}) from error
    total = sum((part.amount for part in parts), ZERO)
    if agreed is not None and total != agreed:
        raise ValidationError({"agreed_total": f"Con esa tasa el total es {format_money(total)}."})
    checked_amount(total, field="agreed_total")
    flows = rules.flows_of(parts, system=terms.system, accepted_on=today)
    cost = rules.monthly_cost(base - down, flows)
    if terms.system in (rules.System.NONE, rules.System.FREE):
        rate = rules.cents(cost * 100) if cost is not None else ZERO
        # A surcharge that is paid within days is no rate of a loan: it counts as that of a month.
        of_a_month = rules.monthly_cost(base - down, [(max(months, Decimal(1)), amount) for months, amount in flows])
        if rate > rules.MAX_RATE or (of_a_month or 0) * 100 > settings.PLAN_MAX_MONTHLY_RATE:
            field = "schedule" if terms.schedule else "agreed_total"
            most = percent_words(settings.PLAN_MAX_MONTHLY_RATE)
            raise ValidationError({field: f"El interés que resulta supera el {most} % mensual: revise el total."})
    count = sum(1 for part in parts if part.number)
    asked = rules.Asked(base, total, down, count, rate, granting.capital)
    limits = granting.from_role(role_of(by))
    needed = rules.needed(limits, asked)
    if needed is None:
        raise ValidationError(_beyond(max(limits, key=lambda limit: limit.max_percent), asked, granting))
    percent = rules.waived_percent(base, total)
    return Figures(
        system=terms.system,
        base_balance=base,
        agreed_total=total,
        waiver_percent=percent,
        waived_if_completed=max(base - total, ZERO),
        plan_interest=max(total - base, ZERO),
        down_payment=down,
        monthly_rate=rate,
        tea=rules.yearly_cost(cost),
        schedule=tuple(parts),
        needs=None if needed.role == limits[0].role else needed.role,
        limit=limits[0],
        percent_left=limits[0].max_percent - percent,
        exceeded=rules.exceeded(limits[0], asked),
    )


def _check_terms(case: Case, terms: ArrangementTerms, *, today: date) -> None:
    if terms.system not in Arrangement.System.values:
        raise ValidationError({"system": "Elija un sistema."})
    if case.balance <= 0:
        raise ValidationError({"case": "El caso no tiene saldo."})
    if terms.agreed_total is not None and terms.waiver_percent is not None:
        raise ValidationError({"waiver_percent": "Indique el total o el porcentaje de quita, no los dos."})
    if terms.waiver_percent is not None and not 0 <= terms.waiver_percent < 100:
        raise ValidationError({"waiver_percent": "Escriba un porcentaje desde 0 y menor que 100."})
    bears_interest = terms.system in (rules.System.DIRECT, rules.System.FRENCH)
    if bears_interest and terms.waiver_percent:
        raise ValidationError({"waiver_percent": "Un convenio tiene quita o interés, no los dos."})
    if not bears_interest and terms.monthly_rate:
        raise ValidationError({"monthly_rate": "Ese sistema no lleva interés: elija directo o francés."})
    if terms.system == rules.System.FREE and not terms.schedule:
        raise ValidationError({"schedule": "Escriba la fecha y el importe de cada cuota."})
    if terms.system != rules.System.FREE and terms.schedule:
        raise ValidationError({"schedule": "Solo las cuotas a medida llevan fechas e importes propios."})
    if terms.schedule and terms.instalments not in (None, len(terms.schedule)):
        typed = f"Escribió {len(terms.schedule)} {'cuota' if len(terms.schedule) == 1 else 'cuotas'} a medida"
        raise ValidationError({"instalments": f"{typed}: deje la cantidad vacía, o que coincida."})
    if not terms.down_payment.is_finite():
        raise ValidationError({"down_payment": "Escriba un importe."})
    first = terms.schedule[0][0] if terms.schedule else terms.first_due_on
    field = "schedule" if terms.schedule else "first_due_on"
    if not today <= first <= today + LATEST_FIRST_DATE:
        latest = today + LATEST_FIRST_DATE
        raise ValidationError({field: f"La primera cuota debe vencer entre hoy y el {latest:%d/%m/%Y}."})
    if terms.schedule and terms.schedule[-1][0] > today + LATEST_FIRST_DATE * (rules.MAX_INSTALMENTS // 12 + 1):
        raise ValidationError({"schedule": "La última cuota vence demasiado lejos."})
    for _, amount in terms.schedule:
        checked_amount(amount, field="schedule")
    for field in ("creditor_authorisation", "notes"):
        if len(getattr(terms, field)) > MAX_REFERENCE:
            raise ValidationError({field: f"Escriba {MAX_REFERENCE} caracteres como máximo."})


def _rate_of(case: Case, terms: ArrangementTerms) -> Decimal:
    if terms.system in (rules.System.NONE, rules.System.FREE):
        return ZERO
    rate = case.cartera.monthly_interest_rate if terms.monthly_rate is None else terms.monthly_rate
    if not rate.is_finite() or rate != rate.quantize(rules.CENT):
        raise ValidationError({"monthly_rate": "La tasa tiene como máximo dos decimales."})
    check_rate(rate)
    return rate


def _agreed_of(base: Decimal, terms: ArrangementTerms) -> Decimal | None:
    """The total that was asked for; None where it follows from the rate or from what was typed."""
    if terms.agreed_total is not None:
        return checked_amount(terms.agreed_total, field="agreed_total")
    if terms.waiver_percent:
        agreed = rules.less_percent(base, terms.waiver_percent)
        if not agreed:
            raise ValidationError({"waiver_percent": "Con esa quita no queda nada para pagar."})
        return agreed
    return base if terms.system == rules.System.NONE else None


def _beyond(ceiling: Limit, asked: rules.Asked, granting: Granting) -> dict[str, str]:
    """Why nobody may grant it, by field."""
    said = {
        "waiver_percent": f"Supera la quita máxima, que es de {percent_words(ceiling.max_percent)} %.",
        "instalments": f"Supera las {ceiling.max_instalments} cuotas que se otorgan como máximo.",
        "down_payment": f"El anticipo mínimo es del {percent_words(ceiling.min_down_percent)} %.",
        "monthly_rate": f"La tasa mínima es del {percent_words(ceiling.monthly_rate or ZERO)} % mensual.",
    }
    capital = f"No se acepta menos que el capital, que es {format_money(granting.capital)}."
    if granting.is_all_capital:
        capital = f"{capital} El caso no dice su capital: todo el saldo se toma por capital."
    found = rules.exceeded(ceiling, asked)
    return {("waiver_percent" if name == "capital" else name): said.get(name, capital) for name in found}


def percent_words(value: Decimal) -> str:
    return f"{value.normalize():f}".replace(".", ",")


def figures_of(*, arrangement: Arrangement, by: User, now: datetime | None = None) -> Figures:
    """Those of a stored arrangement, with the limit of `by` as it is now. Runs three queries."""
    return figures_of_all(case=arrangement.case, arrangements=[arrangement], by=by, now=now)[0]


def figures_of_all(
    *, case: Case, arrangements: Iterable[Arrangement], by: User, now: datetime | None = None
) -> list[Figures]:
    """The same of several of one case. Runs two queries, and one an arrangement whose schedule is not loaded."""
    limit = limit_of(by=by, case=case, now=now)
    return [_figures_of(arrangement, limit) for arrangement in arrangements]


def _figures_of(arrangement: Arrangement, limit: Limit) -> Figures:
    parts = parts_of(arrangement.schedule.all())
    percent = rules.waived_percent(arrangement.base_balance, arrangement.agreed_total)
    return Figures(
        system=arrangement.system,
        base_balance=arrangement.base_balance,
        agreed_total=arrangement.agreed_total,
        waiver_percent=percent,
        waived_if_completed=arrangement.waived_if_completed,
        plan_interest=arrangement.plan_interest,
        down_payment=arrangement.down_payment,
        monthly_rate=arrangement.monthly_rate,
        tea=rules.yearly_cost(monthly_cost_of(arrangement, parts)),
        schedule=tuple(parts),
        needs=arrangement.policy.get("needs") if arrangement.status == Status.AWAITING_APPROVAL else None,
        limit=limit,
        percent_left=limit.max_percent - percent,
        exceeded=tuple(arrangement.policy.get("exceeded", ())),
    )


def offers_for(*, case: Case, by: User, now: datetime | None = None) -> list[Offered]:
    """The offers of the cartera worked out for a case; what nobody may grant, or divides into nothing, is left out.

    Runs three queries.
    """
    today = dates.local_date(now or timezone.now())
    granting, found = granting_of(case, today), []
    for offer in Offer.objects.for_case(case, case.months_in_arrears(today)):
        terms = terms_of(offer, case, today=today)
        try:
            found.append(Offered(offer, terms, worked_out(case, by, terms, granting, today=today)))
        except ValidationError:
            continue
    return found


def terms_of(offer: Offer, case: Case, *, today: date) -> ArrangementTerms:
    """What an offer asks of a case. The down payment is a share of what is paid without interest."""
    without_interest = rules.less_percent(max(case.balance, ZERO), offer.waiver_percent)
    bears_interest = offer.system in (rules.System.DIRECT, rules.System.FRENCH)
    return ArrangementTerms(
        first_due_on=today + timedelta(days=offer.valid_days),
        system=offer.system,
        instalments=offer.instalments,
        waiver_percent=offer.waiver_percent or None,
        down_payment=rules.cents(without_interest * offer.down_percent / 100),
        monthly_rate=offer.monthly_rate if bears_interest else None,
    )
