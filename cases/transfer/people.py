"""Matches the users of a file with those of this installation. Users are never imported."""

import csv
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from accounts.models import User
from cases.transfer.result import TransferFailed

COLUMNS = ("legacy_id", "username")
NAME_THERE = "legacy_username"


class Person(NamedTuple):
    pk: int
    username: str
    may_hold_cases: bool


class UsersMap(NamedTuple):
    called: dict[str, str]  # name, or number, in the file → username here
    names_there: frozenset[str]  # usernames in the file that the map says who they are here


class People:
    """`called` maps names in the file to usernames here; `by_username`: other names are usernames too.

    Open cases without a gestor go to `default_gestor`, else to the only one there is; with `leaves_unassigned` they
    stay without. Raises TransferFailed when a username of the map, or the default gestor, does not exist here.
    """

    def __init__(
        self, users_map: UsersMap, *, by_username: bool, default_gestor: str = "", leaves_unassigned: bool = False
    ) -> None:
        self._here = {
            username: Person(pk, username, is_active and role == User.Role.GESTOR)
            for pk, username, role, is_active in User.objects.values_list("pk", "username", "role", "is_active")
        }
        if unknown := sorted({username for username in users_map.called.values() if username not in self._here}):
            raise TransferFailed(
                f"El mapa de usuarios nombra a quien no existe aquí: {', '.join(unknown)}. Créelos antes."
            )
        if not by_username and (odd := sorted(name for name in users_map.called if not name.isdecimal())):
            raise TransferFailed(
                f"El mapa de usuarios tiene en legacy_id lo que no es un número: {', '.join(odd)}. Ahí va el número "
                "que el usuario tenía en el sistema anterior."
            )
        self._called, self._by_username = users_map.called, by_username
        self.names_there = users_map.names_there
        self._gestores = sorted(name for name, person in self._here.items() if person.may_hold_cases)
        if default_gestor and default_gestor not in self._gestores:
            raise TransferFailed(f"«{default_gestor}» no es un gestor activo de esta instalación: elija otro.")
        if default_gestor and leaves_unassigned:
            raise TransferFailed("--default-gestor y --unassigned se contradicen: elija uno.")
        named = default_gestor or (self._gestores[0] if len(self._gestores) == 1 else "")
        # Who gets open cases without a gestor; None: nobody, or it has not been said who.
        self.default = None if leaves_unassigned else self._here.get(named)
        self._leaves_unassigned = leaves_unassigned
        self._asked: set[str] = set()
        self.unknown: Counter[str] = Counter()

    def find(self, name: object) -> Person | None:
        """The user here with that name in the file; None, and counted as unknown, when there is none."""
        if name in (None, ""):
            return None
        self._asked.add(str(name))
        username = self._called.get(str(name), str(name) if self._by_username else "")
        person = self._here.get(username)
        if person is None:
            self.unknown[str(name)] += 1
        return person

    def default_gestor(self) -> int | None:
        """The id of the gestor for an open case without one; None with `leaves_unassigned`.

        Raises TransferFailed when there is none, or several and none was named.
        """
        if self.default is None and not self._leaves_unassigned:
            if not self._gestores:
                raise TransferFailed(
                    "Hay casos abiertos sin gestor y aquí no hay ningún gestor activo: cree uno antes, o déjelos sin "
                    "gestor con --unassigned."
                )
            raise TransferFailed(
                "Hay casos abiertos sin gestor y varios gestores activos: elija quién los recibe con --default-gestor "
                f"({', '.join(self._gestores)}), y después se reparten con assign_cases; o déjelos sin gestor con "
                "--unassigned."
            )
        return self.default.pk if self.default else None

    @property
    def unmatched(self) -> list[str]:
        """The names of the map that the file does not have."""
        return [name for name in self._called if name not in self._asked]


def read_users_map(path: Path | None) -> UsersMap:
    """Read a CSV with `legacy_id,username` and maybe `legacy_username`, who that is there.

    Semicolons, a BOM and blank lines are accepted.
    """
    if path is None:
        return UsersMap({}, frozenset())
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TransferFailed(f"No se puede leer el mapa de usuarios «{path}»: {error}.") from error
    head = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=";" if ";" in head else ",")
    rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or []]
    if sorted({*rows.fieldnames} - {NAME_THERE}) != sorted(COLUMNS):
        raise TransferFailed(f"«{path.name}» debe tener las columnas {', '.join(COLUMNS)} en su primera fila.")
    called: dict[str, str] = {}
    names_there = set()
    for row in rows:
        old, new = (str(row[column] or "").strip() for column in COLUMNS)
        if not old and not new:
            continue
        if not old or not new:
            raise TransferFailed(f"«{path.name}», línea {rows.line_num}: falta un dato; cada fila lleva los dos.")
        if called.setdefault(old, new) != new:
            raise TransferFailed(f"«{path.name}», línea {rows.line_num}: el {old} ya estaba, con otro usuario.")
        names_there.add(str(row.get(NAME_THERE) or "").strip())
    return UsersMap(called, frozenset(names_there))
