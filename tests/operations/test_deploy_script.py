"""deploy/deploy.sh against a repository of its own and a Docker that writes down what it is asked: no engine runs here.

What is tried is the script: what it does in which order, and what it does when something fails.
"""

import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import serving

pytestmark = pytest.mark.deployment  # it has none; once is enough
DOCKER = """#!/usr/bin/env bash
echo "docker $*" >> "$TOLD"
case "$*" in
  "compose build") exit "${BUILD:-0}" ;;
  "compose run --rm -T prepare") exit "${MIGRATE:-0}" ;;
  "compose up"*) git rev-parse HEAD > "$SERVED" ;;
esac
"""
BACKUP = """#!/usr/bin/env bash
echo backup >> "$TOLD"
[ "${BACKUP:-0}" = 0 ] || exit 1
echo backups/una.dump
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Installation:
    """A clone at commit `old` of an origin that is at `new`, and a site that is ready at the commits in `good`."""

    def __init__(self, folder: Path) -> None:
        origin, self.path = folder / "origin", folder / "gestiones"
        (origin / "deploy").mkdir(parents=True)
        script = (serving.ROOT / "deploy/deploy.sh").read_text()
        (origin / "deploy/deploy.sh").write_text(script)
        (origin / "deploy/backup.sh").write_text(BACKUP)
        for name in ("deploy.sh", "backup.sh"):
            (origin / "deploy" / name).chmod(0o755)
        git(origin, "init", "-q")
        git(origin, "add", ".")
        git(origin, "commit", "-qm", "old")
        self.old = git(origin, "rev-parse", "HEAD")
        git(folder, "clone", "-q", str(origin), str(self.path))
        # The new commit changes the very script that brings it here.
        (origin / "deploy/deploy.sh").write_text(
            script.replace("set -euo pipefail", "set -euo pipefail # otra", 1) + "exit 99\n"
        )
        git(origin, "commit", "-qam", "new")
        self.new = git(origin, "rev-parse", "HEAD")
        (self.path / ".env").write_text("X=1\n")
        (folder / "bin").mkdir()
        (folder / "bin/docker").write_text(DOCKER)
        (folder / "bin/docker").chmod(0o755)
        self.told, self.served = folder / "told", folder / "served"
        self.served.write_text(self.old)
        self.good = {self.old, self.new}
        self.bin = folder / "bin"

    def deploy(self, url: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        variables = os.environ | {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "TOLD": str(self.told),
            "SERVED": str(self.served),
            "READY_URL": url,
            "READY_SECONDS": "1",
        }
        command = ["deploy/deploy.sh", *arguments]
        return subprocess.run(command, cwd=self.path, env=variables | env, capture_output=True, text=True)

    @property
    def head(self) -> str:
        return git(self.path, "rev-parse", "HEAD")

    def steps(self) -> list[str]:
        return self.told.read_text().splitlines()


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def url(installation: Installation) -> Iterator[str]:
    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_ready = installation.served.read_text().strip() in installation.good
            self.send_response(200 if is_ready else 503)
            self.end_headers()

        def log_message(self, *args: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/readyz"
        server.shutdown()


def test_backup_image_migrations_and_only_then_the_new_version(installation: Installation, url: str):
    done = installation.deploy(url, "main")

    assert done.returncode == 0, done.stderr
    assert installation.head == installation.new
    assert [step for step in installation.steps() if "image" not in step] == [
        "backup",
        "docker tag nova-gestiones:latest nova-gestiones:previous",
        "docker compose build",
        "docker compose run --rm -T prepare",
        "docker compose up --detach --no-build --remove-orphans",
    ]
    assert "En servicio" in done.stderr


def test_a_commit_by_its_number_and_the_branch_without_one(installation: Installation, url: str):
    assert installation.deploy(url, installation.new).returncode == 0
    assert installation.head == installation.new
    git(installation.path, "checkout", "-q", "main")

    assert installation.deploy(url).returncode == 0
    assert installation.head == installation.new


def test_what_is_not_ready_is_rolled_back(installation: Installation, url: str):
    installation.good = {installation.old}

    done = installation.deploy(url, "main")

    assert done.returncode == 1
    assert installation.head == installation.old
    assert installation.served.read_text().strip() == installation.old
    assert "docker tag nova-gestiones:previous nova-gestiones:latest" in installation.steps()
    assert "La versión anterior responde" in done.stderr
    assert "deploy/restore.sh backups/una.dump --replace" in done.stderr


def test_nobody_serving_is_2_and_says_how_to_restore(installation: Installation, url: str):
    installation.good = set()

    done = installation.deploy(url, "main")

    assert done.returncode == 2
    assert "deploy/restore.sh backups/una.dump --replace" in done.stderr


def test_migrations_that_fail_leave_the_old_version(installation: Installation, url: str):
    done = installation.deploy(url, "main", MIGRATE="1")

    assert done.returncode == 1
    assert installation.head == installation.old
    assert "Las migraciones fallaron" in done.stderr


def test_an_image_that_cannot_be_built_changes_nothing(installation: Installation, url: str):
    done = installation.deploy(url, "main", BUILD="1")

    assert done.returncode == 1
    assert installation.head == installation.old
    assert [step for step in installation.steps() if "image" not in step] == [
        "backup",
        "docker tag nova-gestiones:latest nova-gestiones:previous",
        "docker compose build",
    ]


def test_without_a_backup_nothing_begins(installation: Installation, url: str):
    done = installation.deploy(url, "main", BACKUP="1")

    assert (done.returncode, installation.head) == (1, installation.old)
    assert installation.steps() == ["backup"]


def test_development_goes_without_one(installation: Installation, url: str):
    assert installation.deploy(url, "main", SKIP_BACKUP="1").returncode == 0
    assert "backup" not in installation.steps()


def test_what_does_not_exist_and_what_lacks_is_said(installation: Installation, url: str):
    assert "No existe «otra»" in installation.deploy(url, "otra").stderr
    (installation.path / ".env").unlink()
    assert "Falta el archivo .env" in installation.deploy(url, "main").stderr
    assert installation.head == installation.old
