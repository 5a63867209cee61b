"""The mapping of columns to fields, from one table of header aliases (DESIGN §5 "Reading")."""

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Sequence, Set
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from itertools import product
from json.encoder import encode_basestring as quoted
from operator import itemgetter
from typing import NamedTuple

from cases.importing.errors import ImportFailed
from cases.importing.written_phones import WORK
from nova.lib.phones import MOBILE

# The header of a last payment has all combinations of "Fecha / Fec. / F.", "de", "Último / Últ." and "Pago".
_LAST_PAYMENT = tuple(
    "".join(parts)
    for parts in product(("", "f", "fec", "fecha"), ("", "de", "del"), ("ult", "ultimo"), ("", "de"), ("pago",))
)
# «Mora» alone may be an amount or months, and «Demora» is none of these.
_IN_ARREARS = (
    *(
        "fechamora",
        "fechademora",
        "fechaenmora",
        "fecmora",
        "fecdemora",
        "fmora",
        "fdemora",
        "moradesde",
        "enmoradesde",
    ),
    *("iniciomora", "iniciodemora", "iniciodelamora", "fechainiciomora", "fechadeiniciodemora", "fechainiciodemora"),
    *("feciniciomora", "ingresoamora", "fechaingresomora", "fechaingresoamora"),
    *("fechadeingresoamora", "entradaenmora", "fechaentradamora", "atrasodesde", "fechaatraso", "fechadeatraso"),
    *("arrearssince",),
)
_FELL_DUE = tuple(
    "".join(parts) for parts in product(("", "f", "fec", "fecha"), ("", "de"), ("vencimiento", "vto", "venc"))
)
_ORIGINALS = tuple(
    f"{what}{which}"
    for what in ("monto", "deuda", "importe", "capital", "saldo")
    for which in ("original", "inicial", "deorigen")
)

_NUMBERS = ("", "1", "2", "3", "4", "5", "6")
_LANDLINES = tuple(
    f"{name}{number}"
    for name, number in product(
        (
            *("telefono", "telefonos", "tel", "tels", "nrotelefono", "nrotel", "nrodetelefono", "numerodetelefono"),
            *("telefonofijo", "telfijo", "fijo", "telefonoparticular", "telparticular", "telefonoalternativo"),
            *("telalternativo", "otrotelefono", "otrotel", "otrostelefonos", "telefonocontacto", "telefonodecontacto"),
            *("telcontacto", "teldecontacto", "telefonodomicilio", "teldomicilio", "phone"),
        ),
        _NUMBERS,
    )
)
_MOBILES = tuple(
    f"{name}{number}"
    for name, number in product(
        (
            *("celular", "celulares", "cel", "telcelular", "telcel", "telefonocelular", "nrocelular", "nrodecelular"),
            *("movil", "telmovil", "telefonomovil", "whatsapp", "otrocelular", "celularalternativo"),
        ),
        _NUMBERS,
    )
)
_WORK_PHONES = tuple(
    f"{name}{number}"
    for name, number in product(
        (
            *("tellaboral", "telefonolaboral", "teltrabajo", "telefonotrabajo", "teldeltrabajo", "telefonodeltrabajo"),
            *("telempleo", "telefonoempleo", "telempleador", "telefonoempleador", "telempresa", "telefonoempresa"),
            *("celularlaboral", "cellaboral", "telefonooficina", "teloficina"),
        ),
        _NUMBERS,
    )
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
    "fecha_mora": (*_IN_ARREARS, *_FELL_DUE),
    "telefono": (*_LANDLINES, *_MOBILES),
    "telefono_laboral": _WORK_PHONES,
    "calle": ("calle", "callenombre", "nombrecalle", "domicilio", "direccion", "street"),
    "calle_nro": ("callenro", "callenumero", "nrocalle", "nro", "numero", "num", "altura", "streetnumber"),
    "localidad": ("localidad", "ciudad", "city"),
    "cp": ("cp", "codigopostal", "codpostal", "postalcode"),
    "provincia": ("provincia", "pcia", "prov", "ptovincia"),
    "notes": (*("observaciones", "observacion", "obs", "comentarios", "comentario", "notas", "nota", "notes"),),
    "email": ("email", "mail", "correo", "correoelectronico"),
    "entity": ("entidad", "entity"),
    "cuit": (),  # a header of `dni` that says CUIT or CUIL, beside another column with the DNI
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
    "fecha_mora": "Fecha de mora",
    "telefono": "Teléfono",
    "telefono_laboral": "Teléfono laboral",
    "calle": "Calle",
    "calle_nro": "Número de calle",
    "localidad": "Localidad",
    "cp": "Código postal",
    "provincia": "Provincia",
    "notes": "Observaciones",
    "email": "Email",
    "entity": "Entidad",
    "cuit": "CUIT o CUIL",
}
OF_THE_CREDITOR = "Dato del acreedor"
EXTRA = "extra:"  # of an override: `extra:Producto` keeps the column as the creditor's «Producto» (`kept_columns`)
UNKNOWN_HEADER = "No se reconoce el encabezado; la columna no se importa."
DATE_FIELDS = ("fecha_ultimo_pago", "fecha_mora")
NAME_FIELDS = ("name", "lastname", "full_name")

PHONE_FIELDS = ("telefono", "telefono_laboral")
# The fields of which every row has one cell; every phone column is kept, so those are apart.
PICKED = tuple(field for field in FIELDS if field != "telefono_laboral")
# Where two columns have these and neither is more specific, their values have to be the same.
ASKED_ABOUT = ("nro_cliente", "total")
_CUITS = frozenset({"cuit", "cuil", "cuitcuil", "cuilcuit"})
_TOTALS = frozenset({"total", "deudatotal", "totaldeuda", "saldototal", "montototal", "importetotal"})
# Header → those it beats: the whole debt over a part or a vaguer word (DESIGN §5 "Reading").
_MORE_SPECIFIC: dict[str, frozenset[str]] = {
    **{total: frozenset({"importe", "monto", "deuda"}) for total in _TOTALS},
    "saldototal": frozenset({"importe", "monto", "deuda", "saldo"}),
    "saldo": frozenset({"deuda"}),
    **{alias: frozenset(_FELL_DUE) for alias in _IN_ARREARS},
    **{alias: frozenset({"cliente"}) for alias in ALIASES["nro_cliente"] if alias != "cliente"},
}

_MOBILE_NAMES = frozenset(_MOBILES)
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
class PhoneColumn:
    """One more column with phones: its index and what kind its header says, "" for none."""

    index: int
    kind: str


class KeptColumn(NamedTuple):
    """A column that is kept as the creditor's own datum: its index and the key of `Case.extra` (DESIGN §5)."""

    at: int
    key: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """Canonical field → column index (from 0), the headers as given, and the columns that are not imported.

    `pick` returns the cells of all `PICKED` fields, in that order, from a row padded with one blank after the last
    header. `more_phones` are the phone columns beside that of `telefono`, whose header says `phone_kind`. `rivals` are
    (field, column taken, column left): their values must be the same. `after_total` is the field of the column that
    follows that of the debt. `kept` are the columns of the creditor's own data, and `extra_form` the JSON of a row that
    says something in each. `chosen` is what a person said of which column, and `remembered` (datum, header) what of it
    they said the last time (`last_time`).
    """

    fields: dict[str, int]
    headers: list[str]
    ignored: list[IgnoredColumn]
    more_phones: tuple[PhoneColumn, ...] = ()
    phone_kind: str = ""
    rivals: tuple[tuple[str, int, int], ...] = ()
    sheet: str = ""
    kept: tuple[KeptColumn, ...] = ()
    chosen: MappingABC[int, str | None] = dataclasses.field(default_factory=dict)
    remembered: tuple[tuple[str, str], ...] = ()
    pick: Callable[[Sequence], tuple] = dataclasses.field(init=False, repr=False, compare=False)
    pick_kept: Callable[[Sequence], Sequence] = dataclasses.field(init=False, repr=False, compare=False)
    extra_form: str = dataclasses.field(init=False, repr=False, compare=False)
    after_total: str = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        blank = len(self.headers)
        fields = {index: field for field, index in self.fields.items()}
        object.__setattr__(self, "after_total", fields.get(self.fields.get("total", blank) + 1, ""))
        object.__setattr__(self, "pick", itemgetter(*(self.fields.get(name, blank) for name in PICKED)))
        pieces = [f"{quoted(column.key).replace('%', '%%')}: %s" for column in self.kept]
        object.__setattr__(self, "extra_form", f"{{{', '.join(pieces)}}}")
        kept = [column.at for column in self.kept]
        # Of one index an itemgetter returns the cell itself.
        object.__setattr__(
            self, "pick_kept", itemgetter(*kept) if len(kept) > 1 else lambda cells: [cells[at] for at in kept]
        )

    def header_of(self, field: str) -> str:
        """The file's own header of a field, for reports; the field's label when it has none."""
        index = self.fields.get(field)
        return self.header_at(index, LABELS.get(field, field)) if index is not None else LABELS.get(field, field)

    def header_at(self, index: int, label: str = "") -> str:
        """The header of a column as reports name it, after its sheet where several are read."""
        header = self.headers[index].strip() or label
        return f"{self.sheet}: {header}" if self.sheet else header

    def of_sheet(self, sheet: str) -> "Mapping":
        """The same for the rows of one of several sheets."""
        return dataclasses.replace(self, sheet=sheet)

    @property
    def taken(self) -> list[tuple[str, str]]:
        """(datum, header) of every column that is imported, in the order of the file."""
        found = [(index, LABELS[field]) for field, index in self.fields.items() if field != "telefono_laboral"]
        found += [
            (column.index, LABELS["telefono_laboral" if column.kind == WORK else "telefono"])
            for column in self.more_phones
        ]
        found += [(column.at, f"{OF_THE_CREDITOR}: {column.key}") for column in self.kept]
        return [(label, self.headers[index].strip()) for index, label in sorted(found)]


def normalize_header(header: str) -> str:
    """`"N° de Cliente "` → `"nrodecliente"`: no case, accents, spaces or punctuation; N° and Nº are "nro"."""
    text = _ORDINAL_N.sub("nro", header)
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return _NOT_ALPHANUMERIC.sub("", decomposed)


def field_of(header: str) -> str | None:
    """The canonical field of a header, matched whole against the aliases."""
    return _FIELD_BY_ALIAS.get(normalize_header(header))


@dataclass(frozen=True, slots=True)
class HeaderNames:
    """What a header is known by: normalised header → field, and the groups of which a whole one has a field each."""

    fields: MappingABC[str, str]
    required: tuple[Set[str], ...] = ()

    def found_in(self, cells: Sequence[object]) -> set[str]:
        """The fields that a row would name if it were the header."""
        # A title row can have a whole paragraph. No alias is that long, so it is not normalised.
        names = (normalize_header(cell) for cell in cells if isinstance(cell, str) and cell and len(cell) <= 100)
        return {self.fields[name] for name in names if name in self.fields}

    def are_enough(self, fields: Set[str]) -> bool:
        """Whether a row with these fields is the header, whatever comes after it; without groups none is."""
        return bool(self.required) and not any(group.isdisjoint(fields) for group in self.required)


# Enough for a case are a key, a total and a name (DESIGN §5 "Required").
CASE_NAMES = HeaderNames(_FIELD_BY_ALIAS, ({"nro_cliente"}, {"total"}, frozenset(NAME_FIELDS)))


def chosen_by_name(headers: Sequence[str], choices: Sequence[str]) -> dict[int, str | None]:
    """Overrides from `FIELD=HEADER` texts: the header as it is written, or without case, accents and punctuation.

    Raises `ImportFailed` for an unknown field or header.
    """
    chosen: dict[int, str | None] = {}
    for choice in choices:
        field, equals, wanted = choice.partition("=")
        if not equals:
            raise ImportFailed(f"«{choice}» no dice qué columna: escriba DATO=ENCABEZADO, por ejemplo total=Saldo.")
        field, wanted = field.strip(), wanted.strip().strip('"')
        if field not in ALIASES and field.removeprefix(EXTRA) in ("", field):
            raise ImportFailed(f"«{field}» no es un dato que se pueda importar. Datos: {', '.join(FIELDS)}.")
        same = [index for index, header in enumerate(headers) if header.strip() == wanted]
        name = normalize_header(wanted)
        same += [index for index, header in enumerate(headers) if name and normalize_header(header) == name]
        if not same:
            raise ImportFailed(f"No existe la columna «{wanted}». Encabezados encontrados: {headers_shown(headers)}.")
        chosen[same[0]] = field
    return chosen


def map_columns(headers: Sequence[str], overrides: MappingABC[int, str | None] | None = None) -> Mapping:
    """Map headers to fields; `overrides` ({column index: field or None}) are corrections by a person.

    Of two headers with the same field the more specific is used, else the first, and the other is listed in `ignored`;
    every phone column is used. An override takes its field from the column that had it. Raises `ImportFailed` for a
    missing required column (naming the headers found) and for an override with an unknown column or field.
    """
    headers = [str(header) for header in headers]
    overrides = dict(overrides or {})
    _check_overrides(headers, overrides)
    fields, left, rivals = _fields_of(headers, overrides)
    phones = _phone_columns(headers, overrides)
    ignored: list[IgnoredColumn] = []
    used = {*fields.values(), *(column.index for column in phones)}
    for index, header in enumerate(headers):
        if index in used:
            continue
        if index in overrides:
            ignored.append(IgnoredColumn(index, header, "Se indicó no importarla."))
        elif index in left:
            field = left[index]
            taken = headers[fields[field]].strip()
            reason = f"Repite el dato «{LABELS[field]}», que ya se toma de la columna «{taken}»."
            ignored.append(IgnoredColumn(index, header, reason))
        elif header.strip():
            ignored.append(IgnoredColumn(index, header, UNKNOWN_HEADER))
    main = next((column for column in phones if column.kind != WORK), None)
    if main is not None:
        fields["telefono"] = main.index
    work = next((column for column in phones if column.kind == WORK), None)
    if work is not None:
        fields["telefono_laboral"] = work.index
    _check_required(fields, headers)
    more = tuple(column for column in phones if column is not main)
    return Mapping(fields, headers, ignored, more, main.kind if main else "", rivals)


def detected_fields(headers: Sequence[str]) -> dict[int, str]:
    """The field of each column as its header names it, without those that a person has to choose between."""
    fields, _, rivals = _fields_of(headers, {})
    asked = {field for field, _, _ in rivals}
    phones = {
        column.index: "telefono_laboral" if column.kind == WORK else "telefono"
        for column in _phone_columns(headers, {})
    }
    return {index: field for field, index in fields.items() if field not in asked} | phones


def _fields_of(
    headers: Sequence[str], overrides: dict[int, str | None]
) -> tuple[dict[str, int], dict[int, str], tuple[tuple[str, int, int], ...]]:
    """The column of each field but the phones, the field of each column that is left, and the rivals."""
    fields = {field: index for index, field in overrides.items() if field is not None and field not in PHONE_FIELDS}
    names = [normalize_header(header) for header in headers]
    found: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        field = _FIELD_BY_ALIAS.get(name)
        if field is not None and field not in PHONE_FIELDS and index not in overrides:
            found.setdefault(field, []).append(index)
    _part_documents(found, names, fields)
    left: dict[int, str] = {}
    rivals: list[tuple[str, int, int]] = []
    for field, indices in found.items():
        beaten = {
            index
            for index in indices
            if any(names[index] in _MORE_SPECIFIC.get(names[other], ()) for other in indices if other != index)
        }
        best = [index for index in indices if index not in beaten]
        if field not in fields:
            fields[field] = best[0]
            rivals += [(field, best[0], other) for other in best[1:] if field in ASKED_ABOUT]
        left |= {index: field for index in indices if index != fields[field]}
    return fields, left, tuple(rivals)


def _part_documents(found: dict[str, list[int]], names: list[str], fields: dict[str, int]) -> None:
    """A column CUIT beside one with the DNI fills its own field; alone it may have either, as `dni` reads it."""
    documents = found.get("dni", [])
    cuits = [index for index in documents if names[index] in _CUITS]
    if cuits and (len(cuits) < len(documents) or "dni" in fields) and "cuit" not in fields:
        found["cuit"] = cuits
        found["dni"] = [index for index in documents if index not in cuits]
        if not found["dni"]:
            del found["dni"]


def _phone_columns(headers: Sequence[str], overrides: dict[int, str | None]) -> list[PhoneColumn]:
    columns = []
    for index, header in enumerate(headers):
        name = normalize_header(header)
        field = overrides[index] if index in overrides else _FIELD_BY_ALIAS.get(name)
        if field == "telefono_laboral":
            columns.append(PhoneColumn(index, WORK))
        elif field == "telefono":
            columns.append(PhoneColumn(index, MOBILE if name in _MOBILE_NAMES else ""))
    return columns


def _check_overrides(headers: list[str], overrides: dict[int, str | None]) -> None:
    chosen = [field for field in overrides.values() if field is not None]
    unknown = [field for field in chosen if field not in ALIASES]
    if unknown:
        raise ImportFailed(f"«{unknown[0]}» no es un dato que se pueda importar.")
    if any(not 0 <= index < len(headers) for index in overrides):
        raise ImportFailed("La correspondencia de columnas no es de este archivo: vuelva a subirlo.")
    repeated = next((field for field in chosen if chosen.count(field) > 1 and field not in PHONE_FIELDS), None)
    if repeated:
        raise ImportFailed(f"El dato «{LABELS[repeated]}» está asignado a dos columnas: deje una sola.")


def _check_required(fields: dict[str, int], headers: list[str]) -> None:
    missing = [LABELS[field] for field in ("nro_cliente", "total") if field not in fields]
    if not any(field in fields for field in NAME_FIELDS):
        missing.insert(1 if "nro_cliente" not in fields else 0, LABELS["full_name"])
    if not missing:
        return
    found = headers_shown(headers)
    which = "Falta la columna obligatoria" if len(missing) == 1 else "Faltan las columnas obligatorias"
    needed = ", ".join(f"«{label}»" for label in missing)
    message = f"{which} {needed}. Encabezados encontrados: {found}. Corrija el encabezado del archivo."
    raise ImportFailed(" ".join(message.split()))


def headers_shown(headers: Sequence[str]) -> str:
    """The headers of a file in a message."""
    shown = [f"«{header.strip()}»" for header in headers if header.strip()][:_MAX_HEADERS_SHOWN]
    return ", ".join(shown) or "ninguno"
