"""Two web machines, a replica, PgBouncer: what they share, and what happens when one of them is gone (DESIGN §9)."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests import serving
from tests.operations import cluster as machines
from tests.operations.cluster import Cluster, ask, wait_until
from tests.operations.load import Load, Payer, by_form, by_token
from tests.wire import Browser

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.skipif(bool(machines.missing()), reason=f"needs {machines.missing()}"),
]
# The issue of a night: `OUTAGE_SECONDS=20 pytest tests/operations`. The gate has less time.
OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "4"))
KILLS = 8


@pytest.fixture(scope="module")
def cluster(prepared: Path) -> Iterator[Cluster]:
    # A folder of its own: its servers run as another user, and each start of pytest closes its folders to others.
    with TemporaryDirectory(prefix="nova-cluster-") as folder:
        made = Cluster(Path(folder) / "servers")
        try:
            made.start()
            made.people()
            yield made
        finally:
            made.stop()


@pytest.fixture
def webs(cluster: Cluster, prepared: Path) -> list[int]:
    """Two that run: those of the test before, and another for each that it took away."""
    return cluster.start_webs(("a", "b"), prepared)


@pytest.fixture
def own_webs(cluster: Cluster, prepared: Path) -> Iterator[list[int]]:
    """For a test after which they remember that a database was away."""
    cluster.stop_webs()
    yield cluster.start_webs(("a", "b"), prepared)
    cluster.stop_webs()


def place(cluster: Cluster, port: int, amount: str = "1000000.00") -> int:
    cluster.sql("INSERT INTO cases_cartera (name, is_active, monthly_interest_rate, created_at)"
                " VALUES ('Carga', true, 5, now()) ON CONFLICT DO NOTHING RETURNING id")  # fmt: skip
    headers = {"Authorization": f"Token {cluster.tokens[0]}"}
    body = {"debtor_name": "Deudora de Carga", "amount": amount, "cartera": "Carga"}
    status, text, _ = ask(port, "POST", "/api/v1/cases", body=body, headers=headers)
    assert status == 201, text
    return json.loads(text)["data"]["id"]


def test_they_share_sessions_and_limits(cluster: Cluster, webs: list[int]):
    browser = Browser()
    assert browser.log_in(webs[0], "jefa", cluster.password) == 200

    assert {browser.send(port, "GET", "/cuenta")[0] for port in webs * 4} == {200}
    stranger = Browser()
    answers = Counter(stranger.log_in(webs[n % 2], "nadie", "no es esta") for n in range(9))
    assert answers == {400: 5, 429: 4}  # five a minute, whichever machine is asked

    browser.send(webs[1], "POST", "/logout")
    assert {browser.send(port, "GET", "/cuenta")[0] for port in webs * 2} == {302}


def test_dashboards_are_read_from_the_replica_and_see_what_was_paid(cluster: Cluster, webs: list[int]):
    case = place(cluster, webs[0])
    headers = {"Authorization": f"Token {cluster.tokens[1]}"}
    status, text, _ = ask(
        webs[0], "POST", f"/api/v1/cases/{case}/payments", body={"amount": "1234.50"}, headers=headers
    )
    assert status == 201, text
    primary_knew = cluster.log_of("primary").count("SELECT day, CAST(SUM(recovered)")

    def recovered() -> Decimal:
        _, text, _ = ask(webs[1], "GET", "/api/v1/dashboard/kpis", headers=headers)
        return Decimal(json.loads(text)["data"]["monto_recuperado"])

    ((paid,),) = cluster.sql("SELECT SUM(amount) FROM cases_ledgerentry WHERE kind = 'payment'")
    wait_until(lambda: recovered() == paid, 10)
    assert "SELECT day, CAST(SUM(recovered)" in cluster.log_of("replica")
    assert cluster.log_of("primary").count("SELECT day, CAST(SUM(recovered)") == primary_knew


def test_without_its_replica_the_dashboard_goes_on(cluster: Cluster, own_webs: list[int]):
    headers = {"Authorization": f"Token {cluster.tokens[2]}"}
    assert {ask(port, "GET", "/api/v1/dashboard/kpis", headers=headers)[0] for port in own_webs * 4} == {200}

    cluster.stop_replica()
    try:
        paths = [f"/api/v1/dashboard/kpis?start_date=2026-01-{day:02}&end_date=2026-02-01" for day in range(1, 9)]
        assert [ask(port, "GET", path, headers=headers)[0] for path in paths for port in own_webs] == [200] * 16
    finally:
        cluster.start_replica()


# --- Under load ------------------------------------------------------------------------------------------
def programs(cluster: Cluster, case: int) -> list[Payer]:
    return [by_token(token, case) for token in cluster.tokens]


def assert_every_payment_once(cluster: Cluster, load: Load, case: int) -> None:
    """As many as people were told, and no more."""
    wanted = load.wanted
    assert load.taken == wanted
    ((count, total),) = cluster.sql(
        f"SELECT COUNT(*), SUM(amount) FROM cases_ledgerentry WHERE kind = 'payment' AND case_id = {case}"  # noqa: S608
    )
    assert (count, total) == (wanted, Decimal(wanted))
    ((balance,),) = cluster.sql(f"SELECT balance FROM cases_case WHERE id = {case}")  # noqa: S608
    assert balance == Decimal(1_000_000) - wanted
    serving.manage(cluster.environment(direct=True), "verify_data")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_web_machine_that_goes_takes_at_most_what_was_in_flight(cluster: Cluster, webs: list[int], how):
    """Without power it takes along what was being asked of it; told to stop, it finishes what it has accepted, and only
    who was just knocking, before it stopped listening, knocks in vain."""
    case = place(cluster, webs[1])

    with Load(programs(cluster, case), webs, each=25) as load:
        wait_until(lambda: load.taken > 20)
        cluster.kill_web("a", how)

    assert load.answers.keys() == {201}, load.texts
    # Nobody twice; and not everybody knocks on the same door in the moment in which it closes.
    assert len(load.broken) <= len(cluster.tokens) - (0 if how == signal.SIGKILL else 2)
    assert_every_payment_once(cluster, load, case)


def test_forms_lose_and_double_nothing_when_workers_are_killed(cluster: Cluster, webs: list[int]):
    """As the kernel does it that lacks memory: each worker in its turn, in the middle of whatever it does."""
    case = place(cluster, webs[0])
    people = [Browser() for _ in range(4)]
    for number, person in enumerate(people):
        assert person.log_in(webs[number % 2], f"carga{number}", cluster.password) == 200

    with Load([by_form(person, case) for person in people], webs, each=20, pause=0) as load:
        for turn in range(KILLS):
            before = load.taken
            wait_until(lambda before=before: load.taken > before + 1)
            workers = [worker for name in sorted(cluster.webs) for worker in cluster.workers(name)]
            os.kill(workers[turn % len(workers)], signal.SIGKILL)

    assert load.answers.keys() == {303}, load.texts
    assert load.broken
    assert_every_payment_once(cluster, load, case)


def test_the_database_away_under_load_is_503_in_words_and_loses_and_doubles_nothing(
    cluster: Cluster, own_webs: list[int]
):
    case = place(cluster, own_webs[0])
    browser = Browser()
    browser.log_in(own_webs[0], "jefa", cluster.password)

    with Load(programs(cluster, case), own_webs, each=40, pause=0.05) as load:
        wait_until(lambda: load.taken > 40)
        cluster.stop_primary()
        time.sleep(OUTAGE_SECONDS)
        page = browser.send(own_webs[0], "GET", "/cuenta")
        health = [ask(own_webs[0], "GET", path)[0] for path in ("/healthz", "/readyz")]
        seen = dict(load.answers)
        cluster.start_primary()

    assert (page[0], "La base de datos no responde" in page[1]) == (503, True)
    assert health == [503, 503]
    assert seen[503] > 0
    assert load.answers.keys() == {201, 503}, (load.answers, load.texts)
    assert len(load.broken) == 0
    assert None not in load.waits
    assert load.texts
    for text in load.texts:
        assert json.loads(text)["error"].startswith("La base de datos no responde en este momento")
    assert_every_payment_once(cluster, load, case)
    assert browser.send(own_webs[1], "GET", "/cuenta")[0] == 200  # nobody was signed out
    assert ask(own_webs[0], "GET", "/readyz")[0] == 200


def test_a_backup_taken_under_load_restores_whole(cluster: Cluster, webs: list[int], tmp_path: Path):
    case = place(cluster, webs[0])
    env = os.environ | {
        "DATABASE_URL": f"postgres://postgres@127.0.0.1:{cluster.primary_port}/nova",
        "DJANGO_SETTINGS_MODULE": "nova.settings.dev",
        "BACKUP_DIR": str(tmp_path / "copias"),
        "PATH": f"{cluster.bin}:{os.environ['PATH']}",
        "PYTHON": serving.sys.executable,
    }

    with Load(programs(cluster, case), webs, each=30) as load:
        wait_until(lambda: load.taken > 20)
        made = subprocess.run(
            ["deploy/backup.sh"], cwd=serving.ROOT, env=env, check=True, capture_output=True, text=True
        )
        at_backup = load.taken

    backup = made.stdout.strip()
    restored = subprocess.run(
        ["deploy/restore.sh", backup, "--keep"], cwd=serving.ROOT, env=env, capture_output=True, text=True
    )
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert "errors=0" in restored.stdout
    name = restored.stdout.strip().splitlines()[-1]
    ((payments, paid),) = cluster.sql(
        f"SELECT COUNT(*), 1000000 - (SELECT balance FROM cases_case WHERE id = {case}) FROM cases_ledgerentry"  # noqa: S608
        f" WHERE kind = 'payment' AND case_id = {case}",
        database=name,
    )
    assert 0 < payments <= at_backup + len(cluster.tokens)
    assert paid == payments
    assert_every_payment_once(cluster, load, case)


def test_night_and_imports_hold_through_pgbouncer(cluster: Cluster, prepared: Path, tmp_path: Path):
    """What locks for longer than a transaction, and what reads by chunks, through connections that are shared."""
    env = cluster.environment() | {"STATIC_ROOT": str(prepared / "static")}
    data = serving.ROOT / "tests/data/casos_plantilla.csv"
    imported = subprocess.run(
        [serving.sys.executable, "manage.py", "import_cases", str(data), "--cartera", "Plantilla", "--create-cartera"],
        cwd=serving.ROOT, env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert imported.returncode == 0, imported.stderr

    assert "Duración" in serving.manage(env, "nightly")
    assert "errors=0" in serving.manage(env, "verify_data")
    assert "cases=" in serving.manage(env, "export_data", str(tmp_path / "todo.json"))
    assert serving.manage(env, "verify_setup", "--no-mail")
