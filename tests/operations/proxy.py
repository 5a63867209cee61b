"""Caddy with the configuration that is deployed, on ports of its own, with a certificate authority of its own."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import serving
from tests.operations.cluster import free_port, wait_until


def missing() -> str:
    return "" if shutil.which("caddy") else "needs Caddy (apt install caddy)"


@dataclass(frozen=True)
class Proxy:
    http_port: int
    https_port: int
    authority: Path

    def trust(self) -> ssl.SSLContext:
        """Of whoever knows that certificate authority and no other."""
        return ssl.create_default_context(cafile=str(self.authority))


@contextmanager
def deployed_caddy(folder: Path, site_port: int, *, address: str, options: list[str]) -> Iterator[None]:
    """The deployed configuration in front of the site at that port; `options` are added to its global ones."""
    deployed = (serving.ROOT / "deploy/Caddyfile").read_text()
    config, upstreams = re.subn(r"dynamic a web 5000 \{[^}]*\}", f"to 127.0.0.1:{site_port}", deployed)
    own = "".join(f"\t{option}\n" for option in ["admin off", *options])
    config, blocks = re.subn(r"^\{\n", "{\n" + own, config, flags=re.M)
    assert (upstreams, blocks) == (1, 1)
    (folder / "Caddyfile").write_text(config)
    command = ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    env = os.environ | {"SITE_ADDRESS": address, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    version = tuple(map(int, re.findall(r"\d+", subprocess.check_output(["caddy", "version"], text=True))[:3]))
    if version < (2, 6, 4):  # as the file says
        env["CADDY_REQUEST_BUFFERS"] = "buffer_requests"
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        yield
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def caddy(folder: Path, site_port: int) -> Iterator[Proxy]:
    """In front of the site at that port, as `localhost`."""
    http_port, https_port = free_port(), free_port()
    options = ["skip_install_trust", f"http_port {http_port}", f"https_port {https_port}"]
    with deployed_caddy(folder, site_port, address="localhost", options=options):
        for port in (http_port, https_port):
            serving.wait_for(port)
        authority = folder / "caddy/pki/authorities/local/root.crt"
        certificate = folder / "caddy/certificates/local/localhost/localhost.crt"
        wait_until(lambda: authority.exists() and certificate.exists(), 20)
        yield Proxy(http_port, https_port, authority)
