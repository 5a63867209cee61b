from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Pagos en archivos"

    def ready(self) -> None:
        from cases.transfer import anonymize  # noqa: PLC0415 (the models are there by now)
        from payments.services.forgetting import forget  # noqa: PLC0415

        anonymize.ALSO.append(forget)
