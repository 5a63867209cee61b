"""Why a person, or one of their debts, is not contacted (DESIGN §3.6). Pure: no database, no clock."""

from enum import StrEnum


class Channel(StrEnum):
    """`ALL` takes the debts out of queues and bulk runs; the others only say how the person is not contacted."""

    ALL = "all"
    CALL = "call"
    MESSAGE = "message"
    EMAIL = "email"
    SMS = "sms"
    VISIT = "visit"
    LETTER = "letter"


class Reason(StrEnum):
    PIDE_NO_CONTACTO = "pide_no_contacto"
    DESCONOCE = "desconoce"
    RECLAMO = "reclamo"
    ABOGADO = "abogado"
    FALLECIDO = "fallecido"
    REVISION = "revision"
    MISSING = "missing"  # the creditor's file no longer has the debt


# The reasons of the seeded result codes. A code that staff added stops for review: somebody has to look.
REASON_OF_RESULT = {
    "NOC": Reason.PIDE_NO_CONTACTO,
    "DES": Reason.DESCONOCE,
    "REC": Reason.RECLAMO,
    "ABG": Reason.ABOGADO,
    "FAL": Reason.FALLECIDO,
}
# The seeded codes that stop the person; those of files that do not say it yet (cases.transfer).
STOP_THE_PERSON = frozenset({"NOC", "FAL", "ABG"})


def reason_of_result(code: str | None) -> Reason:
    return REASON_OF_RESULT.get(code or "", Reason.REVISION)


def consequence(*, stops_person: bool, others: int = 0) -> str:
    """What a result that stops does, for whoever is about to save it; `others`: further debts of its gestión."""
    until = "hasta que un administrador decida"
    if stops_person:
        return f"saca a la persona de todas las bandejas, con todas sus deudas, {until}"
    if others:
        which = "la otra que marcó" if others == 1 else f"las otras {others} que marcó"
        return f"saca de la bandeja esta deuda y {which}, {until}; las demás de la persona siguen"
    return f"saca de la bandeja solo esta deuda, {until}; las demás de la persona siguen"
