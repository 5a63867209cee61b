"""The texts of the papers. An admin edits them afterwards; what only the agency knows stays empty, and is asked for."""

from django.db import migrations

RECEIPT = """\
Recibimos de {deudor} la suma de {importe_en_letras} ({importe}), a cuenta de la deuda que mantiene con {acreedor}.
Este pago no importa la cancelación de períodos anteriores ni la renuncia a intereses o accesorios, de los que se hace \
expresa reserva (artículo 899 del Código Civil y Comercial de la Nación)."""

RECEIPT_COMPLETES = """\
Recibimos de {deudor} la suma de {importe_en_letras} ({importe}), por la deuda que mantenía con {acreedor}.
Este pago cancela el convenio {convenio}."""

CLEARANCE = """\
Por la presente se deja constancia de que {deudor}, {documento}, no adeuda suma alguna a {acreedor} por la obligación \
identificada con el número de cliente {nro_cliente}, cuya gestión de cobro estuvo a cargo de {agencia}.
Esta constancia se refiere exclusivamente a esa obligación y no comprende otras que la persona pudiera tener. Se extiende \
a pedido de la parte interesada, para ser presentada ante quien corresponda."""

STATEMENT = """\
A la fecha de emisión, la deuda de {deudor} con {acreedor} asciende a {saldo} ({saldo_en_letras}): {capital} de capital \
y {interes} de intereses y accesorios.
Este estado informa los movimientos registrados hasta hoy. No es un recibo de pago, ni importa quita, espera o novación \
de la deuda."""

AGREEMENT = """\
Entre {agencia}, CUIT {cuit_agencia}, con domicilio en {domicilio_agencia}, por cuenta y orden de {acreedor} (en adelante, \
el acreedor), y {deudor}, {documento}, con domicilio en {domicilio} (en adelante, el deudor), se conviene lo siguiente:
Primera. El deudor reconoce adeudar al acreedor {deuda} por la obligación identificada con el número de cliente \
{nro_cliente}.
Segunda. Para cancelarla, el deudor pagará {total} ({total_en_letras}), en las fechas y por los importes del plan de pagos \
que sigue.
Tercera. Este convenio no importa la novación de la obligación, que conserva sus garantías y accesorios."""

AGREEMENT_DEFAULT = """\
La mora se produce de pleno derecho por el solo vencimiento de cada plazo (artículo 886 del Código Civil y Comercial de la \
Nación). El convenio caduca, sin necesidad de intimación previa, {caducidad}. En ese caso el deudor pierde los plazos y la \
quita acordados, y el acreedor puede exigir el saldo de la deuda original y sus intereses, con descuento de los pagos \
hechos."""

TEXTS = {
    "agency_name": "",
    "agency_cuit": "",
    "agency_address": "",
    "agency_contact": "",
    "payment_means": "",
    "receipt": RECEIPT,
    "receipt_completes": RECEIPT_COMPLETES,
    "clearance": CLEARANCE,
    "statement": STATEMENT,
    "agreement": AGREEMENT,
    "agreement_default": AGREEMENT_DEFAULT,
}
KINDS = ("agreement", "receipt", "clearance", "statement")


def forwards(apps, schema_editor):
    PaperText = apps.get_model("cases", "PaperText")
    for slug, text in TEXTS.items():
        PaperText.objects.get_or_create(slug=slug, defaults={"text": text})
    DocumentCounter = apps.get_model("cases", "DocumentCounter")
    for kind in KINDS:
        DocumentCounter.objects.get_or_create(kind=kind)


def backwards(apps, schema_editor):
    """The tables go with the migration before."""


class Migration(migrations.Migration):
    dependencies = [("cases", "0050_documents")]

    operations = [migrations.RunPython(forwards, backwards)]
