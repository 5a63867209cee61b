"""Searches ignore punctuation: the function, the stored texts made anew, and indexes of keys and of parts of phones.

PostgreSQL: the same text as `cases.searching.normalize`, whatever the locale of the database. Rows are written a chunk
at a time and indexes built beside the writers, so that nobody waits; a million debtors take a minute or two.
"""

from django.db import migrations, models
from django.db.models import Max
from django.db.models.functions import Upper

import cases.searching

CHUNK = 10_000
FUNCTION = r"""
CREATE OR REPLACE FUNCTION nova_search_text(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL UNSAFE AS $$
SELECT regexp_replace(regexp_replace(regexp_replace(lower(
    CASE WHEN octet_length($1) = length($1) THEN $1 ELSE
        replace(replace(replace(replace(replace(translate(
            regexp_replace(normalize($1, NFKD), '[\u0300-\u036f]', '', 'g'),
            'ØøĐđŁłÞþÐðıŊŋĦħŦŧ', 'OoDdLlTtDdiNnHhTt'),
            'ß', 'ss'), 'Æ', 'AE'), 'æ', 'ae'), 'Œ', 'OE'), 'œ', 'oe')
    END),
    '[!-/:-@\[-`{-~\u00a1-\u00bf\u02b0-\u02ff\u2010-\u205e\u20a0-\u20cf\u2190-\u2bff\u3000-\u303f]', '', 'g'),
    '[ \t\n\r\f\v]+', ' ', 'g'),
    '(?<![^ ])([^ ]) (?=[^ ](?![^ ]))', '\1', 'g')
$$
"""
FORMER = """
CREATE OR REPLACE FUNCTION nova_search_text(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL UNSAFE AS $$
SELECT lower({schema}.unaccent('{schema}.unaccent'::regdictionary, $1)) $$
"""
DIGITS = "number"
for sign in " -().":
    DIGITS = f"REPLACE({DIGITS}, '{sign}', '')"
KEY = "(UPPER(LTRIM(nro_cliente, '0')){opclass})"


def forwards(apps, schema_editor):
    is_live = schema_editor.connection.vendor == "postgresql"
    if is_live:
        schema_editor.execute(FUNCTION)
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS phone_digits_trigram")
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS case_by_key")
        schema_editor.execute(
            f"CREATE INDEX CONCURRENTLY phone_digits_trigram ON cases_debtorphone USING gin ({DIGITS} gin_trgm_ops)"
            " WITH (fastupdate = off)"
        )
        schema_editor.execute(
            f"CREATE INDEX CONCURRENTLY case_by_key ON cases_case {KEY.format(opclass=' text_pattern_ops')}"
        )
    else:
        schema_editor.execute(f"CREATE INDEX case_by_key ON cases_case {KEY.format(opclass='')}")
    write_again(apps, schema_editor)


def backwards(apps, schema_editor):
    concurrently = "CONCURRENTLY" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP INDEX {concurrently} IF EXISTS case_by_key")
    if concurrently:
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS phone_digits_trigram")
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
                " WHERE e.extname = 'unaccent'"
            )
            schema_editor.execute(FORMER.format(schema=cursor.fetchone()[0]))
    write_again(apps, schema_editor)


def write_again(apps, schema_editor):
    """The generated texts, a chunk at a time: writing a column that they are made of makes them anew."""
    last = apps.get_model("cases", "Debtor").objects.aggregate(last=Max("id"))["last"] or 0
    for first in range(1, last + 1, CHUNK):
        schema_editor.execute(
            "UPDATE cases_debtor SET first_name = first_name WHERE id BETWEEN %s AND %s", [first, first + CHUNK - 1]
        )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0022_queue_of_active_carteras")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[
                migrations.AddIndex(
                    model_name="case",
                    index=models.Index(Upper(cases.searching.WithoutZeros("nro_cliente")), name="case_by_key"),
                ),
            ],
        ),
    ]
