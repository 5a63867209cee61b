"""The contact form."""

import re
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from contact import tickets
from contact.models import ContactSubmission
from contact.tickets import Verdict

FIELDS = ["name", "entity", "email", "phone", "message"]
FEWEST_DIGITS = 6
MAX_MESSAGE_LENGTH = 5000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

REFUSALS = {
    Verdict.TOO_FAST: "El formulario llegó demasiado rápido. Espere unos segundos y envíelo otra vez.",
    Verdict.EXPIRED: "El formulario estuvo abierto más de un día. Lo que escribió sigue aquí: envíelo otra vez.",
    Verdict.FORGED: "No pudimos comprobar el formulario. Lo que escribió sigue aquí: envíelo otra vez.",
}


def validate_one_line(value: str) -> None:
    """Refuse line breaks, which could inject mail headers."""
    if _CONTROL.search(value):
        raise forms.ValidationError("Escríbalo en un solo renglón.")


class MessageField(forms.CharField):
    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        """Count a line break as one character, as browsers do, although they send two."""
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n").strip()


class ContactForm(forms.ModelForm):
    """The contact form. `website` is a trap for programs that fill in every field; people do not see it."""

    ticket = forms.CharField(required=False, widget=forms.HiddenInput)
    website = forms.CharField(
        required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}), label="No completar"
    )
    message = MessageField(
        label="Mensaje",
        validators=[MaxLengthValidator(MAX_MESSAGE_LENGTH)],
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": MAX_MESSAGE_LENGTH}),
        error_messages={"required": "Escriba su mensaje."},
    )

    class Meta:
        model = ContactSubmission
        fields = FIELDS
        labels = {"entity": "Entidad o empresa", "phone": "Teléfono", "email": "Correo electrónico", "name": "Nombre"}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "entity": forms.TextInput(attrs={"autocomplete": "organization"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        }
        error_messages = {
            "name": {"required": "Escriba su nombre."},
            "email": {
                "required": "Escriba su correo electrónico, para poder responderle.",
                "invalid": "Revise el correo: debe ser como nombre@empresa.com.ar.",
            },
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("name", "entity", "email", "phone"):
            self.fields[name].validators.append(validate_one_line)

    def clean_phone(self) -> str:
        phone = self.cleaned_data["phone"]
        if phone and sum(character.isdecimal() for character in phone) < FEWEST_DIGITS:
            raise forms.ValidationError("Revise el teléfono: escríbalo con su característica, como 011 4444-5555.")
        return phone

    def clean(self) -> dict[str, Any]:
        """Add the error to the whole form and keep the text: a person taken for a program can send it again."""
        cleaned = super().clean() or self.cleaned_data
        verdict = tickets.judge(cleaned.get("ticket", ""))
        if cleaned.get("website"):
            verdict = Verdict.FORGED
        if verdict is not Verdict.GOOD:
            self.add_error(None, REFUSALS[verdict])
        if verdict in (Verdict.EXPIRED, Verdict.FORGED):
            self.show_anew()
        return cleaned

    def show_anew(self) -> None:
        """The same text with a new ticket, without the value that a program or auto-fill wrote into the trap."""
        self.data = {**{name: self.data.get(name, "") for name in FIELDS}, "ticket": tickets.issue(), "website": ""}

    def fields_sent(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in FIELDS}
