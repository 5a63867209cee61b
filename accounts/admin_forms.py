"""Forms of the Django admin to create users and to reset their password."""

import secrets
from typing import Any

from django import forms
from django.contrib.auth.forms import AdminPasswordChangeForm, SetPasswordMixin, UsernameField

from accounts.models import User
from accounts.tokens import offer_to_revoke

# Without characters that are easily confused: 0 O, 1 l I.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def generated_password() -> str:
    """A password of three groups of four characters, 59 bits: easy to dictate, and changed at the first log-in."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))


class NewUserForm(SetPasswordMixin, forms.ModelForm):
    """All fields of a new user in one form. Without a password one is generated, to be shown once."""

    password1, password2 = SetPasswordMixin.create_password_fields()

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "role", "must_change_password"]
        field_classes = {"username": UsernameField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].required = self.fields["password2"].required = False
        self.fields["password2"].help_text = "Si deja las dos vacías, se genera una y se muestra al guardar."
        self.fields["must_change_password"].initial = True
        self.fields["role"].initial = User.Role.GESTOR

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError("Ya existe un usuario con ese nombre de usuario.")
        return username

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, second = data.get("password1"), data.get("password2")
        if bool(first) != bool(second):
            self.add_error("password2", "Escriba la contraseña dos veces, o deje las dos vacías.")
        self.validate_passwords()
        return data

    def _post_clean(self) -> None:
        """Validate the password here, where the instance has the names that it must not resemble."""
        super()._post_clean()  # type: ignore[misc]
        self.validate_password_for_user(self.instance, "password1")

    def save(self, commit: bool = True) -> User:
        user = super().save(commit=False)
        self.generated = "" if self.cleaned_data["password1"] else generated_password()
        user.set_password(self.generated or self.cleaned_data["password1"])
        if self.generated:
            user.must_change_password = True
        if commit:
            user.save()
        return user


class ResetPasswordForm(AdminPasswordChangeForm):
    """A password set by an admin for another user, who must change it at the next log-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)  # to block a log-in, the user is deactivated
        offer_to_revoke(self, self.user)

    def save(self, commit: bool = True) -> User:
        self.user.must_change_password = True
        return super().save(commit=commit)
