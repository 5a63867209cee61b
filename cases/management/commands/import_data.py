"""Imports data of another installation or of the old system. The work is done by `cases.transfer`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from cases.management.reporting import Unwritable, WrittenTooLate, csv_text, progress_bar, whole_file
from cases.transfer.messages import load_messages
from cases.transfer.moving import move_in
from cases.transfer.result import REJECTED, Issue, Result, TransferFailed
from nova.lib.databases import trouble_of

REJECTED_ROWS, NOTHING_DONE = 1, 2
SHOWN = 20
LONGEST_LINE = 600
CLASH = (
    "Una fila del archivo tiene el identificador de otra, del archivo o de aquí, que no es la misma. Si viene de otro "
    "sistema anterior, use --origin NOMBRE; si alguien trabajaba mientras tanto, repita la orden."
)
LABELS = {
    "carteras": "Carteras",
    "cartera_fields": "Datos de los acreedores",
    "case_statuses": "Estados",
    "activity_results": "Resultados de gestión",
    "debtors": "Deudores",
    "phones": "Teléfonos",
    "cases": "Casos",
    "activities": "Gestiones",
    "promises": "Promesas",
    "discount_limits": "Límites de quita",
    "offers": "Ofertas",
    "arrangements": "Convenios",
    "instalments": "Cuotas",
    "stops": "Detenciones",
    "paper_texts": "Textos de los papeles",
    "documents": "Papeles",
    "ledger": "Movimientos",
    "import_batches": "Importaciones",
    "contact_submissions": "Mensajes de contacto",
}


class Command(BaseCommand):
    help = (
        "Carga lo que escribió export_data, o el export_for_prod.json del sistema anterior, todo o nada; otra vez, no "
        "agrega nada. Los usuarios no se importan: cree antes a los gestores. "
        "Salida: 0 todo bien, 1 hubo filas que no se cargaron, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", metavar="IN", type=Path, help="el archivo exportado")
        parser.add_argument(
            "--users-map",
            type=Path,
            metavar="CSV",
            help="columnas legacy_id,username: quién es aquí cada usuario de allá",
        )
        parser.add_argument(
            "--default-gestor", default="", metavar="USERNAME", help="quién recibe los casos abiertos sin gestor"
        )
        parser.add_argument(
            "--unassigned", action="store_true", help="deja sin gestor los casos abiertos que no lo tienen"
        )
        parser.add_argument(
            "--origin",
            default="",
            metavar="NAME",
            help="nombre del sistema anterior de donde viene, si se reúnen dos que numeraron desde 1",
        )
        parser.add_argument(
            "--contact", type=Path, metavar="FILE", help="contact_submissions.json del sistema anterior"
        )
        parser.add_argument("--dry-run", action="store_true", help="hace todo y no guarda nada")
        parser.add_argument("--report", type=Path, metavar="OUT.csv", help="dónde dejar el informe de filas")

    def handle(self, *args: Any, **given: Any) -> None:
        if given["file"] is None and given["contact"] is None:
            raise CommandError("Indique qué cargar: el archivo exportado, --contact FILE, o ambos.", returncode=2)
        path, contact, report_path = (Path(given[n]) if given[n] else None for n in ("file", "contact", "report"))
        try:
            with whole_file(report_path) as report:
                with transaction.atomic():
                    results = self._load(path, contact, given)
                issues = [issue for result in results for issue in result.issues]
                report.write(csv_text(("section", "row", "value", "severity", "reason"), issues))
        except (TransferFailed, Unwritable) as error:
            raise CommandError(f"{error} No se guardó nada.", returncode=NOTHING_DONE) from error
        except WrittenTooLate as error:
            raise CommandError(f"Los datos se cargaron, pero sin informe. {error}", returncode=REJECTED_ROWS) from error
        except IntegrityError as error:
            raise CommandError(f"{CLASH} No se guardó nada.", returncode=NOTHING_DONE) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se guardó nada.", returncode=NOTHING_DONE) from error
        except KeyboardInterrupt as error:
            raise CommandError("Carga interrumpida: no se guardó nada.", returncode=NOTHING_DONE) from error
        for result in results:
            self._print(result)
        self._close(results, issues, dry_run=given["dry_run"])

    def _load(self, path: Path | None, contact: Path | None, given: dict[str, Any]) -> list[Result]:
        results = []
        if path is not None:
            with progress_bar("Cargando", None) as advance:
                results.append(
                    move_in(
                        path,
                        now=timezone.now(),
                        users_map=Path(given["users_map"]) if given["users_map"] else None,
                        default_gestor=given["default_gestor"],
                        leaves_unassigned=given["unassigned"],
                        origin=given["origin"],
                        dry_run=given["dry_run"],
                        progress=advance,
                    )
                )
        if contact is not None:
            results.append(load_messages(contact, dry_run=given["dry_run"]))
        return results

    def _print(self, result: Result) -> None:
        for name, tally in result.tallies.items():
            self.stdout.write(
                f"{LABELS[name]}: {tally.created} nuevos, "
                + (f"{tally.updated} completados, " if tally.updated else "")
                + f"{tally.unchanged} que ya estaban, {tally.rejected} sin cargar"
            )
        for notice in result.notices:
            self.stdout.write(f"AVISO: {notice}")
        for issue in sorted(result.issues, key=lambda issue: issue.severity != REJECTED)[:SHOWN]:
            self.stdout.write(_line(issue))
        if len(result.issues) > SHOWN:
            self.stdout.write(f"… y {len(result.issues) - SHOWN} más: --report ARCHIVO.csv las tiene todas.")

    def _close(self, results: list[Result], issues: list[Issue], *, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write("Prueba: no se guardó nada.")
        rejected = sum(result.rejected for result in results)
        self.stdout.write(
            f"created={sum(result.created for result in results)} "
            f"updated={sum(result.updated for result in results)} "
            f"unchanged={sum(result.unchanged for result in results)} "
            f"rejected={rejected} warnings={len(issues) - rejected}"
        )
        if rejected:
            raise SystemExit(REJECTED_ROWS)


def _line(issue: Issue) -> str:
    kind = "SIN CARGAR" if issue.severity == REJECTED else "ADVERTENCIA"
    text = f"{kind}  {LABELS[issue.section]}, fila {issue.row} ({issue.value}): {issue.reason}"
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}… (entero con --report)"
