"""The input of a case in the API: it splits the sent data into calls of the services (DESIGN §7)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User
from cases import services
from cases.api.reading import visible_case
from cases.api.refusals import NO_CARTERA, NO_STATUS
from cases.api.serializers import (
    MONEY_IS_ELSEWHERE,
    MONEY_KEYS,
    READ_ONLY_KEYS,
    CaseDetailOut,
    CaseUpdateIn,
    same_amount,
)
from cases.importing.cells import split_full_name
from cases.models import Cartera, Case, CaseStatus, Debtor, DebtorPhone
from cases.models.debtor import CONTACT_FIELDS
from cases.rules.identity import may_be_the_same
from cases.services.settlement import lock_case
from nova.lib.databases import lock_rows
from nova.lib.documents import NobodysDocument, parse_document
from nova.lib.phones import read_phone
from nova.lib.refusals import by_field
from nova.lib.rest.body import as_sent

# The keys that the assigned gestor may change; only an admin may change the others (DESIGN §7).
GESTOR_KEYS = {*CONTACT_FIELDS, "telefono", "notes"}
API_KEYS = {
    "first_name": "name",
    "last_name": "lastname",
    "cuit": "dni",
    "creditor_last_payment_date": "last_payment_date",
    "__all__": "non_field_errors",
}
KEY_TAKEN = "Esa cartera ya tiene un caso con ese número de cliente."


# --- A new case --------------------------------------------------------------------------------------
Warnings = dict[str, list[str]]


def create_case(data: Mapping[str, Any], *, by: User) -> tuple[Case, Warnings]:
    """Place a case, for the existing debtor with that document or a new one; with what to look at, by key.

    Raises ValidationError with API keys.
    """
    try:
        with transaction.atomic(), _as_sent():
            return _create(data, by=by)
    except IntegrityError:
        # Another request has just stored the same debtor, who is joined now, or the same key, which is refused by name.
        with transaction.atomic(), _as_sent():
            return _create(data, by=by)


def _create(data: Mapping[str, Any], *, by: User) -> tuple[Case, Warnings]:
    warnings: Warnings = {}
    cartera = _cartera(data)
    nro_cliente = _key(data.get("nro_cliente"))
    _check_key(cartera, nro_cliente)
    case = services.place_case(
        cartera=cartera,
        debtor=_debtor(data, warnings, by=by),
        amount=data["amount"],
        by=by,
        nro_cliente=nro_cliente,
        entity=data.get("entity", ""),
        initial_amount=data.get("initial_amount"),
        creditor_last_payment_date=data.get("last_payment_date"),
        status=_new_status(data),
        assigned_to=_gestor(data.get("assigned_to_id")),
        notes=data.get("notes", ""),
    )
    _add_phone(case, data.get("telefono"))
    return case, warnings


def _debtor(data: Mapping[str, Any], warnings: Warnings, *, by: User) -> Debtor:
    """The debtor with that document, only with empty fields filled (DESIGN §5), or a new one.

    A document that nobody has joins nobody, nor does one that comes with no word of the stored surname.
    """
    try:
        documents = _documents(data.get("dni"))
    except NobodysDocument as error:
        documents = {}
        warnings["dni"] = [f"«{data['dni']}» {error}: el deudor se cargó sin documento."]
    first_name, last_name = _names(data)
    given = {name: data[name] for name in CONTACT_FIELDS if data.get(name)}
    debtor = _locked_debtor(documents) if documents else None
    if debtor is not None and not may_be_the_same(
        stored_surname=debtor.last_name or debtor.first_name, stated_name=f"{first_name} {last_name}"
    ):
        warnings["dni"] = [
            f"DNI de otra persona: ¿la misma? Es de {debtor}, cuyo apellido no coincide: el deudor se cargó aparte y "
            "sin documento."
        ]
        debtor, documents = None, {}
    if debtor is not None:
        services.fill_in_debtor(debtor=debtor, by=by, given=given)
        return debtor
    debtor = Debtor(first_name=first_name, last_name=last_name, **documents, **given)
    # Whether the document is new only the database can say: of two requests at the same moment neither sees the other.
    debtor.full_clean(exclude=set(documents))
    debtor.save()
    return debtor


def _locked_debtor(documents: Mapping[str, str]) -> Debtor | None:
    """Locked, because all fields are saved, which would undo a concurrent edit, and so that nobody deletes them."""
    named = Debtor.objects.filter(**documents)
    return next(iter(lock_rows(named, list(named.values_list("pk", flat=True)))), None)


# --- An edit -----------------------------------------------------------------------------------------
@transaction.atomic
def update_case(case: Case, sent: Mapping[str, Any], *, by: User, version: int | None) -> None:
    """Write the sent keys that differ.

    Raises ValidationError, StaleVersion, Gone, and PermissionDenied for keys that a gestor may not change.
    """
    lock_case(case, version=version)
    case = visible_case(by, case.pk)
    changes = _changes(case, sent)
    _check_role(changes, by=by)
    serializer = CaseUpdateIn(data=changes)
    serializer.is_valid(raise_exception=True)
    data = serializer.validated_data
    with _as_sent():
        changed, of_debtor = _edits(case, data)
        services.edit_case(case=case, by=by, changes=changed, debtor_changes=of_debtor)
    if status := _new_status(data):
        services.change_status(case=case, status=status, by=by)
    if "assigned_to_id" in data:
        gestor = _gestor(data["assigned_to_id"])
        services.assign_cases(cases=Case.objects.filter(pk=case.pk), gestor=gestor, by=by)
    _add_phone(case, data.get("telefono"))


def _changes(case: Case, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The sent keys whose value differs. Raises ValidationError, by key, for read-only keys that differ."""
    shown = as_sent(CaseDetailOut(case).data)
    changes = {name: value for name, value in sent.items() if name == "version" or not _repeats(shown, name, value)}
    refused = {name: [MONEY_IS_ELSEWHERE] for name in changes if name in MONEY_KEYS}
    refused |= {
        name: ["Es de solo lectura."]
        for name in changes
        if name in READ_ONLY_KEYS and name not in MONEY_KEYS and name != "version"
    }
    refused |= {name: ["La cartera de un caso no se cambia."] for name in changes if name in ("cartera", "cartera_id")}
    if refused:
        raise ValidationError(refused)
    return changes


def _repeats(shown: Mapping[str, Any], name: str, value: Any) -> bool:
    if name not in shown:
        return False
    if name in (*MONEY_KEYS, "initial_amount") and shown[name] is not None:
        return same_amount(shown[name], value)
    return type(shown[name]) is type(value) and shown[name] == value


def _check_role(changes: Mapping[str, Any], *, by: User) -> None:
    beyond = sorted(set(changes) - GESTOR_KEYS - {"version"})
    known = [name for name in beyond if name in CaseUpdateIn().fields]
    if known and not by.is_admin:
        raise PermissionDenied(f"Un gestor no cambia {', '.join(known)}: pídalo a un administrador.")


def _edits(case: Case, data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The changes of the case, and those of its debtor."""
    changes = {name: data[name] for name in ("initial_amount", "notes") if name in data}
    if "entity" in data:
        changes["entity"] = data["entity"] or case.cartera.name
    if "nro_cliente" in data:
        changes["nro_cliente"] = _key(data["nro_cliente"])
        _check_key(case.cartera, changes["nro_cliente"], other_than=case)
    debtor: dict[str, Any] = {name: data[name] for name in CONTACT_FIELDS if name in data}
    names = {field: data[name] for field, name in (("first_name", "name"), ("last_name", "lastname")) if name in data}
    if names:
        debtor |= names
    elif "debtor_name" in data:
        debtor["first_name"], debtor["last_name"] = split_full_name(data["debtor_name"])
    if "dni" in data:
        try:
            documents: dict[str, Any] = _documents(data["dni"]) or {"dni": None}
        except NobodysDocument as error:
            raise ValidationError({"dni": f"«{data['dni']}» {error}: déjelo vacío."}) from error
        debtor |= documents
    return changes, debtor


def _new_status(data: Mapping[str, Any]) -> CaseStatus | None:
    """The status given by `management_status` or `status` (a slug, or a stage for its default).

    Raises ValidationError when they contradict each other.
    """
    chosen = _status(data)
    if chosen and "status" in data and data["status"] not in (chosen.slug, chosen.stage):
        raise ValidationError({"status": "status y management_status dicen cosas distintas."})
    return chosen


@contextmanager
def _as_sent() -> Iterator[None]:
    """Rename the fields of a ValidationError raised inside to the keys of the API."""
    try:
        yield
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            raise
        raise ValidationError(by_field(error, API_KEYS)) from error


# --- One key -----------------------------------------------------------------------------------------
def _cartera(data: Mapping[str, Any]) -> Cartera:
    name, pk = data.get("cartera"), data.get("cartera_id")
    cartera = Cartera.objects.named(name) if name else Cartera.objects.filter(pk=pk or 0).first()
    if cartera is None:
        raise ValidationError({"cartera" if name else "cartera_id": NO_CARTERA})
    if name and pk and cartera.pk != pk:
        raise ValidationError({"cartera_id": "No es la de esa cartera."})
    if not cartera.is_active:
        raise ValidationError({"cartera": "Esa cartera está inactiva."})
    return cartera


def _key(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None


def _check_key(cartera: Cartera, nro_cliente: str | None, *, other_than: Case | None = None) -> None:
    taken = Case.objects.filter(cartera=cartera, nro_cliente=nro_cliente).exclude(pk=other_than.pk if other_than else 0)
    if nro_cliente is not None and taken.exists():
        raise ValidationError({"nro_cliente": KEY_TAKEN})


def _names(data: Mapping[str, Any]) -> tuple[str, str]:
    if data.get("lastname"):
        return data.get("name", ""), data["lastname"]
    return split_full_name(data["debtor_name"])


def _documents(text: str | None) -> dict[str, str]:
    if not text:
        return {}
    try:
        document = parse_document(text)
    except NobodysDocument:
        raise
    except ValueError as error:
        raise ValidationError({"dni": f"«{text}» {error}."}) from error
    found = {"dni": document.dni} if document.dni else {"cuit": document.cuit}
    return {name: value for name, value in found.items() if value}


def status_named(name: str) -> CaseStatus:
    """A status by its slug, else the default of a stage of that name. Raises ValidationError (key status)."""
    status = CaseStatus.objects.filter(slug=name).first()
    if status is None and name in CaseStatus.Stage.values:
        status = CaseStatus.objects.default_of(name)
    if status is None:
        raise ValidationError({"status": NO_STATUS})
    return status


def _status(data: Mapping[str, Any]) -> CaseStatus | None:
    if slug := data.get("management_status"):
        status = CaseStatus.objects.filter(slug=slug).first()
        if status is None:
            raise ValidationError({"management_status": NO_STATUS})
        return status
    return status_named(data["status"]) if data.get("status") else None


def _gestor(pk: int | None) -> User | None:
    if pk is None:
        return None
    gestor = User.objects.gestores().filter(pk=pk).first()
    if gestor is None:
        raise ValidationError({"assigned_to_id": "No es un gestor activo: vea GET /api/v1/users/gestores."})
    return gestor


def _add_phone(case: Case, text: str | None) -> None:
    if not text:
        return
    phone = read_phone(text)
    services.add_phone(case=case, phone=DebtorPhone(number=phone.number, kind=phone.kind))
