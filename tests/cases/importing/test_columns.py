import pytest

from cases.importing.columns import ALIASES, CASE_NAMES, FIELDS, LABELS, field_of, map_columns, normalize_header
from cases.importing.errors import ImportFailed

REQUIRED = ["Nro. Cliente", "Apellido y Nombre", "Saldo"]


@pytest.mark.parametrize(
    ("field", "headers"),
    [
        (
            "nro_cliente",
            "nro_cliente|Nro. Cliente|N° de Cliente|Nº Cliente|Número de Cliente|Cliente|NROCLIENTE|NRO CLIENTE",
        ),
        ("name", "Nombre|Nombres|name|NOMBRE"),
        ("lastname", "Apellido|Apellidos|lastname"),
        ("full_name", "Apellido y Nombre|Nombre Completo|Deudor|APELLIDO Y NOMBRES"),
        ("dni", "dni|D.N.I.|Documento|Doc|Doc.|CUIL/DNI|CUIT|C.U.I.L.|DNI / CUIL"),
        ("total", "Deuda Total|Deuda|Saldo|Importe|Monto|Total|total|Saldo ($)"),
        (
            "fecha_mora",
            "Fecha de mora|Fec. Mora|fecha_mora|Mora desde|Inicio de Mora|Vencimiento|Fecha de Vto.|F. Venc.",
        ),
        ("monto_inicial", "Capital|Monto Original|Deuda Original|Importe Original|Monto Inicial|monto_inicial"),
        (
            "fecha_ultimo_pago",
            "Último Pago|Ult. Pago|Fecha Últ. Pago|Fec. Últ. Pago|Fec Ultimo Pago|Fecha de último pago"
            "|fecha_ultimo_pago|Fecha Ult Pago|FEC.ULT.PAGO|Fecha de Últ. Pago",
        ),
        ("telefono", "telefono|Teléfono|Tel|Tel.|Celular|Tel. Celular|TELÉFONO"),
        ("calle", "calle|calle_nombre|Domicilio|Calle Nombre"),
        ("calle_nro", "calle_nro|Nro|Nro.|Número|N°|Nº|Calle Nro."),
        ("localidad", "localidad|Ciudad"),
        ("cp", "cp|C.P.|Código Postal|COD. POSTAL"),
        ("provincia", "provincia|Pcia|Pcia.|ptovincia|Prov."),
        ("notes", "notes|Observaciones|Obs|Obs.|Comentarios|Notas"),
        ("email", "email|E-mail|Mail"),
        ("entity", "Entidad|entity"),
    ],
)
def test_every_alias_names_its_field(field, headers):
    for header in headers.split("|"):
        for written in (header, header.upper(), f"  {header}\n", header.replace(" ", "\n"), header.replace(" ", "_")):
            assert field_of(written) == field, written


def test_headers_match_whole_never_by_prefix():
    for header in (
        "Total pagado",
        "Cliente desde",
        "Monto del último pago",
        "Nombre del banco",
        "Saldo anterior",
        "",
        "°",
    ):
        assert field_of(header) is None
    assert field_of("Fecha") is None


def test_an_alias_belongs_to_one_field_and_is_written_normalised():
    aliases = [alias for field in FIELDS for alias in set(ALIASES[field])]
    assert len(aliases) == len(set(aliases)) > len(FIELDS)
    assert all(normalize_header(alias) == alias for alias in aliases)
    assert set(LABELS) == set(FIELDS)


def test_mapping_gives_the_index_of_each_field_and_reports_the_rest():
    mapping = map_columns([*REQUIRED, "Sucursal", "", "Deuda Total", "DNI"])
    assert mapping.fields == {"nro_cliente": 0, "full_name": 1, "total": 2, "dni": 6}
    assert [(column.index, column.header) for column in mapping.ignored] == [(3, "Sucursal"), (5, "Deuda Total")]
    assert "«Saldo»" in mapping.ignored[1].reason
    assert mapping.header_of("dni") == "DNI"
    assert mapping.header_of("email") == LABELS["email"]


@pytest.mark.parametrize(
    ("headers", "missing", "found"),
    [
        (["Nombre", "Saldo"], "la columna obligatoria «Nro. de cliente»", "«Nombre», «Saldo»"),
        (["Cliente", "Saldo"], "la columna obligatoria «Apellido y nombre»", "«Cliente», «Saldo»"),
        (["Cliente", "Nombre"], "la columna obligatoria «Deuda total»", "«Cliente», «Nombre»"),
        ([], "las columnas obligatorias «Nro. de cliente», «Apellido y nombre», «Deuda total»", "ninguno"),
    ],
)
def test_missing_required_column_lists_the_headers_found(headers, missing, found):
    with pytest.raises(ImportFailed) as caught:
        map_columns(headers)
    message = str(caught.value).removeprefix("Faltan ").removeprefix("Falta ")
    assert message == f"{missing}. Encabezados encontrados: {found}. Corrija el encabezado del archivo."


@pytest.mark.parametrize("name", ["Nombre", "Apellido", "Deudor"])
def test_any_column_with_a_name_will_do(name):
    assert map_columns(["Cliente", name, "Saldo"]).fields["total"] == 2


def test_the_day_of_arrears_goes_before_a_due_date_and_months_are_none() -> None:
    mapping = map_columns(["Cliente", "Nombre", "Saldo", "Vencimiento", "Mora", "Fecha de mora", "Demora"])
    assert mapping.fields["fecha_mora"] == 5
    assert [column.header for column in mapping.ignored] == ["Vencimiento", "Mora", "Demora"]


def test_a_person_corrects_the_mapping():
    headers = ["Código", "Cliente", "Saldo", "Deuda vencida", "Sucursal"]
    mapping = map_columns(headers, {0: "nro_cliente", 1: "full_name", 3: "total", 2: None})
    assert mapping.fields == {"nro_cliente": 0, "full_name": 1, "total": 3}
    assert [column.header for column in mapping.ignored] == ["Saldo", "Sucursal"]


def test_an_override_takes_its_field_from_the_column_that_had_it():
    mapping = map_columns([*REQUIRED, "Importe exigible"], {3: "total"})
    assert mapping.fields["total"] == 3
    assert [column.header for column in mapping.ignored] == ["Saldo"]


@pytest.mark.parametrize("overrides", [{0: "sueldo"}, {9: "dni"}, {-1: "dni"}, {0: "dni", 1: "dni"}, {0: None}])
def test_impossible_override_stops_the_import(overrides):
    with pytest.raises(ImportFailed):
        map_columns(REQUIRED, overrides)


def test_a_paragraph_is_no_header():
    assert CASE_NAMES.found_in(["Total", "x" * 10_000_000, 5, None, True]) == {"total"}
