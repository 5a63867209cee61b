"""Users, their tokens, sessions and second factors, and the audit trail."""

from typing import Any

from auditlog.registry import auditlog
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse
from django.utils import timezone
from knox.models import AbstractAuthToken

# Admins may see and edit the models of these apps without explicit permissions (DESIGN §2).
ADMINISTERED_APPS = frozenset({"accounts", "cases", "contact", "dashboards", "payments", "auditlog", "axes"})


class UserQuerySet(models.QuerySet):
    def gestores(self) -> "UserQuerySet":
        """Active collectors: the users who may receive cases."""
        return self.filter(role=User.Role.GESTOR, is_active=True)


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_superuser(self, username, email=None, password=None, **extra_fields):
        extra_fields.setdefault("role", User.Role.ADMIN)
        return super().create_superuser(username, email, password, **extra_fields)


def named(path: str) -> tuple[str, ...]:
    """The columns by which `str` names the user at `path`, for a query that reads no others."""
    return tuple(f"{path}__{name}" for name in ("first_name", "last_name", "username"))


class User(AbstractUser):  # type: ignore[django-manager-missing]  # of the tokens, which knox types not
    class Role(models.TextChoices):
        ADMIN = "admin", "Administrador"
        GESTOR = "gestor", "Gestor"
        USER = "user", "Usuario"

    role = models.CharField("rol", max_length=10, choices=Role.choices, default=Role.USER, db_index=True)
    must_change_password = models.BooleanField(
        "debe cambiar la contraseña", default=False, help_text="Se le pide una nueva al entrar."
    )

    objects = UserManager()  # type: ignore[misc]

    class Meta(AbstractUser.Meta):
        verbose_name = "usuario"
        verbose_name_plural = "usuarios"
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=["admin", "gestor", "user"]), name="user_role_known"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.role == self.Role.ADMIN and not self.is_staff:
            self.is_staff = True
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "is_staff"}
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def is_admin(self) -> bool:
        return self.role == self.Role.ADMIN

    @property
    def is_gestor(self) -> bool:
        return self.role == self.Role.GESTOR

    @property
    def home_url(self) -> str:
        """The start page of the user's role."""
        return reverse(f"dashboard-{self.role}")

    def get_absolute_url(self) -> str:
        """The admin's page with the figures of a gestor."""
        return reverse("gestor", args=[self.pk])

    def may_touch(self, other: "User | None") -> bool:
        """Whether an administrator may change `other` and their objects: only superusers may change a superuser."""
        return self.is_superuser or other is None or not other.is_superuser

    def has_history(self) -> bool:
        """Whether a protected row refers to this user, who then cannot be deleted. Runs up to a dozen queries."""
        return any(
            relation.related_model._base_manager.filter(**{relation.field.name: self}).exists()
            for relation in self._meta.related_objects
            if relation.on_delete is models.PROTECT
        )

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        if self.is_active and self.is_admin and perm.split(".")[0] in ADMINISTERED_APPS:
            return True
        return super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        if self.is_active and self.is_admin and app_label in ADMINISTERED_APPS:
            return True
        return super().has_module_perms(app_label)


class ApiToken(AbstractAuthToken):
    """A token that an API client sends instead of a session. It has the role of its user; only its hash is stored."""

    id = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=128, unique=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="auth_token_set", verbose_name="usuario")
    created = models.DateTimeField("emitido", auto_now_add=True)
    expiry = models.DateTimeField("vence", null=True, blank=True)
    name = models.CharField("para qué es", max_length=80)
    last_used_at = models.DateTimeField("último uso", null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name="emitido por", editable=False
    )

    class Meta:
        verbose_name = "token de la API"
        verbose_name_plural = "tokens de la API"
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return f"{self.name} · {self.user}"


class Session(AbstractBaseSession):
    """A session of the site: Django's, with its user, IP and browser (accounts.sessions)."""

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions", verbose_name="usuario")
    started_at = models.DateTimeField("ingreso", null=True)
    seen_at = models.DateTimeField("último uso", null=True)
    address = models.GenericIPAddressField("dirección", null=True)
    agent = models.CharField("navegador", max_length=300, blank=True)

    class Meta(AbstractBaseSession.Meta):
        verbose_name = "sesión"
        verbose_name_plural = "sesiones"


class KnownPlace(models.Model):
    """A browser or an address from which a user has logged in; log-in attempts from there count apart
    (accounts.places).
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="known_places", verbose_name="usuario")
    digest = models.CharField(max_length=64, editable=False)
    seen_at = models.DateTimeField("último ingreso", default=timezone.now, editable=False)
    failures = models.PositiveIntegerField("códigos errados seguidos", default=0, editable=False)
    blocked_until = models.DateTimeField("sin códigos hasta", null=True, editable=False)

    class Meta:
        verbose_name = "lugar conocido"
        verbose_name_plural = "lugares conocidos"
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="known_place_once_per_user")]

    def __str__(self) -> str:
        return f"Lugar conocido de {self.user}"


class SecondFactor(models.Model):
    """The secret shared with a user's authenticator app. A row exists while the second factor is on."""

    user = models.OneToOneField(User, models.CASCADE, related_name="second_factor", verbose_name="usuario")
    key = models.CharField("secreto", max_length=64, editable=False)  # hexadecimal
    last_step = models.BigIntegerField("último código usado", default=0, editable=False)
    failures = models.PositiveIntegerField("códigos errados seguidos", default=0, editable=False)
    blocked_until = models.DateTimeField("sin códigos hasta", null=True, editable=False)
    created_at = models.DateTimeField("activo desde", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "segundo factor"
        verbose_name_plural = "segundos factores"

    def __str__(self) -> str:
        return f"Segundo factor de {self.user}"


class RecoveryCode(models.Model):
    """A code for one log-in without the phone. It has 120 bits, so a plain digest protects it (ASVS 5.0, 6.5.2)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes", verbose_name="usuario")
    digest = models.CharField(max_length=64, unique=True, editable=False)

    class Meta:
        verbose_name = "código de recuperación"
        verbose_name_plural = "códigos de recuperación"

    def __str__(self) -> str:
        return f"Código de recuperación de {self.user}"


class AuditEventQuerySet(models.QuerySet):
    def update(self, **kwargs: Any) -> int:
        raise TypeError("The audit trail is append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit trail is append-only.")


class AuditEvent(models.Model):
    """One action of a user: written in the transaction of the action, never changed (DESIGN §8)."""

    class Action(models.TextChoices):
        LOGIN = "login", "Ingreso"
        LOGIN_FAILED = "login_failed", "Ingreso fallido"
        LOGOUT = "logout", "Salida"
        PASSWORD = "password", "Cambio de contraseña"
        CREATED = "created", "Alta"
        EDITED = "edited", "Edición"
        DELETED = "deleted", "Eliminación"
        ASSIGNED = "assigned", "Asignación"
        STATUS = "status", "Cambio de estado"
        PLACEMENT = "placement", "Alta de deuda"
        ADJUSTMENT = "adjustment", "Ajuste"
        PAYMENT = "payment", "Pago"
        REVERSAL = "reversal", "Reversa de pago"
        PROMISE = "promise", "Promesa"
        PROMISE_CANCELLED = "promise_cancelled", "Promesa cancelada"
        ARRANGEMENT = "arrangement", "Convenio"
        ACTIVITY_VOIDED = "activity_voided", "Gestión anulada"
        STOPPED = "stopped", "Caso detenido"
        RELEASED = "released", "Caso devuelto a la cola"
        IMPORT = "import", "Importación"
        EXPORT = "export", "Exportación"
        NIGHTLY = "nightly", "Proceso nocturno"
        REPAIRED = "repaired", "Reparación de datos"
        TOKEN_ISSUED = "token_issued", "Token emitido"
        TOKEN_REVOKED = "token_revoked", "Token revocado"
        SESSIONS_ENDED = "sessions_ended", "Cierre de sesiones"
        SECOND_FACTOR_ON = "second_factor_on", "Segundo factor activado"
        SECOND_FACTOR_OFF = "second_factor_off", "Segundo factor quitado"
        MAIL_TEST = "mail_test", "Prueba de correo"

    created_at = models.DateTimeField("cuándo", default=timezone.now, editable=False)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="audit_events", verbose_name="quién"
    )
    action = models.CharField("qué", max_length=20, choices=Action.choices)
    target_type = models.CharField("tipo", max_length=40, blank=True)
    target_id = models.BigIntegerField("número", null=True, blank=True)
    target_label = models.CharField("sobre", max_length=200, blank=True)
    before = models.JSONField("antes", default=dict, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField("después", default=dict, blank=True, encoder=DjangoJSONEncoder)
    address = models.GenericIPAddressField("dirección", null=True, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = "registro de auditoría"
        verbose_name_plural = "registros de auditoría"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="audit_newest"),
            models.Index(fields=["target_type", "target_id"], name="audit_target"),
            models.Index(fields=["actor", "-created_at"], name="audit_actor"),
            models.Index(fields=["action", "-created_at"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} · {self.target_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The audit trail is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit trail is append-only.")


# Edits of users in the admin, field by field, except the password; log-ins are in the audit trail already.
auditlog.register(
    User,
    include_fields=[
        "username",
        "first_name",
        "last_name",
        "email",
        "role",
        "is_active",
        "is_staff",
        "is_superuser",
        "must_change_password",
    ],
    m2m_fields={"groups", "user_permissions"},
)
