"""The writes for a chunk of accepted rows (DESIGN §5 "Debtors", "Required"). No database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from cases.importing.existing import Known, KnownCase, KnownDebtor
from cases.importing.rows import WARNING, ParsedRow, Problem, document_cell, name_cell
from cases.models.debtor import STREET_FIELDS
from cases.searching import normalize
from nova.lib.documents import PERSON_PREFIXES

UPDATE = "update"
SKIP = "skip"


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
    new_phones: list[tuple[KnownDebtor, ParsedRow]] = field(default_factory=list)
    new_cases: list[NewCase] = field(default_factory=list)
    refreshes: list[CaseRefresh] = field(default_factory=list)
    moves: list[CaseMove] = field(default_factory=list)
    changed_debtors: list[KnownDebtor] = field(default_factory=list)
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    warned: int = 0


def plan_chunk(rows: Iterable[ParsedRow], known: Known, *, on_existing: str) -> ChunkPlan:
    """Compare accepted rows with the existing cases and debtors; `known` is updated on the way."""
    plan = ChunkPlan()
    for row in rows:
        problems = list(row.problems)
        case = known.cases.get(row.nro_cliente)
        if case is None:
            _plan_new(row, known, plan, problems)
        elif on_existing == SKIP:
            plan.unchanged += 1
        else:
            _plan_update(row, case, known, plan, problems)
        if problems:
            plan.problems += problems
            plan.warned += 1
    plan.changed_debtors = [debtor for debtor in known.by_id.values() if debtor.changed]
    return plan


def _plan_new(row: ParsedRow, known: Known, plan: ChunkPlan, problems: list[Problem]) -> None:
    debtor = _holder(row, known)
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
    _add_phone(row, debtor, plan)
    plan.new_cases.append(NewCase(row, debtor))


def _plan_update(row: ParsedRow, case: KnownCase, known: Known, plan: ChunkPlan, problems: list[Problem]) -> None:
    """Plan the refresh of a case. Assignment, notes and history never change, nor the status except by §3.5."""
    debtor = known.by_id[case.debtor_id]
    holder = _holder(row, known) or debtor
    changed = False
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
        changed |= _add_phone(row, debtor, plan)
    if _differs(row, case):
        plan.refreshes.append(CaseRefresh(case, row))
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
        debtor.dni, changed = row.dni, True
    if row.cuit and not debtor.cuit:
        if known.by_cuit.get(row.cuit, debtor) is not debtor:
            reason = f"El CUIT {row.cuit} ya es de otro deudor: no se guardó. Revise cuál es el correcto."
            problems.append(_warning(row, document_cell(row.source), reason))
        else:
            debtor.cuit, changed = row.cuit, True
    if changed:
        debtor.changed = True
        known.add(debtor)
    return changed


def _fill_contact(row: ParsedRow, debtor: KnownDebtor) -> bool:
    """Fill missing contact data; those of the street only if the stored ones do not contradict them."""
    missing = []
    if row.email and not debtor.email:
        missing.append("email")
    stated = {name: getattr(row, name) for name in STREET_FIELDS}
    if all(not getattr(debtor, name) or getattr(debtor, name) == value or not value for name, value in stated.items()):
        missing += [name for name, value in stated.items() if value and not getattr(debtor, name)]
    for name in missing:
        setattr(debtor, name, getattr(row, name))
    if missing:
        debtor.changed = True
    return bool(missing)


def _add_phone(row: ParsedRow, debtor: KnownDebtor, plan: ChunkPlan) -> bool:
    if not row.phone or row.phone in debtor.phones:
        return False
    debtor.phones.add(row.phone)
    plan.new_phones.append((debtor, row))
    return True


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
