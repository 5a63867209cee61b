"""The keys of the gestor's screen: one table. The page prints it, and static/js/desk.js does what the page prints."""

from typing import NamedTuple

CHORD = "Ctrl+"


class Command(NamedTuple):
    """What a key does. `name` is known to static/js/desk.js, but for «open», which the browser does by itself."""

    name: str
    keys: tuple[str, ...]  # as KeyboardEvent.key says them; «Ctrl+» before a chord
    words: str

    @property
    def shown(self) -> list[list[str]]:
        """The keys as they are printed: the parts of each."""
        return [[SHOWN.get(part, part) for part in _parts(key)] for key in self.keys]


SHOWN = {"Escape": "Esc"}

COMMANDS = (
    Command("next", ("j",), "Caso siguiente, sin guardar"),
    Command("previous", ("k",), "Caso anterior"),
    Command("open", ("Enter",), "Abrir el caso marcado en la lista"),
    Command("call", ("c",), "Llamar al teléfono elegido"),
    Command("arrange", ("a",), "Convenio: qué se puede ofrecer"),
    Command("snooze", ("h",), "Posponer: vuelve otro día"),
    Command("find", ("/", "Ctrl+k"), "Buscar"),
    Command("save", ("Ctrl+Enter",), "Guardar y siguiente"),
    Command("leave", ("Escape",), "Salir del campo, o cerrar esta lista"),
    Command("undo", ("u",), "Deshacer lo que se acaba de guardar"),
    Command("keys", ("?",), "Esta lista"),
)


# Those of «Autorizaciones» (static/js/requests.js); each acts on the request that has the focus, else on the first.
REQUEST_COMMANDS = (
    Command("next", ("j",), "pedido siguiente"),
    Command("previous", ("k",), "anterior"),
    Command("approve", ("s",), "autorizar"),
    Command("reject", ("n",), "no autorizar: pide el motivo"),
    Command("undo", ("u",), "deshacer"),
)


def _parts(key: str) -> list[str]:
    if not key.startswith(CHORD):
        return [key]
    last = key.removeprefix(CHORD)
    return ["Ctrl", last.upper() if len(last) == 1 else last]
