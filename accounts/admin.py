"""Users, the audit trail and the history of log-ins in the Django admin."""

from functools import cache
from typing import Any

from auditlog.admin import LogEntryAdmin
from auditlog.models import LogEntry
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts import audit, second_factor, session_life, tokens
from accounts.admin_forms import NewUserForm, ResetPasswordForm
from accounts.admin_tokens import ApiTokenAdmin
from accounts.models import ApiToken, AuditEvent, User
from accounts.trail import changes_table, edited_fields
from nova.lib.ip import ip_of
from nova.lib.paginators import CappedPaginator

admin.site.register(ApiToken, ApiTokenAdmin)

OWN_STANDING = ["role", "is_active", "is_staff", "is_superuser", "groups", "user_permissions"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Users. An admin who is no superuser can neither create nor change one; nobody can change their own role or
    status.
    """

    view_on_site = False  # Django would link to its own page there
    add_form = NewUserForm
    add_form_template = None
    form = UserChangeForm
    change_password_form = ResetPasswordForm
    change_user_password_template = "admin/accounts/user_password.html"  # noqa: S105
    list_display = ["username", "full_name", "role", "is_active", "is_staff", "has_second_factor", "last_login"]
    list_select_related = ["second_factor"]
    list_filter = ["role", "is_active", "is_staff"]
    search_fields = ["username", "first_name", "last_name", "email"]
    ordering = ["username"]
    filter_horizontal = ["groups", "user_permissions"]
    readonly_fields = ["last_login", "date_joined", "has_second_factor", "api_tokens"]
    add_fieldsets = [
        (None, {"fields": ["username", "first_name", "last_name", "email", "role"]}),
        ("Contraseña", {"fields": ["password1", "password2", "must_change_password"]}),
    ]

    actions = ["end_sessions", "remove_second_factor"]

    @admin.action(description="Cerrar las sesiones de los elegidos", permissions=["change"])
    def end_sessions(self, request: Any, queryset: Any) -> None:
        """End the sessions of the selected users. The admin who runs the action keeps the current session."""
        address, current = ip_of(request), request.session.session_key
        allowed = [user for user in queryset if self.has_change_permission(request, user)]
        ended = sum(
            session_life.end_others(user=user, by=request.user, current=current, address=address) for user in allowed
        )
        self.message_user(request, f"Sesiones cerradas: {ended}.", messages.SUCCESS)

    @admin.action(description="Quitar el segundo factor a los elegidos", permissions=["change"])
    def remove_second_factor(self, request: Any, queryset: Any) -> None:
        """For users who lost phone and recovery codes: they log in with their password and set it up again."""
        address = ip_of(request)
        allowed = [user for user in queryset if self.has_change_permission(request, user)]
        removed = sum(second_factor.turn_off(user=user, by=request.user, address=address) for user in allowed)
        self.message_user(request, f"Usuarios a los que se les quitó el segundo factor: {removed}.", messages.SUCCESS)

    @admin.display(description="segundo factor", boolean=True)
    def has_second_factor(self, user: User) -> bool:
        return hasattr(user, "second_factor")

    @admin.display(description="tokens de la API")
    def api_tokens(self, user: User) -> SafeString | str:
        """What enters as this user without a password. Runs a query."""
        links = [
            (reverse("admin:accounts_apitoken_change", args=[token.pk]), tokens.described(token))
            for token in user.auth_token_set.order_by("name", "pk")
        ]
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a>', links) or "—"

    @admin.display(description="nombre", ordering="first_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "—"

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        special = ["is_superuser", "user_permissions"] if request.user.is_superuser else []
        return [
            (None, {"fields": ["username", "password", "must_change_password", "has_second_factor", "api_tokens"]}),
            ("Datos personales", {"fields": ["first_name", "last_name", "email"]}),
            ("Permisos", {"fields": ["role", "is_active", "is_staff", "groups", *special]}),
            ("Fechas", {"fields": ["last_login", "date_joined"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        own = OWN_STANDING if obj is not None and obj.pk == request.user.pk else []
        return [*super().get_readonly_fields(request, obj), *own]

    def has_change_permission(self, request: Any, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and request.user.may_touch(obj)

    def has_delete_permission(self, request: Any, obj: User | None = None) -> bool:
        is_self = obj is not None and obj.pk == request.user.pk
        return super().has_delete_permission(request, obj) and request.user.may_touch(obj) and not is_self

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """No bulk deletion: users are deactivated. One created by mistake can be deleted on its own page."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: Any, obj: User, form: Any, change: bool) -> None:
        was_admin = change and "role" in form.changed_data and form.initial["role"] == User.Role.ADMIN
        if was_admin and obj.is_staff:
            obj.is_staff = False
            self.message_user(request, f"{obj} ya no entra a la administración.", messages.WARNING)
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            session_life.end_others(user=obj, by=request.user, address=ip_of(request))
        if change:
            self._warn_about_cases(request, obj, form)
        elif form.generated:
            text = "Contraseña de {}: {} — anótela, no se vuelve a mostrar."
            self.message_user(request, format_html(text, obj.username, form.generated), messages.WARNING)

    def _warn_about_cases(self, request: HttpRequest, user: User, form: Any) -> None:
        """Warn that the cases of a deactivated or changed gestor stay with them, with their number, and ask where the
        open ones go. Two queries per warning.
        """
        if "role" in form.changed_data and form.initial["role"] == User.Role.GESTOR and (count := user.cases.count()):
            text = f"{user} ya no es gestor y tiene {_cases(count)} a su cargo: reasigne lo que corresponda."
            self.message_user(request, text, messages.WARNING)
        elif "is_active" in form.changed_data and not user.is_active and (count := user.cases.open().count()):
            text = f"{user} no puede ingresar y tiene {_cases(count, 'abierto')} por reasignar."
            self.message_user(request, text, messages.WARNING)
        else:
            return
        request.leaves_cases = user.cases.open().exists()  # type: ignore[attr-defined]

    def response_change(self, request: HttpRequest, obj: User) -> HttpResponse:
        """After somebody stopped being an active gestor: where do their open cases go?"""
        if getattr(request, "leaves_cases", False):
            return redirect("reassignment", obj.pk)
        return super().response_change(request, obj)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        return admin.ModelAdmin.response_add(self, request, obj, post_url_continue)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        user = self.get_object(request, unquote(object_id))
        if user is None or not self.has_delete_permission(request, user) or not user.has_history():
            return super().delete_view(request, object_id, extra_context)
        text = f"{user} no puede eliminarse: hay registros de lo que hizo. Desactive el usuario."
        self.message_user(request, text, messages.ERROR)
        return redirect(reverse("admin:accounts_user_change", args=[user.pk]))

    def user_change_password(self, request: Any, id: str, form_url: str = "") -> HttpResponse:
        if id == str(request.user.pk):
            return redirect("own-password")
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            if request.method == "POST" and response.status_code == 302:
                user, address = User.objects.get(pk=unquote(id)), ip_of(request)
                audit.record(AuditEvent.Action.PASSWORD, by=request.user, target=user, address=address)
                session_life.end_others(user=user, by=request.user, address=address)
                if request.POST.get(tokens.REVOKE) == "on":
                    revoked = tokens.revoke_all(user=user, by=request.user)
                    self.message_user(request, f"Tokens de la API revocados: {revoked}.", messages.SUCCESS)
        return response


def _cases(count: int, adjective: str = "") -> str:
    words = ["caso", adjective] if count == 1 else ["casos", adjective and f"{adjective}s"]
    return f"{count} {' '.join(filter(None, words))}"


class ReadOnlyAdmin(admin.ModelAdmin):
    """Records that can be read, searched and filtered, but never edited."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # facet counts read the whole table, once for each choice

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@cache
def _model_names() -> dict[str, str]:
    return {model._meta.model_name or "": str(model._meta.verbose_name) for model in apps.get_models()}


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "actor", "action", "target_label", "target", "address"]
    list_select_related = ["actor"]
    list_filter = ["action", "created_at"]
    search_fields = ["target_label"]
    search_help_text = "Por nombre, usuario o número de cliente de lo que cambió."
    fields = ["created_at", "actor", "action", "target_label", "target", "address", "changes"]
    readonly_fields = ["target", "changes"]

    @admin.display(description="registro")
    def target(self, event: AuditEvent) -> str:
        if not event.target_type:
            return "—"
        return f"{_model_names().get(event.target_type, event.target_type)} {event.target_id or ''}".strip()

    @admin.display(description="cambios")
    def changes(self, event: AuditEvent) -> SafeString | str:
        return changes_table(event.before, event.after)


class LoginHistoryAdmin(ReadOnlyAdmin):
    change_form_template = "admin/accounts/login_record.html"
    search_fields = ["username", "ip_address"]
    list_filter = ["attempt_time"]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """django-axes names its rows in English."""
        if obj is not None:
            context["subtitle"] = f"{obj.username or '—'} · {timezone.localtime(obj.attempt_time):%d/%m/%Y %H:%M}"
        return super().render_change_form(request, context, add, change, form_url, obj)


@admin.register(AccessAttempt)
class AccessAttemptAdmin(LoginHistoryAdmin):
    list_display = ["attempt_time", "username", "ip_address", "failures_since_start"]
    fields = ["attempt_time", "username", "ip_address", "user_agent", "path_info", "failures_since_start"]


@admin.register(AccessLog)
class AccessLogAdmin(LoginHistoryAdmin):
    list_display = ["attempt_time", "username", "ip_address", "logout_time"]
    fields = ["attempt_time", "logout_time", "username", "ip_address", "user_agent", "path_info"]


@admin.register(AccessFailureLog)
class AccessFailureLogAdmin(LoginHistoryAdmin):
    list_display = ["attempt_time", "username", "ip_address", "locked_out"]
    fields = ["attempt_time", "username", "ip_address", "user_agent", "path_info", "locked_out"]


admin.site.unregister(LogEntry)


@admin.register(LogEntry)
class EditsAdmin(ReadOnlyAdmin, LogEntryAdmin):
    """Edits made in the admin, field by field (django-auditlog)."""

    date_hierarchy = None
    list_display = ["created", "actor", "action", "content_type", "object_repr", "fields_changed"]
    list_filter = ["action", "timestamp"]
    search_fields = ["object_repr"]
    fieldsets = [(None, {"fields": ["timestamp", "actor", "action", "resource_url", "changed"]})]
    readonly_fields = ["timestamp", "actor", "action", "resource_url", "changed"]

    @admin.display(description="campos")
    def fields_changed(self, entry: LogEntry) -> str:
        return ", ".join(map(str, edited_fields(entry)))

    @admin.display(description="cambios")
    def changed(self, entry: LogEntry) -> SafeString | str:
        fields = edited_fields(entry)
        return changes_table(
            {field: before for field, (before, _) in fields.items()},
            {field: after for field, (_, after) in fields.items()},
        )
