"""A folder in which others leave files: each is loaded once it is whole, moved aside, and told about by mail."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cases.models import Cartera, Case, LedgerEntry
from nova.lib import dates
from payments.management import incoming
from payments.models import Layout, PaymentFile
from tests import factories, serving
from tests.cases.transfer.command import Ran, run
from tests.conftest import MailTo
from tests.mailing import Inbox, free_port, smtp_server
from tests.payments.command import HEADER

pytestmark = pytest.mark.django_db
PORTFOLIO = "nro_cliente,nombre,total\nA-1,Ana Paz,1000.00\n"
YESTERDAY = f"{dates.today() - timedelta(days=1):%d/%m/%Y}"
TODAY = dates.today().isoformat()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def cartera() -> Cartera:
    return factories.CarteraFactory(name="Favacard")


def left(folder: Path, place: str, text: str) -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def paid(*rows: str) -> str:
    return "\n".join([HEADER, *rows, ""])


def load(folder: Path, *options: str) -> Ran:
    return run("load_incoming", folder, "--settled", "0", *options)


def names(folder: Path, place: str) -> list[str]:
    return sorted(str(path.relative_to(folder / place)) for path in (folder / place).rglob("*") if path.is_file())


def trust(layout: str = "generic") -> None:
    Layout.objects.filter(code=layout).update(verified_with_real_file=True)


def test_a_portfolio_and_payments_are_loaded_and_moved_aside(folder: Path, cartera: Cartera) -> None:
    trust()
    left(folder, "casos/Favacard/noviembre.csv", PORTFOLIO)
    left(folder, "pagos/Favacard/lista.csv", paid(f"A-1;;{dates.today():%d/%m/%Y};400,00;R-1;Paz"))
    ran = load(folder)
    assert (ran.code, ran.summary) == (0, "loaded=2 rejected=0 left=0")
    assert [str(case.balance) for case in Case.objects.all()] == ["600.00"]
    assert names(folder, f"_cargados/{TODAY}") == [
        "casos/Favacard/noviembre.csv",
        "casos/Favacard/noviembre.csv.informe.csv",
        "pagos/Favacard/lista.csv",
        "pagos/Favacard/lista.csv.informe.csv",
    ]
    assert (names(folder, "casos"), names(folder, "pagos")) == ([], [])


def test_the_same_file_again_does_nothing_twice(folder: Path, cartera: Cartera) -> None:
    trust()
    factories.CaseFactory(cartera=cartera, nro_cliente="A-1")
    for _ in range(2):
        left(folder, "pagos/lista.csv", paid(f"A-1;;{YESTERDAY};400,00;R-1;Paz"))
        assert load(folder).code == 0
    assert LedgerEntry.objects.filter(kind="payment").count() == 1
    assert "pagos/lista (2).csv" in names(folder, f"_cargados/{TODAY}")


def test_a_format_that_nobody_verified_registers_nothing_by_itself(folder: Path, cartera: Cartera) -> None:
    factories.CaseFactory(cartera=cartera, nro_cliente="A-1")
    left(folder, "pagos/lista.csv", paid(f"A-1;;{YESTERDAY};400,00;R-1;Paz"))
    ran = load(folder)
    assert (ran.code, "no se registró" in ran.out) == (1, True)
    assert (PaymentFile.objects.get().status, LedgerEntry.objects.filter(kind="payment").count()) == ("staged", 0)


@pytest.mark.parametrize(
    ("place", "text", "why"),
    [
        ("casos/noviembre.csv", PORTFOLIO, "Falta la cartera"),
        ("casos/Nadie/noviembre.csv", PORTFOLIO, "No existe la cartera «Nadie»"),
        ("pagos/Nadie/lista.csv", paid(), "No existe la cartera «Nadie»"),
        ("casos/Favacard/vacio.csv", "", "vacío"),
        ("pagos/lista.csv", "Color\nrojo\n", "No se reconoce el formato de «lista.csv»"),
    ],
)
def test_what_cannot_be_loaded_is_moved_aside_with_its_reason(
    folder: Path, cartera: Cartera, place: str, text: str, why: str
) -> None:
    left(folder, place, text)
    ran = load(folder)
    assert (ran.code, ran.summary) == (1, "loaded=0 rejected=1 left=0")
    assert names(folder, f"_rechazados/{TODAY}") == [place, f"{place}.motivo.txt"]
    assert why in (folder / "_rechazados" / TODAY / f"{place}.motivo.txt").read_text(encoding="utf-8")
    assert names(folder, "_cargados") == []


@pytest.mark.parametrize("name", [".oculto.csv", "sube.csv.part", "sube.tmp"])
def test_what_is_still_coming_is_let_be(folder: Path, cartera: Cartera, name: str) -> None:
    path = left(folder, f"casos/Favacard/{name}", PORTFOLIO)
    assert load(folder).summary == "loaded=0 rejected=0 left=0"
    assert path.exists()


def test_a_file_that_was_touched_a_moment_ago_is_let_be(folder: Path, cartera: Cartera) -> None:
    path = left(folder, "casos/Favacard/noviembre.csv", PORTFOLIO)
    old = time.time() - 9999
    os.utime(path, (old, old))  # the times of its original
    ran = run("load_incoming", folder)
    assert (ran.summary, path.exists()) == ("loaded=0 rejected=0 left=0", True)


def test_a_link_leads_nowhere(folder: Path, cartera: Cartera, tmp_path_factory: Any) -> None:
    outside = left(tmp_path_factory.mktemp("other"), "noviembre.csv", PORTFOLIO)
    (folder / "casos/Favacard").mkdir(parents=True)
    (folder / "casos/Favacard/link.csv").symlink_to(outside)
    assert load(folder).summary == "loaded=0 rejected=0 left=0"
    assert outside.exists()


def test_one_process_at_a_time(folder: Path, cartera: Cartera) -> None:
    left(folder, "casos/Favacard/noviembre.csv", PORTFOLIO)
    with (folder / ".cerrojo").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = load(folder)
    assert (ran.code, ran.out.strip(), Case.objects.count()) == (0, "Otro proceso está cargando esta carpeta.", 0)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    ran = load(tmp_path / "nada")
    assert (ran.code, "No se puede usar la carpeta" in ran.error) == (2, True)


def test_a_file_that_changes_meanwhile_is_loaded_again(
    folder: Path, cartera: Cartera, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = left(folder, "casos/Favacard/noviembre.csv", PORTFOLIO)
    run_it = incoming._run

    def replaced_meanwhile(*given: Any) -> incoming.Done:
        done = run_it(*given)
        left(folder, "casos/Favacard/noviembre.csv", PORTFOLIO + "A-2,Eva Sur,50.00\n")
        return done

    monkeypatch.setattr(incoming, "_run", replaced_meanwhile)
    assert load(folder).summary == "loaded=0 rejected=0 left=1"
    monkeypatch.undo()
    assert (load(folder).summary, path.exists()) == ("loaded=1 rejected=0 left=0", False)
    assert Case.objects.count() == 2


# --- Mail ----------------------------------------------------------------------------------------------
def test_who_is_to_know_is_told_once(folder: Path, cartera: Cartera, settings: Any, mail_to: MailTo) -> None:
    settings.INCOMING_RECIPIENTS = ["operaciones@example.com"]
    mail_to(free_port())
    left(folder, "casos/Favacard/vacio.csv", "")
    ran = load(folder)
    assert (ran.code, "se envían la próxima vez" in ran.out) == (1, True)
    left(folder, "casos/nadie.csv", PORTFOLIO)
    inbox = Inbox()
    with smtp_server(inbox) as port:
        mail_to(port)
        assert load(folder).code == 1
        assert load(folder).code == 0
    [mail] = inbox.messages
    assert mail["Subject"].strip() == "NOVA Gestión de Cobranzas: 2 archivos necesitan a una persona"
    assert ("casos/Favacard/vacio.csv" in mail.get_content(), "Falta la cartera" in mail.get_content()) == (True, True)


def test_without_recipients_nobody_is_told(folder: Path, cartera: Cartera, settings: Any) -> None:
    settings.INCOMING_RECIPIENTS = []
    left(folder, "casos/Favacard/vacio.csv", "")
    assert load(folder).code == 1
    assert names(folder, "_avisos") == []


# --- By itself -------------------------------------------------------------------------------------------
@pytest.mark.deployment
def test_the_scheduler_loads_the_folder_beside_the_night(prepared: Path, tmp_path: Path) -> None:
    env = serving.installation(prepared, tmp_path, redis_url="", workers=1)
    folder = tmp_path / "entrada"
    path = left(folder, "casos/Nadie/noviembre.csv", PORTFOLIO)
    command = [sys.executable, "manage.py", "scheduler", "--at", "23:59", "--incoming", str(folder)]
    with subprocess.Popen(command, cwd=serving.ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert "loaded=0 rejected=0 left=0\n" in process.stdout  # it was left a moment ago
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert path.exists()
