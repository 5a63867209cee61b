"""Matches the users of a file with those of this installation. Users are never imported."""

import csv
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from accounts.models import User
from cases.transfer.result import TransferFailed

COLUMNS = ("legacy_id", "username")


class Person(NamedTuple):
    pk: int
    may_hold_cases: bool


class People:
    """`called` maps names in the file to usernames here; `by_username`: other names are usernames too.

    Raises TransferFailed when a username of the map, or the default gestor, does not exist here.
    """

    def __init__(self, called: dict[str, str], *, by_username: bool, default_gestor: str = "") -> None:
        self._here = {
            username: Person(pk, is_active and role == User.Role.GESTOR)
            for pk, username, role, is_active in User.objects.values_list("pk", "username", "role", "is_active")
        }
        if unknown := sorted({username for username in called.values() if username not in self._here}):
            raise TransferFailed(
                f"El mapa de usuarios nombra a quien no existe aquí: {', '.join(unknown)}. Créelos antes."
            )
        self._called = called
        self._by_username = by_username
        self._gestores = sorted(name for name, person in self._here.items() if person.may_hold_cases)
        self._default_gestor = default_gestor
        if default_gestor and default_gestor not in self._gestores:
            raise TransferFailed(f"«{default_gestor}» no es un gestor activo de esta instalación: elija otro.")
        self.unknown: Counter[str] = Counter()

    def find(self, name: object) -> Person | None:
        """The user here with that name in the file; None, and counted as unknown, when there is none."""
        if name in (None, ""):
            return None
        username = self._called.get(str(name), str(name) if self._by_username else "")
        person = self._here.get(username)
        if person is None:
            self.unknown[str(name)] += 1
        return person

    def default_gestor(self) -> int | None:
        """The id of the gestor for open cases without one: the named one, else the only one; None without gestores.

        Raises TransferFailed when there are several and none was named.
        """
        if not self._default_gestor and len(self._gestores) > 1:
            raise TransferFailed(
                "Hay casos abiertos sin gestor y varios gestores activos: elija quién los recibe con --default-gestor "
                f"({', '.join(self._gestores)}). Después se reparten con assign_cases."
            )
        name = self._default_gestor or next(iter(self._gestores), "")
        return self._here[name].pk if name else None


def read_users_map(path: Path | None) -> dict[str, str]:
    """Read a CSV with `legacy_id,username`; semicolons, a BOM and blank lines are accepted."""
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TransferFailed(f"No se puede leer el mapa de usuarios «{path}»: {error}.") from error
    head = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=";" if ";" in head else ",")
    if [name.strip().lower() for name in rows.fieldnames or []] != list(COLUMNS):
        raise TransferFailed(f"«{path.name}» debe tener las columnas {', '.join(COLUMNS)} en su primera fila.")
    rows.fieldnames = list(COLUMNS)
    called: dict[str, str] = {}
    for row in rows:
        old, new = (str(row[column] or "").strip() for column in COLUMNS)
        if not old and not new:
            continue
        if not old or not new:
            raise TransferFailed(f"«{path.name}», línea {rows.line_num}: falta un dato; cada fila lleva los dos.")
        if called.setdefault(old, new) != new:
            raise TransferFailed(f"«{path.name}», línea {rows.line_num}: el {old} ya estaba, con otro usuario.")
    return called
