"""`import_cases --report`: what it holds, where it goes and where it cannot (DESIGN §5)."""

import csv
import io
import os
import stat
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.cases.importing.command import everything, import_cases, portfolio

pytestmark = pytest.mark.django_db

GOOD = "1;ANA;PÉREZ;20111222;1.500,50"
BAD = "2;LUIS;PAZ;;abc"


def report_lines(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_report_lists_rejected_warned_and_noted_rows(tmp_path):
    report = tmp_path / "informe.csv"
    header = "Nro. Cliente;Nombre;Apellido;DNI;Deuda Total;email"
    rows = (f"{GOOD};sin arroba", f"{BAD};", '3;LUIS;PAZ;;10;"=HYPERLINK(""http://x"")"', "TOTAL;;;;1.510,50;")

    ran = import_cases(portfolio(tmp_path, *rows, header=header), "--report", str(report))

    assert ran.counts("created", "rejected", "warnings") == (2, 1, 2)
    assert report.read_text(encoding="utf-8").splitlines()[0] == "row,column,value,severity,reason"
    lines = report_lines(report)
    assert [(line["row"], line["column"], line["value"], line["severity"]) for line in lines] == [
        ("2", "email", "sin arroba", "warning"),
        ("3", "Deuda Total", "abc", "rejected"),
        ("4", "email", '\'=HYPERLINK("http://x")', "warning"),
        ("5", "", "TOTAL 1.510,50", "note"),
    ]
    assert all(line["reason"].endswith(".") for line in lines)


def test_report_of_a_clean_file_is_its_header(tmp_path):
    report = tmp_path / "informe.csv"
    import_cases(portfolio(tmp_path, GOOD), "--report", str(report))

    assert report_lines(report) == []
    assert report.read_text(encoding="utf-8") == "row,column,value,severity,reason\n"


def test_dry_run_reports_too(tmp_path):
    report = tmp_path / "informe.csv"
    import_cases(portfolio(tmp_path, BAD), "--report", str(report), "--dry-run")

    assert [line["severity"] for line in report_lines(report)] == ["rejected"]


@pytest.mark.parametrize(
    ("where", "reason"), [("no/existe/informe.csv", "no existe la carpeta"), (".", "es una carpeta")]
)
def test_report_that_cannot_be_written_is_2_and_nothing_is_done(tmp_path, where, reason):
    file = portfolio(tmp_path, GOOD)
    before = everything()

    ran = import_cases(file, "--report", str(tmp_path / where))

    assert ran.code == 2
    assert ran.error.startswith("No se puede escribir el informe")
    assert ran.error.endswith(f"{reason}.")
    assert everything() == before
    assert list(tmp_path.parent.glob(f".{tmp_path.name}*")) == []
    assert list(tmp_path.iterdir()) == [file]


def test_report_in_a_folder_out_of_reach_is_2_in_words(tmp_path, monkeypatch):
    def closed(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    file = portfolio(tmp_path, GOOD)
    monkeypatch.setattr(Path, "is_dir", closed)

    ran = import_cases(file, "--report", "/ajena/informe.csv")

    assert (ran.code, ran.error) == (2, "No se puede escribir el informe en «/ajena/informe.csv»: no hay permiso.")


def test_report_may_be_named_by_a_text_from_other_code(tmp_path):
    report = tmp_path / "informe.csv"
    file = str(portfolio(tmp_path, GOOD))

    call_command(
        "import_cases", file, cartera="Cristal Cash", create_cartera=True, report=str(report), stdout=io.StringIO()
    )

    assert report_lines(report) == []


def test_report_over_the_file_itself_is_refused(tmp_path):
    file = portfolio(tmp_path, GOOD)
    before = file.read_bytes()

    assert import_cases(file, "--report", str(file)).code == 2
    assert file.read_bytes() == before


def test_failed_import_leaves_an_older_report_alone(tmp_path):
    report = tmp_path / "informe.csv"
    report.write_text("el de ayer")

    assert import_cases(tmp_path / "no-esta.csv", "--report", str(report)).code == 2
    assert report.read_text() == "el de ayer"
    assert list(tmp_path.iterdir()) == [report]


def test_report_can_be_read_by_whom_the_umask_lets(tmp_path):
    report = tmp_path / "informe.csv"
    mask = os.umask(0o022)
    try:
        import_cases(portfolio(tmp_path, GOOD), "--report", str(report))
    finally:
        os.umask(mask)

    assert stat.S_IMODE(report.stat().st_mode) == 0o644
