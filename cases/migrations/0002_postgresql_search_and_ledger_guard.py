"""What only PostgreSQL can hold: the trigram index that searches use, and a ledger that refuses every UPDATE."""

from django.db import migrations

FORWARDS = """
CREATE INDEX debtor_search_trigram ON cases_debtor USING gin (search_text gin_trgm_ops) WITH (fastupdate = off);

CREATE FUNCTION nova_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: post a reversal or an adjustment'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER ledger_append_only BEFORE UPDATE ON cases_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION nova_ledger_is_append_only();
"""

BACKWARDS = """
DROP TRIGGER IF EXISTS ledger_append_only ON cases_ledgerentry;
DROP FUNCTION IF EXISTS nova_ledger_is_append_only();
DROP INDEX IF EXISTS debtor_search_trigram;
"""


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FORWARDS)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]

    operations = [migrations.RunPython(forwards, backwards)]
