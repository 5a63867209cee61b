"""Logging in, and choosing a password of one's own."""

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm, UsernameField

from accounts.models import User

MAX_PASSWORD_LENGTH = 1024  # longer ones are refused before they cost anything


def validate_text(value: str) -> None:
    """JSON can carry half a character, which no database and no hash takes."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise forms.ValidationError("Contiene un carácter que no es válido.") from error


class LoginForm(forms.Form):
    """What was typed; whether it is right is for the view to find out."""

    username = UsernameField(
        label="Usuario",
        max_length=User._meta.get_field("username").max_length,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "username", "autocapitalize": "none"}),
        validators=[validate_text],
        error_messages={"required": "Escriba su usuario."},
    )
    password = forms.CharField(
        label="Contraseña",
        strip=False,
        max_length=MAX_PASSWORD_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        validators=[validate_text],
        error_messages={"required": "Escriba su contraseña."},
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class OwnPasswordForm(PasswordChangeForm):
    """The password that somebody chooses for themselves: not the one they had."""

    def clean_new_password1(self) -> Any:
        new = self.cleaned_data["new_password1"]
        if new and new == self.cleaned_data.get("old_password"):
            raise forms.ValidationError("Elija una contraseña distinta de la actual.")
        return new
