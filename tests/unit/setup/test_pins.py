"""One version of each tool, wherever it is named."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FILES = [
    ROOT / "setup/odoo-requirements.txt",
    ROOT / "requirements.txt",
    ROOT / "requirements-dev.txt",
]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)$")


def _pins(path):
    return {
        re.sub(r"[-_.]+", "-", match[1]).lower(): match[2]
        for line in path.read_text().splitlines()
        if (match := PIN.match(line))
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_requirement_is_pinned_exactly(path):
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not PIN.match(line)] == []


def test_no_package_is_pinned_in_two_files():
    seen = [name for path in FILES for name in _pins(path)]
    assert sorted({name for name in seen if seen.count(name) > 1}) == []


def test_pre_commit_uses_local_hooks_at_the_same_versions():
    pins = _pins(ROOT / "requirements-dev.txt")
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert {repository["repo"] for repository in config["repos"]} == {"local"}
    wanted = [
        requirement.split("==")
        for hook in config["repos"][0]["hooks"]
        for requirement in hook.get("additional_dependencies", [])
    ]
    assert wanted
    assert [name for name, version in wanted if pins[name] != version] == []


def test_addons_declare_only_python_packages_the_suite_pins():
    import ast

    pins = _pins(ROOT / "requirements.txt")
    for path in ROOT.glob("addons/*/__manifest__.py"):
        manifest = ast.literal_eval(path.read_text())
        declared = manifest.get("external_dependencies", {}).get("python", [])
        assert [name for name in declared if name not in pins] == [], path
