"""A disk that fills up under people who pay, and one that is read-only: named, nothing lost, nothing to restart."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cases.management.reporting import Unwritable, WrittenTooLate, whole_file
from nova.lib.outages import Outage
from tests import serving
from tests.operations import small_disk
from tests.operations.cluster import free_port, postgres_programs, wait_until
from tests.operations.load import Load, by_form
from tests.operations.small_disk import SmallDisk
from tests.wire import Browser

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.skipif(bool(small_disk.missing()), reason=small_disk.missing()),
]
PEOPLE = ("gabriela", "gonzalo", "gilda")
SEED = f"""
from decimal import Decimal
from accounts.models import User
from cases import services
from cases.models import Cartera, Debtor
cartera = Cartera.objects.create(name="Disco")
for number, name in enumerate({PEOPLE}, 1):
    gestor = User.objects.create_user(name, password="laClaveDeLaTarde", role="gestor")
    debtor = Debtor.objects.create(first_name="Deudora", last_name=f"De {{name}}")
    case = services.place_case(cartera=cartera, debtor=debtor, amount=Decimal(1000), by=None, assigned_to=gestor)
    assert case.pk == number
"""
COUNT = """
import json, sqlite3, sys
print(json.dumps(sqlite3.connect(sys.argv[1]).execute(
    "SELECT COUNT(*), SUM(amount) FROM cases_ledgerentry WHERE kind = 'payment' GROUP BY case_id").fetchall()))
"""
ROOM = 200_000  # bytes: what a few payments need


@dataclass
class Site:
    disk: SmallDisk
    env: dict[str, str]
    port: int

    def manage(self, *arguments: object) -> tuple[int, str]:
        """Exit code and what was said."""
        done = self.disk.run(serving.sys.executable, "manage.py", *arguments, env=self.env)
        return done.returncode, done.stdout + done.stderr

    def payments(self) -> list[list[int]]:
        """How many, and their sum in pesos, of each case."""
        done = self.disk.run(serving.sys.executable, "-c", COUNT, self.disk.folder / "nova.db")
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def site(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("disk")
    env = serving.installation(prepared, folder, redis_url="", workers=2) | serving.QUICK_HASHES
    serving.manage(env, "shell", "-v0", "--no-imports", "-c", SEED)
    disk = SmallDisk(folder / "small", megabytes=16)
    try:
        shutil.copy(folder / "nova.db", disk.path)
        env["DATABASE_URL"] = f"sqlite:///{disk.folder}/nova.db"
        with serving.gunicorn(env, within=disk.within) as port:
            yield Site(disk, env, port)
    finally:
        disk.close()


@pytest.fixture(scope="module")
def people(site: Site) -> list[Browser]:
    made = [Browser() for _ in PEOPLE]
    assert [one.log_in(site.port, name, "laClaveDeLaTarde") for one, name in zip(made, PEOPLE, strict=True)] == [
        200
    ] * 3
    return made


def test_payments_on_a_full_disk_are_refused_by_its_name_and_go_on_when_there_is_room(site, people):
    site.disk.fill(but=ROOM)
    with Load([by_form(person, case) for case, person in enumerate(people, 1)], [site.port], each=15) as load:
        try:
            wait_until(lambda: load.answers[503] > 6)
        finally:
            site.disk.make_room()

    assert load.answers.keys() == {303, 503}
    assert load.texts
    for text in load.texts:
        assert "El disco del servidor está lleno" in text
    assert load.broken == []
    assert site.payments() == [[15, 15]] * len(PEOPLE)
    code, told = site.manage("verify_data")
    assert (code, "errors=0" in told) == (0, True), told


def test_commands_name_a_full_disk(site, people):
    site.disk.fill()
    try:
        code, told = site.manage("nightly")
        with pytest.raises(WrittenTooLate) as late, whole_file(site.disk.path / "informe.csv") as report:
            report.write("x" * 100_000)
    finally:
        site.disk.make_room()

    assert code == 2
    assert f"No queda lugar en el disco de la base de datos «{site.disk.folder}/nova.db»: libere espacio" in told
    assert "Traceback" not in told
    assert "(no queda lugar en el disco)" in str(late.value)
    assert site.manage("nightly")[0] == 0


def test_a_read_only_disk_is_named_and_when_it_is_mended_nothing_is_restarted(site, people):
    site.disk.remount("ro")
    try:
        page = people[0].send(site.port, "GET", "/dashboard-gestor")
        status, answer = people[1].send(site.port, "GET", "/api/v1/cases")
        code, told = site.manage("nightly")
        with pytest.raises(Unwritable) as unwritable, whole_file(site.disk.path / "informe.csv"):
            pass
    finally:
        site.disk.remount("rw")

    assert (page[0], "El disco del servidor es de solo lectura" in page[1]) == (503, True)
    assert (status, json.loads(answer)["error"]) == (503, Outage.READ_ONLY.sentence)
    assert (code, "Traceback" in told) == (2, False)
    assert f"La base de datos «{site.disk.folder}/nova.db» es de solo lectura: revise" in told
    assert "el disco es de solo lectura" in str(unwritable.value)
    assert people[0].send(site.port, "GET", "/dashboard-gestor")[0] == 200


# --- PostgreSQL ------------------------------------------------------------------------------------------
AS_NOBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]  # it refuses to run as root
TABLE = """
from django.db import Error, connection
from nova.lib.databases import trouble_of
from nova.lib.outages import outage_of

def write(megabytes):
    for _ in range(megabytes):
        execute("INSERT INTO filling SELECT md5(random()::text) FROM generate_series(1, 15000)")

def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)

execute("CREATE TABLESPACE small LOCATION '{place}'")
execute("CREATE TABLE filling (content text) TABLESPACE small")
write(1)
try:
    write(10)
except Error as error:
    print(outage_of(error), trouble_of(error))
execute("DROP TABLE filling")
execute("CREATE TABLE filling (content text) TABLESPACE small")
write(1)
print("goes on")
"""


@pytest.mark.skipif(not postgres_programs(), reason="needs PostgreSQL's own programs")
def test_postgresql_on_a_full_disk_is_named_and_goes_on_when_there_is_room(tmp_path: Path):
    """Its tables are on the small disk, its log of writes is not: without room for that it stops."""
    data, port, programs = tmp_path / "data", free_port(), postgres_programs()
    disk = SmallDisk(tmp_path / "small", megabytes=4)
    (disk.path / "tables").mkdir()
    options = f"-p {port} -k {tmp_path} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [*AS_NOBODY, programs / "pg_ctl", "-D", data, "-w"]
    try:
        made = disk.run(*AS_NOBODY, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N")
        assert made.returncode == 0, made.stderr
        disk.run(*control, "-l", tmp_path / "log", "-o", options, "start")
        env = os.environ | {"DATABASE_URL": f"postgres://postgres@127.0.0.1:{port}/postgres"}
        env |= {"DJANGO_SETTINGS_MODULE": "nova.settings.dev"}
        told = serving.manage(
            env, "shell", "-v0", "--no-imports", "-c", TABLE.replace("{place}", str(disk.folder / "tables"))
        )
    finally:
        disk.run(*control, "-m", "immediate", "stop")
        disk.close()

    place = f"«postgres» en 127.0.0.1:{port}"
    assert told.splitlines() == [
        f"Outage.FULL No queda lugar en el disco de la base de datos {place}: libere espacio (df -h dice cuánto queda) "
        "y repita la orden.",
        "goes on",
    ]
