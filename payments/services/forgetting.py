"""What a file of payments says of people leaves a copy that is made anonymous."""

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat

from payments.models import PaymentFile, PaymentKey, PaymentRow

SAID = ("raw", "payer_cuit", "payer_dni", "payer_name", "nro_cliente", "external_reference")


def forget() -> dict[str, int]:
    """How many rows of each kind were changed. Identities stay: they say nothing, and no payment comes twice."""
    number = Cast(F("pk"), CharField())
    PaymentFile.objects.update(file_name=Concat(Value("pagos-"), number), account="")
    PaymentKey.objects.update(key=Concat(Value("K"), number))
    return {"payment_rows": PaymentRow.objects.update(**dict.fromkeys(SAID, ""))}
