"""Checks of the ledger and of the values copied from it (DESIGN §2, §3.1)."""

from collections.abc import Iterator
from datetime import date

from cases.rules.ledger import signed_sql
from cases.transfer.verify.finding import Finding, case_label, day, money, rows


def balance_is_the_sum_of_the_ledger() -> Iterator[Finding]:
    """Compared in cents, because SQLite stores decimals as floating point."""
    found = rows(f"""
        SELECT c.id, c.nro_cliente, c.balance, l.total
        FROM cases_case c LEFT JOIN (
            SELECT case_id, SUM({signed_sql()}) AS total
            FROM cases_ledgerentry GROUP BY case_id
        ) l ON l.case_id = c.id
        WHERE ROUND(COALESCE(l.total, 0), 2) <> ROUND(c.balance, 2)
    """)  # noqa: S608
    for pk, nro, balance, total in found:
        yield Finding(
            f"{case_label(pk, nro)}: el saldo es {money(balance)} y sus movimientos suman {money(total)}.", case=pk
        )


def every_case_was_placed_once() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, COALESCE(l.placements, 0)
        FROM cases_case c LEFT JOIN (
            SELECT case_id, COUNT(*) AS placements FROM cases_ledgerentry WHERE kind = 'placement' GROUP BY case_id
        ) l ON l.case_id = c.id
        WHERE COALESCE(l.placements, 0) <> 1
    """)
    for pk, nro, placements in found:
        yield Finding(f"{case_label(pk, nro)}: tiene {placements} altas de deuda en lugar de una.")


def placement_agrees_with_the_case() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, c.amount, l.amount, c.placed_on, l.value_date
        FROM cases_case c JOIN cases_ledgerentry l ON l.case_id = c.id AND l.kind = 'placement'
        WHERE l.amount <> c.amount OR l.value_date <> c.placed_on
    """)
    for pk, nro, amount, placed, placed_on, value_date in found:
        yield Finding(
            f"{case_label(pk, nro)}: importe {money(amount)} del {day(placed_on)}, "
            f"pero su alta es de {money(placed)} del {day(value_date)}."
        )


def entries_carry_the_cartera_of_their_case() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, l.id
        FROM cases_ledgerentry l JOIN cases_case c ON c.id = l.case_id
        WHERE l.cartera_id <> c.cartera_id
    """)
    for pk, nro, entry in found:
        yield Finding(f"{case_label(pk, nro)}: el movimiento {entry} es de otra cartera.")


def reversals_mirror_their_payment() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, r.id, p.id
        FROM cases_ledgerentry r
        JOIN cases_case c ON c.id = r.case_id
        JOIN cases_ledgerentry p ON p.id = r.reverses_id
        WHERE r.kind = 'reversal' AND (
            p.kind <> 'payment' OR p.case_id <> r.case_id OR p.amount <> r.amount OR p.cartera_id <> r.cartera_id
            OR COALESCE(p.credited_to_id, 0) <> COALESCE(r.credited_to_id, 0)
        )
    """)
    for pk, nro, reversal, payment in found:
        yield Finding(
            f"{case_label(pk, nro)}: la reversa {reversal} no coincide con el movimiento {payment} que revierte "
            "(tipo, caso, importe, cartera o gestor)."
        )


def value_dates_are_possible(today: date) -> Iterator[Finding]:
    found = rows(
        """
        SELECT c.id, c.nro_cliente, l.id, l.value_date, c.placed_on
        FROM cases_ledgerentry l JOIN cases_case c ON c.id = l.case_id
        WHERE l.value_date > %s OR (l.kind = 'payment' AND l.value_date < c.placed_on)
        """,
        [today],
    )
    for pk, nro, entry, value_date, placed_on in found:
        yield Finding(
            f"{case_label(pk, nro)}: el movimiento {entry} tiene fecha {day(value_date)}, "
            f"futura o anterior al ingreso ({day(placed_on)})."
        )


def last_payment_is_the_later_of_both() -> Iterator[Finding]:
    """The later of the creditor's date and that of our last payment without a reversal."""
    found = rows("""
        SELECT id, nro_cliente, last_payment_date, expected FROM (
            SELECT c.id, c.nro_cliente, c.last_payment_date,
                CASE WHEN c.creditor_last_payment_date > p.ours OR p.ours IS NULL
                     THEN c.creditor_last_payment_date ELSE p.ours END AS expected
            FROM cases_case c LEFT JOIN (
                SELECT l.case_id, MAX(l.value_date) AS ours
                FROM cases_ledgerentry l LEFT JOIN cases_ledgerentry r ON r.reverses_id = l.id
                WHERE l.kind = 'payment' AND r.id IS NULL GROUP BY l.case_id
            ) p ON p.case_id = c.id
        ) t
        WHERE last_payment_date <> expected OR (last_payment_date IS NULL) <> (expected IS NULL)
    """)
    for pk, nro, stored, expected in found:
        yield Finding(
            f"{case_label(pk, nro)}: la fecha del último pago es {day(stored)} y debería ser {day(expected)}.", case=pk
        )


def activity_of_an_entry_is_of_its_case() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, l.id
        FROM cases_ledgerentry l
        JOIN cases_activity a ON a.id = l.activity_id
        JOIN cases_case c ON c.id = l.case_id
        WHERE a.case_id <> l.case_id
    """)
    for pk, nro, entry in found:
        yield Finding(f"{case_label(pk, nro)}: el movimiento {entry} remite a una gestión de otro caso.")
