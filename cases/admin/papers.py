"""Papers in the admin: read-only. Their texts are edited, by admins alone; none is added or deleted."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from cases.admin.base import Tool, TrailAdmin
from cases.admin.records import OfCaseAdmin
from cases.models import Document, PaperText
from cases.rules.papers import offered

BEGINNING = 90  # characters of a text in the list


@admin.register(Document)
class DocumentAdmin(OfCaseAdmin):
    list_display = ["__str__", "case_link", "issued_at", "issued_by", "voided_at"]
    list_filter = ["kind"]
    list_select_related = ["case__debtor", "issued_by"]
    search_fields = ["number"]  # only shows the box; get_search_results searches the case
    ordering = ["-id"]
    fields = [
        "kind",
        "number",
        "case_link",
        "entry",
        "arrangement",
        "code",
        "sha256",
        "issued_by",
        "issued_at",
        "voided_by",
        "voided_at",
        "void_reason",
    ]
    readonly_fields = ["case_link", "code", "sha256", "issued_at"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("file", "content", "texts")

    def trail_of(self, obj: Any) -> Any:
        return obj

    def get_tools(self, request: HttpRequest, obj: Document) -> list[Tool]:
        return [Tool("Ver el papel", reverse("document-file", args=[obj.pk])), *super().get_tools(request, obj)]


class PaperTextForm(forms.ModelForm):
    class Meta:
        model = PaperText
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 12, "cols": 100})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "text" in self.fields:  # not for who only looks
            self.fields["text"].help_text = f"Un párrafo por renglón. {offered(self.instance.placeholders)}"


@admin.register(PaperText)
class PaperTextAdmin(TrailAdmin):
    form = PaperTextForm
    list_display = ["__str__", "beginning"]
    ordering = ["id"]
    fields = ["text"]

    @admin.display(description="contenido")
    def beginning(self, obj: PaperText) -> str:
        return f"{obj.text[:BEGINNING]}…" if len(obj.text) > BEGINNING else obj.text or "—"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
