"""The ledger refuses every DELETE as well, but for the placement of a case that has no other movement (PostgreSQL)."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION nova_ledger_refuses_deletions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.kind = 'placement' AND NOT EXISTS (
        SELECT 1 FROM cases_ledgerentry WHERE case_id = OLD.case_id AND kind <> 'placement'
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the ledger is append-only: post a reversal or an adjustment'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER ledger_refuses_deletions BEFORE DELETE ON cases_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION nova_ledger_refuses_deletions();
"""

BACKWARDS = """
DROP TRIGGER IF EXISTS ledger_refuses_deletions ON cases_ledgerentry;
DROP FUNCTION IF EXISTS nova_ledger_refuses_deletions();
"""


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FORWARDS)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_submission")]

    operations = [migrations.RunPython(forwards, backwards)]
