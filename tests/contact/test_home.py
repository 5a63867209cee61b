"""GET /, GET /gestiones, and what is asked for at the root of a site."""

import struct

import pytest
from django.test import Client

from contact.agency import agency

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/gestiones"])
def test_visitors_find_what_the_agency_does_and_the_door(client: Client, path: str) -> None:
    page = client.get(path).text

    assert "<title>NOVA Gestión de Cobranzas · Recupero de carteras judicial y prejudicial</title>" in page
    for service in ("Gestión de carteras", "prejudicial", "judicial", "Análisis de cartera", "Acuerdos", "Rendiciones"):
        assert service in page
    assert 'href="/login"' in page
    assert '<link rel="canonical" href="http://testserver/">' in page
    assert '<meta name="description"' in page
    for name in ("title", "description", "url", "image", "locale"):
        assert f'property="og:{name}"' in page


def test_whoever_is_signed_in_finds_their_panel(gestor_client: Client) -> None:
    assert 'href="/dashboard-gestor"' in gestor_client.get("/").text


def test_a_forged_host_gets_no_page(client: Client) -> None:
    answer = client.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.text


def test_nothing_is_claimed_that_nobody_wrote(client: Client) -> None:
    page = client.get("/").text
    assert "años de experiencia" not in page
    assert "public-figures" not in page
    assert "<address" not in page


def test_what_the_settings_say_appears(client: Client, settings) -> None:
    settings.AGENCY_NAME = "Estudio Núñez & Asociados"
    settings.AGENCY_PHONE = "(011) 4444-5555"
    settings.AGENCY_WHATSAPP = "+54 9 11 4444-5555"
    settings.AGENCY_EMAIL = "contacto@nunez.example"
    settings.AGENCY_ADDRESS = "Av. Corrientes 1234, CABA"
    settings.AGENCY_HOURS = "Lunes a viernes de 9 a 18"
    settings.AGENCY_SINCE = agency().years + 1998
    settings.AGENCY_FIGURES = "35=carteras en gestión;120.000=casos gestionados;sin valor;=nada"
    page = client.get("/").text

    assert "Estudio Núñez &amp; Asociados" in page
    assert 'href="tel:01144445555"' in page
    assert 'href="https://wa.me/5491144445555"' in page
    settings.AGENCY_WHATSAPP = "11 4444-5555"  # as it is dialled here
    assert 'href="https://wa.me/5491144445555"' in client.get("/").text
    assert 'href="mailto:contacto@nunez.example"' in page
    assert "Av. Corrientes 1234, CABA" in page
    assert "desde 1998" in page
    assert f"{agency().years} años de experiencia" in page
    assert "<dt>carteras en gestión</dt><dd>35</dd>" in page
    assert page.count("<dt>") == 2


@pytest.mark.parametrize("year", [0, 1800, 2999])
def test_an_impossible_year_is_not_shown(client: Client, settings, year: int) -> None:
    settings.AGENCY_SINCE = year
    assert "años de experiencia" not in client.get("/").text


@pytest.mark.parametrize(
    ("path", "size"), [("/logo.png", (592, 160)), ("/logo-dark.png", (592, 160)), ("/apple-touch-icon.png", (180, 180))]
)
def test_images_of_the_root(client: Client, path: str, size: tuple[int, int]) -> None:
    answer = client.get(path)
    content = b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "image/png"
    assert "max-age=86400" in answer["Cache-Control"]
    assert struct.unpack(">II", content[16:24]) == size


def test_favicon(client: Client) -> None:
    content = b"".join(client.get("/favicon.ico").streaming_content)
    assert content[:4] == b"\x00\x00\x01\x00"
    assert content[22:26] == b"\x89PNG"


def test_robots_and_sitemap_lead_to_the_one_public_page(client: Client) -> None:
    robots = client.get("/robots.txt").text
    assert "Sitemap: http://testserver/sitemap.xml" in robots
    assert "Disallow: /admin/" in robots
    sitemap = client.get("/sitemap.xml").text
    assert "<loc>http://testserver/</loc>" in sitemap
    assert sitemap.count("<loc>") == 1
