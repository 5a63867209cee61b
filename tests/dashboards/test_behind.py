"""The rows behind the figures, GET /dashboard-admin/<kind>, and their files."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Case, LedgerEntry
from nova.lib import dates, spreadsheets
from tests import factories
from tests.conftest import ClientOf
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db
HOME = "/dashboard-admin"
KINDS = ["movimientos", "promesas", "gestiones", "convenios", "cuotas", "quitas", "casos"]
ADDRESSES = [
    *(f"{HOME}/{kind}" for kind in KINDS),
    *(f"{HOME}/{kind}/exports/{form}" for kind in KINDS for form in ("csv", "xlsx")),
    *(f"{HOME}/exports/{form}" for form in ("csv", "xlsx", "pdf")),
    "/rendiciones",
    *(f"/rendiciones/exports/{form}" for form in ("csv", "xlsx", "pdf")),
]


@pytest.fixture
def case(gestor_user: User) -> Case:
    debtor = factories.DebtorFactory(first_name="@Iván", last_name="=HYPERLINK(1)")
    return factories.CaseFactory(
        assigned_to=gestor_user, debtor=debtor, nro_cliente="+54911", cartera=factories.CarteraFactory(name="Norte")
    )


@pytest.fixture
def history(case: Case, admin_user: User, gestor_user: User) -> Case:
    for amount in ("1000.50", "2000.25"):
        payment = pay(case, amount, by=admin_user, reference=f"-{amount}")
    services.reverse_payment(payment=payment, by=admin_user)
    for status, days in (("fulfilled", 3), ("broken", 2), ("pending", 1)):
        day = dates.today() - timedelta(days=days)
        done = day if status == "fulfilled" else None
        factories.PromiseFactory(case=case, status=status, promise_date=day, fulfilled_date=done)
    for code in ("PP", "NC", "NOTA"):
        factories.ActivityFactory(case=case, result=factories.result(code), notes="\t=1+1")
    return case


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("who", ["gestor_user", "user_user", "staff_user"])
def test_they_are_for_admins(client_of: ClientOf, who: str, address: str, request) -> None:
    response = client_of(request.getfixturevalue(who)).get(address)
    assert (response.status_code, response["Location"][:10]) == (302, "/dashboard")


@pytest.mark.parametrize("address", ADDRESSES)
def test_anonymous_logs_in_first(client: Client, address: str) -> None:
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (302, f"/login?next={address}")


def amounts(response) -> list[str]:
    return [line["cells"][-1]["text"] for line in response.context["lines"]]


def test_money_adds_up_to_the_figure(admin_client: Client, history: Case) -> None:
    response = admin_client.get(f"{HOME}/movimientos")
    assert sorted(amounts(response)) == ["$ 1.000,50", "$ 2.000,25", "-$ 2.000,25"]
    assert ("Recuperado", "$ 1.000,50") in response.context["behind"].summary
    assert ("De un total a recuperar de", "$ 10.000,00") in response.context["behind"].summary
    assert amounts(admin_client.get(f"{HOME}/movimientos", {"only": "reversal"})) == ["-$ 2.000,25"]
    assert f'href="/cases/{history.pk}"' in response.text


def test_promises_and_gestiones(admin_client: Client, history: Case) -> None:
    promises = admin_client.get(f"{HOME}/promesas")
    assert [line["cells"][1]["text"] for line in promises.context["lines"]] == ["Incumplida", "Cumplida"]
    assert dict(promises.context["behind"].summary)["Promesas cumplidas"] == "50,00\xa0%"
    assert len(admin_client.get(f"{HOME}/promesas", {"only": "broken"}).context["lines"]) == 1
    # The payments are gestiones too; their reversal is the system's word for nobody.
    everything = dict(admin_client.get(f"{HOME}/gestiones").context["behind"].summary)
    attempts = admin_client.get(f"{HOME}/gestiones", {"only": "attempts"})
    assert everything["Intentos de contacto"] == "2" == str(len(attempts.context["lines"]))
    assert len(admin_client.get(f"{HOME}/gestiones", {"only": "direct"}).context["lines"]) == 1


def test_arrangements_instalments_and_waivers_add_up_to_their_figures(
    admin_client: Client, case: Case, gestor_user: User
) -> None:
    plan = factories.ArrangementFactory(
        case=case,
        status="active",
        base_balance=Decimal("250000.00"),
        agreed_total=Decimal("150000.00"),
        accepted_at=dates.start_of_day(dates.today() - timedelta(days=60)),
        first_due_on=dates.today() - timedelta(days=50),
    )
    first, second, _ = plan.schedule.order_by("number")
    first.status, first.paid_on = "paid", first.due_on
    first.save()
    LedgerEntry.objects.create(
        case=case,
        cartera=case.cartera,
        kind="adjustment",
        reason="waiver",
        arrangement=plan,
        amount=Decimal("-100000.00"),
        value_date=dates.today(),
        credited_to=gestor_user,
    )

    def found(kind: str, **query) -> tuple[list[str], dict[str, str]]:
        response = admin_client.get(f"{HOME}/{kind}", {"period": "quarter", **query})
        return amounts(response), dict(response.context["behind"].summary)

    assert found("convenios") == (["$ 10.000,00"], {"Convenios vigentes": "1"})
    assert found("cuotas")[1] == {
        "En término": "1",
        "Fuera de término o impagas": "1",
        "Cuotas cumplidas": "50,00\xa0%",
    }
    assert found("cuotas", only="kept")[0] == [f"{first.paid_on:%d/%m/%Y}"]
    assert found("cuotas", only="missed")[0] == ["—"]
    assert found("quitas") == (
        ["$ 100.000,00"],
        {
            "Quitas otorgadas": "$ 100.000,00",
            "Pagado por esos convenios": "$ 150.000,00",
            "Quita media": "40,00\xa0%",
        },
    )
    assert second.due_on < dates.today()


def test_cases_by_status_stage_gestor_and_search(admin_client: Client, case: Case) -> None:
    paid = factories.CaseFactory(status_slug="pagada", balance=Decimal("0.00"), debtor__last_name="Zárate")

    def found(**query) -> tuple[list[str], dict[str, str]]:
        response = admin_client.get(f"{HOME}/casos", query)
        return amounts(response), dict(response.context["behind"].summary)

    assert found()[1] == {"Casos": "2", "Saldo total": "$ 10.000,00"}
    assert found(stage="pagada") == (["$ 0,00"], {"Casos": "1", "Saldo total": "$ 0,00"})
    assert found(status="sin-gestion")[0] == ["$ 10.000,00"]
    assert found(gestor=case.assigned_to_id)[0] == ["$ 10.000,00"]
    assert found(cartera=paid.cartera_id)[0] == ["$ 0,00"]
    assert found(search="zarate")[0] == ["$ 0,00"]
    assert admin_client.get(f"{HOME}/casos", {"status": "nada"}).status_code == 404
    assert admin_client.get(f"{HOME}/otros").status_code == 404
    assert admin_client.get(f"{HOME}/movimientos", {"only": "nada"}).status_code == 404


def test_a_search_that_finds_nothing_says_what_to_try(admin_client: Client, case: Case) -> None:
    assert "Nada coincide con «xyz»" in admin_client.get(f"{HOME}/casos", {"search": "xyz"}).text


@pytest.mark.parametrize("kind", KINDS)
def test_queries_do_not_grow_with_rows(admin_client: Client, history: Case, kind: str) -> None:
    def more() -> None:
        for _ in range(8):
            other = factories.CaseFactory(assigned_to=factories.GestorFactory())
            LedgerEntry.objects.create(
                case=other, cartera=other.cartera, kind="payment", amount=5, value_date=dates.today()
            )
            factories.PromiseFactory(case=other, status="broken", promise_date=dates.today())
            factories.ActivityFactory(case=other, result=factories.result("NC"))
            plan = factories.ArrangementFactory(
                case=other,
                status="active",
                accepted_at=dates.start_of_day(dates.today()),
                first_due_on=dates.today() - timedelta(days=20),
            )
            LedgerEntry.objects.create(
                case=other,
                cartera=other.cartera,
                kind="adjustment",
                reason="waiver",
                arrangement=plan,
                amount=-5,
                value_date=dates.today(),
            )

    more()
    queries_do_not_grow(lambda: admin_client.get(f"{HOME}/{kind}"), more)


def test_pages_and_bad_filters(admin_client: Client, case: Case) -> None:
    factories.ActivityFactory.create_batch(60, case=case)
    first, second = (admin_client.get(f"{HOME}/gestiones", {"page": page}) for page in (1, 2))
    assert (len(first.context["lines"]), len(second.context["lines"])) == (50, 10)
    assert admin_client.get(f"{HOME}/gestiones", {"page": "nada"}).status_code == 200
    assert admin_client.get(f"{HOME}/gestiones", {"start_date": "antes"}).status_code == 400
    part = admin_client.get(f"{HOME}/gestiones", headers={"HX-Request": "true", "HX-Target": "rows"})
    assert part.text.lstrip().startswith('<div id="rows"')


# --- Files -------------------------------------------------------------------------------------------------
def table_of(response) -> list[list[str]]:
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_csv_is_whole_inert_and_in_the_trail(admin_client: Client, admin_user: User, history: Case) -> None:
    query = {"cartera": history.cartera_id, "only": ""}
    response = admin_client.get(f"{HOME}/movimientos/exports/csv", query)
    header, *rows = table_of(response)
    assert header[-1] == "Importe"
    assert sum(Decimal(row[-1].replace(",", ".")) for row in rows) == Decimal("1000.50")
    assert {(row[2], row[3]) for row in rows} == {("+54911", "'=HYPERLINK(1), @Iván")}
    assert {row[8] for row in rows} == {"", "-1000.50", "-2000.25"}
    assert response["Content-Disposition"].startswith('attachment; filename="movimientos-')
    event = AuditEvent.objects.get(action="export")
    assert (event.actor, event.after) == (admin_user, {"cartera": str(history.cartera_id)})
    assert event.target_label.endswith(".csv")


def test_csv_neutralises_notes(admin_client: Client, history: Case) -> None:
    rows = table_of(admin_client.get(f"{HOME}/gestiones/exports/csv"))
    assert {row[-1] for row in rows[1:]} == {"", "'\t=1+1"}


def test_a_workbook_opens_with_numbers_dates_and_no_formula(admin_client: Client, history: Case) -> None:
    response = admin_client.get(f"{HOME}/movimientos/exports/xlsx")
    [sheet] = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"n", "s", "d"}
    assert {cell.hyperlink for cell in cells} == {None}
    [head] = [row[0].row for row in sheet.iter_rows() if row[0].value == "Fecha"]
    first = [cell.value for cell in sheet[head + 1]]
    assert first[0].date() == dates.today()
    assert first[3] == "=HYPERLINK(1), @Iván"
    amounts = [sheet.cell(row, 10).value for row in range(head + 1, head + 4)]
    assert Decimal(str(sum(amounts))) == Decimal("1000.5") == Decimal(str(sheet.cell(head + 4, 10).value))
    assert sheet.cell(head + 4, 1).value == "Total"


def test_too_many_rows_for_a_workbook_are_refused_and_streamed(
    admin_client: Client, history: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheets, "MAX_ROWS", 2)
    refused = admin_client.get(f"{HOME}/movimientos/exports/xlsx")
    assert refused.status_code == 400
    assert "descárguelas en CSV" in refused.text
    assert not AuditEvent.objects.filter(action="export").exists()
    assert len(table_of(admin_client.get(f"{HOME}/movimientos/exports/csv"))) == 4
    # In the workbook of the whole view the sheet says so, instead of showing a part of them.
    book = openpyxl.load_workbook(io.BytesIO(admin_client.get(f"{HOME}/exports/xlsx").content))
    told = [cell.value for row in book["Pagos y reversas"].iter_rows() for cell in row if cell.value]
    assert any("descárguelas en CSV" in str(value) for value in told)
    assert 1000.5 not in told


def test_a_stream_that_cannot_be_read_is_an_error(
    admin_client: Client, history: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("no disk")

    monkeypatch.setattr("dashboards.rows._entry_cells", broken)
    admin_client.raise_request_exception = False
    assert admin_client.get(f"{HOME}/movimientos/exports/csv").status_code == 500


def test_files_of_impossible_filters_are_refused(admin_client: Client) -> None:
    for address in (f"{HOME}/casos/exports/csv", f"{HOME}/exports/pdf", "/rendiciones/exports/csv"):
        assert admin_client.get(address, {"start_date": "2026-13-01"}).status_code == 400
