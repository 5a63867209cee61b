"""For an administrator who lost phone and recovery codes, when no other admin can help."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import second_factor
from accounts.models import User


class Command(BaseCommand):
    help = "Quita el segundo factor de un usuario y cierra sus sesiones: entra con su contraseña y lo activa de nuevo."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USUARIO")

    def handle(self, *args: Any, **given: Any) -> None:
        user = User.objects.filter(username__iexact=given["username"]).first()
        if user is None:
            raise CommandError(f"No hay un usuario «{given['username']}».")
        if not second_factor.turn_off(user=user, by=None):
            raise CommandError(f"{user.username} no tiene segundo factor.")
        self.stdout.write(f"{user.username} ya no tiene segundo factor, y sus sesiones se cerraron.")
