"""The creditor's own columns: which are kept, what a later file does, the mapping of the last time (DESIGN §5)."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from openpyxl import Workbook

from cases.importing.undoing import undo_import
from cases.models import CarteraField, Case, ImportBatch, LedgerEntry
from cases.rules.extra import MOST_FIELDS
from tests import factories
from tests.cases.importing.command import everything, import_cases, portfolio
from tests.cases.importing.files import saved
from tests.cases.importing.test_upload_page import confirm, detected, previewed, uploaded, url
from tests.queries import queries_of

pytestmark = pytest.mark.django_db

HEADER = "Nro. Cliente;Nombre;Apellido;Saldo;Producto;Sucursal"
ROWS = ("1;ANA;PÉREZ;1000;Préstamo;Centro", "2;EVA;PAZ;500;Tarjeta;Sur")
KEYS = ("created", "updated", "unchanged", "rejected", "warnings")


@pytest.fixture
def load(tmp_path):
    def load(*rows, options=(), header=HEADER, **more):
        return import_cases(portfolio(tmp_path, *rows, header=header), *options, **more)

    return load


def extra(key="1"):
    return Case.objects.get(nro_cliente=key).extra


def headers_kept():
    return list(CarteraField.objects.values_list("header", flat=True))


# --- Which are kept -----------------------------------------------------------------------------------
def test_without_the_option_they_are_reported_and_dropped_as_ever(load):
    ran = load(*ROWS)
    assert "Columna «Producto»: No se reconoce el encabezado; la columna no se importa." in ran.out
    assert (extra(), headers_kept()) == ({}, [])


def test_all_of_them(load):
    ran = load(*ROWS, options=["--keep-columns"])
    assert "Dato del acreedor: Producto ← «Producto»" in ran.out
    assert extra() == {"Producto": "Préstamo", "Sucursal": "Centro"}
    assert headers_kept() == ["Producto", "Sucursal"]
    assert ImportBatch.objects.get().mapping["kept"] == {"Producto": "Producto", "Sucursal": "Sucursal"}


def test_those_of_a_list_however_they_are_typed(load):
    load(*ROWS, options=["--keep-columns", "PRODUCTO"])
    assert extra() == {"Producto": "Préstamo"}


def test_a_cartera_keeps_them_from_then_on(load):
    load(*ROWS, options=["--keep-columns", "Producto"])
    load("3;LUIS;PAZ;800;Auto;Norte")
    assert extra("3") == {"Producto": "Auto"}


def test_two_carteras_keep_their_own(load):
    load(*ROWS, options=["--keep-columns"])
    load("3;LUIS;PAZ;800;Auto;Norte", cartera="Otra")
    assert extra("3") == {}


def test_a_column_that_repeats_a_field_is_kept_where_it_is_named(load):
    load("1;ANA;PÉREZ;1000;900", header="cliente;nombre;apellido;Total;Importe", options=["--keep-columns"])
    assert extra() == {}
    load("1;ANA;PÉREZ;1000;900", header="cliente;nombre;apellido;Total;Importe", options=["--keep-columns", "Importe"])
    assert extra() == {"Importe": "900"}
    load("1;ANA;PÉREZ;1000;800", header="cliente;nombre;apellido;Total;Importe")
    assert extra() == {"Importe": "800"}


def test_a_renamed_column_goes_on_under_its_old_name(load):
    load(*ROWS, options=["--keep-columns"])
    renamed = HEADER.replace("Sucursal", "Oficina")
    load("1;ANA;PÉREZ;1000;Préstamo;Norte", header=renamed, options=["--column", "extra:Sucursal=Oficina"])
    assert extra() == {"Producto": "Préstamo", "Sucursal": "Norte"}
    assert headers_kept() == ["Producto", "Sucursal"]


def test_a_dry_run_keeps_nothing(load):
    before = everything()
    load(*ROWS, options=["--keep-columns", "--dry-run"])
    assert everything() == before


# --- What a later file does ----------------------------------------------------------------------------
def test_the_same_file_again_changes_nothing(load):
    load(*ROWS, options=["--keep-columns"])
    assert load(*ROWS).counts(*KEYS) == (0, 0, 2, 0, 0)


def test_the_change_of_one_alone_is_an_update_that_moves_no_money(load):
    load(*ROWS, options=["--keep-columns"])
    before = Case.objects.get(nro_cliente="1")
    ran = load("1;ANA;PÉREZ;1000;Préstamo;Norte", ROWS[1])
    assert ran.counts(*KEYS) == (0, 1, 1, 0, 0)
    after = Case.objects.get(nro_cliente="1")
    assert after.extra == {"Producto": "Préstamo", "Sucursal": "Norte"}
    assert (after.balance, after.creditor_total, after.version) == (before.balance, before.creditor_total, 1)
    assert after.updated_at > before.updated_at
    assert LedgerEntry.objects.filter(case=after).count() == 1


def test_it_goes_with_another_total(load):
    load(*ROWS, options=["--keep-columns"])
    assert load("1;ANA;PÉREZ;1200;Préstamo;Norte", ROWS[1]).counts(*KEYS) == (0, 1, 1, 0, 0)
    assert (extra()["Sucursal"], Case.objects.get(nro_cliente="1").balance) == ("Norte", Decimal(1200))


def test_an_empty_cell_erases_nothing(load):
    load(*ROWS, options=["--keep-columns"])
    assert load("1;ANA;PÉREZ;1000;;", ROWS[1]).counts(*KEYS) == (0, 0, 2, 0, 0)
    assert extra() == {"Producto": "Préstamo", "Sucursal": "Centro"}


def test_skip_leaves_them(load):
    load(*ROWS, options=["--keep-columns"])
    load("1;ANA;PÉREZ;1000;Auto;Norte", options=["--on-existing", "skip"])
    assert extra()["Producto"] == "Préstamo"


def test_many_changes_cost_the_queries_of_one(tmp_path):
    def load(changed, place):
        rows = [f"{number};ANA;PÉREZ;1000;{place if number < changed else ''};Centro" for number in range(60)]
        return import_cases(portfolio(tmp_path, *rows, header=HEADER), "--keep-columns")

    load(60, "uno")
    statements = {changed: queries_of(lambda changed=changed: load(changed, f"de {changed}")) for changed in (2, 60)}
    # The one that writes them is prepared once, whatever a database logs of it.
    others = {changed: [sql for sql in found if not sql.startswith("UPDATE")] for changed, found in statements.items()}
    assert len(others[2]) == len(others[60]) > 0


# --- Cells ---------------------------------------------------------------------------------------------
def test_what_a_workbook_has_beside_text(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["cliente", "apellido", "saldo", "Cuotas", "Tasa", "Alta", "Turno", "Activa", "Ref"])
    sheet.append(["1", "PÉREZ", 1000, 12, 4.5, date(2026, 3, 1), datetime(2026, 3, 1, 9, 30), True, "=1+1"])  # noqa: DTZ001
    sheet["I2"].data_type = "s"
    file = tmp_path / "cartera.xlsx"
    file.write_bytes(saved(book))
    import_cases(file, "--keep-columns")
    assert extra() == {
        "Cuotas": "12",
        "Tasa": "4,5",
        "Alta": "01/03/2026",
        "Turno": "01/03/2026 09:30",
        "Activa": "VERDADERO",
        "Ref": "=1+1",
    }


def test_a_zero_says_something_and_words_that_say_nothing_are_noted_once(load):
    ran = load(
        *("1;ANA;PÉREZ;1000;0;S/D", "2;EVA;PAZ;500;Tarjeta;NULL", "3;LUIS;PAZ;500;-;Sur"), options=["--keep-columns"]
    )
    assert ran.counts(*KEYS) == (3, 0, 0, 0, 0)
    assert (extra("1"), extra("2"), extra("3")) == ({"Producto": "0"}, {"Producto": "Tarjeta"}, {"Sucursal": "Sur"})
    assert "Atención: «Producto»: 1 celda que no dice nada (S/D, NULL, -), sin dato." in ran.out
    assert "Atención: «Sucursal»: 2 celdas que no dicen nada (S/D, NULL, -), sin dato." in ran.out


@pytest.mark.parametrize(
    ("cell", "reason"),
    [("x" * 10_000, "supera los 200 caracteres"), ("#REF!", "es un error de la planilla")],
)
def test_a_cell_that_cannot_be_kept_is_a_warning_that_quotes_it(load, cell, reason):
    ran = load(f"1;ANA;PÉREZ;1000;{cell};Centro", options=["--keep-columns"])
    assert ran.counts(*KEYS) == (1, 0, 0, 0, 1)
    assert extra() == {"Sucursal": "Centro"}
    report = ImportBatch.objects.get().report
    assert "2,Producto," in report
    assert f"{reason}. Se dejó sin dato." in report


def test_text_with_line_breaks_and_quotes_is_one_line(load):
    load('1;ANA;PÉREZ;1000;"dos\nlíneas\t""así""";\\N\\ {}', options=["--keep-columns"])
    assert extra() == {"Producto": 'dos líneas "así"', "Sucursal": "\\N\\ {}"}


# --- Headers -------------------------------------------------------------------------------------------
def test_forty_columns_keep_thirty_and_say_which_are_left(load):
    names = [f"Dato {number}" for number in range(40)]
    ran = load(
        f"1;ANA;PÉREZ;1000;{';'.join(names)}",
        header=f"cliente;nombre;apellido;saldo;{';'.join(names)}",
        options=["--keep-columns"],
    )
    assert len(extra()) == MOST_FIELDS == len(headers_kept())
    left = [line for line in ran.out.splitlines() if "hasta 30 datos del acreedor: esta columna no se guarda." in line]
    assert [line.split("»")[0] for line in left] == [f"Columna «{name}" for name in names[30:]]


def test_a_list_of_forty_is_refused(load):
    names = [f"Dato {number}" for number in range(40)]
    options = [part for name in names for part in ("--keep-columns", name)]
    ran = load("1;ANA;PÉREZ;1;" + ";" * 39, header=f"cliente;nombre;apellido;saldo;{';'.join(names)}", options=options)
    assert ran.code == 2
    assert ran.error == "«Dato 30»: La cartera guarda hasta 30 datos del acreedor: esta columna no se guarda."
    assert not Case.objects.exists()


def test_a_header_of_300_characters_is_said_and_the_others_are_kept(load):
    long = "L" * 300
    ran = load("1;ANA;PÉREZ;1000;algo;Centro", header=HEADER.replace("Producto", long), options=["--keep-columns"])
    assert f"Columna «{long}»: El encabezado supera los 100 caracteres: acórtelo para guardar la columna." in ran.out
    assert extra() == {"Sucursal": "Centro"}


def test_of_equal_headers_the_first_is_kept_and_the_others_said(load):
    ran = load("1;ANA;PÉREZ;1000;uno;dos", header="cliente;nombre;apellido;saldo;Dato;DATO", options=["--keep-columns"])
    assert extra() == {"Dato": "uno"}
    assert "Columna «DATO»: Repite «DATO», que ya se guarda de la columna «Dato»." in ran.out


def test_headers_without_letters_are_not_the_same(load):
    load("1;ANA;PÉREZ;1000;uno;dos", header="cliente;nombre;apellido;saldo;%;$", options=["--keep-columns"])
    assert extra() == {"%": "uno", "$": "dos"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Color", "No existe la columna «Color». Encabezados encontrados: «Nro. Cliente», «Nombre»"),
        ("Saldo", "La columna «Saldo» ya se importa como «Deuda total»: no hace falta guardarla aparte."),
    ],
)
def test_a_list_with_a_wrong_name_is_refused(load, name, words):
    ran = load(*ROWS, options=["--keep-columns", name])
    assert (ran.code, words in ran.error) == (2, True), ran.error


# --- The mapping of the last time -----------------------------------------------------------------------
OTHER = "Cuenta;Nombre;Apellido;Monto a cobrar"


def test_what_was_chosen_is_applied_to_the_next_file_with_the_same_headers_and_said(load):
    chosen = ["--column", "nro_cliente=Cuenta", "--column", "total=Monto a cobrar"]
    load("1;ANA;PÉREZ;1000", header=OTHER, options=chosen)
    ran = load("1;ANA;PÉREZ;1100", header=OTHER.upper())
    assert ran.counts(*KEYS) == (0, 1, 0, 0, 0)
    assert "Como la última vez: Nro. de cliente ← «CUENTA»" in ran.out
    assert "Como la última vez: Deuda total ← «MONTO A COBRAR»" in ran.out


def test_it_is_of_that_cartera_and_those_headers_alone(load):
    load(
        "1;ANA;PÉREZ;1000", header=OTHER, options=["--column", "nro_cliente=Cuenta", "--column", "total=Monto a cobrar"]
    )
    assert load("1;ANA;PÉREZ;1000", header=OTHER, cartera="Otra").code == 2
    assert load("1;ANA;PÉREZ;1000;x", header=f"{OTHER};Más").code == 2


def test_what_was_chosen_for_an_import_that_was_undone_is_not_offered(load):
    load(
        "1;ANA;PÉREZ;1000", header=OTHER, options=["--column", "nro_cliente=Cuenta", "--column", "total=Monto a cobrar"]
    )
    undo_import(ImportBatch.objects.get(), by=None)
    assert load("1;ANA;PÉREZ;1000", header=OTHER).code == 2


def test_undoing_an_import_brings_back_what_the_creditor_said_before(load):
    load(*ROWS, options=["--keep-columns"])
    load("1;ANA;PÉREZ;1000;Auto;Norte", ROWS[1])
    undo_import(ImportBatch.objects.latest("pk"), by=None)
    assert extra() == {"Producto": "Préstamo", "Sucursal": "Centro"}


def test_the_option_goes_before_the_last_time(load):
    header = "cliente;apellido;Uno;Dos"
    load("1;PÉREZ;1000;2000", header=header, options=["--column", "total=Uno"])
    ran = load("1;PÉREZ;1000;2000", header=header, options=["--column", "total=Dos"])
    assert "Como la última vez" not in ran.out
    assert Case.objects.get().balance == 2000


def test_what_the_headers_say_by_themselves_is_not_remembered(load):
    load(*ROWS, options=["--column", "total=Saldo", "--keep-columns"])
    assert ImportBatch.objects.get().mapping["chosen"] == {}
    assert "Como la última vez" not in load(*ROWS).out


# --- The pages -----------------------------------------------------------------------------------------
FILE = "\n".join([HEADER, *ROWS, ""])


def test_a_column_is_kept_from_the_page_of_the_columns(admin_client):
    upload = uploaded(admin_client, FILE)
    confirm(admin_client, upload, previewed(admin_client, upload, column_4="keep"))
    assert extra() == {"Producto": "Préstamo"}


def test_the_preview_offers_them(admin_client):
    upload = uploaded(admin_client, FILE)
    preview = previewed(admin_client, upload)
    assert [column.header for column in preview.context["keepable"]] == ["Producto", "Sucursal"]

    again = admin_client.post(url("preview", upload), {"keep_columns": "1", "column": ["5"]}, follow=True)

    assert [column.header for column in again.context["keepable"]] == ["Producto"]
    assert "Dato del acreedor: Sucursal ← «Sucursal»" in again.content.decode()
    assert not CarteraField.objects.exists()
    confirm(admin_client, upload, again)
    assert extra() == {"Sucursal": "Centro"}


def test_a_stale_preview_does_not_import_without_the_kept_columns(admin_client):
    upload = uploaded(admin_client, FILE)
    preview = previewed(admin_client, upload)
    admin_client.post(url("preview", upload), {"keep_columns": "1", "column": ["5"]})
    assert confirm(admin_client, upload, preview).status_code == 409


def test_a_kept_column_is_chosen_by_itself_and_can_be_left_out(admin_client, load):
    load(*ROWS, options=["--keep-columns", "Producto"])
    upload = uploaded(admin_client, FILE, new_cartera=None, cartera=CarteraField.objects.get().cartera_id)
    assert detected(admin_client, upload)["column_4"] == "extra:Producto"
    preview = previewed(admin_client, upload, column_4="")
    assert "«Producto» (Se indicó no importarla.)" in preview.content.decode()


def test_the_columns_are_as_the_last_time_and_the_page_says_so(admin_client, load):
    load(
        "1;ANA;PÉREZ;1000", header=OTHER, options=["--column", "nro_cliente=Cuenta", "--column", "total=Monto a cobrar"]
    )
    cartera = ImportBatch.objects.get().cartera_id
    upload = uploaded(admin_client, f"{OTHER}\n1;ANA;PÉREZ;1000\n", new_cartera=None, cartera=cartera)
    page = admin_client.get(url("columns", upload)).content.decode()
    assert "Como la última vez:" in page
    assert detected(admin_client, upload)["column_0"] == "nro_cliente"
    assert previewed(admin_client, upload).context["result"].unchanged == 1


@pytest.mark.parametrize(
    ("header", "words"),
    [("L" * 300, "El encabezado supera los 100 caracteres"), ("", "No tiene encabezado")],
)
def test_a_column_that_cannot_be_kept_is_refused_at_its_row(admin_client, header, words):
    upload = uploaded(admin_client, FILE.replace("Producto", header))
    page = admin_client.post(url("columns", upload), {**detected(admin_client, upload), "column_4": "keep"})
    assert page.status_code == 422
    assert words in page.content.decode()


def test_forty_columns_from_the_page_are_refused_in_words(admin_client):
    names = ";".join(f"Dato {number}" for number in range(40))
    upload = uploaded(admin_client, f"cliente;apellido;saldo;{names}\n1;PÉREZ;1000;{names}\n")
    chosen = {f"column_{index}": "keep" for index in range(3, 43)}
    page = previewed(admin_client, upload, **chosen)
    assert page.status_code == 422
    assert "hasta 30 datos del acreedor" in page.content.decode()


# --- In the administration -------------------------------------------------------------------------------
def form_of(cartera, *rows, deleted=()):
    """What the page of a cartera posts, with these fields."""
    data = {"name": cartera.name, "is_active": "on", "monthly_interest_rate": "5.00", "return_columns": []}
    data |= {"fields-TOTAL_FORMS": len(rows), "fields-INITIAL_FORMS": sum("id" in row for row in rows)}
    for place, row in enumerate(rows):
        data |= {f"fields-{place}-{name}": value for name, value in {"cartera": cartera.pk, "order": 0, **row}.items()}
        if row.get("id") in deleted:
            data[f"fields-{place}-DELETE"] = "on"
    return data


def test_a_field_is_named_hidden_and_marked_in_the_administration(admin_client, load):
    load(*ROWS, options=["--keep-columns", "Producto"])
    field = CarteraField.objects.get()
    page = f"/admin/cases/cartera/{field.cartera_id}/change/"
    row = {"id": field.pk, "header": "Otra cosa", "label": "Línea", "in_report": "on", "order": 3}
    assert admin_client.post(page, form_of(field.cartera, row)).status_code == 302
    field.refresh_from_db()
    assert (field.header, field.label, field.shown, field.in_report, field.order) == (
        "Producto",
        "Línea",
        False,
        True,
        3,
    )


def test_a_field_that_is_added_by_hand_is_filled_by_the_next_file(admin_client, load):
    load(*ROWS)
    cartera = ImportBatch.objects.get().cartera
    row = {"header": " Sucursal ", "label": "", "shown": "on"}
    assert admin_client.post(f"/admin/cases/cartera/{cartera.pk}/change/", form_of(cartera, row)).status_code == 302
    assert CarteraField.objects.values_list("header", "label").get() == ("Sucursal", "Sucursal")
    assert load(*ROWS).counts(*KEYS) == (0, 2, 0, 0, 0)
    assert extra() == {"Sucursal": "Centro"}


def test_deleting_a_field_erases_its_datum_from_the_cases_of_its_cartera(admin_client, load):
    load(*ROWS, options=["--keep-columns"])
    load("9;LUIS;PAZ;10;Auto;Este", cartera="Otra", options=["--keep-columns"])
    cartera = Case.objects.get(nro_cliente="1").cartera
    fields = list(CarteraField.objects.filter(cartera=cartera))
    rows = [{"id": field.pk, "label": field.label} for field in fields]
    data = form_of(cartera, *rows, deleted=[fields[0].pk])
    page = admin_client.post(f"/admin/cases/cartera/{cartera.pk}/change/", data, follow=True)
    assert "El dato se borró de 2 casos." in page.content.decode()
    assert (extra("1"), extra("2"), extra("9")["Producto"]) == ({"Sucursal": "Centro"}, {"Sucursal": "Sur"}, "Auto")


def test_a_key_like_a_number_or_with_quotes_is_erased_too(admin_client, load):
    load(
        "1;ANA;PÉREZ;1000;uno;dos", header='cliente;nombre;apellido;saldo;2024;"""a"" $.b"', options=["--keep-columns"]
    )
    assert extra() == {"2024": "uno", '"a" $.b': "dos"}
    fields = list(CarteraField.objects.all())
    rows = [{"id": field.pk, "label": field.label} for field in fields]
    data = form_of(fields[0].cartera, *rows, deleted=[field.pk for field in fields])
    admin_client.post(f"/admin/cases/cartera/{fields[0].cartera_id}/change/", data)
    assert (extra(), headers_kept()) == ({}, [])


def test_equal_columns_are_refused(admin_client):
    cartera = factories.CarteraFactory()
    rows = [{"header": "Producto"}, {"header": "PRODUCTO"}]
    page = admin_client.post(f"/admin/cases/cartera/{cartera.pk}/change/", form_of(cartera, *rows))
    assert "está dos veces" in page.content.decode()
    assert headers_kept() == []


def test_more_than_thirty_are_refused(admin_client):
    cartera = factories.CarteraFactory()
    rows = [{"header": f"Dato {number}"} for number in range(31)]
    page = admin_client.post(f"/admin/cases/cartera/{cartera.pk}/change/", form_of(cartera, *rows))
    assert "La cartera guarda hasta 30 datos del acreedor." in page.content.decode()
    assert headers_kept() == []
