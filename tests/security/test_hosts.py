"""The host header is checked, and no other header stands in for it."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
FORGED = ["evil.example", "testserver.evil.example", "testserver:80@evil.example", "testserver evil.example", ""]


@pytest.mark.parametrize("host", FORGED)
@pytest.mark.parametrize("path", ["/", "/login", "/sitemap.xml", "/robots.txt", "/api/v1/cases"])
def test_a_forged_host_gets_nothing(client: Client, host: str, path: str) -> None:
    answer = client.get(path, headers={"Host": host}) if host else client.get(path, SERVER_NAME="evil.example")
    assert answer.status_code == 400
    assert "evil" not in answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL"])
def test_no_other_header_counts(client: Client, header: str) -> None:
    for path in ("/", "/sitemap.xml", "/robots.txt"):
        answer = client.get(path, headers={header: "evil.example"})
        assert answer.status_code == 200
        assert "evil" not in answer.text
