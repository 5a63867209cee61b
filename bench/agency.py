"""An agency of any size on PostgreSQL, for the benchmarks: its cases imported, its history written by hand."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
from databases import fresh_database, manage, rename
from portfolio import write_portfolio

DEFAULT_SERVER = "postgres://postgres@127.0.0.1:5432"
CARTERAS = 12
GESTORES = 50

USERS = """
INSERT INTO accounts_user (username, password, first_name, last_name, email, role, is_active, is_staff, is_superuser,
                           must_change_password, date_joined)
SELECT CASE WHEN n = 0 THEN 'admin' ELSE 'gestor' || n END, '!', 'Nombre', 'Apellido', '',
       CASE WHEN n = 0 THEN 'admin' ELSE 'gestor' END, true, n = 0, n = 0, false, now()
FROM generate_series(0, %s) AS n
"""
# Every result code in turn; 17 % of the gestiones in the last 30 days.
HISTORY = [
    """
    INSERT INTO cases_activity (case_id, type, result_id, notes, created_by_id, imported_author, created_at, is_system)
    SELECT case_.id, 'call', result.id, 'No contesta.', assigned_to_id, '', now() - random() * 176 * interval '1 day',
           false
    FROM cases_case case_ CROSS JOIN generate_series(1, 5) AS n
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS places
          FROM cases_activityresult) result ON result.place = (case_.id * 5 + n) % result.places
    """,
    """
    INSERT INTO cases_promise (case_id, amount, promise_date, status, fulfilled_date, paid_amount, notes, is_historic,
                               imported_author, created_by_id, created_at, updated_at)
    SELECT id, amount, day, CASE WHEN kept THEN 'fulfilled' ELSE 'broken' END, CASE WHEN kept THEN day END, 0, '',
           true, '', assigned_to_id, now(), now()
    FROM (SELECT *, current_date - abs(hashint8(id) % 300) AS day, id % 5 < 2 AS kept FROM cases_case) AS promising
    WHERE id % 2 = 0
    """,
    """
    INSERT INTO cases_ledgerentry (case_id, cartera_id, kind, amount, value_date, method, reference, credited_to_id,
                                   created_by_id, created_at, notes)
    SELECT id, cartera_id, 'payment', 100, current_date - abs(hashint8(id * 7) % 300), 'transfer', '', assigned_to_id,
           assigned_to_id, now(), ''
    FROM cases_case
    """,
    "UPDATE cases_case SET balance = balance - 100, last_payment_date = current_date - abs(hashint8(id * 7) % 300)",
    # A tenth of the cases has an arrangement in six parts, two fifths of them active; a quarter is paid, half of that
    # with a waiver.
    """
    INSERT INTO cases_arrangement (case_id, status, system, base_balance, agreed_total, down_payment, monthly_rate,
                                   instalments, first_due_on, accepted_at, accepted_how, lapse_overdue_count,
                                   requested_by_id, creditor_authorisation, policy, closed_on, next_look_on, notes,
                                   is_historic, created_at, updated_at)
    SELECT id, CASE WHEN k < 40 THEN 'active' WHEN k < 65 THEN 'completed' WHEN k < 85 THEN 'lapsed'
                    WHEN k < 92 THEN 'cancelled' ELSE 'proposed' END,
           'none', 100000, CASE WHEN k % 2 = 0 THEN 100000 ELSE 80000 END, 0, 0, 6, day + 30,
           CASE WHEN k < 92 THEN day::timestamptz END, 'phone', 2, assigned_to_id, '', '{}',
           CASE WHEN k BETWEEN 40 AND 91 THEN least(day + 120, current_date) END,
           CASE WHEN k < 40 THEN current_date + 5 END, '', false, day, now()
    FROM (SELECT *, abs(hashint8(id) % 100) AS k, current_date - abs(hashint8(id * 3) % 400) AS day
          FROM cases_case WHERE id % 10 = 3) AS arranging
    """,
    """
    INSERT INTO cases_instalment (arrangement_id, number, due_on, amount, paid_amount, status, paid_on)
    SELECT id, n, due_on, 16666.66, CASE WHEN is_paid THEN 16666.66 ELSE 0 END,
           CASE WHEN is_paid THEN 'paid' WHEN due_on < current_date - 5 THEN 'overdue' ELSE 'pending' END,
           CASE WHEN is_paid THEN due_on + abs(hashint8(id * 7 + n) % 9) - 4 END
    FROM (SELECT *, status = 'completed' OR (status IN ('active', 'lapsed') AND due_on < current_date
                                             AND abs(hashint8(id * 11 + n) % 10) < 8) AS is_paid
          FROM (SELECT *, (first_due_on + (n - 1) * interval '1 month')::date AS due_on
                FROM cases_arrangement, generate_series(1, 6) AS n) AS parts) AS parts
    """,
    """
    INSERT INTO cases_ledgerentry (case_id, cartera_id, kind, amount, value_date, method, reference, credited_to_id,
                                   created_at, notes, reason, arrangement_id)
    SELECT case_id, cartera_id, 'adjustment', agreed_total - base_balance, closed_on, '', '', assigned_to_id, now(), '',
           'waiver', a.id
    FROM cases_arrangement a JOIN cases_case c ON c.id = a.case_id
    WHERE a.status = 'completed' AND agreed_total < base_balance
    """,
    """
    INSERT INTO accounts_auditevent (created_at, action, target_type, target_id, target_label, before, after, actor_id)
    SELECT now() - random() * 365 * interval '1 day', 'assigned', 'case', c.id, c.nro_cliente, '{}', '{}', u.id
    FROM cases_case c, accounts_user u WHERE u.username = 'admin'
    """,
]


# The statistics that the next statements see are those of the last import, and stay.
NO_ANALYZE = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
    LOOP EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = false)', name); END LOOP;
END $$
"""


def prepare(url: str, cases: int, history: Sequence[str] = (), *, analyzed: bool = True) -> None:
    """The cases come in through `import_cases`; only their history, and what `history` adds, is written by hand.

    Not `analyzed`: as after a load by hand, with the statistics of a time when nothing had been paid or promised. Made
    under another name: one that was stopped half way is never measured.
    """
    draft = f"{url}_draft"
    fresh_database(draft)
    with psycopg.connect(draft, autocommit=True) as connection:
        connection.execute(USERS, [GESTORES])
        with tempfile.TemporaryDirectory() as folder:
            for number in range(CARTERAS):
                source = Path(folder) / f"{number}.csv"
                write_portfolio(source, cases // CARTERAS, seed=number)
                cartera = ("--cartera", f"Cartera {number}", "--create-cartera")
                manage(draft, "import_cases", source, *cartera, "--assign-to", "round-robin")
        steps = (*HISTORY, "ANALYZE", *history, "VACUUM ANALYZE") if analyzed else (NO_ANALYZE, *HISTORY, *history)
        for statement in steps:
            connection.execute(statement)
    rename(draft, url.rsplit("/", 1)[1])
