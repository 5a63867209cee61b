"""Tokens of the API in the Django admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from accounts.models import ApiToken, User
from accounts.tokens import issue_token, revoke_token

EDITABLE = ["name", "user", "expiry"]
READ_ONLY = ["created", "last_used_at", "created_by"]  # read-only fields of an existing token


class NewTokenForm(forms.ModelForm):
    class Meta:
        model = ApiToken
        fields = EDITABLE
        help_texts = {
            "name": "El sistema que lo usará: por él se lo reconoce al revocarlo.",
            "user": "El token puede lo que puede este usuario, y nada más.",
            "expiry": "Vacío: no vence.",
        }

    def clean_expiry(self) -> Any:
        expiry = self.cleaned_data["expiry"]
        if expiry is not None and expiry <= timezone.now():
            raise forms.ValidationError("La fecha de vencimiento ya pasó.")
        return expiry


class ApiTokenAdmin(admin.ModelAdmin):
    """API tokens: issued, shown once, renamed, revoked. An admin who is no superuser cannot change those of a
    superuser.
    """

    form = NewTokenForm
    list_display = ["name", "user", "role", "created", "last_used_at", "expiry"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    ordering = ["-created", "-id"]
    actions = ["revoke"]

    @admin.display(description="rol")
    def role(self, token: ApiToken) -> str:
        return token.user.get_role_display()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            users = User.objects.filter(is_active=True).order_by("username")
            kwargs["queryset"] = users if request.user.is_superuser else users.filter(is_superuser=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        return [*EDITABLE, *READ_ONLY] if obj else EDITABLE

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        return ["user", "expiry", *READ_ONLY] if obj else []

    def has_change_permission(self, request: Any, obj: ApiToken | None = None) -> bool:
        return super().has_change_permission(request, obj) and request.user.may_touch(obj.user if obj else None)

    def has_delete_permission(self, request: Any, obj: ApiToken | None = None) -> bool:
        return super().has_delete_permission(request, obj) and request.user.may_touch(obj.user if obj else None)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: Any, obj: ApiToken, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["name"])
            return
        made, text = issue_token(user=obj.user, name=obj.name, by=request.user, expiry=obj.expiry)
        obj.pk = made.pk
        obj.refresh_from_db()
        shown = "Anote el token, no se vuelve a mostrar. Se envía así: {}"
        self.message_user(request, format_html(shown, f"Authorization: Token {text}"), messages.WARNING)

    def delete_model(self, request: Any, obj: ApiToken) -> None:
        revoke_token(token=obj, by=request.user)

    @admin.action(description="Revocar los tokens elegidos", permissions=["delete"])
    def revoke(self, request: Any, queryset: QuerySet) -> None:
        mine = [token for token in queryset.select_related("user") if request.user.may_touch(token.user)]
        for token in mine:
            revoke_token(token=token, by=request.user)
        self.message_user(request, f"Revocados: {len(mine)}.")
