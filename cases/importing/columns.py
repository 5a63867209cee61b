"""The mapping of columns to fields, from one table of header aliases (DESIGN §5 "Reading")."""

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Sequence, Set
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from itertools import product
from operator import itemgetter

from cases.importing.errors import ImportFailed

# The header of a last payment has all combinations of "Fecha / Fec. / F.", "de", "Último / Últ." and "Pago".
_LAST_PAYMENT = tuple(
    "".join(parts)
    for parts in product(("", "f", "fec", "fecha"), ("", "de", "del"), ("ult", "ultimo"), ("", "de"), ("pago",))
)
_ORIGINALS = tuple(
    f"{what}{which}"
    for what in ("monto", "deuda", "importe", "capital", "saldo")
    for which in ("original", "inicial", "deorigen")
)

# As `normalize_header` returns them. A whole header must match, not a prefix.
ALIASES: dict[str, tuple[str, ...]] = {
    "nro_cliente": (
        *("nrocliente", "nrodecliente", "ncliente", "ndecliente", "nocliente", "nodecliente", "cliente"),
        *("numerocliente", "numerodecliente", "numcliente", "numdecliente", "clientenro", "clientenumero"),
    ),
    "name": ("nombre", "nombres", "name"),
    "lastname": ("apellido", "apellidos", "lastname"),
    "full_name": (
        *("apellidoynombre", "apellidoynombres", "apellidosynombres", "apellidonombre", "apellidosynombre"),
        *("nombrecompleto", "nombreyapellido", "nombresyapellidos", "deudor", "fullname", "debtorname"),
        *("razonsocial", "apellidoynombrerazonsocial"),
    ),
    "dni": (
        *(
            "dni",
            "documento",
            "doc",
            "cuildni",
            "dnicuil",
            "cuitdni",
            "dnicuit",
            "cuit",
            "cuil",
            "cuitcuil",
            "cuilcuit",
        ),
        *("nrodoc", "nrodocumento", "nrodedocumento", "numerodocumento", "numerodedocumento", "nrodni", "nrodedni"),
        *("numerodedni", "dnicuitcuil", "dnicuilcuit"),
    ),
    "total": (
        *("total", "deudatotal", "deuda", "saldo", "importe", "monto"),
        *("totaldeuda", "saldototal", "montototal", "importetotal"),
    ),
    "monto_inicial": ("capital", *_ORIGINALS),
    "fecha_ultimo_pago": _LAST_PAYMENT,
    "telefono": ("telefono", "telefonos", "tel", "celular", "cel", "telcelular", "telefonocelular", "nrotelefono"),
    "calle": ("calle", "callenombre", "nombrecalle", "domicilio", "direccion", "street"),
    "calle_nro": ("callenro", "callenumero", "nrocalle", "nro", "numero", "num", "altura", "streetnumber"),
    "localidad": ("localidad", "ciudad", "city"),
    "cp": ("cp", "codigopostal", "codpostal", "postalcode"),
    "provincia": ("provincia", "pcia", "prov", "ptovincia"),
    "notes": (*("observaciones", "observacion", "obs", "comentarios", "comentario", "notas", "nota", "notes"),),
    "email": ("email", "mail", "correo", "correoelectronico"),
    "entity": ("entidad", "entity"),
}
FIELDS = tuple(ALIASES)
LABELS = {
    "nro_cliente": "Nro. de cliente",
    "name": "Nombre",
    "lastname": "Apellido",
    "full_name": "Apellido y nombre",
    "dni": "DNI o CUIT",
    "total": "Deuda total",
    "monto_inicial": "Capital",
    "fecha_ultimo_pago": "Último pago",
    "telefono": "Teléfono",
    "calle": "Calle",
    "calle_nro": "Número de calle",
    "localidad": "Localidad",
    "cp": "Código postal",
    "provincia": "Provincia",
    "notes": "Observaciones",
    "email": "Email",
    "entity": "Entidad",
}
NAME_FIELDS = ("name", "lastname", "full_name")

_FIELD_BY_ALIAS = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
_ORDINAL_N = re.compile(r"\bn\s*[°º]", re.I)
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")
_MAX_HEADERS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class IgnoredColumn:
    """A column without a field: its index, its header as given and the reason in Spanish."""

    index: int
    header: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """Canonical field → column index (from 0), the headers as given, and the columns that are not imported.

    `pick` returns the cells of all `FIELDS`, in that order, from a row padded with one blank after the last header.
    """

    fields: dict[str, int]
    headers: list[str]
    ignored: list[IgnoredColumn]
    pick: Callable[[Sequence], tuple] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        blank = len(self.headers)
        object.__setattr__(self, "pick", itemgetter(*(self.fields.get(name, blank) for name in FIELDS)))

    def header_of(self, field: str) -> str:
        """The file's own header of a field, for reports; the field's label when it has none."""
        index = self.fields.get(field)
        return (self.headers[index].strip() if index is not None else "") or LABELS.get(field, field)


def normalize_header(header: str) -> str:
    """`"N° de Cliente "` → `"nrodecliente"`: no case, accents, spaces or punctuation; N° and Nº are "nro"."""
    text = _ORDINAL_N.sub("nro", header)
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return _NOT_ALPHANUMERIC.sub("", decomposed)


def field_of(header: str) -> str | None:
    """The canonical field of a header, matched whole against the aliases."""
    return _FIELD_BY_ALIAS.get(normalize_header(header))


def recognised_fields(cells: Sequence[object]) -> set[str]:
    """The fields that a row would name if it were the header."""
    # A title row can have a whole paragraph. No alias is that long, so it is not normalised.
    found = (field_of(cell) for cell in cells if isinstance(cell, str) and cell and len(cell) <= 100)
    return {field for field in found if field}


def has_required(fields: Set[str]) -> bool:
    """Whether these fields are enough for a case: a key, a total and a name (DESIGN §5 "Required")."""
    return "nro_cliente" in fields and "total" in fields and not fields.isdisjoint(NAME_FIELDS)


def map_columns(headers: Sequence[str], overrides: MappingABC[int, str | None] | None = None) -> Mapping:
    """Map headers to fields; `overrides` ({column index: field or None}) are corrections by a person.

    Of two headers with the same field the first is used, and the other is listed in `ignored`. An override takes its
    field from the column that had it. Raises `ImportFailed` for a missing required column (naming the headers found)
    and for an override with an unknown column or field.
    """
    headers = [str(header) for header in headers]
    overrides = dict(overrides or {})
    _check_overrides(headers, overrides)
    fields: dict[str, int] = {}
    ignored: list[IgnoredColumn] = []
    for index, field in overrides.items():
        if field is not None:
            fields[field] = index
    for index, header in enumerate(headers):
        if overrides.get(index) is not None:
            continue
        if index in overrides:
            ignored.append(IgnoredColumn(index, header, "Se indicó no importarla."))
            continue
        field = field_of(header)
        if field is None:
            if header.strip():
                ignored.append(IgnoredColumn(index, header, "No se reconoce el encabezado; la columna no se importa."))
        elif field in fields:
            taken = headers[fields[field]].strip()
            reason = f"Repite el dato «{LABELS[field]}», que ya se toma de la columna «{taken}»."
            ignored.append(IgnoredColumn(index, header, reason))
        else:
            fields[field] = index
    _check_required(fields, headers)
    return Mapping(fields, headers, ignored)


def _check_overrides(headers: list[str], overrides: dict[int, str | None]) -> None:
    chosen = [field for field in overrides.values() if field is not None]
    unknown = [field for field in chosen if field not in ALIASES]
    if unknown:
        raise ImportFailed(f"«{unknown[0]}» no es un dato que se pueda importar.")
    if any(not 0 <= index < len(headers) for index in overrides):
        raise ImportFailed("La correspondencia de columnas no es de este archivo: vuelva a subirlo.")
    repeated = next((field for field in chosen if chosen.count(field) > 1), None)
    if repeated:
        raise ImportFailed(f"El dato «{LABELS[repeated]}» está asignado a dos columnas: deje una sola.")


def _check_required(fields: dict[str, int], headers: list[str]) -> None:
    missing = [LABELS[field] for field in ("nro_cliente", "total") if field not in fields]
    if not any(field in fields for field in NAME_FIELDS):
        missing.insert(1 if "nro_cliente" not in fields else 0, LABELS["full_name"])
    if not missing:
        return
    shown = [f"«{header.strip()}»" for header in headers if header.strip()][:_MAX_HEADERS_SHOWN]
    found = ", ".join(shown) or "ninguno"
    which = "Falta la columna obligatoria" if len(missing) == 1 else "Faltan las columnas obligatorias"
    needed = ", ".join(f"«{label}»" for label in missing)
    message = f"{which} {needed}. Encabezados encontrados: {found}. Corrija el encabezado del archivo."
    raise ImportFailed(" ".join(message.split()))
