"""An undo takes back an arrangement too. The rows that are there are checked while people work."""

from django.db import migrations, models

from nova.lib.constraints import AddConstraintLive

NAME = "effect_target_known"
TARGETS = [
    ("case", "Caso"),
    ("phone", "Teléfono"),
    ("promise", "Promesa"),
    ("payment", "Pago"),
    ("activity", "Gestión automática"),
    ("stop", "Detención"),
    ("plan", "Convenio"),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0053_index_of_names_takes_many_at_once")]

    operations = [
        migrations.AlterField(
            model_name="effect",
            name="model",
            field=models.CharField(choices=TARGETS, max_length=10, verbose_name="qué"),
        ),
        migrations.RemoveConstraint(model_name="effect", name=NAME),
        AddConstraintLive(
            model_name="effect",
            constraint=models.CheckConstraint(
                condition=models.Q(("model__in", [target for target, _ in TARGETS])), name=NAME
            ),
        ),
    ]
