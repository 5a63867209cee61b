"""What the admin pages of `cases` share: links to the trail, refusals in words, nothing counted that is big."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import User
from nova.lib.paginators import CappedPaginator


class Tool(NamedTuple):
    """A link on top of an object's page."""

    label: str
    url: str


def actor(request: HttpRequest) -> User:
    """Who asks: the admin's views let only signed-in staff through."""
    return cast(User, request.user)


def may_move_money(request: HttpRequest) -> bool:
    """Payments, adjustments and reversals in the admin are an admin's; staff of the data group edit data alone."""
    user = actor(request)
    return user.is_admin or user.is_superuser


def changelist_url(model: type[models.Model], **params: Any) -> str:
    opts = model._meta
    query = f"?{urlencode(params)}" if params else ""
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist") + query


def change_url(row: models.Model) -> str:
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])


class TrailAdmin(admin.ModelAdmin):
    """Tools on top of the page of an object, the audit trail among them."""

    # Written by our services: the trail is of AuditEvents. Else django-auditlog keeps it.
    audited_by_services = False

    def get_tools(self, request: HttpRequest, obj: Any) -> list[Tool]:
        return []

    def trail_of(self, obj: Any) -> models.Model:
        """The object whose trail tells what happened to this one."""
        return obj

    def trail_url(self, request: HttpRequest, obj: Any) -> str:
        """Empty for whoever may not read it."""
        target = self.trail_of(obj)
        if self.audited_by_services:
            if not request.user.has_perm("accounts.view_auditevent"):
                return ""
            query = {"target_type": target._meta.model_name, "target_id": target.pk}
            return f"{reverse('admin:accounts_auditevent_changelist')}?{urlencode(query)}"
        if not request.user.has_perm("auditlog.view_logentry"):
            return ""
        kind = ContentType.objects.get_for_model(target)
        query = {"content_type__id__exact": kind.pk, "object_id": target.pk}
        return f"{reverse('admin:auditlog_logentry_changelist')}?{urlencode(query)}"

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and not add:
            tools = self.get_tools(request, obj)
            if trail := self.trail_url(request, obj):
                tools = [*tools, Tool("Auditoría", trail)]
            context["tools"] = tools
        return super().render_change_form(request, context, add, change, form_url, obj)


class BigTableAdmin(TrailAdmin):
    """A list of up to millions of rows."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count the whole table, once a choice
    list_per_page = 50
    list_max_show_all = 200
    sortable_by = ()

    @property
    def media(self) -> Media:
        """With what the filters that search need (cases.admin.filters)."""
        return super().media + AutocompleteSelect(self.opts.pk, self.admin_site).media


class ReadOnlyAdmin(BigTableAdmin):
    """Rows that nobody adds, changes or deletes here, not even an admin."""

    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RefusableDeletion(admin.ModelAdmin):
    """Deletes what has no history and says in words why the rest stays."""

    def deletion_refusal(self, obj: Any) -> str:
        """Why the object is not deleted; empty when it may be."""
        raise NotImplementedError

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> tuple:
        """What the confirmation lists. The related rows are the concern of `deletion_refusal`, not of a collector."""
        refused = [f"{obj}: {reason}" for obj in objs if (reason := self.deletion_refusal(obj))]
        names = [str(obj) for obj in objs]
        lacking = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        return names, {self.opts.verbose_name_plural: len(names)}, lacking, refused

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        """A row that got history between the question and the answer is refused like any other."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except (ValidationError, IntegrityError) as error:  # ProtectedError is an IntegrityError
            reason = " ".join(error.messages) if isinstance(error, ValidationError) else "Ya tiene datos que dependen."
            self.message_user(request, f"No se eliminó: {reason}", messages.ERROR)
            return HttpResponseRedirect(request.path)
