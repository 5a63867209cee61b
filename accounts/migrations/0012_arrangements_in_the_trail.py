"""The audit trail records what is done with arrangements. Nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_known_places"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="action",
            field=models.CharField(
                choices=[
                    ("login", "Ingreso"),
                    ("login_failed", "Ingreso fallido"),
                    ("logout", "Salida"),
                    ("password", "Cambio de contraseña"),
                    ("created", "Alta"),
                    ("edited", "Edición"),
                    ("deleted", "Eliminación"),
                    ("assigned", "Asignación"),
                    ("status", "Cambio de estado"),
                    ("placement", "Alta de deuda"),
                    ("adjustment", "Ajuste"),
                    ("payment", "Pago"),
                    ("reversal", "Reversa de pago"),
                    ("promise", "Promesa"),
                    ("promise_cancelled", "Promesa cancelada"),
                    ("arrangement", "Convenio"),
                    ("activity_voided", "Gestión anulada"),
                    ("stopped", "Caso detenido"),
                    ("released", "Caso devuelto a la cola"),
                    ("import", "Importación"),
                    ("export", "Exportación"),
                    ("nightly", "Proceso nocturno"),
                    ("repaired", "Reparación de datos"),
                    ("token_issued", "Token emitido"),
                    ("token_revoked", "Token revocado"),
                    ("sessions_ended", "Cierre de sesiones"),
                    ("second_factor_on", "Segundo factor activado"),
                    ("second_factor_off", "Segundo factor quitado"),
                    ("mail_test", "Prueba de correo"),
                ],
                max_length=20,
                verbose_name="qué",
            ),
        ),
    ]
