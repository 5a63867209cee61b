"""Assigns many cases to gestores. The work is done by `cases.services`."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction
from django.db.models import Count

from accounts.models import User
from cases import services
from cases.management.reporting import progress_bar
from cases.models import Cartera, Case, CaseStatus
from cases.querysets import CaseQuerySet
from nova.lib.databases import trouble_of

NOTHING_DONE = 2


class Command(BaseCommand):
    help = (
        "Asigna casos a un gestor (--to), en partes iguales (entre todos los gestores activos, o --among) o según un "
        "peso (--weights). Toma los casos abiertos sin gestor, del más viejo al más nuevo. "
        "Salida: 0 todo bien, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cartera", action="append", default=[], metavar="NAME", help="solo esta (se repite)")
        parser.add_argument(
            "--status", action="append", default=[], metavar="SLUG", help="solo este estado o etapa (se repite)"
        )
        parser.add_argument("--number", "--count", type=int, metavar="N", help="a lo sumo tantos casos")
        parser.add_argument("--include-assigned", action="store_true", help="también los que ya tienen gestor")
        whom = parser.add_mutually_exclusive_group()
        whom.add_argument("--to", metavar="USERNAME", help="todos a este gestor")
        whom.add_argument("--among", metavar="USERNAME,…", help="en partes iguales entre estos")
        whom.add_argument("--weights", metavar="USERNAME=N,…", help="en proporción: ana=2,luis=1")
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--by-person",
            action="store_true",
            help="todas las deudas de una persona al mismo gestor, el que ya tiene una (así se reparte si no se dice)",
        )
        how.add_argument("--by-case", action="store_true", help="cada caso por separado")
        parser.add_argument("--dry-run", action="store_true", help="hace todo y no guarda nada")

    def handle(self, *args: Any, **given: Any) -> None:
        try:
            with transaction.atomic():
                cases, gestores = _cases(given), _gestores(given)
                before = _held(gestores)
                with progress_bar("Asignando", cases.count()) as advance:
                    weights = list(gestores.values())
                    moved = services.share_cases(
                        cases=cases,
                        gestores=list(gestores),
                        weights=weights,
                        by_person=not given["by_case"],
                        by=None,
                        progress=advance,
                    )
                after = _held(gestores)
                if given["dry_run"]:
                    transaction.set_rollback(True)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=NOTHING_DONE) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se guardó nada.", returncode=NOTHING_DONE) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrumpido: no se guardó nada.", returncode=NOTHING_DONE) from error
        for gestor in gestores:
            gained = after[gestor.pk] - before[gestor.pk]
            self.stdout.write(f"{gestor.username}: {gained:+} casos abiertos, ahora {after[gestor.pk]}")
        if given["dry_run"]:
            self.stdout.write("Prueba: no se guardó nada.")
        self.stdout.write(f"assigned={moved}")


def _cases(given: dict[str, Any]) -> CaseQuerySet:
    cases = Case.objects.all()
    if given["cartera"]:
        carteras = {name: Cartera.objects.named(name) for name in given["cartera"]}
        if unknown := [name for name, cartera in carteras.items() if cartera is None]:
            raise CommandError(f"No existe la cartera «{unknown[0]}»: revise el nombre.", returncode=NOTHING_DONE)
        cases = cases.filter(cartera__in=list(carteras.values()))
    cases = cases.filter(status__in=_statuses(given["status"])) if given["status"] else cases.open()
    if not given["include_assigned"]:
        cases = cases.unassigned()
    if given["number"] is not None:
        if given["number"] < 1:
            raise CommandError("--number va de 1 en adelante.", returncode=NOTHING_DONE)
        last = cases.order_by("id").values_list("pk", flat=True)[given["number"] - 1 : given["number"]]
        cases = cases.filter(pk__lte=last[0]) if last else cases
    return cases


def _statuses(names: list[str]) -> list[CaseStatus]:
    found: list[CaseStatus] = []
    for name in names:
        statuses = list(CaseStatus.objects.filter(slug=name) or CaseStatus.objects.filter(stage=name))
        if not statuses:
            known = ", ".join(CaseStatus.objects.values_list("slug", flat=True))
            raise CommandError(f"No existe el estado «{name}». Estados: {known}.", returncode=NOTHING_DONE)
        found += statuses
    return found


def _gestores(given: dict[str, Any]) -> dict[User, int]:
    """The gestores that receive cases, with their weights."""
    if given["weights"]:
        parts = [part.strip().partition("=") for part in given["weights"].split(",")]
        if any(not weight.isdecimal() or not int(weight) for _, _, weight in parts):
            raise CommandError("--weights se escribe así: ana=2,luis=1, con enteros desde 1.", returncode=NOTHING_DONE)
        wanted = {name.strip(): int(weight) for name, _, weight in parts}
    elif given["to"] or given["among"]:
        wanted = {name.strip(): 1 for name in (given["to"] or given["among"]).split(",") if name.strip()}
    else:
        return dict.fromkeys(User.objects.gestores().order_by("id"), 1)
    users = {user.username: user for user in User.objects.filter(username__in=wanted)}
    if unknown := [name for name in wanted if name not in users]:
        raise CommandError(f"No existe el usuario «{unknown[0]}»: revise el nombre.", returncode=NOTHING_DONE)
    return {users[name]: weight for name, weight in wanted.items()}


def _held(gestores: dict[User, int]) -> dict[int, int]:
    """The number of open cases of each gestor, by id. Runs a query."""
    counted = Case.objects.open().filter(assigned_to__in=list(gestores)).order_by()
    counts = dict(counted.values_list("assigned_to").annotate(count=Count("pk")))
    return {gestor.pk: counts.get(gestor.pk, 0) for gestor in gestores}
