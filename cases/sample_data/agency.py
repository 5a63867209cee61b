"""The users and carteras of the sample agency. The passwords are public: only with DEBUG (DESIGN §8)."""

from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from accounts.models import User
from cases.models import Cartera

DATA_GROUP = "Administración de datos"


class Login(NamedTuple):
    username: str
    password: str
    what_for: str


LOGINS = (
    Login("admin", "admin123", "administración y tablero"),
    Login("gestor", "gestor123", "bandeja de casos"),
    Login("usuario", "user123", "panel básico"),
    Login("datos", "datos123", "administración de datos"),
)

# The six share a password, so that it is hashed once, because hashing is slow.
GESTORES = (
    ("gestor", "Gabriela", "Paz"),
    ("mlopez", "Marcos", "López"),
    ("vibarra", "Victoria", "Ibarra"),
    ("dquinteros", "Darío", "Quinteros"),
    ("sacuna", "Soledad", "Acuña"),
    ("pfarias", "Patricio", "Farías"),
)

CARTERAS = (("Tarjeta Pampa", "5.00"), ("Crédito Andino", "4.50"), ("Mutual del Litoral", "3.75"))


class Staff(NamedTuple):
    admin: User
    gestores: list[User]


def hire() -> Staff:
    """Create the demo users that do not exist; existing ones keep their password and role."""
    passwords = {login.username: make_password(login.password) for login in LOGINS}
    admin = _user("admin", "Alicia", "Navarro", passwords["admin"], role=User.Role.ADMIN, is_superuser=True)
    gestores = [
        _user(username, first, last, passwords["gestor"], role=User.Role.GESTOR) for username, first, last in GESTORES
    ]
    _user("usuario", "Úrsula", "Vega", passwords["usuario"])
    clerk = _user("datos", "Delfina", "Toledo", passwords["datos"], is_staff=True)
    clerk.groups.add(*Group.objects.filter(name=DATA_GROUP))
    return Staff(admin, [gestor for gestor in gestores if gestor.is_gestor and gestor.is_active])


def _user(username: str, first: str, last: str, password: str, **given: object) -> User:
    defaults = {
        "first_name": first,
        "last_name": last,
        "password": password,
        "email": f"{username}@example.com",
        **given,
    }
    return User.objects.get_or_create(username=username, defaults=defaults)[0]


def found_carteras() -> list[Cartera]:
    return [
        Cartera.objects.named(name) or Cartera.objects.create(name=name, monthly_interest_rate=rate)
        for name, rate in CARTERAS
    ]
