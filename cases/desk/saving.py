"""Saving the present filters of «Mis casos» under a name; renaming and deleting a saved list."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Request, for_role
from accounts.models import User
from cases.fields import add_errors
from cases.lists import address_of, checked_query, parameters_of
from cases.models import SavedList


class SavedListForm(forms.ModelForm):
    class Meta:
        model = SavedList
        fields = ["name", "shared"]
        labels = {"name": "Nombre de la lista", "shared": "Que la vean todos (cada uno, con sus casos)"}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}

    def __init__(self, *args: Any, owner: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "id_list_%s"
        if owner is not None:
            self.instance.owner = owner

    def _get_validation_exclusions(self) -> set[str]:
        """The owner takes part in the constraint of the name, so it is not left out of the check."""
        return super()._get_validation_exclusions() - {"owner"}  # type: ignore[misc]


@require_POST
@for_role(User.Role.GESTOR)
def save_list(request: Request) -> HttpResponse:
    """Save the list whose parameters come along, with a name."""
    form = SavedListForm(request.POST, owner=request.user)
    given = parameters_of(request.POST)
    try:
        form.instance.query = checked_query(given, owner=request.user, now=timezone.now())
    except ValidationError as error:
        add_errors(form, error)
    if not form.is_valid():
        return render(request, "cases/saved_list.html", {"form": form, "parameters": given.items()}, status=422)
    saved = form.save()
    messages.success(request, f"Lista «{saved}» guardada.")
    return redirect(address_of(saved.query))


@require_http_methods(["GET", "HEAD", "POST"])
@for_role(User.Role.GESTOR)
def saved_list(request: Request, pk: int) -> HttpResponse:
    """Rename one's own list, or share it."""
    saved = get_object_or_404(SavedList, pk=pk, owner=request.user)
    form = SavedListForm(request.POST if request.method == "POST" else None, instance=saved)
    if form.is_bound and form.is_valid():
        saved = form.save()
        messages.success(request, f"Lista «{saved}» cambiada.")
        return redirect(address_of(saved.query))
    context = {"form": form, "saved": SavedList.objects.get(pk=pk), "address": address_of(saved.query)}
    return render(request, "cases/saved_list.html", context, status=422 if form.is_bound else 200)


@require_POST
@for_role(User.Role.GESTOR)
def saved_list_deletion(request: Request, pk: int) -> HttpResponse:
    saved = get_object_or_404(SavedList, pk=pk, owner=request.user)
    saved.delete()
    messages.success(request, f"Lista «{saved}» eliminada. Los casos siguen igual.")
    return redirect(address_of({}))
