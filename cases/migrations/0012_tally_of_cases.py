"""How many cases each cartera has, kept by PostgreSQL in the statement that changes it: a list of a million says its
total without counting. Statement triggers: an import of a million rows adds one row to the tally."""

from django.db import migrations, models

FORWARDS = """
CREATE FUNCTION nova_tally_cases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO cases_casetally (cartera_id, cases) SELECT cartera_id, count(*) FROM changed GROUP BY cartera_id;
    ELSE
        INSERT INTO cases_casetally (cartera_id, cases) SELECT cartera_id, -count(*) FROM changed GROUP BY cartera_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER case_tally_added AFTER INSERT ON cases_case
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION nova_tally_cases();
CREATE TRIGGER case_tally_taken AFTER DELETE ON cases_case
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION nova_tally_cases();

INSERT INTO cases_casetally (cartera_id, cases) SELECT cartera_id, count(*) FROM cases_case GROUP BY cartera_id;
"""

BACKWARDS = """
DROP TRIGGER IF EXISTS case_tally_added ON cases_case;
DROP TRIGGER IF EXISTS case_tally_taken ON cases_case;
DROP FUNCTION IF EXISTS nova_tally_cases();
"""


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("LOCK TABLE cases_case IN SHARE ROW EXCLUSIVE MODE")
        schema_editor.execute(FORWARDS)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("cases", "0011_searches_in_one_process")]

    operations = [
        migrations.CreateModel(
            name="CaseTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cartera_id", models.BigIntegerField()),
                ("cases", models.BigIntegerField()),
            ],
            options={"verbose_name": "recuento de casos", "verbose_name_plural": "recuentos de casos"},
        ),
        migrations.RunPython(forwards, backwards),
    ]
