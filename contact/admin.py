from django.contrib import admin
from django.http import HttpRequest

from contact.models import ContactSubmission


@admin.register(ContactSubmission)
class ContactSubmissionAdmin(admin.ModelAdmin):
    """What visitors wrote is read and marked as handled, never edited."""

    list_display = ["created_at", "name", "entity", "email", "phone", "handled_at"]
    list_filter = [("handled_at", admin.EmptyFieldListFilter), "created_at"]
    search_fields = ["name", "email", "entity"]
    readonly_fields = ["created_at", "entity", "name", "email", "phone", "message", "notified_at"]
    fields = [*readonly_fields, "handled_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
