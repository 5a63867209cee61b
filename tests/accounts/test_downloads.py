"""Files leave threads free for pages (accounts.downloads)."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import BoundedSemaphore

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts import downloads
from tests import factories, serving
from tests.operations.slow_clients import seconds_of_login
from tests.wire import Browser

CSV = "/submissions/exports/csv"


@pytest.fixture
def one_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_slots", BoundedSemaphore(1))


@pytest.mark.django_db(transaction=True)  # the end of an answer ends its connection to the database
@pytest.mark.usefixtures("one_slot")
@pytest.mark.parametrize(
    "path", [CSV, "/submissions/exports/xlsx", "/dashboard-admin/exports/pdf", "/dashboard-admin/casos/exports/csv"]
)
def test_a_file_is_one_of_few_until_it_is_sent(admin_client: Client, path: str) -> None:
    first = admin_client.get(CSV)

    refused = admin_client.get(path)
    assert (refused.status_code, refused["Retry-After"]) == (503, "60")
    assert downloads.BUSY in refused.text
    assert admin_client.get("/submissions").status_code == 200

    first.getvalue()
    first.close()
    assert admin_client.get(path).status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("one_slot")
def test_a_file_that_fails_or_is_forgotten_gives_its_place_back() -> None:
    @downloads.few_at_once
    def export(request, *, fails: bool) -> HttpResponse:
        if fails:
            raise SuspiciousOperation
        return HttpResponse("a")

    request = RequestFactory().get("/")
    for _ in range(3):
        with pytest.raises(SuspiciousOperation):
            export(request, fails=True)
        assert export(request, fails=False).content == b"a"
    kept = export(request, fails=False)
    kept.close()
    kept.close()
    assert export(request, fails=False).status_code == 200


# --- A deployment ------------------------------------------------------------------------------------
PASSWORD = factories.PASSWORD
DATA = f"""
from accounts.models import User
from contact.models import ContactSubmission
User.objects.create_user("jefa", password="{PASSWORD}", role="admin")
rows = [ContactSubmission(name="Ana", email="ana@example.com", message="a" * 5000) for _ in range(4000)]
ContactSubmission.objects.bulk_create(rows)
"""


@pytest.fixture
def site(prepared: Path, tmp_path: Path) -> Iterator[int]:
    """One process of four threads, and messages for a file of many megabytes."""
    env = serving.installation(prepared, tmp_path, redis_url="", workers=1) | serving.QUICK_HASHES
    env |= {"GUNICORN_THREADS": "4", "TRUSTED_PROXY_HOPS": "0"}
    serving.manage(env, "shell", "-v0", "--no-imports", "-c", DATA)
    with serving.gunicorn(env) as port:
        yield port


@pytest.mark.deployment
def test_exports_that_nobody_reads_leave_the_pages_alone(site: int) -> None:
    browser = Browser()
    assert browser.log_in(site, "jefa", PASSWORD) == 200
    asked = (
        f"GET {CSV} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={browser.cookies['sessionid']}\r\n\r\n".encode()
    )
    with ExitStack() as stack:
        statuses = []
        for _ in range(8):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(10)
            client.connect(("127.0.0.1", site))
            client.sendall(asked)
            statuses.append(client.recv(12))
        assert statuses == [b"HTTP/1.1 200"] * 2 + [b"HTTP/1.1 503"] * 6
        assert max(seconds_of_login(site) for _ in range(5)) < 1
