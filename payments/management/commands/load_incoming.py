"""Loads what others have left in a folder. The rules are DESIGN §5.2; `payments.management.incoming` does the work."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments.management.incoming import (
    NEEDS_A_PERSON,
    NOTHING_DONE,
    Busy,
    Unusable,
    alone_in,
    load,
    note,
    send_notices,
    whole_files,
)

SETTLED = 60


class Command(BaseCommand):
    help = (
        "Carga los archivos de casos y de pagos que se dejaron en una carpeta, y los aparta. "
        "Salida: 0 todo bien, 1 algo necesita a una persona, 2 no se pudo usar la carpeta."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path("data/entrada"))
        parser.add_argument(
            "--settled",
            type=float,
            default=SETTLED,
            metavar="SECONDS",
            help=f"cuánto hace que nadie toca un archivo para darlo por entero (si no: {SETTLED})",
        )

    def handle(self, *args: Any, **given: Any) -> None:
        folder, counts = Path(given["folder"]), {"loaded": 0, "rejected": 0, "left": 0}
        needs_a_person = False
        try:
            with alone_in(folder):
                for path in whole_files(folder, settled=given["settled"]):
                    done = load(path, folder)
                    self.stdout.write(f"{path.relative_to(folder)}\n{done.said}\n")
                    if done.code is None:
                        counts["left"] += 1
                        continue
                    counts["rejected" if done.code == NOTHING_DONE else "loaded"] += 1
                    if done.code:
                        needs_a_person = True
                        note(folder, done)
                unsent = send_notices(folder)
        except Busy:
            self.stdout.write("Otro proceso está cargando esta carpeta.")
            return
        except Unusable as error:
            raise CommandError(str(error), returncode=NOTHING_DONE) from error
        if unsent:
            self.stdout.write(unsent)
        self.stdout.write(" ".join(f"{name}={count}" for name, count in counts.items()))
        if needs_a_person or unsent:
            raise SystemExit(NEEDS_A_PERSON)
