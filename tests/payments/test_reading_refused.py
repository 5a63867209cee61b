"""A file that is not what its layout says is refused whole, before any row is seen, in a line that says what to do."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from cases.importing.errors import ImportFailed
from cases.importing.table import Limits
from payments.reading.reader import find_layout, read_payments
from payments.reading.rows import Kind
from payments.reading.seeds import seeded_layouts
from tests.payments.test_reading import DATA, EXPECTED
from tests.payments.writing import fixed_file, workbook

LAYOUTS = seeded_layouts()
FIXED = [name for name in EXPECTED if name.endswith(".txt")]
FRAMED = ["pago_mis_cuentas.txt", "rapipago.txt", "pago_facil.txt"]

Refused = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Why a content is refused: read as a layout, or searched for its own."""

    def why(content: str | bytes, code: str = "", **options: Any) -> str:
        file = tmp_path / "pagos.txt"
        file.write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))
        opened = partial(read_payments, file, LAYOUTS[code]) if code else partial(find_layout, file, LAYOUTS.values())
        with pytest.raises(ImportFailed) as caught:
            opened(**options)
        message = str(caught.value)
        assert message
        assert "\n" not in message
        return message

    return why


def sample(name: str) -> list[str]:
    return (DATA / name).read_text("latin-1").splitlines(keepends=True)


def test_a_trailer_of_one_cent_more_refuses_the_file(refused: Refused) -> None:  # E7
    rows = [
        {"value_date": "20261201", "amount": Decimal("14999.99"), "key": "1"},
        {"value_date": "20261201", "amount": Decimal("0.02"), "key": "2"},
    ]
    content = fixed_file(LAYOUTS["rapipago"], rows, trailer={"total": Decimal("15000.00")})
    assert "dice sumar $ 15.000,00 y sus pagos suman $ 15.000,01" in refused(content, "rapipago")


@pytest.mark.parametrize("name", FRAMED)
def test_a_row_that_is_lost_refuses_the_file(refused: Refused, name: str) -> None:
    code = name.partition(".")[0]
    lines = sample(name)
    first, length = {"pago_facil": (2, 3)}.get(code, (1, 1))
    assert "pagos y trae" in refused("".join(lines[:first] + lines[first + length :]), code)


@pytest.mark.parametrize("name", FRAMED)
def test_an_amount_that_was_changed_refuses_the_file(refused: Refused, name: str) -> None:
    content = (DATA / name).read_text("latin-1")
    changed = content.replace("0001525000", "0001525001", 1)
    assert changed != content
    assert "sus pagos suman" in refused(changed, name.partition(".")[0])


@pytest.mark.parametrize("name", FRAMED)
def test_a_file_without_its_last_line_is_cut(refused: Refused, name: str) -> None:
    assert "El archivo está cortado" in refused("".join(sample(name)[:-1]), name.partition(".")[0])


@pytest.mark.parametrize(("name", "other"), list(permutations(FIXED, 2)))
def test_a_layout_reads_its_own_files_alone(refused: Refused, name: str, other: str) -> None:
    assert "elija otro formato" in refused((DATA / name).read_bytes(), other.partition(".")[0])


@pytest.mark.parametrize("code", ["pago_mis_cuentas", "pago_facil"])
@pytest.mark.parametrize("change", [lambda line: line[:-3] + "\r\n", lambda line: " " + line])
def test_a_line_of_another_length_refuses_the_file(refused: Refused, code: str, change: Callable[[str], str]) -> None:
    lines = sample(f"{code}.txt")
    assert "tendría que" in refused("".join([change(lines[0]), *lines[1:]]), code)
    assert "Línea 4" in refused("".join([*lines[:3], change(lines[3]), *lines[4:]]), code)


def test_lines_that_may_be_longer_have_a_least_length(refused: Refused) -> None:
    lines = sample("siro.txt")
    assert "Línea 2: tiene 60 caracteres" in refused("".join([lines[0], lines[1][:60] + "\n", *lines[2:]]), "siro")
    assert "Línea 2: tiene 22 caracteres" in refused(
        "".join([sample("rapipago.txt")[0], sample("rapipago.txt")[1][:22] + "\n", *sample("rapipago.txt")[2:]]),
        "rapipago",
    )


def test_a_record_that_nobody_knows_refuses_the_file(refused: Refused) -> None:
    lines = sample("pago_mis_cuentas.txt")
    assert "Línea 3: empieza con «7000»" in refused(
        "".join([*lines[:2], "7" + lines[2][1:], *lines[3:]]), "pago_mis_cuentas"
    )


def test_lots_open_and_close(refused: Refused) -> None:
    header, lot, *rest = sample("pago_facil.txt")
    trailer = rest[-1]
    assert "cierra un lote que no se abrió" in refused("".join([header, *rest]), "pago_facil")
    assert "abre un lote y el anterior no se cerró" in refused("".join([header, lot, lot, *rest]), "pago_facil")
    assert "no tiene la línea que cierra el último lote" in refused(
        "".join([header, lot, *rest[:3], trailer]), "pago_facil"
    )
    assert "completa un pago y no hay ninguno" in refused("".join([header, lot, *rest[1:]]), "pago_facil")


def test_a_header_says_a_day(refused: Refused) -> None:
    lines = sample("rapipago.txt")
    broken = lines[0].replace("20261203", "20261303")
    assert broken != lines[0]
    assert "tendría que ser la fecha del archivo" in refused("".join([broken, *lines[1:]]), "rapipago")


@pytest.mark.parametrize("name", [*FIXED, "extract.csv", "generic.csv", "mercado_pago.csv"])
def test_two_encodings_in_a_file_are_of_two_hands(refused: Refused, name: str) -> None:
    code = name.partition(".")[0]
    lines = (DATA / name).read_bytes().splitlines(keepends=True)
    width = max(map(len, lines))
    old, new = "Ñ".encode("latin-1"), "Ñ".encode()
    lines[2] = lines[2].rstrip(b"\r\n").ljust(width)[:-1] + old + b"\r\n"
    lines[3] = lines[3].rstrip(b"\r\n").ljust(width)[:-1] + new + b"\r\n"
    assert "mezcla dos codificaciones de texto" in refused(b"".join(lines), code)


@pytest.mark.parametrize("code", ["", *LAYOUTS])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "está vacío"),
        (b"\r\n \r\n", "vacío"),
        (b"%PDF-1.7 ...", "es un PDF"),
        (bytes(range(256)) * 20, "datos binarios"),
    ],
)
def test_what_is_no_payment_file_at_all(refused: Refused, code: str, content: bytes, said: str) -> None:
    assert said in refused(content, code)


@pytest.mark.parametrize("code", [code for code, layout in LAYOUTS.items() if layout.is_fixed])
def test_a_spreadsheet_has_no_fixed_width(refused: Refused, code: str) -> None:
    assert "este archivo es una planilla" in refused(workbook([["Fecha", "Importe"]]), code)


@pytest.mark.parametrize("code", [code for code, layout in LAYOUTS.items() if layout.is_fixed])
def test_a_file_without_payments_has_nothing_to_load(refused: Refused, code: str) -> None:
    layout = LAYOUTS[code]
    assert refused(fixed_file(layout, []) or "\n", code)


def test_columns_that_are_missing_are_named(refused: Refused) -> None:
    message = refused("Fecha;Concepto;Saldo\n01/12/2026;x;1\n", "extract")
    assert "falta una columna con el importe o los créditos" in message
    assert "«Fecha», «Concepto», «Saldo»" in message


def test_a_header_alone_has_no_rows(refused: Refused) -> None:
    assert "No hay filas de datos" in refused("Fecha;Concepto;Importe\n", "extract")


def test_a_limit_of_rows(refused: Refused) -> None:
    content = (DATA / "rapipago.txt").read_bytes()
    assert "más de 5 líneas" in refused(content, "rapipago", limits=Limits(max_rows=5))


# --- Which layout ------------------------------------------------------------------------------------------------


def test_no_layout_fits(refused: Refused) -> None:
    assert "No se reconoce el formato" in refused("Nombre;Apellido\nAna;Paz\n")
    assert "No se reconoce el formato" in refused("hola\nqué tal\n")


def test_several_layouts_fit(refused: Refused) -> None:
    message = refused("Fecha;CUIT;Concepto;Importe\n01/12/2026;20276543106;Pago;10\n")
    assert "«Planilla con encabezados», «Extracto de banco»" in message
    assert message.endswith("elija uno.")


def test_a_file_that_is_cut_is_told_by_its_own_layout(tmp_path: Path) -> None:
    file = tmp_path / "cortado.txt"
    file.write_text("".join(sample("rapipago.txt")[:-1]), "latin-1")
    assert find_layout(file, LAYOUTS.values()).code == "rapipago"


# --- One row that cannot be a payment does not stop the others --------------------------------------------------


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("451;;100", "No tiene fecha"),
        ("451;31/02/2026;100", "«31/02/2026» es una fecha que no existe: corrija la fecha."),
        ("451;ayer;100", "«ayer» no es una fecha"),
        ("451;04/12/2026;100", "La fecha 04/12/2026 todavía no llegó"),
        ("451;01/12/2026;", "No tiene importe"),
        ("451;01/12/2026;cien", "«cien» no es un importe"),
        ("451;01/12/2026;0,00", "El importe es cero"),
        ("451;01/12/2026;-100", "El importe es negativo"),
        ("451;01/12/2026;(100,00)", "El importe es negativo"),
        ("451;01/12/2026;100,00-", "El importe es negativo"),
        ("451;01/12/2026;99999999999999", "es demasiado grande"),
        ("451;01/12/2026;1;50", "Tiene más celdas que el encabezado"),
    ],
)
def test_one_row_is_rejected(tmp_path: Path, line: str, why: str) -> None:
    file = tmp_path / "pagos.csv"
    file.write_text(f"Nro. Cliente;Fecha;Importe\n{line}\n452;01/12/2026;200\n")
    today = read_payments(file, LAYOUTS["generic"], latest=_day(3))
    first, second = today
    assert (first.kind, second.kind, second.amount) == (Kind.REJECTED, Kind.PAYMENT, Decimal("200.00"))
    assert why in first.why
    assert (first.identity, first.own_id) == ("", "")


def test_cents_behind_a_comma_without_quotes_are_never_lost(tmp_path: Path) -> None:
    file = tmp_path / "pagos.csv"
    file.write_text('Nro. Cliente,Fecha,Importe\n1,01/12/2026,1234,56\n2,01/12/2026,"1.234,56"\n3,01/12/2026,1234,\n')
    assert [(row.kind, row.amount) for row in read_payments(file, LAYOUTS["generic"])] == [
        (Kind.REJECTED, Decimal("1234.00")),
        (Kind.PAYMENT, Decimal("1234.56")),
        (Kind.REJECTED, Decimal("1234.00")),
    ]


def _day(day: int) -> Any:
    return EXPECTED["mercado_pago.csv"][1][1][3].replace(day=day)  # type: ignore[union-attr]
