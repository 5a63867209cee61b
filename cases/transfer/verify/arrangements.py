"""Checks of arrangements: what is stored follows from instalments, ledger, stops and today (DESIGN §3.8)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from cases.models import Arrangement, Case, LedgerEntry
from cases.models.ledger import split
from cases.querysets import ARRANGED_SLUG
from cases.rules import arrangements as rules
from cases.services.plans import (
    deal_of,
    entry_facts,
    parts_of,
    pauses_of_all,
    plan_terms,
    standing_entries_of,
)
from cases.transfer.verify.finding import Finding, case_label, money, rows
from nova.lib.databases import chunks_by_key

CHUNK = 500
ZERO = Decimal("0.00")
LABELS = {value: label.lower() for value, label in Arrangement.Status.choices}


def instalments_add_up() -> Iterator[Finding]:
    found = rows("""
        SELECT a.case_id, a.id, a.agreed_total, COALESCE(i.total, 0)
        FROM cases_arrangement a LEFT JOIN (
            SELECT arrangement_id, SUM(amount) AS total FROM cases_instalment GROUP BY arrangement_id
        ) i ON i.arrangement_id = a.id
        WHERE ROUND(COALESCE(i.total, 0), 2) <> ROUND(a.agreed_total, 2)
    """)
    for case_id, pk, agreed, total in found:
        yield Finding(
            f"Caso {case_id}: las cuotas del convenio {pk} suman {money(total)} y se convinieron {money(agreed)}."
        )


def entries_are_of_the_case_of_their_arrangement() -> Iterator[Finding]:
    found = rows("""
        SELECT l.case_id, l.id, a.id FROM cases_ledgerentry l JOIN cases_arrangement a ON a.id = l.arrangement_id
        WHERE l.case_id <> a.case_id
    """)
    for case_id, entry, pk in found:
        yield Finding(f"Caso {case_id}: el movimiento {entry} remite al convenio {pk}, de otro caso.")


def active_ones_stand_on_open_cases() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, a.id
        FROM cases_arrangement a JOIN cases_case c ON c.id = a.case_id
        WHERE a.status = 'active' AND c.stage NOT IN ('en_gestion', 'promesa')
    """)
    for pk, nro, arrangement in found:
        yield Finding(f"{case_label(pk, nro)}: el convenio {arrangement} está vigente en un caso cerrado.")


def arranged_cases_have_an_arrangement() -> Iterator[Finding]:
    """A notice: somebody may have set the status by hand, before there were arrangements too."""
    found = rows(
        """
        SELECT c.id, c.nro_cliente FROM cases_case c JOIN cases_casestatus s ON s.id = c.status_id
        WHERE s.slug = %s AND NOT EXISTS (
            SELECT 1 FROM cases_arrangement a WHERE a.case_id = c.id AND a.status = 'active'
        )
        """,
        [ARRANGED_SLUG],
    )
    for pk, nro in found:
        yield Finding(f"{case_label(pk, nro)}: está «con arreglo» y no tiene un convenio vigente.", is_notice=True)


def outcomes_follow_from_the_ledger(today: date) -> Iterator[Finding]:
    """The outcome of every arrangement that runs, and of those that have ended where it says that they had not.

    What has ended may stay so for a reason that is not in the ledger (§3.8), so there only money is compared. Memory
    holds a chunk, whose facts are a fixed number of queries.
    """
    computed = Arrangement.objects.computed().values_list("id")
    for chunk in chunks_by_key(computed, "id", CHUNK):
        found = Arrangement.objects.filter(pk__in=[pk for (pk,) in chunk]).order_by("id")
        arrangements = list(found.select_related("case").prefetch_related("schedule", "entries"))
        cases = list({arrangement.case_id: arrangement.case for arrangement in arrangements}.values())
        entries, pauses = standing_entries_of([case.pk for case in cases]), pauses_of_all(cases)
        for arrangement in arrangements:
            case_id = arrangement.case_id
            yield from _outcome_of(arrangement, entries[case_id], pauses[case_id], today)


def _outcome_of(
    arrangement: Arrangement, entries: list[tuple], pauses: list[rules.Pause], today: date
) -> Iterator[Finding]:
    schedule = list(arrangement.schedule.all())
    if not schedule:
        return  # `instalments_add_up` says it
    deal, facts = deal_of(arrangement), entry_facts(entries, of=arrangement.pk)
    outcome = rules.outcome(deal, parts_of(schedule), facts, pauses, today=today, terms=plan_terms())
    case_id = arrangement.case_id
    about = f"Caso {case_id}: el convenio {arrangement.pk}"
    if arrangement.status != outcome.status:
        if arrangement.status != Arrangement.Status.ACTIVE:
            yield Finding(
                f"{about} terminó ({LABELS[arrangement.status]}) y según los movimientos estaría "
                f"{LABELS[outcome.status]}: no se rehace porque después hubo otro acuerdo o se cerró el caso.",
                is_notice=True,
            )
        else:
            late = outcome.status == Arrangement.Status.LAPSED
            text = "la próxima ejecución de nightly lo dará por caído" if late else f"está {LABELS[outcome.status]}"
            yield Finding(f"{about} figura vigente y {text}.", is_notice=late, case=case_id)
        return
    if arrangement.status != Arrangement.Status.ACTIVE:
        yield from _money_of(arrangement, about)
        return
    stored = {part.number: (part.paid_amount, part.paid_on) for part in schedule}
    expected = {number: (part.paid_amount, part.paid_on) for number, part in outcome.parts.items()}
    if stored != expected:
        yield Finding(f"{about} tiene cuotas cuyo pago no es el que resulta de los movimientos.", case=case_id)
    if arrangement.restated_on != rules.restated_on(deal, facts):
        yield Finding(f"{about} no dice cuándo el acreedor informó otro total.", case=case_id)
    yield from _money_of(arrangement, about)


def _money_of(arrangement: Arrangement, about: str) -> Iterator[Finding]:
    """What it added and forgave is possible for its state."""
    sums = {LedgerEntry.Reason.PLAN_INTEREST: ZERO, LedgerEntry.Reason.WAIVER: ZERO}
    for entry in arrangement.entries.all():
        sums[LedgerEntry.Reason(entry.reason)] += entry.amount
    interest, waived = sums[LedgerEntry.Reason.PLAN_INTEREST], -sums[LedgerEntry.Reason.WAIVER]
    runs = arrangement.status == Arrangement.Status.ACTIVE
    if not 0 <= interest <= arrangement.plan_interest or (runs and interest != arrangement.plan_interest):
        yield Finding(
            f"{about} sumó {money(interest)} de interés; el suyo es {money(arrangement.plan_interest)}.",
            case=arrangement.case_id,
        )
    if waived < 0 or (waived and arrangement.status != Arrangement.Status.COMPLETED):
        yield Finding(f"{about} no está cumplido y condonó {money(waived)}.", case=arrangement.case_id)


def capital_and_interest_are_the_balance() -> Iterator[Finding]:
    """Of the cases with an arrangement; of the others it is the same fold, over fewer kinds of entries."""
    cases = Arrangement.objects.order_by().values_list("case_id").distinct()
    for chunk in chunks_by_key(cases, "case_id", CHUNK):
        for case in Case.objects.filter(pk__in=[pk for (pk,) in chunk]).order_by("pk").prefetch_related("entries"):
            of = split(case.entries.all(), initial_amount=case.initial_amount)
            if of.capital + of.interest != case.balance:
                yield Finding(
                    f"{case_label(case.pk, case.nro_cliente)}: capital {money(of.capital)} e interés "
                    f"{money(of.interest)} no suman el saldo {money(case.balance)}."
                )
