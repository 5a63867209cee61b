"""The sums of arrangements are kept by PostgreSQL as the others are (0014): what waivers forgave by the triggers of the
ledger, instalments by triggers of their own."""

import importlib

from django.db import migrations

before = importlib.import_module("cases.migrations.0014_keep_the_rollups")

SUMS = "recovered, placed, owed, waived, agreed"
ENTRIES = """
    SELECT value_date AS day, cartera_id, credited_to_id AS gestor_id,
           {sign} * CASE kind WHEN 'payment' THEN cents WHEN 'reversal' THEN -cents ELSE 0 END AS recovered,
           {sign} * CASE kind WHEN 'placement' THEN cents ELSE 0 END AS placed,
           {sign} * CASE kind WHEN 'payment' THEN -cents ELSE cents END AS owed,
           {sign} * CASE WHEN reason = 'waiver' THEN -cents ELSE 0 END AS waived,
           {sign} * CASE WHEN reason <> 'waiver' THEN 0 WHEN cents < 0 THEN (agreed_total * 100)::bigint
                         ELSE -(agreed_total * 100)::bigint END AS agreed
    FROM (SELECT entry.*, (entry.amount * 100)::bigint AS cents, agreed_total
          FROM {rows} entry LEFT JOIN cases_arrangement arrangement ON arrangement.id = entry.arrangement_id) AS entry
"""
INSTALMENTS = """
    SELECT due_on AS day, cartera_id, requested_by_id AS gestor_id,
           CASE WHEN paid_on IS NOT NULL THEN LEAST(GREATEST(paid_on - due_on, 0), 99) END AS late,
           CASE WHEN paid_on IS NULL AND closed_on IS NOT NULL
                THEN LEAST(GREATEST(closed_on - due_on, 0), 99) END AS closed,
           {sign} AS instalments
    FROM {instalments} instalment JOIN {arrangements} arrangement ON arrangement.id = instalment.arrangement_id
    JOIN cases_case case_ ON case_.id = arrangement.case_id
    WHERE accepted_at IS NOT NULL
"""


def into_daily(rows):
    names = SUMS.split(", ")
    sums = ", ".join(f"SUM({name})" for name in names)
    something = " OR ".join(f"SUM({name}) <> 0" for name in names)
    return f"""
        INSERT INTO cases_dailytotal (grain, day, cartera_id, gestor_id, {SUMS}, kept, broken, activities, attempts,
                                      direct)
        SELECT GROUPING(cartera_id, gestor_id), day, cartera_id, gestor_id, {sums}, 0, 0, 0, 0, 0
        FROM ({rows}) AS changes
        GROUP BY GROUPING SETS ((day, cartera_id, gestor_id), (day, cartera_id), (day, gestor_id)) HAVING {something};
    """  # noqa: S608


def into_instalments(rows):
    return f"""
        INSERT INTO cases_instalmenttotal (grain, day, cartera_id, gestor_id, late, closed, instalments)
        SELECT GROUPING(cartera_id, gestor_id), day, cartera_id, gestor_id, late, closed, SUM(instalments)
        FROM ({rows}) AS changes
        GROUP BY GROUPING SETS ((day, cartera_id, gestor_id, late, closed), (day, cartera_id, late, closed),
                                (day, gestor_id, late, closed)) HAVING SUM(instalments) <> 0;
    """  # noqa: S608


def function(name, into, added, gone):
    return f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN {into(added)}
    ELSIF TG_OP = 'DELETE' THEN {into(gone)}
    ELSE {into(added + " UNION ALL " + gone)}
    END IF;
    RETURN NULL;
END $$;
"""


def of_entries(rows, into):
    added, gone = rows.format(sign=1, rows="added"), rows.format(sign=-1, rows="gone")
    return function("nova_roll_entries", into, added, gone)


def of_instalments(**tables):
    """Of the rows `added` and `gone` of one table, beside the rows that are in the other."""
    return [
        INSTALMENTS.format(sign=sign, **{name: table or rows for name, table in tables.items()})
        for sign, rows in ((1, "added"), (-1, "gone"))
    ]


# The dates and the author of an arrangement decide how its instalments count. One is stored before its instalments, and
# deleted after them.
TRIGGERS = """
CREATE TRIGGER rollup_added AFTER INSERT ON cases_instalment
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION nova_roll_instalments();
CREATE TRIGGER rollup_changed AFTER UPDATE ON cases_instalment
    REFERENCING NEW TABLE AS added OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION nova_roll_instalments();
CREATE TRIGGER rollup_gone AFTER DELETE ON cases_instalment
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION nova_roll_instalments();
CREATE TRIGGER rollup_changed AFTER UPDATE ON cases_arrangement
    REFERENCING NEW TABLE AS added OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION nova_roll_arrangements();
CREATE CONSTRAINT TRIGGER data_version AFTER INSERT OR DELETE ON cases_instalmenttotal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nova_raise_data_version();
CREATE CONSTRAINT TRIGGER data_version AFTER INSERT OR DELETE OR UPDATE OF status ON cases_arrangement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nova_raise_data_version();
"""


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    tables = "cases_ledgerentry, cases_arrangement, cases_instalment"
    schema_editor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
    schema_editor.execute(of_entries(ENTRIES, into_daily))
    # What is in the other sums already is not added again. The few entries of arrangements have an index.
    entries = ENTRIES.format(sign=1, rows="(SELECT * FROM cases_ledgerentry WHERE arrangement_id IS NOT NULL)")
    schema_editor.execute(
        into_daily(
            "SELECT day, cartera_id, gestor_id, 0 AS recovered, 0 AS placed, 0 AS owed, waived, agreed"  # noqa: S608
            f" FROM ({entries}) AS entry"
        )
    )
    schema_editor.execute(
        into_instalments(INSTALMENTS.format(sign=1, instalments="cases_instalment", arrangements="cases_arrangement"))
    )
    added, gone = of_instalments(instalments=None, arrangements="cases_arrangement")
    schema_editor.execute(function("nova_roll_instalments", into_instalments, added, gone))
    added, gone = of_instalments(instalments="cases_instalment", arrangements=None)
    schema_editor.execute(function("nova_roll_arrangements", into_instalments, added, gone))
    schema_editor.execute(TRIGGERS)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for trigger, table in (
        ("data_version", "cases_arrangement"),
        ("data_version", "cases_instalmenttotal"),
        ("rollup_changed", "cases_arrangement"),
        ("rollup_added", "cases_instalment"),
        ("rollup_changed", "cases_instalment"),
        ("rollup_gone", "cases_instalment"),
    ):
        schema_editor.execute(f"DROP TRIGGER {trigger} ON {table}")
    for name in ("nova_roll_instalments", "nova_roll_arrangements"):
        schema_editor.execute(f"DROP FUNCTION {name}()")
    schema_editor.execute(of_entries(before.ENTRIES, before.into_daily))
    schema_editor.execute("DELETE FROM cases_instalmenttotal")


class Migration(migrations.Migration):
    dependencies = [("cases", "0055_sums_of_arrangements")]

    operations = [migrations.RunPython(forwards, backwards)]
