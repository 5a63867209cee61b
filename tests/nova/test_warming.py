"""Before gunicorn forks its workers it loads what all of them need (nova/warming.py)."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nova.warming import load_what_workers_share
from tests import serving

# In the process that gunicorn's workers are forked from, and then as one of them with its first request.
SCRIPT = """
import runpy, sys, threading
from io import BytesIO
configuration = runpy.run_path("gunicorn.conf.py")
from nova.wsgi import application
configuration["when_ready"](None)

from django.db import connections
from django.template.loaders.filesystem import Loader
from lucide import _load_icon
print("connections", sum(connection.connection is not None for connection in connections.all()))
print("threads", threading.active_count() - 1)

modules, icons, templates = set(sys.modules), _load_icon.cache_info().misses, []
read = Loader.get_contents
Loader.get_contents = lambda self, origin: templates.append(origin.template_name) or read(self, origin)
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/login", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
           "HTTP_HOST": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http", "wsgi.input": BytesIO(),
           "wsgi.errors": sys.stderr}
print("answer", len(b"".join(application(environ, lambda status, headers: print("status", status)))) > 1000)
print("templates", templates)
print("icons", _load_icon.cache_info().misses - icons)
print("modules", [name for name in sorted(set(sys.modules) - modules) if name.endswith(("urls", "views", "forms"))])
print("loaded", {"dashboards.views", "cases.desk.pages", "holidays.countries.argentina"} <= modules, icons > 30)
"""
EXPECTED = """
connections 0
threads 0
status 200 OK
answer True
templates []
icons 0
modules []
loaded True True
"""


@pytest.mark.deployment
def test_the_first_request_finds_everything_loaded_and_no_connection_is_inherited(
    prepared: Path, tmp_path: Path
) -> None:
    env = serving.installation(prepared, tmp_path, redis_url="", workers=1) | {"LOG_LEVEL": "ERROR"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=serving.ROOT, env=env, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (EXPECTED.strip(), "")


def test_a_broken_template_is_said_and_stops_nothing(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.html").write_text("{% if %}")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    load_what_workers_share()
    said = [record.getMessage() for record in caplog.records if record.name == "nova.warming"]
    assert said == ["broken template: broken.html"]
