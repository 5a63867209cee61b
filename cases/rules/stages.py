"""The stages of a case (DESIGN §2): the closed set that rules use. Staff define statuses; each belongs to one stage."""

from enum import StrEnum


class Stage(StrEnum):
    EN_GESTION = "en_gestion"
    PROMESA = "promesa"
    PAGADA = "pagada"
    INCOBRABLE = "incobrable"
    DE_BAJA = "de_baja"
