"""Checks the data against the design: one small check per invariant (DESIGN §10 `verify_data`).

A check is a function that yields findings, streamed from one SQL statement, so that a million cases take minutes and
little memory. A new check is a function and a line in `checks_for`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import NamedTuple

from cases.transfer.verify import arrangements, database, money, papers, people, places, promises
from cases.transfer.verify.finding import Finding

__all__ = ["REPAIR", "Check", "Finding", "Outcome", "cases_to_repair", "checks_for", "run"]

REPAIR = "repair_data"


class Check(NamedTuple):
    """`mended_by` is the command that mends the errors of a check; empty where a person has to decide."""

    title: str
    find: Callable[[], Iterator[Finding]]
    mended_by: str = ""


@dataclass
class Outcome:
    """The result of one check: the counts and the first findings."""

    title: str
    mended_by: str = ""
    errors: int = 0
    notices: int = 0
    findings: list[Finding] = field(default_factory=list)


def checks_for(today: date) -> list[Check]:
    return [
        Check("Saldo = suma de movimientos", money.balance_is_the_sum_of_the_ledger, REPAIR),
        Check("Un alta de deuda por caso", money.every_case_was_placed_once),
        Check("Importe y fecha del alta", money.placement_agrees_with_the_case),
        Check("Cartera de los movimientos", money.entries_carry_the_cartera_of_their_case),
        Check("Reversas iguales a su pago", money.reversals_mirror_their_payment),
        Check("Fechas de los movimientos", partial(money.value_dates_are_possible, today)),
        Check("Fecha del último pago", money.last_payment_is_the_later_of_both, REPAIR),
        Check("Gestión de los movimientos", money.activity_of_an_entry_is_of_its_case),
        Check("Resultado de las promesas", partial(promises.outcomes_follow_from_the_ledger, today), REPAIR),
        Check("Fecha de las promesas cumplidas", promises.fulfilled_and_only_they_have_a_date),
        Check("Promesas pendientes en casos abiertos", promises.pending_promises_stand_on_open_cases),
        Check("Gestión de las promesas", promises.activity_of_a_promise_is_of_its_case),
        Check("Promesas pendientes dentro del saldo", promises.pending_promises_fit_in_the_balance),
        Check("Cuotas = total convenido", arrangements.instalments_add_up),
        Check("Resultado de los convenios", partial(arrangements.outcomes_follow_from_the_ledger, today), REPAIR),
        Check("Movimientos de su convenio", arrangements.entries_are_of_the_case_of_their_arrangement),
        Check("Convenios vigentes en casos abiertos", arrangements.active_ones_stand_on_open_cases),
        Check("Con arreglo = con convenio vigente", arrangements.arranged_cases_have_an_arrangement),
        Check("Capital e interés = saldo", arrangements.capital_and_interest_are_the_balance),
        Check("Etapa = la del estado", places.stage_is_that_of_the_status, REPAIR),
        Check("Cartera activa = la del caso", places.cartera_is_active_is_that_of_the_cartera),
        Check("Pagada = sin saldo", places.paid_is_what_owes_nothing, REPAIR),
        Check("Casos pagados sin próxima acción", places.paid_case_has_no_next_action, REPAIR),
        Check("Casos abiertos con próxima acción", places.touched_open_case_has_a_next_action),
        Check("Fecha de la última gestión", places.last_activity_is_the_newest_gestion, REPAIR),
        Check("Banda, versión y detención", places.band_version_and_stop_are_possible),
        Check("Detenidos = los que una detención retiene", places.stopped_is_what_a_stop_holds),
        Check("Detenciones de su deudor", places.stop_of_a_debt_is_of_its_debtor),
        Check("Casos sin gestión", places.cases_with_gestiones_are_not_without),
        Check("Inicio de la mora", places.arrears_have_a_start),
        Check("Teléfono de las gestiones", places.phone_of_a_gestion_is_of_its_debtor),
        Check("Gestores activos", places.open_cases_are_held_by_active_gestores),
        Check("Casos abiertos con gestor", places.open_cases_have_a_gestor),
        Check("Un gestor por persona", people.everybody_has_one_gestor),
        Check("DNI repetidos", people.nobody_is_there_twice_by_dni),
        Check("CUIL de un deudor y DNI de otro", people.nobody_is_there_twice_by_cuil),
        Check("Teléfonos repetidos", people.no_phone_is_there_twice),
        Check("Números de cliente repetidos", people.no_key_is_there_twice),
        Check("Numeración de los papeles", papers.numbers_have_no_gap),
        Check("Archivo de los papeles", papers.files_are_as_issued),
        Check("Pago o convenio de los papeles", papers.papers_are_of_their_case),
        Check("Papeles vigentes", papers.valid_papers_hold),
        Check("Textos de los papeles", papers.texts_can_be_filled_in),
        Check("Filas huérfanas", database.rows_point_to_rows),
        Check("Secuencias de numeración", database.sequences_are_ahead),
        Check("Estados que usan las reglas", database.rules_find_their_statuses),
        Check("Totales del tablero = lo que suman", database.rollups_are_what_they_sum),
    ]


def run(*, today: date, keep: int) -> Iterator[Outcome]:
    """Run the checks one after another. All findings are counted; the first `keep` of each check are kept."""
    for check in checks_for(today):
        outcome = Outcome(check.title, check.mended_by)
        for finding in _until_unreadable(check.find()):
            if finding.is_notice:
                outcome.notices += 1
            else:
                outcome.errors += 1
            if len(outcome.findings) < keep:
                outcome.findings.append(finding)
        yield outcome


def cases_to_repair(today: date) -> list[int]:
    """The ids, ascending, of the cases with an error that `repair_data` mends. Notices are no errors."""
    found = set()
    for check in checks_for(today):
        if check.mended_by == REPAIR:
            findings = _until_unreadable(check.find())
            found |= {finding.case for finding in findings if finding.case and not finding.is_notice}
    return sorted(found)


def _until_unreadable(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The findings; a value that is no number or date (SQLite stores any) becomes the last finding of the check."""
    try:
        yield from findings
    except (ArithmeticError, TypeError, ValueError) as error:
        yield Finding(f"Hay un valor que no se puede leer, y este control no siguió ({type(error).__name__}: {error}).")
