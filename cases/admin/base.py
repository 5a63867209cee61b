"""Base classes of the admin of `cases`: links to the audit trail, refusals of deletions, lists of big tables."""

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
    """A link at the top of the page of an object."""

    label: str
    url: str


def actor(request: HttpRequest) -> User:
    """The user of the request; in the admin it is always an authenticated staff member."""
    return cast(User, request.user)


def may_move_money(request: HttpRequest) -> bool:
    """Only an admin may record payments, adjustments and reversals here; staff of the data group only edit data."""
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
    """Links at the top of the page of an object, one of them to the audit trail."""

    # True: the services write AuditEvents. False: django-auditlog keeps the trail.
    audited_by_services = False

    def get_tools(self, request: HttpRequest, obj: Any) -> list[Tool]:
        return []

    def trail_of(self, obj: Any) -> models.Model:
        """The object whose audit trail includes the changes of this one."""
        return obj

    def trail_url(self, request: HttpRequest, obj: Any) -> str:
        """The url of the audit trail; empty when the user may not read it."""
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
    """The admin of a table with up to millions of rows."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # facets count the whole table for each choice
    list_per_page = 50
    list_max_show_all = 200
    sortable_by = ()

    @property
    def media(self) -> Media:
        """With the assets of the autocomplete filters (cases.admin.filters)."""
        return super().media + AutocompleteSelect(self.opts.pk, self.admin_site).media


class ReadOnlyAdmin(BigTableAdmin):
    """Rows that nobody, not even an admin, may add, change or delete here."""

    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RefusableDeletion(admin.ModelAdmin):
    """Deletes objects without history, and shows why the others cannot be deleted."""

    def deletion_refusal(self, obj: Any) -> str:
        """Why the object cannot be deleted, as a Spanish sentence; empty when it can."""
        raise NotImplementedError

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> tuple:
        """The lists of the confirmation page. `deletion_refusal` checks related rows, instead of Django's collector."""
        refused = [f"{obj}: {reason}" for obj in objs if (reason := self.deletion_refusal(obj))]
        names = [str(obj) for obj in objs]
        lacking = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        return names, {self.opts.verbose_name_plural: len(names)}, lacking, refused

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        """Also refuse a row that got history between the confirmation page and its answer."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except (ValidationError, IntegrityError) as error:  # ProtectedError is an IntegrityError
            reason = " ".join(error.messages) if isinstance(error, ValidationError) else "Ya tiene datos que dependen."
            self.message_user(request, f"No se eliminó: {reason}", messages.ERROR)
            return HttpResponseRedirect(request.path)
