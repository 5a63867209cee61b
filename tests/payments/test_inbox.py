"""«Pagos por identificar» and «Cargar»: what waits, whose it may be, and a person's word about it."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.models import Case, LedgerEntry
from cases.services import record_payment
from nova.lib import dates
from payments.models import PaymentFile, PaymentRow
from tests import factories
from tests.conftest import ClientOf
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db
INBOX = "/pagos"
HTMX = {"HX-Request": "true", "HX-Target": "inbox"}


@pytest.fixture
def cases() -> list[Case]:
    """Two debts of $ 10.000 of one person, and one of somebody else."""
    cartera, person = factories.CarteraFactory(), factories.DebtorFactory(dni="30111222")
    own = [factories.CaseFactory(cartera=cartera, debtor=person, nro_cliente=f"A-{number}") for number in (1, 2)]
    return [*own, factories.CaseFactory(cartera=cartera, nro_cliente="B-1")]


def waiting(**fields: Any) -> PaymentRow:
    return factories.PaymentRowFactory(**{"file__status": "posted", **fields})


def decide(client: Client, row: PaymentRow, **data: Any) -> Any:
    return client.post(f"{INBOX}/{row.pk}/decision", data, headers=HTMX)


def paid_by_hand(case: Case, amount: str) -> LedgerEntry:
    return record_payment(case=case, by=None, amount=Decimal(amount), value_date=dates.today(), method="cash")


def chosen(page: str) -> list[str]:
    """The numbers of the cases that are offered, in their order."""
    return re.findall(r'aria-label="Es de acá: [^"]*, ([^",]+)"', page)


def test_the_oldest_is_open_with_the_debts_of_whom_it_names(admin_client: Client, cases: list[Case]) -> None:
    waiting(amount=50, value_date=dates.today())
    old = waiting(amount=70, value_date=dates.today() - timedelta(days=9), payer_dni="30111222", payer_name="Paz, Ana")
    waiting(amount=80, state="posted")
    page = admin_client.get(INBOX).text
    assert (f'data-open-payment="{old.pk}"' in page, "2 pagos" in page, "1 de 2" in page) == (True, True, True)
    assert chosen(page) == ["A-1", "A-2"]


def test_what_is_expected_comes_first_and_what_was_found_before_it(admin_client: Client, cases: list[Case]) -> None:
    factories.PromiseFactory(case=cases[1], amount=Decimal("2500.00"))
    row = waiting(amount=2500, payer_dni="30111222", state="ambiguous")
    page = admin_client.get(INBOX).text
    assert (chosen(page), "Es una promesa" in page) == (["A-2", "A-1"], True)
    PaymentRow.objects.filter(pk=row.pk).update(case=cases[0])
    assert chosen(admin_client.get(INBOX).text) == ["A-1", "A-2"]


def test_a_search_takes_the_place_of_what_the_row_says(admin_client: Client, cases: list[Case]) -> None:
    row = waiting(payer_dni="30111222")
    assert chosen(admin_client.get(INBOX, {"row": row.pk, "q": "B-1"}).text) == ["B-1"]
    nobody = admin_client.get(INBOX, {"row": row.pk, "q": "  Nadie   asi "}).text
    assert (chosen(nobody), "Nadie con «Nadie asi»" in nobody) == ([], True)


def test_a_file_of_one_cartera_offers_only_its_cases(admin_client: Client, cases: list[Case]) -> None:
    other = factories.CaseFactory(debtor=cases[0].debtor, nro_cliente="C-1")
    row = waiting(payer_dni="30111222")
    assert chosen(admin_client.get(INBOX).text) == ["A-1", "A-2", "C-1"]
    PaymentFile.objects.filter(pk=row.file_id).update(cartera=other.cartera)
    assert chosen(admin_client.get(INBOX).text) == ["C-1"]
    assert chosen(admin_client.get(INBOX, {"q": cases[2].debtor.last_name}).text) == ["C-1"]


def test_a_file_is_looked_at_alone(admin_client: Client) -> None:
    waiting(amount=11)
    row = waiting(amount=22)
    page = admin_client.get(INBOX, {"file": row.file_id}).text
    assert ("1 pago<" in page, f'data-open-payment="{row.pk}"' in page) == (True, True)
    PaymentFile.objects.filter(pk=row.file_id).update(status="undone")
    assert "están decididos" in admin_client.get(INBOX, {"file": row.file_id}).text


def test_the_case_is_chosen_and_the_next_one_is_open(admin_client: Client, cases: list[Case]) -> None:
    row, after = waiting(amount=100), waiting(amount=200, value_date=dates.today())
    answer = decide(admin_client, row, do="case", case=cases[2].pk, at=0)
    entry = LedgerEntry.objects.get(kind="payment")
    assert (answer.status_code, entry.case, entry.amount) == (200, cases[2], Decimal("100.00"))
    assert f'data-open-payment="{after.pk}"' in answer.text
    assert f"Registrado: $ 100,00 · {cases[2].debtor.listed_name}." in answer.text


def test_without_script_it_goes_back_to_the_inbox(admin_client: Client, cases: list[Case]) -> None:
    row = waiting()
    data = {"do": "case", "case": cases[2].pk, "file": row.file_id}
    answer = admin_client.post(f"{INBOX}/{row.pk}/decision", data)
    assert (answer.status_code, answer["Location"]) == (302, f"{INBOX}?file={row.file_id}")


def test_of_a_file_that_is_not_posted_it_is_only_kept(admin_client: Client, cases: list[Case]) -> None:
    row = waiting(file__status="staged")
    assert "Se registra cuando se registre el archivo." in decide(admin_client, row, do="case", case=cases[2].pk).text
    row.refresh_from_db()
    assert (row.state, row.case, LedgerEntry.objects.filter(kind="payment").count()) == ("matched", cases[2], 0)
    blind = decide(admin_client, row, do="ignore", reason="No es", version=1)  # as it was before that
    assert (blind.status_code, "Otra persona ya decidió sobre ese pago" in blind.text) == (409, True)
    assert f'data-open-payment="{row.pk}"' in blind.text
    again = decide(admin_client, row, do="case", case=cases[0].pk, version=2)  # found, and still to be decided anew
    row.refresh_from_db()
    assert (again.status_code, row.case) == (200, cases[0])


def test_more_than_is_owed_is_asked_about(admin_client: Client, cases: list[Case]) -> None:
    row = waiting(amount=10_001)
    asked = decide(admin_client, row, do="case", case=cases[2].pk)
    assert (asked.status_code, "Registrar igual" in asked.text) == (422, True)
    assert LedgerEntry.objects.filter(kind="payment").count() == 0
    assert decide(admin_client, row, do="case", case=cases[2].pk, confirm="on").status_code == 200
    assert LedgerEntry.objects.get(kind="payment").case == cases[2]


def test_it_is_divided_over_the_debts_of_a_person(admin_client: Client, cases: list[Case]) -> None:
    row = waiting(amount=15_000, case=cases[0], state="ambiguous")
    assert re.findall(r'name="part-\d+"[^>]*value="([^"]*)"', admin_client.get(INBOX).text) == ["10.000,00", "5.000,00"]
    parts = {f"part-{cases[0].pk}": "10.000,00", f"part-{cases[1].pk}": "4.000"}
    refused = decide(admin_client, row, do="split", **parts)
    assert (refused.status_code, "Las partes no suman el pago" in refused.text) == (422, True)
    assert 'value="4.000"' in refused.text
    assert decide(admin_client, row, do="split", **parts | {f"part-{cases[1].pk}": "5.000"}).status_code == 200
    amounts = LedgerEntry.objects.filter(kind="payment").order_by("id").values_list("amount", flat=True)
    assert [int(amount) for amount in amounts] == [10_000, 5_000]


@pytest.mark.parametrize(
    ("part", "why"), [("", "Escriba cuánto va a cada deuda."), ("mucho", "«mucho»"), ("-1", "mayor que cero")]
)
def test_parts_that_are_no_amounts_are_refused(admin_client: Client, cases: list[Case], part: str, why: str) -> None:
    row = waiting(amount=100, case=cases[0], state="ambiguous")
    typed = {f"part-{case.pk}": part for case in cases[:2]}
    refused = decide(admin_client, row, do="split", **typed)
    assert (refused.status_code, why in refused.text) == (422, True)


@pytest.mark.parametrize(("do", "entries"), [("same", 1), ("another", 2)])
def test_one_typed_by_hand_is_the_same_or_another(
    admin_client: Client, cases: list[Case], do: str, entries: int
) -> None:
    typed = paid_by_hand(cases[0], "100.00")
    row = waiting(case=cases[0], entry=typed, state="ambiguous")
    page = admin_client.get(INBOX).text
    assert "ya está cargado a mano" in page
    assert decide(admin_client, row, do=do).status_code == 200
    row.refresh_from_db()
    assert (row.state, LedgerEntry.objects.filter(kind="payment").count()) == ("posted", entries)


def test_a_chargeback_takes_its_payment_back(admin_client: Client, cases: list[Case]) -> None:
    paid = paid_by_hand(cases[0], "100.00")
    row = waiting(kind="reversal", entry=paid, state="ambiguous")
    page = admin_client.get(INBOX).text
    assert ("Revertir ese pago" in page, chosen(page)) == (True, [])
    assert "Revertido: $ 100,00" in decide(admin_client, row, do="reverse").text
    assert LedgerEntry.objects.get(kind="reversal").reverses == paid


def test_it_is_none_of_ours(admin_client: Client) -> None:
    row = waiting()
    refused = decide(admin_client, row, do="ignore", reason="  ")
    assert (refused.status_code, "Escriba por qué se ignora." in refused.text) == (422, True)
    long = decide(admin_client, row, do="ignore", reason="x" * 201)
    assert (long.status_code, "x" * 201 in long.text) == (422, True)
    assert decide(admin_client, row, do="ignore", reason="De otro estudio").status_code == 200
    row.refresh_from_db()
    assert (row.state, row.why) == ("ignored", "Ignorado: De otro estudio")


def test_what_somebody_else_decided_meanwhile_is_said(admin_client: Client, cases: list[Case]) -> None:
    row, after = waiting(), waiting(value_date=dates.today())
    assert decide(admin_client, row, do="case", case=cases[2].pk).status_code == 200
    again = decide(admin_client, row, do="case", case=cases[0].pk)
    assert (again.status_code, "ya no espera una decisión" in again.text) == (409, True)
    assert f'data-open-payment="{after.pk}"' in again.text
    assert LedgerEntry.objects.filter(kind="payment").count() == 1
    assert "ya no espera una decisión" in admin_client.get(INBOX, {"row": row.pk}).text


@pytest.mark.parametrize(
    "data", [{}, {"do": "all"}, {"do": "case"}, {"do": "case", "case": "9" * 30}, {"do": "case", "case": "7"}]
)
def test_a_decision_that_makes_no_sense_decides_nothing(admin_client: Client, data: dict[str, str]) -> None:
    row = waiting()
    assert decide(admin_client, row, **data).status_code == 422
    row.refresh_from_db()
    assert row.state == "unmatched"


@pytest.mark.parametrize(
    "query",
    ["row=x", "row=99999999999999999999", "page=0", "page=999", "file=abc", "q=%00", "q=" + "a" * 5000, "row=0"],
)
def test_any_address_shows_the_inbox(admin_client: Client, query: str) -> None:
    waiting()
    assert admin_client.get(f"{INBOX}?{query}").status_code == 200


@pytest.mark.parametrize("name", ["loading", "payments-inbox"])
def test_only_admins_come_here(
    client_of: ClientOf, gestor_user: User, user_user: User, client: Client, name: str
) -> None:
    for user in (gestor_user, user_user):
        assert client_of(user).get(reverse(name)).status_code == 302
    assert client.get(reverse(name))["Location"].startswith("/login")


def test_a_gestor_decides_nothing(client_of: ClientOf, gestor_user: User, cases: list[Case]) -> None:
    row = waiting()
    assert decide(client_of(gestor_user), row, do="case", case=cases[2].pk).status_code == 302
    row.refresh_from_db()
    assert row.state == "unmatched"


def test_the_number_of_queries_does_not_grow(admin_client: Client, cases: list[Case]) -> None:
    waiting(payer_dni="30111222", value_date=dates.today() - timedelta(days=20))

    def more() -> None:
        for number in range(20):
            waiting(case=cases[number % 3])
            factories.CaseFactory(debtor=cases[0].debtor)

    assert queries_do_not_grow(lambda: admin_client.get(INBOX), more) < 20


# --- «Cargar» ------------------------------------------------------------------------------------------
def test_what_was_loaded_last_is_there(admin_client: Client, admin_user: User) -> None:
    waiting(amount=100)
    factories.PaymentFileFactory(file_name="rapipago.txt")
    factories.ImportBatchFactory(file_name="cartera-noviembre.csv", counts={"created": 3, "rejected": 1})
    page = admin_client.get("/cargar").text
    assert [name in page for name in ("rapipago.txt", "cartera-noviembre.csv", "nuevos: 3 · rechazadas: 1")] == [
        True
    ] * 3
    assert "1 pago por identificar" in page


def test_loading_asks_the_same_however_much_there_is(admin_client: Client) -> None:
    def more() -> None:
        for _ in range(9):
            factories.PaymentFileFactory()
            factories.ImportBatchFactory()

    more()
    assert queries_do_not_grow(lambda: admin_client.get("/cargar"), more) < 15


def test_a_repeated_row_is_opened_by_a_person(admin_client: Client, cases: list[Case]) -> None:
    """A network's receipt that came again and is another payment all the same."""
    row = waiting(state="duplicate", why="Repetido: ya vino en «ayer.txt».", payer_dni="30111222", own_id="900")
    assert f'data-open-payment="{row.pk}"' not in admin_client.get(INBOX).text
    page = admin_client.get(INBOX, {"row": row.pk}).text
    assert ("Es otro pago" in page, 'value="ignore"' in page, chosen(page)) == (True, False, ["A-1", "A-2"])
    refused = decide(admin_client, row, do="ignore", reason="No", version=1)
    assert (refused.status_code, "Si es otro pago, dígalo" in refused.text) == (422, True)
    decide(admin_client, row, do="case", another="on", case=cases[1].pk, version=1)
    entry = LedgerEntry.objects.get(kind="payment")
    assert (entry.case, entry.reference) == (cases[1], f"{row.reference}~{row.pk}")


def test_a_repeated_row_of_nobody_waits_once_it_is_another(admin_client: Client) -> None:
    row = waiting(state="duplicate", why="Repetido: ya vino en «ayer.txt».")
    answer = decide(admin_client, row, do="another", version=1)
    assert (answer.status_code, "falta saber de quién es" in answer.text) == (200, True)
    assert f'data-open-payment="{row.pk}"' in admin_client.get(INBOX).text
