"""What a creditor says of a debt besides: on the screen, in the API, in searches and in files (DESIGN §5)."""

import pytest

from cases import services
from cases.models import CarteraField, Case
from tests.cases.importing.command import import_cases
from tests.factories import CarteraFactory, CarteraFieldFactory, CaseFactory, GestorFactory
from tests.queries import queries_do_not_grow, queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def cartera():
    cartera = CarteraFactory(name="Banco")
    CarteraFieldFactory(cartera=cartera, header="Producto", label="Línea", order=2)
    CarteraFieldFactory(cartera=cartera, header="N° de tarjeta", label="Plástico", order=1, in_report=True)
    CarteraFieldFactory(cartera=cartera, header="Interno", shown=False)
    return cartera


def owing(cartera, **extra):
    said = {"N° de tarjeta": "4509-1234 5678", "Producto": "=1+1", "Interno": "secreto", **extra}
    return CaseFactory(cartera=cartera, extra=said)


# --- The screen -----------------------------------------------------------------------------------------
def test_the_panel_shows_them_in_order_under_their_names(client_of, gestor_user, cartera):
    case = owing(cartera)
    Case.objects.update(assigned_to=gestor_user)
    page = client_of(gestor_user).get(f"/cases/{case.pk}").content.decode()
    assert page.index("<dt>Plástico</dt><dd>4509-1234 5678</dd>") < page.index("<dt>Línea</dt><dd>=1+1</dd>")
    assert "secreto" not in page


def test_more_than_six_unfold(client_of, admin_user, cartera):
    names = [f"Dato {number}" for number in range(9)]
    for place, name in enumerate(names):
        CarteraFieldFactory(cartera=cartera, header=name, order=place + 5)
    case = CaseFactory(cartera=cartera, extra=dict.fromkeys(names, "x" * 200))
    page = client_of(admin_user).get(f"/cases/{case.pk}").content.decode()
    assert "+3 datos del acreedor" in page


def test_each_debt_has_its_own_and_those_of_other_gestores_stay_theirs(client_of, gestor_user, cartera):
    case = owing(cartera)
    other = CaseFactory(cartera=cartera, debtor=case.debtor, extra={"Producto": "Préstamo prendario"})
    hidden = CaseFactory(cartera=cartera, debtor=case.debtor, extra={"Producto": "Cuenta sueldo"})
    Case.objects.filter(pk__in=[case.pk, other.pk]).update(assigned_to=gestor_user)
    Case.objects.filter(pk=hidden.pk).update(assigned_to=GestorFactory())
    page = client_of(gestor_user).get(f"/cases/{case.pk}").content.decode()
    assert "Préstamo prendario" in page
    assert "Cuenta sueldo" not in page


def test_they_cost_one_query_however_many_debts_have_them(client_of, admin_user, cartera):
    plain = CaseFactory(cartera=cartera)
    client = client_of(admin_user)
    without = len(queries_of(lambda: client.get(f"/cases/{plain.pk}")))
    Case.objects.update(extra={"Producto": "Uno"})

    def more():
        CaseFactory(cartera=CarteraFieldFactory(header="Zona").cartera, debtor=plain.debtor, extra={"Zona": "Sur"})

    CaseFactory(cartera=cartera, debtor=plain.debtor, extra={"Producto": "Dos"})
    assert queries_do_not_grow(lambda: client.get(f"/cases/{plain.pk}"), more) <= without + 1


# --- The API --------------------------------------------------------------------------------------------
def test_the_json_of_a_case_has_all_of_them(client_of, admin_user, cartera):
    case = owing(cartera)
    client = client_of(admin_user)
    assert client.get(f"/api/v1/cases/{case.pk}").json()["data"]["extra"] == case.extra
    CaseFactory()
    assert [row["extra"] for row in client.get("/api/v1/cases").json()["data"]] == [{}, case.extra]


# --- The search -----------------------------------------------------------------------------------------
@pytest.fixture
def searched(cartera):
    """A case whose card and legajo are searched."""
    case = owing(cartera, Legajo="Ñ-77/Á")
    CarteraFieldFactory(cartera=cartera, header="Legajo", searchable=True)
    CarteraField.objects.filter(header="N° de tarjeta").update(searchable=True)
    services.refresh_searched_fields(cartera=cartera)
    return case


@pytest.mark.parametrize("text", ["4509-1234 5678", "450912345678", "4509 1234", "12345678", "Ñ-77/Á", "n77a", "N77Á"])
def test_what_is_marked_is_found_however_it_is_typed(searched, text):
    CaseFactory(extra={"N° de tarjeta": "4509-1234 5678"})
    assert list(Case.objects.search(text)) == [searched]


@pytest.mark.parametrize("text", ["509", "secreto 1", "5678Ñ", "Banco1"])
def test_what_is_not_marked_or_too_short_is_not_found(searched, text):
    assert not Case.objects.search(text).exists()


def test_a_gestor_finds_their_own_alone(searched, gestor_user):
    assert not Case.objects.visible_to(gestor_user).search("450912345678").exists()
    Case.objects.update(assigned_to=gestor_user)
    assert list(Case.objects.visible_to(gestor_user).search("450912345678")) == [searched]


def test_what_is_no_longer_marked_is_no_longer_found(searched, cartera):
    CarteraField.objects.update(searchable=False)
    services.refresh_searched_fields(cartera=cartera)
    assert not Case.objects.search("450912345678").exists()


def test_an_import_writes_what_a_search_compares(tmp_path, cartera):
    CarteraField.objects.filter(header="N° de tarjeta").update(searchable=True)
    file = tmp_path / "a.csv"
    for card in ("4509-0001", "4509-0002"):
        file.write_text(f"cliente;apellido;saldo;N° de Tarjeta\n1;PAZ;10;{card}\n", encoding="utf-8")
        assert import_cases(file, cartera="Banco").code == 0
        assert Case.objects.search(card).get().extra == {"N° de tarjeta": card}
    assert not Case.objects.search("45090001").exists()


# --- Files ----------------------------------------------------------------------------------------------
def lines_of(response):
    return b"".join(response.streaming_content).decode("utf-8-sig").splitlines()


def test_the_rendicion_has_what_is_chosen(client_of, admin_user, cartera):
    owing(cartera)
    client = client_of(admin_user)
    lines = lines_of(client.get(f"/rendiciones/exports/csv?cartera={cartera.pk}&part=saldos"))
    assert "Ingreso;Plástico;Saldo inicial" in lines[0]
    assert ";4509-1234 5678;" in lines[1]
    assert "Línea" not in lines[0]


def test_the_list_of_one_cartera_has_what_is_shown_and_no_formula(client_of, admin_user, cartera):
    owing(cartera)
    client = client_of(admin_user)
    lines = lines_of(client.get(f"/dashboard-admin/casos/exports/csv?cartera={cartera.pk}"))
    assert lines[0].endswith(";Saldo;Plástico;Línea")
    assert lines[1].endswith(";4509-1234 5678;'=1+1")
    assert lines_of(client.get("/dashboard-admin/casos/exports/csv"))[0].endswith(";Saldo")


def test_the_files_cost_the_same_queries_for_more_cases(client_of, admin_user, cartera):
    owing(cartera)
    client = client_of(admin_user)
    for address in ("/rendiciones/exports/csv?part=saldos&", "/dashboard-admin/casos/exports/csv?"):
        queries_do_not_grow(
            lambda address=address: lines_of(client.get(f"{address}cartera={cartera.pk}")), lambda: owing(cartera)
        )
