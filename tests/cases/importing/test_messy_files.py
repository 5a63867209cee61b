"""Files as creditors send them (tests/data/messy): nobody joined to a stranger, no smaller amount, nothing guessed."""

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from cases.models import Case, Debtor, DebtorPhone, ImportBatch
from tests.cases.importing.command import Ran, import_cases, portfolio
from tests.cases.importing.files import DATA, saved

pytestmark = pytest.mark.django_db

MESSY = DATA / "messy"
COUNTS = ("created", "updated", "unchanged", "rejected", "warnings")
HEADER = "Nro. Cliente;Apellido y Nombre;DNI;Saldo;Tel;Domicilio"


def load(name: str, *options: str) -> Ran:
    return import_cases(MESSY / name, *options)


def report() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ImportBatch.objects.latest("id").report)))


def reasons(severity: str) -> dict[str, str]:
    return {line["row"]: line["reason"] for line in report() if line["severity"] == severity}


def keys() -> set[str]:
    return set(Case.objects.values_list("nro_cliente", flat=True))


def phones(key: str) -> list[tuple[str, str, str]]:
    debtor = Case.objects.get(nro_cliente=key).debtor
    return list(debtor.phones.order_by("id").values_list("number", "kind", "note"))


# --- Wrapped and damaged text ------------------------------------------------------------------------
def test_the_quoting_of_a_spreadsheet_is_no_part_of_a_value():
    ran = load("wrapped.csv")

    assert ran.counts(*COUNTS) == (2, 0, 0, 0, 0)
    found = Case.objects.order_by("nro_cliente").values_list("nro_cliente", "debtor__dni", "balance")
    assert list(found) == [("000451", "20111333", Decimal("1500.50")), ("000452", "20111334", Decimal("1500.50"))]
    assert phones("000451") == [("+542915551234", "landline", "")]


def test_a_key_that_a_spreadsheet_has_cut_is_rejected_and_a_document_or_phone_is_empty(tmp_path):
    ran = import_cases(
        portfolio(tmp_path, "4,51E+15;A, B;;1;;", "1;A, B;2,01E+07;1;2,91E+09;", "2;A, B;;1;;", header=HEADER)
    )

    assert ran.counts(*COUNTS) == (2, 0, 0, 1, 1)
    assert "perdió dígitos" in reasons("rejected")["2"]
    assert Case.objects.get(nro_cliente="1").debtor.dni is None
    assert not DebtorPhone.objects.exists()


def test_amounts_with_words(tmp_path):
    rows = ("1;A, B;;$ 1.500.-;;", "2;A, B;;1.500,00 ARS;;", "3;A, B;;1500 pesos;;", "4;A, B;;1500 USD;;")
    assert import_cases(portfolio(tmp_path, *rows, header=HEADER)).counts(*COUNTS) == (3, 0, 0, 1, 0)
    assert set(Case.objects.values_list("balance", flat=True)) == {Decimal("1500.00")}


@pytest.mark.parametrize(
    "word", ["NULL", "\\N", "N/A", "#N/D", "nan", "None", "S/D", "NO TIENE", "-", "no tiene", "#¡REF!"]
)
def test_words_that_mean_nothing_are_empty_in_any_field(tmp_path, word):
    header = f"{HEADER};Localidad;Último Pago;Obs;Email"
    row = ";".join(["1", "PAZ, ANA", word, "10", *[word] * 6])
    ran = import_cases(portfolio(tmp_path, row, f"2;{word};;10;;;;;;", f"{word};PAZ, ANA;;10;;;;;;", header=header))

    assert ran.counts(*COUNTS) == (1, 0, 0, 2, 1)
    case = Case.objects.select_related("debtor").get()
    assert (case.debtor.dni, case.debtor.street, case.debtor.city, case.debtor.email) == (None, "", "", "")
    assert (case.notes, case.last_payment_date, case.debtor.phones.count()) == ("", None, 0)
    assert sum(line["severity"] == "warning" for line in report()) == 7
    assert [f"«{word}»" in reason for reason in reasons("rejected").values()] == [True, True]


# --- Whose debt it is --------------------------------------------------------------------------------
def test_documents_that_nobody_has_join_nobody():
    for counts in ((9, 0, 0, 0, 9), (0, 0, 9, 0, 9)):
        assert load("placeholder_dni.csv").counts(*COUNTS) == counts
    assert Debtor.objects.count() == 9
    assert not Debtor.objects.filter(dni__isnull=False).exists()
    assert not Debtor.objects.filter(cuit__isnull=False).exists()
    assert Debtor.objects.exclude(phones__isnull=True).count() == 9


def test_a_known_document_under_a_wholly_different_surname_is_somebody_else(tmp_path):
    rows = ("1;PAZ, ANA;20111222;10;;", "2;GÓMEZ, RAÚL;20.111.222;20;2915551234;Alem 1", "3;PAZ GIL, A.;20111222;30;;")

    assert import_cases(portfolio(tmp_path, *rows, header=HEADER)).counts(*COUNTS) == (3, 0, 0, 0, 2)

    assert Debtor.objects.count() == 2
    other = Debtor.objects.get(last_name="GÓMEZ")
    assert (other.dni, other.street, other.phones.count()) == (None, "Alem 1", 1)
    assert "DNI de otra persona: ¿la misma?" in reasons("warning")["3"]
    assert import_cases(portfolio(tmp_path, *rows, header=HEADER)).counts(*COUNTS) == (0, 0, 3, 0, 2)
    assert Debtor.objects.count() == 2


def test_a_company_that_shares_only_its_form_is_another_company(tmp_path):
    rows = ("1;LA ESQUINA S.R.L.;30-50001091-2;10;;", "2;EL FARO SRL;30500010912;20;;", "3;ESQUINA SA;30500010912;9;;")

    assert import_cases(portfolio(tmp_path, *rows, header=HEADER)).counts("created", "warnings") == (3, 2)
    assert Debtor.objects.count() == 2


def test_a_case_does_not_move_to_a_stranger_who_has_its_document(tmp_path):
    import_cases(portfolio(tmp_path, "1;PAZ, ANA;20111222;10;;", "2;GÓMEZ, RAÚL;;20;;", header=HEADER))

    import_cases(portfolio(tmp_path, "2;GÓMEZ, RAÚL;20111222;20;;", header=HEADER))

    assert Case.objects.get(nro_cliente="2").debtor.last_name == "GÓMEZ"


def test_dni_and_cuit_columns_each_fill_their_own(tmp_path):
    header = "Nro. Cliente;Deudor;CUIT;DNI;Saldo"
    rows = (
        "1;PAZ, ANA;20-18569249-4;18569249;10",
        "2;FARO SA;30-50001091-2;;10",
        "3;GIL, EVA;20-18569249-4;20111222;10",
        "4;SOL, IDA;;20111333;10",
    )
    ran = import_cases(portfolio(tmp_path, *rows, header=header))

    assert ran.counts(*COUNTS) == (4, 0, 0, 0, 1)
    found = Debtor.objects.order_by("cases__nro_cliente").values_list("dni", "cuit")
    assert list(found) == [("18569249", "20185692494"), (None, "30500010912"), ("20111222", None), ("20111333", None)]


@pytest.mark.parametrize(
    ("written", "dni"),
    [("20 260 128", "20260128"), ("M20260013", "20260013"), ("LE 5.123.458", "5123458"), ("000020260128", "20260128")],
)
def test_documents_as_banks_and_registries_write_them(tmp_path, written, dni):
    ran = import_cases(portfolio(tmp_path, f"1;PAZ, ANA;{written};10;;", header=HEADER))
    assert (ran.counts("warnings"), Debtor.objects.get().dni) == ((0,), dni)


# --- One key in other clothes ------------------------------------------------------------------------
def test_the_forms_of_a_key_are_one_case():
    assert load("key_form_1.csv").counts(*COUNTS) == (1, 0, 0, 0, 0)
    for number in range(2, 7):
        assert load(f"key_form_{number}.csv").counts(*COUNTS) == (0, 0, 1, 0, 1)
        assert "«574354»" in reasons("warning")["2"]
    assert keys() == {"574354"}


@pytest.mark.parametrize("stored", range(1, 7))
def test_whichever_form_came_first(stored):
    load(f"key_form_{stored}.csv")
    for number in range(1, 7):
        load(f"key_form_{number}.csv")
    assert Case.objects.count() == 1


@pytest.mark.parametrize("dni", ["", "20999888"])
def test_without_the_same_document_it_may_be_another_case(tmp_path, dni):
    load("key_form_1.csv")
    other = portfolio(tmp_path, f"0574354;OTRO, JUAN;{dni};500;;", header=HEADER)

    ran = import_cases(other)
    assert (ran.code, ran.counts(*COUNTS), ran.summary["total"]) == (1, (0, 0, 0, 1, 0), "0.00")
    assert "Posible duplicado de «574354»" in reasons("rejected")["2"]
    assert import_cases(other, "--new-keys").counts(*COUNTS) == (1, 0, 0, 0, 0)
    assert keys() == {"574354", "0574354"}
    assert Debtor.objects.count() == 2


def test_two_forms_in_one_file_are_never_added_up_or_overwritten(tmp_path):
    rows = ("1-23;PAZ, ANA;20111222;10;;", "12-3;PAZ, ANA;20111222;20;;")
    assert import_cases(portfolio(tmp_path, *rows, header=HEADER)).counts(*COUNTS) == (1, 0, 0, 1, 0)
    assert import_cases(portfolio(tmp_path, *rows, header=HEADER), "--new-keys").counts(*COUNTS) == (1, 0, 1, 0, 0)
    assert set(Case.objects.values_list("nro_cliente", "balance")) == {("1-23", 10), ("12-3", 20)}


# --- Amounts and dates -------------------------------------------------------------------------------
def test_an_amount_that_its_own_commas_have_split_is_rejected():
    ran = load("short_rows.csv")
    assert ran.counts(*COUNTS) == (2, 0, 0, 3, 0)
    assert keys() == {"4", "5"}
    assert {line["column"] for line in report()} == {"Saldo"}


def test_quotes_make_an_amount_whole(tmp_path):
    rows = ('1,PAZ,1,"900","326"', "2,PAZ,1,900,326")
    ran = import_cases(portfolio(tmp_path, *rows, header="Nro. Cliente,Apellido,Sucursal,Saldo,Nro"))
    assert (keys(), ran.counts("rejected")) == ({"1"}, (1,))


@pytest.mark.parametrize(
    "amount", ["$ 1.500,50", "1500,50,2914551234", "1.500,50 pesos,2914551234", "6,326 ARS,2914551234", "6,326.50"]
)
def test_an_amount_never_loses_what_follows_its_comma(tmp_path, amount):
    header = "Nro. Cliente,Apellido,Saldo,Tel,Email"
    assert import_cases(portfolio(tmp_path, f"1,PAZ,{amount}", header=header)).counts("rejected") == (1,)


def test_dates_that_are_none_and_every_spelling():
    ran = load("no_date.csv")
    found = dict(Case.objects.values_list("nro_cliente", "last_payment_date"))
    march = {number: date(2024, 3, 15) for number in (8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19)}
    expected = dict.fromkeys(range(1, 23)) | march | {20: date(2001, 1, 1)}
    assert found == {str(number): day for number, day in expected.items()}
    assert ran.counts("created", "warnings") == (22, 10)


def test_a_column_that_is_month_first_is_said_once_and_never_guessed():
    ran = load("month_first.csv")

    assert ran.counts(*COUNTS) == (6, 0, 0, 0, 6)
    assert not Case.objects.exclude(last_payment_date=None).exists()
    (note,) = reasons("note").values()
    assert "6 filas" in note
    assert "--date-order mdy" in note
    assert load("month_first.csv", "--date-order", "mdy").counts("updated", "warnings") == (6, 0)
    assert Case.objects.get(nro_cliente="6").last_payment_date == date(2024, 1, 2)


def test_one_date_that_is_impossible_does_not_doubt_the_others(tmp_path):
    header = "Nro. Cliente;Apellido;Saldo;Último Pago"
    rows = ("1;PAZ;10;03/25/2024", "2;PAZ;10;25/03/2024", "3;PAZ;10;03/04/2024")
    assert import_cases(portfolio(tmp_path, *rows, header=header)).counts("warnings") == (1,)
    assert Case.objects.get(nro_cliente="3").last_payment_date == date(2024, 4, 3)


@pytest.mark.parametrize(("other", "warned"), [("980.25", 1), ("980", 0), ("980,25", 0)])
def test_three_decimals_are_warned_about_where_the_column_mixes_both_readings(tmp_path, other, warned):
    rows = ("1;PAZ, ANA;;1250.500;;", f"2;PAZ, ANA;;{other};;")
    ran = import_cases(portfolio(tmp_path, *rows, header=HEADER))
    assert ran.counts("rejected", "warnings") == (0, warned)
    assert ("1250.500" in str(reasons("warning"))) is bool(warned)


# --- Columns -----------------------------------------------------------------------------------------
def test_the_more_specific_column_wins_and_the_summary_says_so():
    ran = load("importe_and_total.csv")
    assert set(Case.objects.values_list("balance", flat=True)) == {Decimal("1350.00"), Decimal("2650.00")}
    assert "Columna «Importe»: Repite el dato «Deuda total», que ya se toma de la columna «Total»" in ran.out


@pytest.mark.parametrize("order", [("Saldo", "Deuda Total"), ("Deuda Total", "Saldo")])
def test_two_totals_that_differ_are_asked_about(tmp_path, order):
    header = f"Nro. Cliente;Apellido;{';'.join(order)}"
    file = portfolio(tmp_path, "1;PAZ;10;10", "2;PAZ;1000;1350", header=header)

    ran = import_cases(file)
    assert ran.code == 2
    assert "--column total=" in ran.error
    assert not Case.objects.exists()
    assert import_cases(file, "--column", f"total={order[1]}").counts("created") == (2,)
    assert Case.objects.get(nro_cliente="2").balance == 1350
    with_same = portfolio(tmp_path, "1;PAZ;10;$ 10,00", header=header)
    assert import_cases(with_same, cartera="Otra").code == 0


@pytest.mark.parametrize(("choice", "word"), [("sueldo=Saldo", "sueldo"), ("total=Plata", "Plata"), ("total", "total")])
def test_a_choice_of_column_that_is_not_there_is_refused(tmp_path, choice, word):
    ran = import_cases(portfolio(tmp_path, "1;PAZ;10", header="Nro. Cliente;Apellido;Saldo"), "--column", choice)
    assert ran.code == 2
    assert word in ran.error


# --- Encodings ---------------------------------------------------------------------------------------
NAMES = ("MUÑOZ, JOSÉ", "NÚÑEZ, BEGOÑA", "GÜEMES, ÁNGELES", "PÉREZ, MARÍA", "ÑANCUPIL, RAMÓN", "Díaz, Andrés")


def stored_names(**wanted) -> list[str]:
    cases = Case.objects.filter(**wanted).select_related("debtor").order_by("nro_cliente")
    return [case.debtor.listed_name for case in cases]


def written(folder, encode, *, name="cartera.csv"):
    """The names of above in a file, each line through `encode`."""
    lines = [
        "Nro. Cliente;Apellido y Nombre;Saldo",
        *(f"{number};{full};10" for number, full in enumerate(NAMES, start=1)),
    ]
    path = folder / name
    path.write_bytes(b"\n".join(map(encode, lines)))
    return path


def twice(line: str) -> bytes:
    """UTF-8 that was read as Windows-1252 and written as UTF-8 again."""

    def as_windows(byte: int) -> str:
        try:
            return bytes([byte]).decode("cp1252")
        except UnicodeDecodeError:
            return chr(byte)

    return "".join(map(as_windows, line.encode())).encode()


def test_one_damaged_byte_costs_one_letter():
    ran = load("one_bad_byte.csv")

    assert ran.counts(*COUNTS) == (60, 0, 0, 0, 1)
    names = {case.nro_cliente: case.debtor for case in Case.objects.select_related("debtor")}
    assert {(row.last_name, row.city) for key, row in names.items() if key != "60"} == {("MUÑOZ", "Bahía Blanca")}
    assert names["60"].full_name == "BEGO\N{REPLACEMENT CHARACTER} NUÑEZ"
    assert list(reasons("warning")) == ["61"]


@pytest.mark.parametrize(("encoding", "named"), [("cp850", "DOS"), ("mac_roman", "Mac")])
def test_dos_and_mac_are_read_and_named(tmp_path, encoding, named):
    ran = import_cases(written(tmp_path, lambda line: line.encode(encoding)))
    assert stored_names() == list(NAMES)
    assert ran.counts("created", "warnings") == (6, 1)
    assert named in reasons("warning")["1"]


def test_windows_text_is_not_taken_for_another(tmp_path):
    assert import_cases(written(tmp_path, lambda line: line.encode("cp1252"))).counts("warnings") == (0,)
    assert stored_names() == list(NAMES)


def test_text_that_was_encoded_twice_is_put_right_and_said(tmp_path):
    ran = import_cases(written(tmp_path, twice))
    assert stored_names() == list(NAMES)
    assert ran.counts("created", "warnings") == (6, 1)
    assert "dos veces" in reasons("warning")["1"]


@pytest.mark.parametrize("odd", [1, 4])
@pytest.mark.parametrize(("most", "other"), [("utf-8", "cp1252"), ("cp1252", "utf-8")])
def test_a_line_in_another_encoding_is_read_by_itself_and_warned_about(tmp_path, odd, most, other):
    ran = import_cases(written(tmp_path, lambda line: line.encode(other if line.startswith(f"{odd};") else most)))
    assert stored_names() == list(NAMES)
    assert ran.counts("created", "warnings") == (6, 1)
    assert list(reasons("warning")) == [str(odd + 1)]


# --- Workbooks ---------------------------------------------------------------------------------------
def test_the_sheet_that_is_read_and_the_others_are_named():
    ran = load("three_sheets.xlsx")
    assert ran.counts(*COUNTS) == (1, 0, 0, 0, 0)
    assert "«Sucursal Centro»" in ran.out
    assert "«Sucursal Norte»" in ran.out
    assert load("three_sheets.xlsx", "--sheet", "all").counts(*COUNTS) == (2, 0, 1, 0, 0)
    assert keys() == {"1", "2", "3"}


def book_of(folder, *sheets: tuple[str, str, list[list[object]]]):
    """A workbook of (name, state, rows)."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, state, rows in sheets:
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        for row in rows:
            sheet.append(row)
    path = folder / "cartera.xlsx"
    path.write_bytes(saved(book))
    return path


COLUMNS = ["Nro. Cliente", "Deudor", "Saldo"]


def test_a_hidden_sheet_is_never_taken_by_itself(tmp_path):
    old = ("Vieja", "hidden", [COLUMNS, [1, "PAZ, ANA", 10]])
    file = book_of(tmp_path, old, ("Resumen", "visible", [["Marzo"]]))
    ran = import_cases(file)
    assert ran.code == 2
    assert not Case.objects.exists()
    file = book_of(tmp_path, old, ("Nueva", "visible", [COLUMNS, [1, "PAZ, ANA", 20]]))
    ran = import_cases(file, "--sheet", "all")
    assert (ran.counts("created"), ran.summary["total"]) == ((1,), "20.00")
    assert "«Vieja» (oculta)" in ran.out
    assert import_cases(file, "--sheet", "Vieja").summary["total"] == "10.00"


def test_all_sheets_share_their_keys_and_a_problem_names_its_sheet(tmp_path):
    again = [COLUMNS, [1, "PAZ, ANA", 20], [2, "GIL, EVA", "x"]]
    sheets = ([COLUMNS, [1, "PAZ, ANA", 10]], again, [["Otra", "Cosa"], [1]])
    file = book_of(tmp_path, *((f"S{at}", "visible", rows) for at, rows in enumerate(sheets)))
    assert import_cases(file, "--sheet", "all").counts("created", "rejected") == (1, 2)
    assert {line["column"] for line in report() if line["severity"] == "rejected"} == {"S1: Nro. Cliente", "S1: Saldo"}


def test_an_error_cell_is_empty_and_quoted():
    ran = load("error_cells.xlsx")
    assert ran.counts(*COUNTS) == (1, 0, 0, 3, 1)
    assert keys() == {"1"}
    quoted = [(line["row"], line["column"], line["value"]) for line in report()]
    assert quoted[:4] == [("2", name, "#N/A") for name in ("DNI", "Tel", "Último Pago", "Localidad")]
    rejected = reasons("rejected")
    assert "«#REF!» es un error" in rejected["3"]
    assert "«#N/A» es un error" in rejected["4"]
    assert "«#VALUE!» es un error" in rejected["5"]


# --- Phones ------------------------------------------------------------------------------------------
def test_every_phone_column_is_kept_with_its_kind():
    assert load("three_phone_columns.csv").counts(*COUNTS) == (2, 0, 0, 0, 0)
    assert phones("1") == [
        ("+542914551234", "landline", ""),
        ("+5492915551234", "mobile", ""),
        ("+542914559999", "work", ""),
    ]
    assert phones("2") == [("+5492915551235", "mobile", "")]


def test_every_number_of_a_cell_is_a_phone_of_its_own():
    assert load("phones_in_a_cell.csv").counts(*COUNTS) == (12, 0, 0, 0, 0)
    two = [("+542914551234", "landline", ""), ("+542915551234", "landline", "")]
    assert [phones(key) for key in ("1", "5", "6", "12")] == [two] * 4
    assert phones("2") == [("+542914551234", "landline", "int. 23")]
    assert phones("3") == [("4551234", "other", "")]
    assert phones("4") == [("15-5551234", "other", "")]
    assert phones("7") == [("+5491144445555", "mobile", "hijo")]
    assert [phones(key) for key in ("8", "9", "10", "11")] == [[("+5492915551234", "mobile", "")]] * 4
    assert load("phones_in_a_cell.csv").counts("updated", "unchanged") == (0, 12)


@pytest.mark.parametrize("again", ["0291 15-555-1234", "2915551234", "+54 9 291 5551234", "(0291) 155551234"])
def test_a_bad_phone_in_another_spelling_stays_bad(tmp_path, again):
    import_cases(portfolio(tmp_path, "1;PAZ, ANA;20111222;10;0291 15-5551234;", header=HEADER))
    DebtorPhone.objects.update(state="bad")

    import_cases(portfolio(tmp_path, f"1;PAZ, ANA;20111222;10;{again};", header=HEADER))

    assert DebtorPhone.objects.get().state == "bad"
