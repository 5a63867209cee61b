"""The return file: what a creditor wants back of each debt (DESIGN §6)."""

import io
from datetime import timedelta
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from accounts.models import AuditEvent
from cases import services
from cases.models import Cartera, Case
from dashboards.figures.periods import Period
from dashboards.files.return_file import return_of
from nova.lib import dates
from tests.cases.transfer.command import run
from tests.factories import ActivityFactory, CarteraFactory, CarteraFieldFactory, CaseFactory, result, status
from tests.queries import queries_do_not_grow, queries_of
from tests.steps import NO_FIELDS, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def cartera():
    return CarteraFactory(name="Banco Ñandú")


def lines_of(client, cartera, **more):
    response = client.get("/devoluciones/exports/csv", {"cartera": cartera.pk, **more})
    return b"".join(response.streaming_content).decode("utf-8-sig").splitlines()


def test_the_usual_columns(admin_client, cartera):
    today = dates.today()
    case = CaseFactory(cartera=cartera, nro_cliente="00451", amount=Decimal(1000), placed_on=today - timedelta(days=90))
    ActivityFactory(case=case, result=result("NC"))
    ActivityFactory(case=case, result=result("PP"))
    ActivityFactory(case=case, result=None, is_system=True)
    pay(case, "100.10")
    pay(case, "200.20")
    services.reverse_payment(payment=pay(case, "50"), by=None)
    pay(case, "7", value_date=today - timedelta(days=60))
    case.refresh_from_db()

    lines = lines_of(admin_client, cartera)

    assert lines[0] == "Nro. de cliente;Estado;Último resultado;Fecha del último resultado;Saldo;Pagado en el período"
    name = result("PP").name
    assert lines[1:] == [f"00451;{case.status.name};{name};{today:%d/%m/%Y};692,70;300,30"]


def test_without_gestiones_and_payments(admin_client, cartera):
    case = CaseFactory(cartera=cartera, nro_cliente="1", amount=Decimal(10))
    assert lines_of(admin_client, cartera)[1:] == [f"1;{case.status.name};;;10,00;0,00"]


def test_closed_ones_come_too_and_those_of_later_and_of_others_do_not(admin_client, cartera):
    CaseFactory(cartera=cartera, nro_cliente="1", status=status("de-baja"))
    CaseFactory(cartera=cartera, nro_cliente="2")
    CaseFactory(nro_cliente="3")
    ended = dates.today() - timedelta(days=1)
    Case.objects.update(placed_on=dates.today())
    Case.objects.filter(nro_cliente="1").update(placed_on=ended)
    assert [line.split(";")[0] for line in lines_of(admin_client, cartera)[1:]] == ["1", "2"]
    earlier = {"period": "custom", "start_date": ended.isoformat(), "end_date": ended.isoformat()}
    assert [line.split(";")[0] for line in lines_of(admin_client, cartera, **earlier)[1:]] == ["1"]


def test_the_columns_are_those_of_the_cartera(admin_client, cartera):
    field = CarteraFieldFactory(cartera=cartera, header="Sucursal", label="=Sede", in_return=True)
    CarteraFieldFactory(cartera=cartera, header="Otro")
    data = {
        "name": cartera.name,
        "is_active": "on",
        "monthly_interest_rate": "5",
        "return_columns": ["dni", "nro_cliente"],
    }
    chosen = admin_client.post(f"/admin/cases/cartera/{cartera.pk}/change/", {**data, **NO_FIELDS})
    assert (chosen.status_code, Cartera.objects.get().return_columns) == (302, ["dni", "nro_cliente"])
    CaseFactory(
        cartera=cartera,
        nro_cliente="=cmd|' /C calc'!A0",
        debtor__dni="20111222",
        extra={field.header: "+54", "Otro": "x"},
    )
    CaseFactory(cartera=cartera, nro_cliente="Ñ", debtor__dni="20111223", extra={field.header: "@SUM(1)"})
    assert lines_of(admin_client, cartera) == [
        "Nro. de cliente;DNI;'=Sede",
        "'=cmd|' /C calc'!A0;20111222;+54",
        "Ñ;20111223;'@SUM(1)",
    ]


def test_an_unknown_column_is_refused_by_the_page_of_the_cartera(admin_client, cartera):
    data = {"name": cartera.name, "is_active": "on", "monthly_interest_rate": "5", "return_columns": ["password"]}
    assert admin_client.post(f"/admin/cases/cartera/{cartera.pk}/change/", {**data, **NO_FIELDS}).status_code == 200
    assert Cartera.objects.get().return_columns == []


def test_the_workbook_has_its_header_in_the_first_row_and_text_as_text(admin_client, cartera):
    CaseFactory(cartera=cartera, nro_cliente="=1+1", amount=Decimal("10.50"))
    response = admin_client.get("/devoluciones/exports/xlsx", {"cartera": cartera.pk})
    rows = list(load_workbook(io.BytesIO(response.content)).active.iter_rows())
    assert [cell.value for cell in rows[0]][:2] == ["Nro. de cliente", "Estado"]
    assert (rows[1][0].value, rows[1][0].data_type, rows[1][4].value) == ("=1+1", "s", 10.5)
    assert len(rows) == 2


# --- The page ------------------------------------------------------------------------------------------
def test_the_page_shows_the_first_ten(admin_client, cartera):
    for number in range(12):
        CaseFactory(cartera=cartera, nro_cliente=f"{number:02d}")
    page = admin_client.get("/devoluciones", {"cartera": cartera.pk})
    assert [line[0][0] for line in page.context["lines"]] == [f"{number:02d}" for number in range(10)]
    assert f"/devoluciones/exports/xlsx?cartera={cartera.pk}" in page.content.decode()
    part = admin_client.get(
        "/devoluciones", {"cartera": cartera.pk}, headers={"HX-Request": "true", "HX-Target": "return"}
    )
    assert "<html" not in part.content.decode()


def test_without_a_cartera_it_asks_for_one(admin_client):
    assert "Elija una cartera" in admin_client.get("/devoluciones").content.decode()
    refused = admin_client.get("/devoluciones/exports/csv")
    assert (refused.status_code, "Elija de qué cartera" in refused.content.decode()) == (400, True)


@pytest.mark.parametrize("path", ["/devoluciones", "/devoluciones/exports/csv", "/devoluciones/exports/xlsx"])
def test_it_is_for_admins(gestor_client, cartera, path):
    response = gestor_client.get(path, {"cartera": cartera.pk})
    assert (response.status_code, response["Location"]) == (302, "/dashboard-gestor")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_copy_is_kept_and_the_download_is_in_the_trail(admin_client, cartera, form):
    CaseFactory(cartera=cartera)
    response = admin_client.get(f"/devoluciones/exports/{form}", {"cartera": cartera.pk})
    assert response["Cache-Control"] == "private, no-store"
    assert AuditEvent.objects.get(action="export").target_label.startswith("devolucion-banco-nandu-")


def test_queries_do_not_grow(admin_client, cartera):
    CaseFactory(cartera=cartera)
    CarteraFieldFactory(cartera=cartera, in_return=True)
    for path in ("/devoluciones", "/devoluciones/exports/csv", "/devoluciones/exports/xlsx"):
        queries_do_not_grow(
            lambda path=path: b"".join(admin_client.get(path, {"cartera": cartera.pk})),
            lambda: [
                pay(CaseFactory(cartera=cartera), 10),
                ActivityFactory(case__cartera=cartera, result=result("NC")),
            ],
        )


def test_a_chunk_costs_a_query(cartera, monkeypatch):
    monkeypatch.setattr("dashboards.rows.CHUNK", 10)
    for _ in range(31):
        CaseFactory(cartera=cartera)
    today = dates.today()
    statements = queries_of(lambda: len(list(return_of(cartera, Period(today, today)).all_cells())))
    reads = [sql for sql in statements if "last_result" in sql]
    assert len(reads) == 4


# --- The command ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("ending", ["csv", "xlsx", "CSV"])
def test_the_command_writes_the_same(admin_client, cartera, tmp_path, ending):
    pay(CaseFactory(cartera=cartera, nro_cliente="7"), 10)
    out = tmp_path / f"devolucion.{ending}"
    ran = run("export_return", "banco ñandu", "--output", out)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "rows=1")
    assert out.stat().st_mode & 0o777 == 0o600
    month = {
        "period": "custom",
        "start_date": dates.today().replace(day=1).isoformat(),
        "end_date": dates.today().isoformat(),
    }
    if ending == "xlsx":
        assert load_workbook(out).active["A2"].value == "7"
    else:
        assert out.read_bytes().decode("utf-8-sig").splitlines() == lines_of(admin_client, cartera, **month)
    assert AuditEvent.objects.filter(action="export", actor=None).count() == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Nadie", "--output", "x.csv"], "No existe la cartera «Nadie». Carteras: «Banco Ñandú»."),
        (["Banco Ñandú", "--output", "x.pdf"], "«x.pdf»: el archivo debe ser .csv o .xlsx."),
        (
            ["Banco Ñandú", "--output", "x.csv", "--from", "2026-02-01", "--to", "2026-01-01"],
            "termina antes de empezar",
        ),
        (["Banco Ñandú", "--output", "no/existe/x.csv"], "no existe la carpeta"),
    ],
)
def test_the_command_refuses_in_words(cartera, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    ran = run("export_return", *arguments)
    assert (ran.code, words in ran.error) == (2, True), ran
    assert list(tmp_path.iterdir()) == []
