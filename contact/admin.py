from typing import Any

from auditlog.models import LogEntry
from django.contrib import admin
from django.http import HttpRequest

from contact.models import ContactSubmission


@admin.register(ContactSubmission)
class ContactSubmissionAdmin(admin.ModelAdmin):
    """Messages of visitors: read and marked as handled, never edited."""

    list_display = ["created_at", "name", "entity", "email", "phone", "notified_at", "handled_at"]
    list_filter = [
        ("handled_at", admin.EmptyFieldListFilter),
        ("notified_at", admin.EmptyFieldListFilter),
        "created_at",
    ]
    search_fields = ["name", "email", "entity", "phone", "message"]
    show_full_result_count = False
    readonly_fields = [
        *("created_at", "entity", "name", "email", "phone", "message"),
        *("notified_at", "attempts", "last_error"),
    ]
    fields = [*readonly_fields, "handled_at"]

    # Only what staff do is recorded: django-auditlog would watch the whole model and record every message of a visitor.
    def save_model(self, request: HttpRequest, obj: ContactSubmission, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        changes = {"handled_at": [str(form.initial.get("handled_at")), str(obj.handled_at)]}
        LogEntry.objects.log_create(obj, force_log=True, action=LogEntry.Action.UPDATE, changes=changes)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for submission in queryset:
            LogEntry.objects.log_create(submission, force_log=True, action=LogEntry.Action.DELETE, changes={})
        return super().log_deletions(request, queryset)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
