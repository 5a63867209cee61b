"""Checks for duplicates: debtors, phones and keys of cases."""

from collections.abc import Iterator

from cases.transfer.verify.finding import Finding, rows


def everybody_has_one_gestor() -> Iterator[Finding]:
    """A notice: several gestores call one person about their open debts (DESIGN §4)."""
    found = rows("""
        SELECT debtor_id, COUNT(*), COUNT(DISTINCT assigned_to_id) FROM cases_case
        WHERE stage IN ('en_gestion', 'promesa') AND in_active_cartera AND assigned_to_id IS NOT NULL
        GROUP BY debtor_id HAVING COUNT(DISTINCT assigned_to_id) > 1 ORDER BY debtor_id
    """)
    for debtor, debts, gestores in found:
        yield Finding(f"Deudor {debtor}: {gestores} gestores tienen sus {debts} deudas abiertas.", is_notice=True)


def nobody_is_there_twice_by_dni() -> Iterator[Finding]:
    """Leading zeros are ignored: the DNI identifies a person (DESIGN §2)."""
    found = rows("""
        SELECT LTRIM(dni, '0'), COUNT(*), MIN(id), MAX(id) FROM cases_debtor
        WHERE dni IS NOT NULL GROUP BY LTRIM(dni, '0') HAVING COUNT(*) > 1
    """)
    for dni, debtors, first, last in found:
        yield Finding(f"DNI {dni}: {debtors} deudores ({first} y {last}) son la misma persona.")


def nobody_is_there_twice_by_cuil() -> Iterator[Finding]:
    """A notice: the CUIL of one debtor contains the DNI of another, and a person must decide which is wrong."""
    found = rows("""
        SELECT a.id, a.cuit, b.id, b.dni
        FROM cases_debtor a JOIN cases_debtor b ON b.dni = LTRIM(SUBSTR(a.cuit, 3, 8), '0') AND b.id <> a.id
        WHERE SUBSTR(a.cuit, 1, 2) IN ('20', '23', '24', '25', '26', '27')
    """)
    for pk, cuit, other, dni in found:
        yield Finding(f"El CUIL {cuit} del deudor {pk} corresponde al DNI {dni} del deudor {other}.", is_notice=True)


def no_phone_is_there_twice() -> Iterator[Finding]:
    """A notice: a debtor has the same number with and without the 9 of mobile phones."""
    found = rows("""
        SELECT debtor_id, REPLACE(number, '+549', '+54'), COUNT(*) FROM cases_debtorphone
        GROUP BY debtor_id, REPLACE(number, '+549', '+54') HAVING COUNT(*) > 1
    """)
    for debtor, number, phones in found:
        yield Finding(f"Deudor {debtor}: el teléfono {number} está {phones} veces, con y sin el 9.", is_notice=True)


def no_key_is_there_twice() -> Iterator[Finding]:
    """A notice: two keys of a cartera that differ only in blanks or case are usually one debt."""
    found = rows("""
        SELECT cartera_id, UPPER(TRIM(nro_cliente)), COUNT(*), MIN(id), MAX(id) FROM cases_case
        WHERE nro_cliente IS NOT NULL
        GROUP BY cartera_id, UPPER(TRIM(nro_cliente)) HAVING COUNT(*) > 1
    """)
    for _cartera, nro, cases, first, last in found:
        yield Finding(f"Casos {first} y {last}: {cases} con el nro. de cliente {nro} en la misma cartera.", True)
