"""Checks of the stage of a case, its place in the queue and its gestor (DESIGN §2, §3.5, §4)."""

from collections.abc import Iterator

from cases.transfer.verify.finding import Finding, case_label, money, rows

OPEN = "('en_gestion', 'promesa')"


def stage_is_that_of_the_status() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, c.stage, s.slug, s.stage
        FROM cases_case c JOIN cases_casestatus s ON s.id = c.status_id
        WHERE c.stage <> s.stage
    """)
    for pk, nro, stage, slug, expected in found:
        yield Finding(
            f"{case_label(pk, nro)}: la etapa es {stage}, pero su estado {slug} es de la etapa {expected}.", case=pk
        )


def cartera_is_active_is_that_of_the_cartera() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, k.name FROM cases_case c JOIN cases_cartera k ON k.id = c.cartera_id
        WHERE c.in_active_cartera <> k.is_active
    """)
    for pk, nro, cartera in found:
        yield Finding(f"{case_label(pk, nro)}: no sigue a su cartera «{cartera}» (activa o inactiva).")


def paid_is_what_owes_nothing() -> Iterator[Finding]:
    """An error for an open case; a notice for a paid case that staff moved to another closed stage."""
    found = rows("""
        SELECT id, nro_cliente, stage, balance FROM cases_case
        WHERE (stage = 'pagada' AND balance > 0) OR (stage <> 'pagada' AND balance <= 0)
    """)
    for pk, nro, stage, balance in found:
        is_notice = stage in ("incobrable", "de_baja")
        text = f"{case_label(pk, nro)}: está en la etapa {stage} con un saldo de {money(balance)}."
        yield Finding(text, is_notice, case=pk)


def paid_case_has_no_next_action() -> Iterator[Finding]:
    found = rows("SELECT id, nro_cliente FROM cases_case WHERE stage = 'pagada' AND next_action_at IS NOT NULL")
    for pk, nro in found:
        yield Finding(f"{case_label(pk, nro)}: está pagado y tiene una próxima acción.", case=pk)


def touched_open_case_has_a_next_action() -> Iterator[Finding]:
    found = rows(f"""
        SELECT id, nro_cliente FROM cases_case
        WHERE stage IN {OPEN} AND last_activity_at IS NOT NULL AND next_action_at IS NULL
    """)  # noqa: S608 (a constant of this file)
    for pk, nro in found:
        yield Finding(f"{case_label(pk, nro)}: está abierto, tiene gestiones y le falta la próxima acción.")


def last_activity_is_the_newest_gestion() -> Iterator[Finding]:
    """Voided and automatic ones do not count."""
    found = rows("""
        SELECT c.id, c.nro_cliente
        FROM cases_case c LEFT JOIN (
            SELECT case_id, MAX(created_at) AS newest FROM cases_activity
            WHERE voided_at IS NULL AND NOT is_system GROUP BY case_id
        ) a ON a.case_id = c.id
        WHERE c.last_activity_at <> a.newest OR (c.last_activity_at IS NULL) <> (a.newest IS NULL)
    """)
    for pk, nro in found:
        text = f"{case_label(pk, nro)}: la fecha de la última gestión no es la de su gestión más nueva."
        yield Finding(text, case=pk)


def band_version_and_stop_are_possible() -> Iterator[Finding]:
    found = rows("""
        SELECT id, nro_cliente, queue_band, version FROM cases_case
        WHERE queue_band NOT BETWEEN 1 AND 7 OR version < 1
            OR (stopped_by_result_id IS NOT NULL AND stopped_at IS NULL)
    """)
    for pk, nro, band, version in found:
        yield Finding(
            f"{case_label(pk, nro)}: banda {band} (de 1 a 7), versión {version} (desde 1) o detenido sin fecha."
        )


def stopped_is_what_a_stop_holds() -> Iterator[Finding]:
    """Closed cases too: one that is reopened is still stopped."""
    found = rows("""
        SELECT id, nro_cliente, is_stopped FROM (
            SELECT c.id, c.nro_cliente, c.stopped_at IS NOT NULL AS is_stopped, EXISTS (
                SELECT 1 FROM cases_stopflag s
                WHERE s.debtor_id = c.debtor_id AND (s.case_id IS NULL OR s.case_id = c.id)
                    AND s.channel = 'all' AND s.lifted_at IS NULL
            ) AS is_held FROM cases_case c
        ) t WHERE is_stopped <> is_held
    """)
    for pk, nro, is_stopped in found:
        what = (
            "figura detenido y ninguna detención lo retiene" if is_stopped else "una detención lo retiene y no figura"
        )
        yield Finding(f"{case_label(pk, nro)}: {what}.")


def stop_of_a_debt_is_of_its_debtor() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, s.id FROM cases_stopflag s JOIN cases_case c ON c.id = s.case_id
        WHERE s.debtor_id <> c.debtor_id
    """)
    for pk, nro, stop in found:
        yield Finding(f"{case_label(pk, nro)}: la detención {stop} es de otro deudor.")


def phone_of_a_gestion_is_of_its_debtor() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, a.id
        FROM cases_activity a
        JOIN cases_debtorphone p ON p.id = a.phone_id
        JOIN cases_case c ON c.id = a.case_id
        WHERE p.debtor_id <> c.debtor_id
    """)
    for pk, nro, activity in found:
        yield Finding(f"{case_label(pk, nro)}: la gestión {activity} usó un teléfono de otro deudor.")


def open_cases_are_held_by_active_gestores() -> Iterator[Finding]:
    found = rows(f"""
        SELECT u.username, COUNT(*) FROM cases_case c JOIN accounts_user u ON u.id = c.assigned_to_id
        WHERE c.stage IN {OPEN} AND (NOT u.is_active OR u.role <> 'gestor')
        GROUP BY u.username ORDER BY u.username
    """)  # noqa: S608 (a constant of this file)
    for username, cases in found:
        yield Finding(f"«{username}» no es un gestor activo y tiene {cases} casos abiertos: reasígnelos.", True)


def open_cases_have_a_gestor() -> Iterator[Finding]:
    found = rows(f"""
        SELECT k.name, COUNT(*) FROM cases_case c JOIN cases_cartera k ON k.id = c.cartera_id
        WHERE c.stage IN {OPEN} AND c.assigned_to_id IS NULL
        GROUP BY k.name ORDER BY k.name
    """)  # noqa: S608 (a constant of this file)
    for cartera, cases in found:
        yield Finding(f"Cartera «{cartera}»: {cases} casos abiertos sin gestor.", True)


def cases_with_gestiones_are_not_without() -> Iterator[Finding]:
    """A notice: somebody set «sin gestión» by hand, or the case comes from a version that did not move it."""
    found = rows("""
        SELECT c.id, c.nro_cliente FROM cases_case c JOIN cases_casestatus s ON s.id = c.status_id
        WHERE s.slug = 'sin-gestion' AND c.last_activity_at IS NOT NULL
    """)
    for pk, nro in found:
        yield Finding(f"{case_label(pk, nro)}: está «sin gestión» y tiene gestiones.", True)


def arrears_have_a_start() -> Iterator[Finding]:
    found = rows("SELECT id, nro_cliente FROM cases_case WHERE arrears_since IS NULL")
    for pk, nro in found:
        yield Finding(f"{case_label(pk, nro)}: no dice desde cuándo está en mora.")
