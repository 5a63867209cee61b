"""A disk of a few megabytes that a test may fill or make read-only: a file system in a mount namespace of its own."""

import os
import subprocess
from pathlib import Path

from tests import serving
from tests.operations.cluster import wait_until

MEGABYTE = 1024 * 1024
ENTER = ["unshare", "--map-root-user", "--mount"]


def missing() -> str:
    """Why this machine gives no such disk; empty when it does."""
    try:
        done = subprocess.run([*ENTER, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True)
    except FileNotFoundError:
        return "needs unshare (util-linux)"
    return f"may not mount a file system: {done.stderr.strip()}" if done.returncode else ""


class SmallDisk:
    """`folder` is on the disk for what runs `within`; everybody else sees it at `path`."""

    def __init__(self, folder: Path, *, megabytes: int) -> None:
        folder.mkdir()
        self.folder = folder
        hold = f"mount -t tmpfs -o size={megabytes}m none {folder} && echo mounted && exec sleep infinity"
        self._holder = subprocess.Popen([*ENTER, "sh", "-c", hold], stdout=subprocess.PIPE, text=True)
        assert self._holder.stdout.readline() == "mounted\n"
        self.path = Path(f"/proc/{self._holder.pid}/root{folder}")

    def within(self, *command: object) -> list[str]:
        """The command, to be started in the project's folder by who sees the disk."""
        enter = ["nsenter", f"--target={self._holder.pid}", "--user", "--mount", "--preserve-credentials"]
        return [*enter, "sh", "-c", f'cd {serving.ROOT} && exec "$@"', "-", *map(str, command)]

    def run(self, *command: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.within(*command), env=env, capture_output=True, text=True)

    def fill(self, *, but: int = 0) -> None:
        """Leave that many bytes free."""
        with (self.path / "filler").open("wb") as filler:
            while True:
                free = _free(self.path) - but
                if free <= 0:
                    return
                filler.write(bytes(min(free, MEGABYTE)))
                filler.flush()

    def make_room(self) -> None:
        (self.path / "filler").unlink()

    def remount(self, how: str) -> None:
        """`ro` or `rw`. Who has just answered may still have a file open."""
        wait_until(lambda: self.run("mount", "-o", f"remount,{how}", self.folder).returncode == 0, 10)

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()
        self._holder.stdout.close()


def _free(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize
