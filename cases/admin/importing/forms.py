"""The forms of the import pages: the file with its options, and the fields of the columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from cases.importing.aftermath import CLOSE, MOST_MISSING, REPORT, REVIEW
from cases.importing.columns import EXTRA, FIELDS, LABELS, NAME_FIELDS, PHONE_FIELDS
from cases.importing.dealing import ROUND_ROBIN
from cases.importing.kept_columns import key_of, refusal_of
from cases.importing.plan import SKIP, UPDATE
from cases.importing.run import MAX_CARTERA_NAME
from cases.importing.table import MIB
from cases.importing.uploads import Column
from cases.models import Cartera, CarteraField

DATE_ORDERS = [
    ("dmy", "Día/mes/año (24/11/2026)"),
    ("mdy", "Mes/día/año (11/24/2026)"),
    ("ymd", "Año/mes/día (2026/11/24)"),
]
ON_EXISTING = [
    (UPDATE, "Actualizarlos: saldo, último pago y datos de contacto que falten"),
    (SKIP, "Dejarlos como están"),
]
MISSING = [
    (REPORT, "Dejarlos como están (se informan)"),
    (REVIEW, "Pasarlos a revisión: salen de la cola hasta que un administrador los vea"),
    (CLOSE, "Darlos de baja"),
]
NOT_IMPORTED = "No importar"
KEEP = "keep"  # of a column that nobody knows yet


def in_mib(size: int) -> str:
    """A size in bytes as text: `20 MB`, `21,3 MB`."""
    return f"{size / MIB:.1f}".removesuffix(".0").replace(".", ",") + " MB"


def checked_size(file: UploadedFile | None, command: str) -> UploadedFile | None:
    """The file, unless it is larger than a page takes: the refusal names the command that takes it."""
    limit = settings.IMPORT_UPLOAD_MAX_BYTES
    if file and file.size is not None and file.size > limit:
        raise forms.ValidationError(
            f"El archivo pesa {in_mib(file.size)} y por esta página se aceptan hasta {in_mib(limit)}. Cárguelo en "
            f"el servidor con «manage.py {command}», o divídalo."
        )
    return file


def assignment_choices() -> list[tuple[str, Any]]:
    gestores = list(User.objects.gestores().order_by("first_name", "last_name", "username"))
    choices: list[tuple[str, Any]] = [("", "A nadie: quedan sin asignar")]
    if gestores:
        choices.append((ROUND_ROBIN, f"A todos los gestores activos, en partes iguales ({len(gestores)})"))
        choices.append(("A un gestor", [(gestor.username, str(gestor)) for gestor in gestores]))
    return choices


class UploadForm(forms.Form):
    """The file and its options. With `stored` (a file is already uploaded) the file may be empty."""

    file = forms.FileField(
        label="Archivo",
        help_text="CSV, TSV, XLSX, XLS u ODS; se reconoce por su contenido.",
        error_messages={"empty": "El archivo está vacío: vuelva a exportarlo o copiarlo."},
    )
    cartera = forms.ModelChoiceField(
        Cartera.objects.active(), label="Cartera", required=False, empty_label="— Elija una cartera —"
    )
    new_cartera = forms.CharField(
        label="O una cartera nueva",
        required=False,
        max_length=MAX_CARTERA_NAME,
        help_text="Se crea al confirmar la importación.",
    )
    sheet = forms.CharField(
        label="Hoja",
        required=False,
        max_length=100,
        help_text="De una planilla con varias hojas. Vacío: la primera visible que tenga encabezado. "
        "«all»: todas las visibles con el mismo encabezado.",
    )
    date_order = forms.ChoiceField(label="Orden de las fechas", choices=DATE_ORDERS, initial="dmy")
    assign_to = forms.ChoiceField(label="Asignar los casos nuevos", required=False, choices=assignment_choices)
    on_existing = forms.ChoiceField(label="Casos que ya existen", choices=ON_EXISTING, initial=UPDATE)
    missing = forms.ChoiceField(
        label="Casos abiertos que el archivo ya no trae", required=False, choices=MISSING, initial=REPORT
    )
    missing_max = forms.IntegerField(
        label="Hasta qué porcentaje de los abiertos",
        required=False,
        min_value=0,
        max_value=100,
        initial=MOST_MISSING,
        help_text="Si falta una parte mayor, no se importa nada: suele ser un archivo incompleto.",
    )
    new_keys = forms.BooleanField(
        label="Crear los números que parecen otro escrito de otra forma",
        required=False,
        help_text="Sin marcar, se rechazan como posible duplicado cuando el documento falta o es otro.",
    )

    def __init__(self, *args: Any, may_create: bool, stored: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].required = not stored
        if not may_create:
            del self.fields["new_cartera"]

    def clean_file(self) -> UploadedFile | None:
        return checked_size(self.cleaned_data["file"], "import_cases ARCHIVO --cartera NOMBRE")

    def clean_new_cartera(self) -> str:
        name = " ".join(self.cleaned_data["new_cartera"].split())
        existing = Cartera.objects.named(name) if name else None
        if existing is not None and existing.is_active:
            raise forms.ValidationError(f"La cartera «{existing}» ya existe: elíjala en la lista.")
        if existing is not None:
            raise forms.ValidationError(f"La cartera «{existing}» ya existe y está inactiva: actívela primero.")
        return name

    def clean(self) -> None:
        chosen, new = self.cleaned_data.get("cartera"), self.cleaned_data.get("new_cartera")
        if chosen and new:
            self.add_error("new_cartera", "Elija una cartera de la lista o escriba una nueva, no las dos.")
        elif not chosen and not new and not self.errors.keys() & {"cartera", "new_cartera"}:
            self.add_error("cartera", "Elija la cartera a la que pertenecen los casos.")

    @property
    def options(self) -> dict[str, Any]:
        """The options for `uploads.store`."""
        data = self.cleaned_data
        return {
            "cartera": data["cartera"].name if data["cartera"] else data["new_cartera"],
            "create_cartera": not data["cartera"],
            "sheet": data["sheet"],
            "date_order": data["date_order"],
            "assign_to": data["assign_to"],
            "on_existing": data["on_existing"],
            "missing": data["missing"] or REPORT,
            "missing_max": MOST_MISSING if data["missing_max"] is None else data["missing_max"],
            "new_keys": data["new_keys"],
        }


def initial_of(options: dict[str, Any]) -> dict[str, Any]:
    """The options of an upload as `UploadForm` shows them."""
    cartera = Cartera.objects.named(options["cartera"])
    return {**options, "cartera": cartera, "new_cartera": "" if cartera else options["cartera"]}


class ColumnsForm(forms.Form):
    """A select for each column of the file, `column_<index>`; empty means that it is not imported.

    `chosen` is what a person said of each column, `kept` the columns of the creditor that the cartera keeps.
    """

    def __init__(
        self,
        *args: Any,
        columns: Sequence[Column],
        chosen: Mapping[int, str | None] | None,
        kept: Sequence[CarteraField] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.columns = columns
        self.labels = {**LABELS, **{f"{EXTRA}{field.header}": field.label for field in kept}}
        given = {field for field in (chosen or {}).values() if field and field.startswith(EXTRA)}
        new = [(field, field[len(EXTRA) :]) for field in sorted(given - self.labels.keys())]
        choices = [
            ("", NOT_IMPORTED),
            *((field, LABELS[field]) for field in FIELDS),
            (
                "Datos del acreedor",
                [
                    *((f"{EXTRA}{field.header}", field.label) for field in kept),
                    *new,
                    (KEEP, "Guardar como dato del acreedor"),
                ],
            ),
        ]
        self.labels |= dict(new)
        for column in columns:
            field = column.detected if chosen is None else chosen.get(column.index)
            self.fields[f"column_{column.index}"] = forms.ChoiceField(
                label=f"Dato de la columna {column.letter}",
                choices=choices,
                required=False,
                initial=field or "",
                widget=forms.Select(attrs={"aria-label": f"Dato de la columna {column.letter} «{column.header}»"}),
            )

    def rows(self) -> list[tuple[Column, forms.BoundField]]:
        """Each column with its select."""
        return [(column, self[f"column_{column.index}"]) for column in self.columns]

    def _field_of(self, column: Column) -> str | None:
        field = self.cleaned_data.get(f"column_{column.index}") or None
        return f"{EXTRA}{key_of(column.header)}" if field == KEEP else field

    @property
    def chosen(self) -> dict[int, str | None]:
        """Column index → field, None where a person left out one that would be imported."""
        fields = {column.index: self._field_of(column) for column in self.columns}
        detected = {column.index for column in self.columns if column.detected}
        return {index: field for index, field in fields.items() if field or index in detected}

    def clean(self) -> None:
        taken: dict[str, Column] = {}
        for column in self.columns:
            name = f"column_{column.index}"
            field = self._field_of(column)
            if not field:
                continue
            if self.cleaned_data[name] == KEEP and (refusal := refusal_of(column.header)):
                self.add_error(name, refusal)
                continue
            if field in taken and field not in PHONE_FIELDS:
                label = self.labels.get(field, field.removeprefix(EXTRA))
                self.add_error(name, f"«{label}» ya se toma de la columna {taken[field].letter}: deje una sola.")
            taken.setdefault(field, column)
        missing = [LABELS[field] for field in ("nro_cliente", "total") if field not in taken]
        if taken.keys().isdisjoint(NAME_FIELDS):
            missing.append("un nombre (Nombre, Apellido o Apellido y nombre)")
        if missing:
            listed = " · ".join(missing)
            self.add_error(None, f"Falta indicar qué columna trae: {listed}.")
