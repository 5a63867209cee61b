"""A page with a form that calls one service for one object: record a payment, reverse it, cancel a promise."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from cases import services
from cases.fields import add_errors
from cases.submitting import form_once

ALREADY_SENT = "Este formulario ya se envió con otros datos. Revise el caso: si falta este registro, envíelo de nuevo."


def tool_page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    *,
    obj: Any,
    form: forms.Form,
    run: Callable[[dict[str, Any]], str],
    title: str,
    button: str,
    back: str,
    facts: list[tuple[str, str]],
    explains: str = "",
    form_again: Callable[[ValidationError], forms.Form] | None = None,
) -> HttpResponse:
    """Show the form; when it is sent, call `run` with its data. `run` returns the success message.

    After a ValidationError of the service, the form is shown again with its data and 422; `form_again` may return
    another form for it. The form has a token: sent twice, it is done once and answered twice (DESIGN §3.7).
    """
    token = request.POST.get("submission") or uuid4().hex
    if request.method == "POST" and form.is_valid():
        try:
            done = form_once(request, token, lambda: run(form.cleaned_data))
        except services.AnotherSubmission:
            token = uuid4().hex
            form.add_error(None, ALREADY_SENT)
        except ValidationError as error:
            if form_again is not None:
                form = form_again(error)
                form.is_valid()
            add_errors(form, error)
        else:
            model_admin.message_user(request, done or "", messages.SUCCESS)
            return HttpResponseRedirect(back)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        "subtitle": str(obj),
        "object": obj,
        "form": form,
        "submission": token,
        "button": button,
        "back": back,
        "facts": facts,
        "explains": explains,
        "media": model_admin.media + form.media,
    }
    response = TemplateResponse(request, "admin/cases/tool_form.html", context)
    response.status_code = 422 if form.errors else 200
    return response
