"""`.ci/install`, the first thing an operator runs, names what is missing and the command that installs it."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.deployment
ROOT = Path(__file__).parents[2]
TOOLS = ["bash", "cat", "cut", "dirname", "id", "sha256sum"]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A project on a machine whose PATH has the shell's tools and no Python."""
    for name in (".ci/install", "requirements/base.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return tmp_path


def python(machine: Path, name: str, *, version: str, has_venv: bool) -> None:
    """An interpreter that answers the script's three questions as the given one would."""
    too_old = int(tuple(map(int, version.split("."))) < (3, 11))
    answers = f"*ensurepip*) exit {int(not has_venv)} ;; *print*) echo {version} ;; *) exit {too_old} ;;"
    path = machine / "bin" / name
    path.write_text(f'#!{machine}/bin/bash\ncase "$2" in {answers} esac\n')
    path.chmod(0o755)


def install(machine: Path, level: str = "base") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [machine / "bin" / "bash", machine / ".ci" / "install", level],
        env={"PATH": str(machine / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_python(machine: Path) -> None:
    result = install(machine)

    assert result.returncode == 1
    assert "No se encuentra Python" in result.stderr
    assert "apt install -y python3 python3-venv" in result.stderr


def test_python_without_venv(machine: Path) -> None:
    python(machine, "python3", version="3.11", has_venv=False)

    result = install(machine)

    assert result.returncode == 1
    assert "apt install -y python3-venv" in result.stderr


def test_newer_python_without_venv_beside_an_old_one(machine: Path) -> None:
    python(machine, "python3.12", version="3.12", has_venv=False)
    python(machine, "python3", version="3.10", has_venv=True)

    result = install(machine)

    assert result.returncode == 1
    assert "apt install -y python3.12-venv" in result.stderr


def test_old_python(machine: Path) -> None:
    python(machine, "python3", version="3.10", has_venv=True)

    result = install(machine)

    assert result.returncode == 1
    assert "el que hay es 3.10" in result.stderr


def test_unknown_level(machine: Path) -> None:
    result = install(machine, "nothing")

    assert result.returncode == 1
    assert "No existe requirements/nothing.txt" in result.stderr
    assert not (machine / ".venv").exists()
