from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig

from nova.lib import checks  # noqa: F401  registers our system checks


class AccountsConfig(AppConfig):
    default = True
    name = "accounts"
    verbose_name = "Usuarios y auditoría"

    def ready(self) -> None:
        from accounts import signals  # noqa: F401, PLC0415  receivers need the models, which are loaded by now


class LoginHistoryConfig(AxesConfig):
    """django-axes under a name that staff understand."""

    verbose_name = "Historial de ingresos"
