"""A cartera's name in another accent, case or composition is the same name. Carteras that differ only so keep their
cases: the later ones get a number, and an admin decides.
"""

import unicodedata
from collections import Counter

from django.db import migrations, models

import cases.searching

FUNCTION = r"""
CREATE OR REPLACE FUNCTION nova_fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT lower(
    replace(replace(replace(replace(replace(translate(
        regexp_replace(normalize($1, NFKD), '[\u0300-\u036f]', '', 'g'),
        'ØøĐđŁłÞþÐðıŊŋĦħŦŧ', 'OoDdLlTtDdiNnHhTt'),
        'ß', 'ss'), 'Æ', 'AE'), 'æ', 'ae'), 'Œ', 'OE'), 'œ', 'oe'))
$$
"""


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION)
    Cartera = apps.get_model("cases", "Cartera")
    carteras = list(Cartera.objects.order_by("id"))
    taken = Counter(cases.searching.fold(cartera.name) for cartera in carteras)
    seen = set()
    for cartera in carteras:
        name = unicodedata.normalize("NFC", cartera.name)
        key, number = cases.searching.fold(name), 2
        while key in seen or (number > 2 and key in taken):
            name = f"{cartera.name[:110]} ({number})"
            key, number = cases.searching.fold(name), number + 1
        seen.add(key)
        if name != cartera.name:
            Cartera.objects.filter(pk=cartera.pk).update(name=name)


def backwards(apps, schema_editor):
    """The names stay."""


def drop_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS nova_fold(text)")


class Migration(migrations.Migration):
    # The names are written before the constraint is made: PostgreSQL alters no table with changes that are pending.
    atomic = False

    dependencies = [("cases", "0031_carry_over_types_arrears_and_first_gestiones")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, drop_function),
        migrations.RunPython(forwards, backwards),
        migrations.RemoveConstraint(model_name="cartera", name="cartera_name_unique"),
        migrations.AddConstraint(
            model_name="cartera",
            constraint=models.UniqueConstraint(
                cases.searching.Fold("name"),
                name="cartera_name_unique",
                violation_error_message="Ya existe una cartera con ese nombre.",
            ),
        ),
    ]
