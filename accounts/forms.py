"""Forms to log in, to choose a password and to confirm the user's identity."""

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm, UsernameField
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest

from accounts import limits
from accounts.models import User
from accounts.tokens import offer_to_revoke

MAX_PASSWORD_LENGTH = 1024  # longer ones are refused before they are hashed
MAX_CODE_LENGTH = 60


def validate_text(value: str) -> None:
    """Refuse lone surrogates, which JSON can carry but no database and no hash accepts."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise forms.ValidationError("Contiene un carácter que no es válido.") from error


def current_password(label: str) -> forms.CharField:
    """A field for the current password. The form or its view checks that it is right."""
    return forms.CharField(
        label=label,
        strip=False,
        max_length=MAX_PASSWORD_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        validators=[validate_text],
        error_messages={"required": "Escriba su contraseña."},
    )


class LoginForm(forms.Form):
    """The username and the password as typed. The view checks them."""

    username = UsernameField(
        label="Usuario",
        max_length=User._meta.get_field("username").max_length,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "username", "autocapitalize": "none"}),
        validators=[validate_text],
        error_messages={"required": "Escriba su usuario."},
    )
    password = current_password("Contraseña")
    next = forms.CharField(required=False, widget=forms.HiddenInput)
    code = forms.CharField(required=False, max_length=MAX_CODE_LENGTH)  # sent by API clients with a second factor


class CodeForm(forms.Form):
    """A code of the authenticator app, or a recovery code."""

    code = forms.CharField(
        label="Código",
        max_length=MAX_CODE_LENGTH,
        help_text="Los 6 números que muestra la aplicación, o uno de sus códigos de recuperación.",
        widget=forms.TextInput(
            attrs={"autofocus": True, "autocomplete": "one-time-code", "inputmode": "text", "autocapitalize": "none"}
        ),
        validators=[validate_text],
        error_messages={"required": "Escriba el código."},
    )


class OwnPasswordForm(PasswordChangeForm):
    """A new password for the own account. It must differ from the old one.

    Validation raises limits.TooManyAttempts, as in ConfirmForm.
    """

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(request.user, *args, **kwargs)
        self.request = request
        for name in ("old_password", "new_password1", "new_password2"):
            self.fields[name].validators += [validate_text, MaxLengthValidator(MAX_PASSWORD_LENGTH)]
        offer_to_revoke(self, request.user)

    def clean_old_password(self) -> str:
        password = self.cleaned_data["old_password"]
        if not limits.is_password_of(self.request, password):
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return password

    def clean_new_password1(self) -> Any:
        new = self.cleaned_data["new_password1"]
        if new and new == self.cleaned_data.get("old_password"):
            raise forms.ValidationError("Elija una contraseña distinta de la actual.")
        return new


class ConfirmForm(forms.Form):
    """Confirms with the password that a change to the account's security is made by its owner.

    Validation raises limits.TooManyAttempts: wrong passwords count as failed log-ins do.
    """

    password = current_password("Su contraseña")

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        if not limits.is_password_of(self.request, password):
            raise forms.ValidationError("No es su contraseña actual.")
        return password


class SecondFactorForm(ConfirmForm):
    code = forms.CharField(
        label="Código de la aplicación",
        max_length=MAX_CODE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        validators=[validate_text],
        error_messages={"required": "Escriba los 6 números que muestra la aplicación."},
    )
    field_order = ["code", "password"]
