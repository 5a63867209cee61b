"""The users and carteras of the sample agency. The passwords are public: only with DEBUG (DESIGN §8)."""

from typing import Any, NamedTuple

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from accounts.models import User
from cases.models import Cartera, DiscountLimit, Offer

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


# What each role may waive (percent), in how many instalments; and what is put on the table at once.
LIMITS = (("gestor", 15, 12), ("admin", 35, 24), ("creditor", 50, 60))
OFFERS: tuple[dict[str, Any], ...] = (
    {"name": "Contado con 15 % de quita", "waiver_percent": 15, "valid_days": 7},
    {"name": "3 cuotas sin interés", "instalments": 3, "valid_days": 10},
    {"name": "6 cuotas", "instalments": 6, "system": "french", "valid_days": 15},
    {"name": "12 cuotas con anticipo", "instalments": 12, "system": "french", "down_percent": 20, "valid_days": 30},
)


def set_terms() -> None:
    """The limits and offers of all carteras, where there are none."""
    if not DiscountLimit.objects.exists():
        for role, percent, instalments in LIMITS:
            DiscountLimit.objects.create(role=role, max_percent=percent, max_instalments=instalments)
    if not Offer.objects.exists():
        for position, offer in enumerate(OFFERS, start=1):
            Offer.objects.create(position=position, **offer)


def found_carteras() -> list[Cartera]:
    return [
        Cartera.objects.named(name) or Cartera.objects.create(name=name, monthly_interest_rate=rate)
        for name, rate in CARTERAS
    ]
