"""The writes for a chunk of accepted rows (DESIGN §5 "Debtors", "Required"). No database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from cases.importing.existing import Known, KnownCase, KnownDebtor
from cases.importing.kept_columns import with_texts
from cases.importing.outcomes import (
    NOTE,
    WARNING,
    ParsedRow,
    Problem,
    Rejected,
    document_cell,
    name_cell,
    raw,
    reject,
    with_cells,
)
from cases.importing.written_phones import AnyPhone, phone_key
from cases.models.case import OPEN_STAGES
from cases.models.debtor import STREET_FIELDS
from cases.rules.identity import may_be_the_same
from cases.searching import normalize
from nova.lib.documents import PERSON_PREFIXES

UPDATE = "update"
SKIP = "skip"
SETTLED = (
    "Posible pago al acreedor: el archivo no trae deuda para este caso. No se cambió el saldo; consulte al acreedor."
)


class NewCase(NamedTuple):
    row: ParsedRow
    debtor: KnownDebtor


class CaseRefresh(NamedTuple):
    """An existing case whose creditor's data differ from those of the file."""

    case: KnownCase
    row: ParsedRow


class CaseMove(NamedTuple):
    """A case whose document belongs to another existing debtor."""

    case: KnownCase
    debtor: KnownDebtor


@dataclass
class ChunkPlan:
    """All writes for one chunk, in an order that foreign keys allow."""

    new_debtors: list[KnownDebtor] = field(default_factory=list)
    new_phones: list[tuple[KnownDebtor, AnyPhone]] = field(default_factory=list)
    new_cases: list[NewCase] = field(default_factory=list)
    refreshes: list[CaseRefresh] = field(default_factory=list)
    moves: list[CaseMove] = field(default_factory=list)
    extras: dict[int, dict[str, str]] = field(default_factory=dict)  # the new `Case.extra`, by id
    changed_debtors: list[KnownDebtor] = field(default_factory=list)
    settled: list[KnownCase] = field(default_factory=list)
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)  # `id` of the rows that only the database showed to be rejected
    problems: list[Problem] = field(default_factory=list)
    warned: int = 0
    open_named: int = 0  # open cases that the file names for the first time


def plan_chunk(
    rows: Iterable[ParsedRow | Rejected], known: Known, *, on_existing: str, new_keys: bool = False
) -> ChunkPlan:
    """Compare accepted rows with the existing cases and debtors; `known` is updated on the way.

    A rejected row is one that is accepted without a total where its case is known (`Rejected.settled`).
    """
    plan = ChunkPlan()
    for outcome in rows:
        row = outcome if isinstance(outcome, ParsedRow) else outcome.settled
        assert row is not None  # noqa: S101 - the others never reach a plan
        problems = list(row.problems)
        case = known.cases.get(row.nro_cliente)
        if case is None and row.nro_cliente in known.twins:
            case = _case_in_another_form(row, known, problems)
            if case is None and not new_keys:
                _reject_twin(row, known, plan)
                continue
        if isinstance(outcome, Rejected):
            if case is None:
                plan.rejected.append(outcome)
                plan.refused.add(id(row))
                continue
            _plan_settled(row, case, plan, problems)
        elif case is None:
            _plan_new(row, known, plan, problems)
        elif on_existing == SKIP:
            plan.unchanged += 1
        else:
            _plan_update(row, case, known, plan, problems)
        if case is not None:
            _name(case, known, plan)
        if problems:
            plan.problems += with_cells(problems, row.source.cells)
            plan.warned += any(problem.severity == WARNING for problem in problems)
    plan.changed_debtors = [debtor for debtor in known.by_id.values() if debtor.changed]
    return plan


def _name(case: KnownCase, known: Known, plan: ChunkPlan) -> None:
    """Note that the file has the case."""
    if case.id not in known.named:
        known.named.add(case.id)
        plan.open_named += case.stage in OPEN_STAGES


def _case_in_another_form(row: ParsedRow, known: Known, problems: list[Problem]) -> KnownCase | None:
    """The one case whose key is that of the row in other clothes and whose debtor has its document."""
    twins = [case for case in known.twins[row.nro_cliente] if case.id not in known.named]
    same = [case for case in twins if _is_the_same(row, known.by_id[case.debtor_id])]
    if len(same) != 1:
        return None
    reason = (
        f"El número «{row.nro_cliente}» es el del caso «{same[0].nro_cliente}» escrito de otra forma, con el mismo "
        "documento: es ese caso y conserva su número."
    )
    problems.append(_warning(row, _key_cell(row), reason))
    return same[0]


def _is_the_same(row: ParsedRow, debtor: KnownDebtor) -> bool:
    if row.dni and debtor.dni:
        return row.dni == debtor.dni
    return bool(row.cuit and row.cuit == debtor.cuit)


def _reject_twin(row: ParsedRow, known: Known, plan: ChunkPlan) -> None:
    twins = known.twins[row.nro_cliente]
    for case in twins:
        _name(case, known, plan)
    reason = (
        f"Posible duplicado de «{twins[0].nro_cliente}»: es el mismo número escrito de otra forma, y el documento "
        "falta o es otro. Si es otro caso, importe de nuevo creando esos números (con el comando, --new-keys)."
    )
    column, value = _key_cell(row)
    plan.refused.add(id(row))
    rejected = reject(row.row, "duplicate", column, value, reason, row.nro_cliente)
    plan.rejected.append(rejected._replace(problems=with_cells(rejected.problems, row.source.cells)))


def _key_cell(row: ParsedRow) -> tuple[str, str]:
    return row.source.mapping.header_of("nro_cliente"), row.nro_cliente


def _plan_settled(row: ParsedRow, case: KnownCase, plan: ChunkPlan, problems: list[Problem]) -> None:
    """A row without a total for a known case: the creditor may have been paid. Nothing is adjusted (DESIGN §5)."""
    column = row.source.mapping.header_of("total")
    problems.append(Problem(row.row, column, raw(row.source.total), NOTE, SETTLED))
    plan.settled.append(case)
    plan.unchanged += 1


def _plan_new(row: ParsedRow, known: Known, plan: ChunkPlan, problems: list[Problem]) -> None:
    debtor = _holder(row, known)
    if debtor is not None and not _may_be(row, debtor):
        row, debtor = _without_document(row, debtor, problems), None
    if debtor is None:
        debtor = KnownDebtor(
            0,
            row.first_name,
            row.last_name,
            None,
            None,
            row.email,
            row.street,
            row.street_number,
            row.city,
            row.postal_code,
            row.provincia,
        )
        plan.new_debtors.append(debtor)
    else:
        _warn_of_other_name(row, debtor, problems)
        _fill_contact(row, debtor)
    _fill_document(row, debtor, known, problems)
    _add_phones(row, debtor, plan)
    plan.new_cases.append(NewCase(row, debtor))


def _plan_update(row: ParsedRow, case: KnownCase, known: Known, plan: ChunkPlan, problems: list[Problem]) -> None:
    """Plan the refresh of a case. Assignment, notes and history never change, nor the status except by §3.5."""
    debtor = known.by_id[case.debtor_id]
    holder = _holder(row, known) or debtor
    changed = False
    if holder is not debtor and not debtor.dni and not debtor.cuit and not _may_be(row, holder):
        row, holder = _without_document(row, holder, problems), debtor
    if holder is not debtor and not debtor.dni and not debtor.cuit:
        plan.moves.append(CaseMove(case, holder))
        debtor, changed = holder, True
    if holder is not debtor or _is_of_another(row, debtor):
        # The row is about another person, so its phone and street are not this debtor's either.
        reason = (
            f"El caso ya es de otro documento ({debtor.dni or debtor.cuit}): no se cambió. Revise cuál es correcto."
        )
        problems.append(_warning(row, document_cell(row.source), reason))
    else:
        changed |= _fill_document(row, debtor, known, problems)
        _warn_of_other_name(row, debtor, problems)
        changed |= _fill_contact(row, debtor)
        changed |= _add_phones(row, debtor, plan)
    if _differs(row, case):
        plan.refreshes.append(CaseRefresh(case, row))
        changed = True
    if (extra := with_texts(case.extra, row.extra)) is not None:
        plan.extras[case.id] = extra
        changed = True
    if changed:
        plan.updated += 1
    else:
        plan.unchanged += 1


def _is_of_another(row: ParsedRow, debtor: KnownDebtor) -> bool:
    """Whether the document of the row cannot be the debtor's: another number, or a company's for a person."""
    if row.dni and debtor.dni:
        return row.dni != debtor.dni
    if row.cuit and debtor.cuit:
        return row.cuit != debtor.cuit
    if row.dni and debtor.cuit:
        return debtor.cuit[:2] not in PERSON_PREFIXES or debtor.cuit[2:10].lstrip("0") != row.dni
    return bool(row.cuit and debtor.dni)


def _differs(row: ParsedRow, case: KnownCase) -> bool:
    """Whether the creditor's data have changed. Empty cells are ignored."""
    return (
        row.total != case.creditor_total
        or (row.monto_inicial is not None and row.monto_inicial != case.initial_amount)
        or (row.fecha_ultimo_pago is not None and row.fecha_ultimo_pago != case.creditor_last_payment_date)
        or (row.fecha_mora is not None and (case.arrears_estimated or row.fecha_mora != case.arrears_since))
        or bool(row.entity and row.entity != case.entity)
    )


def _holder(row: ParsedRow, known: Known) -> KnownDebtor | None:
    """The debtor with the DNI of the row, else with its CUIT, unless that CUIT is stored with another DNI."""
    if row.dni and row.dni in known.by_dni:
        return known.by_dni[row.dni]
    holder = known.by_cuit.get(row.cuit) if row.cuit else None
    return holder if holder is None or not row.dni or not holder.dni else None


def _fill_document(row: ParsedRow, debtor: KnownDebtor, known: Known, problems: list[Problem]) -> bool:
    changed = False
    if row.dni and not debtor.dni:
        debtor.fill("dni", row.dni)
        changed = True
    if row.cuit and not debtor.cuit:
        if known.by_cuit.get(row.cuit, debtor) is not debtor:
            reason = f"El CUIT {row.cuit} ya es de otro deudor: no se guardó. Revise cuál es el correcto."
            problems.append(_warning(row, document_cell(row.source), reason))
        else:
            debtor.fill("cuit", row.cuit)
            changed = True
    if changed:
        known.add(debtor)
    return changed


def _fill_contact(row: ParsedRow, debtor: KnownDebtor) -> bool:
    """Fill missing contact data; those of the street only if the stored ones do not contradict them."""
    stored = (debtor.street, debtor.street_number, debtor.city, debtor.postal_code, debtor.provincia)
    if stored == (row.street, row.street_number, row.city, row.postal_code, row.provincia) and (
        debtor.email or not row.email
    ):
        return False  # as it is for most rows of a portfolio that comes again
    missing = []
    if row.email and not debtor.email:
        missing.append("email")
    stated = {name: getattr(row, name) for name in STREET_FIELDS}
    if all(not getattr(debtor, name) or getattr(debtor, name) == value or not value for name, value in stated.items()):
        missing += [name for name, value in stated.items() if value and not getattr(debtor, name)]
    for name in missing:
        debtor.fill(name, getattr(row, name))
    return bool(missing)


def _add_phones(row: ParsedRow, debtor: KnownDebtor, plan: ChunkPlan) -> bool:
    if not row.more_phones and (not row.phone or row.phone in debtor.phones):
        return False
    if not row.more_phones and not debtor.phones:  # as it is for most rows of a new portfolio
        debtor.phones.add(row.phone)
        plan.new_phones.append((debtor, row.phones[0]))
        return True
    known = {phone_key(number) for number in debtor.phones}
    added = False
    for phone in row.phones:
        key = phone_key(phone.number)
        if key not in known:
            known.add(key)
            debtor.phones.add(phone.number)
            plan.new_phones.append((debtor, phone))
            added = True
    return added


def _may_be(row: ParsedRow, debtor: KnownDebtor) -> bool:
    """Whether the row, which has the document of the debtor, has a word of their surname too."""
    surname = debtor.last_name or debtor.first_name
    if row.last_name == surname:
        return True
    return may_be_the_same(stored_surname=surname, stated_name=f"{row.first_name} {row.last_name}")


def _without_document(row: ParsedRow, holder: KnownDebtor, problems: list[Problem]) -> ParsedRow:
    """The row as of somebody else: two people do not become one because a creditor typed one document for both."""
    stored = f"{holder.first_name} {holder.last_name}".strip()
    is_dni = bool(row.dni and row.dni == holder.dni)
    reason = (
        f"{'DNI' if is_dni else 'CUIT'} de otra persona: ¿la misma? Es de {stored}, cuyo apellido no coincide: "
        "el deudor se cargó aparte y sin documento."
    )
    problems.append(_warning(row, document_cell(row.source), reason))
    return row._replace(dni="" if is_dni else row.dni, cuit="")


def _warn_of_other_name(row: ParsedRow, debtor: KnownDebtor, problems: list[Problem]) -> None:
    stated = f"{row.first_name} {row.last_name}".strip()
    stored = f"{debtor.first_name} {debtor.last_name}".strip()
    if stated != stored and _words(stated) != _words(stored):
        reason = f"El nombre no coincide con el del deudor ya cargado ({stored}): se conserva el cargado."
        problems.append(_warning(row, name_cell(row.source), reason))


def _words(name: str) -> list[str]:
    return sorted((normalize(name) or "").split())


def _warning(row: ParsedRow, cell: tuple[str, str], reason: str) -> Problem:
    return Problem(row.row, *cell, WARNING, reason)
