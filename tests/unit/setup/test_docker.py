"""No Docker engine runs where the tests do, so what can be checked without one is."""

import configparser
import re
from pathlib import Path

import pytest
import yaml

from lib import odoo_conf

ROOT = Path(__file__).resolve().parents[3]
DOCKER = ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())


@pytest.mark.parametrize(
    "dockerfile", sorted(DOCKER.glob("*Dockerfile")), ids=lambda path: path.name
)
def test_dockerfile_copies_only_what_exists(dockerfile):
    sources = re.findall(r"^COPY (\S+) ", dockerfile.read_text(), re.MULTILINE)
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_compose_builds_with_dockerfiles_that_exist():
    builds = [service["build"] for service in COMPOSE["services"].values() if "build" in service]
    assert builds
    for build in builds:
        context = (DOCKER / build["context"]).resolve()
        assert context == ROOT
        assert (context / build["dockerfile"]).is_file()


def test_compose_names_only_volumes_secrets_and_services_it_declares():
    for service in COMPOSE["services"].values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        volumes = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert volumes <= set(COMPOSE["volumes"])
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])


def test_ha_profile_adds_a_second_node_that_is_the_same():
    first, second = COMPOSE["services"]["odoo"], COMPOSE["services"]["odoo-2"]
    assert second["profiles"] == ["ha"]
    assert "profiles" not in first
    assert {
        first[key] == second[key] for key in ("image", "environment", "secrets", "volumes")
    } == {True}


def test_compose_installs_addons_that_exist():
    command = COMPOSE["services"]["odoo"]["command"]
    addons = command[command.index("--init") + 1].split(",")
    assert [name for name in addons if not (ROOT / "addons" / name).is_dir()] == []


def test_image_configures_queue_and_rpc_as_the_demo_does():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(DOCKER / "odoo.conf")
    assert parser["options"]["server_wide_modules"] == odoo_conf.SERVER_WIDE
    assert parser["queue_job"]["channels"] == odoo_conf.CHANNELS
    assert parser["finance"]["environment"] != "production"


def test_secrets_stay_out_of_the_repository():
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    folders = {Path(secret["file"]).parent for secret in COMPOSE["secrets"].values()}
    assert {f"/docker/{folder.name}/" for folder in folders} <= set(ignored)
