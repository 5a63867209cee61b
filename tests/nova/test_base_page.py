"""What every page promises: Spanish, no inline script or style, errors that tell a person what to do next."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

PAGES = ["_base.html", "403.html", "403_csrf.html", "404.html", "500.html"]


@pytest.mark.parametrize("template", PAGES)
def test_page_obeys_the_content_security_policy(template: str, rf: RequestFactory) -> None:
    page = render_to_string(template, request=rf.get("/"))

    assert '<html lang="es-AR">' in page
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    scripts = re.findall(r"<script[^>]*>", page)
    assert scripts
    assert all("src=" in tag for tag in scripts)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page), "everything comes from our own origin"


@pytest.mark.parametrize("template", ["403.html", "403_csrf.html", "404.html", "500.html"])
def test_error_page_has_one_title_and_a_way_out(template: str, rf: RequestFactory) -> None:
    page = render_to_string(template, request=rf.get("/"))

    assert page.count("<h1") == 1
    assert 'href="/"' in page


def test_server_error_page_needs_no_context() -> None:
    """Django renders 500.html with nothing at hand: no request, no user, perhaps no database."""
    assert "Algo falló" in render_to_string("500.html")
