"""What compose.yaml and .env.example promise (DESIGN §10). .ci/image executes the Dockerfile, CI builds and starts."""

import re

import pytest
import yaml
from django.apps import apps

from tests.serving import ROOT


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_every_service_is_looked_after(compose: dict):
    services = compose["services"]
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"web"}  # its image has one
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["logging"]["options"]["max-size"], name
    lasting = [service for name, service in services.items() if name != "prepare"]
    assert {service["restart"] for service in lasting} == {"unless-stopped"}
    assert all(service["deploy"]["resources"]["limits"]["memory"] for service in lasting)


def test_nothing_but_the_site_is_published_and_the_database_cannot_be_reached(compose: dict):
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert set(published) == {"web", "caddy"}
    assert published["web"] == ["127.0.0.1:${WEB_PORTS:-5000}:5000"]
    for name in ("db", "redis"):
        assert compose["services"][name]["networks"] == ["inside"]
    assert compose["networks"]["inside"]["internal"] is True


def test_web_waits_for_the_migrations_and_they_for_the_database(compose: dict):
    services = compose["services"]
    for name in ("web", "worker", "scheduler"):
        assert services[name]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    assert services["prepare"]["depends_on"]["db"]["condition"] == "service_healthy"
    assert services["web"]["environment"]["CONTACT_WORKER"] == "True"


def test_no_secret_is_written_down(compose: dict):
    text = (ROOT / "compose.yaml").read_text()
    for name in ("POSTGRES_PASSWORD", "PGPASSWORD", "DB_PASSWORD"):
        values = re.findall(rf"{name}: (.*)", text)
        assert {value.partition("?")[0] for value in values} == {"${DB_PASSWORD:"}


def test_background_commands_exist(compose: dict):
    for name in ("prepare", "worker", "scheduler"):
        _, _, command, *_ = compose["services"][name]["command"]
        assert list(ROOT.glob(f"*/management/commands/{command}.py")), command


def test_variables_of_the_example_are_those_that_somebody_reads():
    """Every variable of .env.example is read by the settings, compose.yaml or a script; none is left over."""
    sources = [
        *ROOT.glob("nova/settings/*.py"),
        ROOT / "compose.yaml",
        ROOT / "gunicorn.conf.py",
        ROOT / "nova/lib/checks.py",
    ]
    sources += [*ROOT.glob("deploy/*"), *ROOT.glob("*/management/commands/*.py"), ROOT / ".ci/check"]
    read = "\n".join(path.read_text() for path in sources)
    named = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M)
    assert len(named) > 30
    assert [name for name in named if not re.search(rf"\b{name}\b", read)] == []
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))
    assert asked - set(named) == set()


def test_the_image_holds_every_app():
    """`.dockerignore` names what goes in: an app that is not there is missed when the image starts."""
    kept = set(re.findall(r"(?m)^!(.+)$", (ROOT / ".dockerignore").read_text()))
    ours = {app.name for app in apps.get_app_configs() if (ROOT / app.name).is_dir()}
    assert "payments" in ours
    assert ours <= kept
