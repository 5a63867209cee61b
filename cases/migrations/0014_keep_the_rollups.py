"""The dashboard's sums, kept by PostgreSQL in the statement that changes what they sum (cases.rollups). Statement
triggers: an import of a million rows adds a row a key and chunk. SQLite sums when it is asked."""

from django.db import migrations

SUMS = "recovered, placed, owed, kept, broken, activities, attempts, direct"

# What each table adds, row by row; `sign` is 1 for what is there now and -1 for what was.
ENTRIES = """
    SELECT value_date AS day, cartera_id, credited_to_id AS gestor_id,
           {sign} * CASE kind WHEN 'payment' THEN cents WHEN 'reversal' THEN -cents ELSE 0 END AS recovered,
           {sign} * CASE kind WHEN 'placement' THEN cents ELSE 0 END AS placed,
           {sign} * CASE kind WHEN 'payment' THEN -cents ELSE cents END AS owed,
           0 AS kept, 0 AS broken, 0 AS activities, 0 AS attempts, 0 AS direct
    FROM (SELECT *, (amount * 100)::bigint AS cents FROM {rows}) AS entry
"""
PROMISES = """
    SELECT promise.promise_date AS day, case_.cartera_id, promise.created_by_id AS gestor_id,
           0 AS recovered, 0 AS placed, 0 AS owed,
           {sign} * (promise.status = 'fulfilled')::int AS kept, {sign} * (promise.status = 'broken')::int AS broken,
           0 AS activities, 0 AS attempts, 0 AS direct
    FROM {rows} promise JOIN cases_case case_ ON case_.id = promise.case_id
    WHERE promise.status IN ('fulfilled', 'broken')
"""
ACTIVITIES = """
    SELECT (activity.created_at AT TIME ZONE 'America/Argentina/Buenos_Aires')::date AS day,
           case_.cartera_id, activity.created_by_id AS gestor_id,
           0 AS recovered, 0 AS placed, 0 AS owed, 0 AS kept, 0 AS broken, {sign} AS activities,
           {sign} * COALESCE(result.is_attempt, false)::int AS attempts,
           {sign} * COALESCE(result.is_direct_contact, false)::int AS direct
    FROM {rows} activity JOIN cases_case case_ ON case_.id = activity.case_id
    LEFT JOIN cases_activityresult result ON result.id = activity.result_id
    WHERE activity.voided_at IS NULL AND NOT activity.is_system
"""
CASES = """
    SELECT cartera_id, assigned_to_id AS gestor_id, status_id, {sign} AS cases,
           {sign} * (balance * 100)::bigint AS owed,
           {sign} * (stopped_at IS NOT NULL AND stage IN ('en_gestion', 'promesa'))::int AS stopped
    FROM {rows} AS case_
"""
RESULT_FLAGS = """
    SELECT (activity.created_at AT TIME ZONE 'America/Argentina/Buenos_Aires')::date AS day,
           case_.cartera_id, activity.created_by_id AS gestor_id,
           0 AS recovered, 0 AS placed, 0 AS owed, 0 AS kept, 0 AS broken, 0 AS activities,
           NEW.is_attempt::int - OLD.is_attempt::int AS attempts,
           NEW.is_direct_contact::int - OLD.is_direct_contact::int AS direct
    FROM cases_activity activity JOIN cases_case case_ ON case_.id = activity.case_id
    WHERE activity.result_id = NEW.id AND activity.voided_at IS NULL AND NOT activity.is_system
"""


def into_daily(rows):
    sums = ", ".join(f"SUM({name})" for name in SUMS.split(", "))
    something = " OR ".join(f"SUM({name}) <> 0" for name in SUMS.split(", "))
    return f"""
        INSERT INTO cases_dailytotal (grain, day, cartera_id, gestor_id, {SUMS})
        SELECT GROUPING(cartera_id, gestor_id), day, cartera_id, gestor_id, {sums} FROM ({rows}) AS changes
        GROUP BY GROUPING SETS ((day, cartera_id, gestor_id), (day, cartera_id), (day, gestor_id)) HAVING {something};
    """  # noqa: S608


def into_book(rows):
    return f"""
        INSERT INTO cases_booktotal (cartera_id, gestor_id, status_id, cases, owed, stopped)
        SELECT cartera_id, gestor_id, status_id, SUM(cases), SUM(owed), SUM(stopped) FROM ({rows}) AS changes
        GROUP BY cartera_id, gestor_id, status_id HAVING SUM(cases) <> 0 OR SUM(owed) <> 0 OR SUM(stopped) <> 0;
    """  # noqa: S608


def kept(table, name, into, rows):
    """The function of one table and its three triggers."""
    added, gone = rows.format(sign=1, rows="added"), rows.format(sign=-1, rows="gone")
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN {into(added)}
    ELSIF TG_OP = 'DELETE' THEN {into(gone)}
    ELSE {into(added + " UNION ALL " + gone)}
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER rollup_added AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION {name}();
CREATE TRIGGER rollup_changed AFTER UPDATE ON {table}
    REFERENCING NEW TABLE AS added OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {name}();
CREATE TRIGGER rollup_gone AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


# The bases, before their triggers: what is there already.
FILL = into_daily(
    " UNION ALL ".join(
        (
            ENTRIES.format(sign=1, rows="cases_ledgerentry"),
            PROMISES.format(sign=1, rows="cases_promise"),
            ACTIVITIES.format(sign=1, rows="cases_activity"),
        )
    )
) + into_book(CASES.format(sign=1, rows="cases_case"))

# What an attempt or a direct contact is, staff may change: then what was done counts anew. Whoever is writing a gestión
# with the former meaning is waited for, and whoever comes later waits.
FLAGS = f"""
CREATE FUNCTION nova_roll_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE cases_activity IN SHARE ROW EXCLUSIVE MODE;
    {into_daily(RESULT_FLAGS)}
    RETURN NULL;
END $$;
CREATE TRIGGER rollup_flags AFTER UPDATE ON cases_activityresult FOR EACH ROW
    WHEN (OLD.is_attempt <> NEW.is_attempt OR OLD.is_direct_contact <> NEW.is_direct_contact)
    EXECUTE FUNCTION nova_roll_result();
"""

# Deferred: the one row that everybody raises is locked from the end of a transaction to its commit, never longer.
VERSION = """
CREATE FUNCTION nova_raise_data_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('nova.raised_in', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
        PERFORM set_config('nova.raised_in', pg_current_xact_id()::text, true);
        INSERT INTO cases_dataversion (id, version) VALUES (1, 1)
            ON CONFLICT (id) DO UPDATE SET version = cases_dataversion.version + 1;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER data_version AFTER INSERT OR DELETE ON cases_dailytotal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nova_raise_data_version();
CREATE CONSTRAINT TRIGGER data_version AFTER INSERT OR DELETE ON cases_booktotal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nova_raise_data_version();
CREATE CONSTRAINT TRIGGER data_version AFTER INSERT OR UPDATE OF name, is_active ON cases_cartera
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nova_raise_data_version();
CREATE CONSTRAINT TRIGGER data_version AFTER INSERT OR UPDATE OF name, slug, color, position ON cases_casestatus
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nova_raise_data_version();
CREATE CONSTRAINT TRIGGER data_version
    AFTER INSERT OR UPDATE OF username, first_name, last_name, role, is_active ON accounts_user
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nova_raise_data_version();
"""

TABLES = {
    "cases_ledgerentry": ("nova_roll_entries", into_daily, ENTRIES),
    "cases_promise": ("nova_roll_promises", into_daily, PROMISES),
    "cases_activity": ("nova_roll_activities", into_daily, ACTIVITIES),
    "cases_case": ("nova_roll_cases", into_book, CASES),
}
VERSIONED = ("cases_dailytotal", "cases_booktotal", "cases_cartera", "cases_casestatus", "accounts_user")


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(f"LOCK TABLE {', '.join(TABLES)} IN SHARE ROW EXCLUSIVE MODE")
    schema_editor.execute(FILL)
    for table, (name, into, rows) in TABLES.items():
        schema_editor.execute(kept(table, name, into, rows))
    schema_editor.execute(FLAGS)
    schema_editor.execute(VERSION)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in VERSIONED:
        schema_editor.execute(f"DROP TRIGGER data_version ON {table}")
    schema_editor.execute("DROP FUNCTION nova_raise_data_version()")
    schema_editor.execute("DROP TRIGGER rollup_flags ON cases_activityresult")
    schema_editor.execute("DROP FUNCTION nova_roll_result()")
    for table, (name, _into, _rows) in TABLES.items():
        for trigger in ("rollup_added", "rollup_changed", "rollup_gone"):
            schema_editor.execute(f"DROP TRIGGER {trigger} ON {table}")
        schema_editor.execute(f"DROP FUNCTION {name}()")
    schema_editor.execute("DELETE FROM cases_dailytotal")
    schema_editor.execute("DELETE FROM cases_booktotal")


class Migration(migrations.Migration):
    dependencies = [("cases", "0013_rollups"), ("accounts", "0005_api_tokens")]

    operations = [migrations.RunPython(forwards, backwards)]
