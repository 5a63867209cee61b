"""Several machines on one: PostgreSQL with a streaming replica, PgBouncer in transaction mode, Redis, web processes.

All are processes of their own on free ports, in a folder that goes with the test; those of the machine are not touched.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPMessage
from pathlib import Path

import psycopg

from tests import serving

PGBOUNCER = "/usr/sbin/pgbouncer"
USERS = """
import json, secrets
from accounts.models import User
from accounts.tokens import issue_token
from cases.models import Cartera
from cases.services import place_case
boss = User.objects.create_user("jefa", password="{password}", role="admin")
tokens = []
for number in range(8):
    admin = User.objects.create_user(f"carga{{number}}", password="{password}", role="admin")
    tokens.append(issue_token(user=admin, name="carga", by=boss)[1])
print(json.dumps(tokens))
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def missing() -> str:
    """What this machine lacks for a cluster, in words; empty when it has everything."""
    lacks = [] if postgres_programs() else ["PostgreSQL's own programs"]
    lacks += [name for name in ("redis-server",) if shutil.which(name) is None]
    lacks += [] if Path(PGBOUNCER).exists() else ["pgbouncer"]
    return ", ".join(lacks)


def postgres_programs() -> Path | None:
    """The folder of those that start a server, of the newest version; None without any."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Cluster:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = postgres_programs()
        self.primary_port, self.replica_port, self.bouncer_port, self.redis_port = (free_port() for _ in range(4))
        self.webs: dict[str, tuple[subprocess.Popen, int]] = {}
        self.others: list[subprocess.Popen] = []
        self.password = secrets.token_urlsafe(12)
        self.tokens: list[str] = []
        # PostgreSQL and PgBouncer refuse to run as root.
        self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []

    # --- Up and down ---------------------------------------------------------------------------------
    def start(self) -> None:
        self.folder.mkdir(parents=True)
        if self.as_user:
            for parent in (self.folder, *self.folder.parents):
                if str(parent).startswith("/tmp/"):  # noqa: S108
                    parent.chmod(parent.stat().st_mode | 0o055)
            shutil.chown(self.folder, "postgres", "postgres")
        self._run(
            "initdb",
            "-D",
            self.folder / "primary",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale",
            "C.UTF-8",
        )
        self.start_primary()
        self._run("createdb", "-h", "127.0.0.1", "-p", self.primary_port, "-U", "postgres", "nova")
        place = ("-h", "127.0.0.1", "-p", self.primary_port, "-U", "postgres", "-D", self.folder / "replica")
        self._run("pg_basebackup", *place, "-R", "-X", "stream", "-c", "fast")
        self.start_replica()
        self._start_bouncer()
        redis = [
            "redis-server",
            "--port",
            str(self.redis_port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]
        self.others.append(subprocess.Popen(redis, stdout=subprocess.DEVNULL))
        serving.manage(self.environment(direct=True), "prepare_database", "-v0")

    def stop(self) -> None:
        for name in list(self.webs):
            self.kill_web(name)
        for process in self.others:
            process.kill()
            process.wait()
        for name in ("replica", "primary"):
            if (self.folder / name / "postmaster.pid").exists():
                self._run("pg_ctl", "-D", self.folder / name, "-m", "immediate", "stop")

    def start_primary(self) -> None:
        self._start_postgres("primary", self.primary_port)

    def stop_primary(self) -> None:
        self._run("pg_ctl", "-D", self.folder / "primary", "-m", "fast", "-w", "stop")

    def start_replica(self) -> None:
        self._start_postgres("replica", self.replica_port)

    def stop_replica(self) -> None:
        self._run("pg_ctl", "-D", self.folder / "replica", "-m", "fast", "-w", "stop")

    def _start_postgres(self, name: str, port: int) -> None:
        options = f"-p {port} -k {self.folder} -c listen_addresses=127.0.0.1 -c log_statement=all -c fsync=off"
        self._run("pg_ctl", "-D", self.folder / name, "-l", self.folder / f"{name}.log", "-w", "-o", options, "start")

    def _start_bouncer(self) -> None:
        config = self.folder / "pgbouncer.ini"
        shipped = (serving.ROOT / "deploy/pgbouncer.ini").read_text()
        # What is shipped, with the places of this cluster.
        for key, value in {
            "gestiones": f"host=127.0.0.1 port={self.primary_port} dbname=nova user=postgres",
            "listen_port": str(self.bouncer_port),
            "auth_type": "any",
        }.items():
            shipped, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", shipped)
            assert count == 1
        config.write_text(shipped)
        command = [*self.as_user, PGBOUNCER, "--quiet", str(config)]
        self.others.append(
            subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        serving.wait_for(self.bouncer_port)

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self.as_user, str(self.bin / program), *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"{program}: {done.stderr}"

    # --- Web processes --------------------------------------------------------------------------------
    def environment(self, *, direct: bool = False) -> dict[str, str]:
        server = f"127.0.0.1:{self.primary_port}/nova" if direct else f"127.0.0.1:{self.bouncer_port}/gestiones"
        redis_url = f"redis://127.0.0.1:{self.redis_port}/0"
        env = serving.environment(Path("unused"), redis_url=redis_url, workers=2) | {
            "DATABASE_URL": f"postgres://postgres@{server}",
            "DATABASE_REPLICA_URL": f"postgres://postgres@127.0.0.1:{self.replica_port}/nova",
            "PGBOUNCER": "" if direct else "True",
            "SECRET_KEY": "the-same-on-every-machine-of-this-cluster-0123456789-abcdef",
            "CONTACT_WORKER": "True",
        }
        return env | ({"PGBOUNCER": "False"} if direct else {})

    def people(self) -> None:
        made = serving.manage(self.environment(direct=True), "shell", "-v0", "--no-imports", "-c",
                              USERS.format(password=self.password))  # fmt: skip
        self.tokens = json.loads(made)

    def start_webs(self, names: Sequence[str], prepared: Path) -> list[int]:
        """Their ports. Who runs goes on; all others start before the first is waited for."""
        ports = [self.webs[name][1] if name in self.webs else self._start_web(name, prepared) for name in names]
        for port in ports:
            serving.wait_for(port)
        return ports

    def _start_web(self, name: str, prepared: Path) -> int:
        port = free_port()
        env = self.environment() | {"STATIC_ROOT": str(prepared / "static"), "GUNICORN_BIND": f"127.0.0.1:{port}"}
        command = [str(Path(sys.executable).with_name("gunicorn")), "nova.wsgi"]
        log = (self.folder.parent / f"web-{name}.log").open("w")
        server = subprocess.Popen(command, cwd=serving.ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
        log.close()
        self.webs[name] = (server, port)
        return port

    def stop_webs(self) -> None:
        """Those that run are ended in order, all at once."""
        servers = [self.webs.pop(name)[0] for name in list(self.webs)]
        for server in servers:
            server.send_signal(signal.SIGTERM)
        for server in servers:
            server.wait(serving.LONGEST_WAIT)

    def kill_web(self, name: str, how: int = signal.SIGKILL) -> None:
        """SIGKILL is a machine that lost its power: all its processes at once."""
        server, _ = self.webs.pop(name)
        if how == signal.SIGKILL:
            os.killpg(server.pid, how)
        else:
            server.send_signal(how)
        server.wait(serving.LONGEST_WAIT)

    def workers(self, name: str) -> list[int]:
        """The processes of a web machine that answer requests."""
        master = self.webs[name][0].pid
        return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]

    # --- What is asked of them ------------------------------------------------------------------------
    def sql(self, statement: str, database: str = "nova") -> list[tuple]:
        with psycopg.connect(host="127.0.0.1", port=self.primary_port, user="postgres", dbname=database) as connection:
            return connection.execute(statement).fetchall()

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")


Answer = tuple[int, str, HTTPMessage]


class NotSent(Exception):
    """Nobody listens there: a load balancer asks another machine."""


def ask(
    port: int, method: str, path: str, *, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, str, dict]:
    """Status, text and headers. Raises NotSent when nothing was sent, OSError or HTTPException when it broke off."""
    content = json.dumps(body) if body is not None else None
    sent = {"Content-Type": "application/json", **(headers or {})}
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        try:
            connection.connect()
        except OSError as error:
            raise NotSent from error
        connection.request(method, path, content, sent)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers


BROKEN_OFF = (OSError, HTTPException)


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # honest: it is left when what is waited for has come
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
