"""The cast of the tests and what every test may ask for.

The cast: an admin, a gestor, another gestor, a user without cases, and a member of staff who is no admin. `client_of`
signs anybody in; `admin_client`, `gestor_client`… are the same for the cast. Passwords are `factories.PASSWORD`.
"""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import factory
import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from rest_framework.test import APIClient

from accounts.models import User
from cases.models import PaperText
from tests import factories, migrated_rows, order, prepared_database, serving
from tests.mailing import MailTo

ClientOf = Callable[[User], Client]
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"  # axes adds another, so it has to be named
DATA_GROUP = "Administración de datos"

hypothesis_settings.register_profile(
    "nova", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
hypothesis_settings.register_profile("thorough", hypothesis_settings.get_profile("nova"), max_examples=2000)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "nova"))

DATABASE = pytest.StashKey()


# --- What a machine may lack: skipped with a reason, never in silence ----------------------------
def _no_postgres() -> str:
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        return ""
    return "needs PostgreSQL: set DATABASE_URL=postgres://…"


def _no_redis() -> str:
    try:
        redis.Redis.from_url(settings.TEST_REDIS_URL, socket_connect_timeout=1).ping()
    except redis.RedisError as error:
        return f"no Redis at {settings.TEST_REDIS_URL}: {error}"
    return ""


def chromium_program() -> str | None:
    """Without its windows where that is installed: the same engine for half of the processor time."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


def _no_browser() -> str:
    return "" if chromium_program() else "needs Chromium (apt install chromium-headless-shell)"


def _once() -> str:
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return ""
    return "the same on every database: the run on SQLite tries it (-m deployment, -m browser: here too)"


def _is_tried_once(item: pytest.Item) -> bool:
    """What starts processes, and the browser where the database decides nothing of what is seen."""
    if item.get_closest_marker("deployment"):
        return True
    return bool(item.get_closest_marker("browser")) and not any(
        item.get_closest_marker(name) for name in ("every_database", "postgres")
    )


WHY_NOT = {
    "postgres": _no_postgres,
    "redis": _no_redis,
    "browser": _no_browser,
}


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: looking for garbage in it, again and again, took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


# Last, because tests/browser marks its own tests in a hook of the same name.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.option.markexpr
    once = "" if "deployment" in wanted or "browser" in wanted else _once()
    if once:
        for item in filter(_is_tried_once, items):
            item.add_marker(pytest.mark.skip(reason=once))
    for name, why_not in WHY_NOT.items():
        marked = [item for item in items if item.get_closest_marker(name)]
        reason = why_not() if marked else ""
        if reason:
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=reason))
    if "PYTEST_XDIST_WORKER" in os.environ:
        order.longest_first(items)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """What every deployment of the tests starts from (tests.serving)."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return serving.prepare(folder, prepared_database.kept_file(pytestconfig))


# --- The database, migrated once for as long as no migration changes (tests.prepared_database) ------
@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, pytestconfig: pytest.Config, django_db_blocker) -> None:
    """Before Django makes the database: from the one that an earlier run kept."""
    kept = prepared_database.database(pytestconfig)
    pytestconfig.stash[DATABASE] = kept
    if kept is not None:
        with django_db_blocker.unblock():
            kept.restore()


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_modify_db_settings, django_db_setup, pytestconfig: pytest.Config, django_db_blocker
) -> Iterator[None]:
    kept = pytestconfig.stash[DATABASE]
    with django_db_blocker.unblock():
        if kept is not None:
            kept.keep()
        rows = migrated_rows.read()
    with migrated_rows.given_back(rows):
        yield
    if kept is not None:
        with django_db_blocker.unblock():
            kept.close()


@pytest.fixture(scope="session")
def redis_site(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Site]:
    """Two workers that count and remember in Redis; for tests with the marker `redis`."""
    folder = tmp_path_factory.mktemp("redis_site")
    with serving.site(prepared, folder, redis_url=settings.TEST_REDIS_URL, workers=2) as site:
        yield site


@pytest.fixture(scope="session")
def database_site(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Site]:
    """One worker without Redis."""
    with serving.site(prepared, tmp_path_factory.mktemp("database_site"), redis_url="", workers=1) as site:
        yield site


# --- Clean tables and counters -------------------------------------------------------------------
@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Counters of limits and cached figures live in local memory: none outlives its test."""
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    """Every test counts its rows from 1: what it searches for cannot turn up in a number that comes of test order."""
    for made in vars(factories).values():
        if isinstance(made, type) and issubclass(made, factory.django.DjangoModelFactory):
            made.reset_sequence(1, force=True)


# --- The cast --------------------------------------------------------------------------------------
@pytest.fixture
def admin_user(db) -> User:
    return factories.AdminFactory(username="ana.admin", first_name="Ana", last_name="Admin")


@pytest.fixture
def gestor_user(db) -> User:
    return factories.GestorFactory(username="gabriel.gestor", first_name="Gabriel", last_name="Gestor")


@pytest.fixture
def other_gestor(db) -> User:
    return factories.GestorFactory(username="olga.gestora", first_name="Olga", last_name="Gestora")


@pytest.fixture
def user_user(db) -> User:
    return factories.UserFactory(username="ursula.usuaria", first_name="Úrsula", last_name="Usuaria")


@pytest.fixture
def staff_user(db) -> User:
    """Not an admin: a user whom an admin made staff, in the seeded group that edits data (DESIGN §2)."""
    user = factories.UserFactory(username="sofia.staff", first_name="Sofía", last_name="Staff", is_staff=True)
    user.groups.add(Group.objects.get(name=DATA_GROUP))
    return user


@pytest.fixture
def client_of() -> ClientOf:
    """A client signed in as somebody: `client_of(user).get("/")`."""

    def sign_in(user: User, **kwargs) -> Client:
        client = Client(**kwargs)
        client.force_login(user, backend=MODEL_BACKEND)
        return client

    return sign_in


@pytest.fixture
def admin_client(client_of: ClientOf, admin_user: User) -> Client:
    return client_of(admin_user)


@pytest.fixture
def gestor_client(client_of: ClientOf, gestor_user: User) -> Client:
    return client_of(gestor_user)


@pytest.fixture
def other_gestor_client(client_of: ClientOf, other_gestor: User) -> Client:
    return client_of(other_gestor)


@pytest.fixture
def user_client(client_of: ClientOf, user_user: User) -> Client:
    return client_of(user_user)


@pytest.fixture
def staff_client(client_of: ClientOf, staff_user: User) -> Client:
    return client_of(staff_user)


@pytest.fixture
def api_client() -> APIClient:
    """Anonymous; `api_client.force_login(user, backend=MODEL_BACKEND)` or `.force_authenticate(user)` signs in."""
    return APIClient()


# --- Mail ------------------------------------------------------------------------------------------
@pytest.fixture
def mail_to(settings) -> MailTo:
    """Real mail, to the server on that port."""

    def point(port: int) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.EMAIL_USE_SSL = settings.EMAIL_USE_TLS = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_TIMEOUT = 1
        settings.DEFAULT_FROM_EMAIL = "NOVA <sitio@agencia.example>"

    return point


@pytest.fixture
def agency_texts(db) -> None:
    """What the papers need and an administrator writes."""
    texts = {
        "agency_cuit": "30-71234567-1",
        "agency_address": "Mitre 123, Salta",
        "payment_means": "Transferencia a CBU 1.",
    }
    for slug, text in texts.items():
        PaperText.objects.filter(slug=slug).update(text=text)
