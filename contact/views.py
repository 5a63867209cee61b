"""The public page, its form, and the files that browsers and search engines request."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.sitemaps import Sitemap
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from contact import services, tickets
from contact.agency import agency
from contact.forms import ContactForm
from nova.lib import envelope
from nova.lib.dates import wait_in_words
from nova.lib.rates import waits

IMAGES = Path(settings.BASE_DIR) / "static" / "images"
SENT = "enviado"

# What a search engine shows of the page.
DESCRIPTION = (
    "Gestión integral de carteras en mora: recupero prejudicial y judicial, análisis de cartera, acuerdos de pago y "
    "rendiciones con el detalle de cada caso."
)


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    form = ContactForm(initial={"ticket": tickets.issue()})
    return render(request, "contact/home.html", _page(request, form, was_sent=SENT in request.GET))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """`POST /contact` stores the message; mail is sent later. Bad input 422, over a limit 429, text kept."""
    if request.method != "POST":
        return redirect(f"{reverse('home')}#contacto")
    wait = max(waits(request, group="contact", key="ip", rates=settings.CONTACT_RATES))
    form = ContactForm(request.POST)
    if wait:
        form.add_error(
            None, f"Recibimos muchos mensajes desde su conexión. Espere {wait_in_words(wait)} y vuelva a probar."
        )
        response = _refused(request, form, status=429)
        response["Retry-After"] = str(wait)
        return response
    if not form.is_valid():
        return _refused(request, form, status=422)
    fields = form.fields_sent()
    services.submit(fields=fields, key=tickets.key_of(form.cleaned_data["ticket"], fields))
    if envelope.wants_json(request):
        return envelope.success({"sent": True}, status=201)
    return redirect(f"{reverse('home')}?{SENT}#contacto")


def _refused(request: HttpRequest, form: ContactForm, *, status: int) -> HttpResponse:
    if envelope.wants_json(request):
        errors = {name: [str(error) for error in found] for name, found in form.errors.items()}
        messages = form.non_field_errors() or ["Revise los datos marcados."]
        return envelope.failure(str(messages[0]), status=status, details=errors)
    return render(request, "contact/home.html", _page(request, form), status=status)


def _page(request: HttpRequest, form: ContactForm, *, was_sent: bool = False) -> dict[str, Any]:
    return {
        "form": form,
        "was_sent": was_sent,
        "agency": agency(),
        "canonical": request.build_absolute_uri(reverse("home")),
        "origin": f"{request.scheme}://{request.get_host()}",
        "description": DESCRIPTION,
        "year": timezone.localdate().year,
    }


# --- Files at the root of a site ---------------------------------------------------------------
@login_not_required
@require_safe
@cache_control(public=True, max_age=86_400)
def image(request: HttpRequest, name: str, content_type: str) -> FileResponse:
    """Images drawn from our SVG by assets/draw.py, for clients that expect them at these paths."""
    return FileResponse((IMAGES / name).open("rb"), content_type=content_type)


@login_not_required
@require_safe
@cache_control(public=True, max_age=3_600)
def robots(request: HttpRequest) -> HttpResponse:
    """Only the public page is for search engines; the others require a log-in anyway."""
    lines = [
        *(
            "User-agent: *",
            "Disallow: /admin/",
            "Disallow: /api/",
            "Disallow: /login",
            "Disallow: /verificar/",
            "Allow: /",
            "",
        ),
        f"Sitemap: {request.build_absolute_uri(reverse('sitemap'))}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


class PublicPages(Sitemap):
    changefreq = "monthly"

    def items(self) -> list[str]:
        return ["home"]

    def location(self, item: str) -> str:
        return reverse(item)
