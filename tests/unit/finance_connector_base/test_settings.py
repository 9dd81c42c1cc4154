"""What is declared outside the database, from file and environment."""

import os

import pytest

from odoo.addons.finance_connector_base.tools import settings
from odoo.addons.finance_connector_base.tools.settings import SettingsError, read_settings


@pytest.fixture
def declare(tmp_path):
    path = tmp_path / "odoo.conf"

    def write(text):
        path.write_text(text)
        return str(path)

    return write


def test_nothing_declared_is_a_test_without_keys(tmp_path):
    declared = read_settings(str(tmp_path / "missing.conf"), {})
    assert declared.environment == "test"
    assert declared.key_file is None
    assert declared.regions == ()


def test_file_is_read_and_the_environment_wins(declare):
    path = declare(
        "[options]\nx = 1\n[finance]\nenvironment = production\nregion = eu, CH\nkey_file = /a/ring\n"
        "mask_patterns =\n    MANDATE-\\d+\n    X{2}\n"
    )
    declared = read_settings(path, {"FINANCE_KEY_FILE": "/b/ring"})
    assert declared.environment == "production"
    assert declared.regions == ("EU", "CH")
    assert declared.key_file == "/b/ring"
    assert declared.mask_patterns == (r"MANDATE-\d+", "X{2}")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[finance]\nenvironment = prod\n", "prod"),
        ("[finance]\nmask_patterns = (\n", "mask_patterns"),
        ("environment = test\n", "odoo.conf"),
    ],
)
def test_value_that_cannot_be_used_is_named(declare, text, word):
    with pytest.raises(SettingsError) as caught:
        read_settings(declare(text), {})
    assert caught.value.code == "settings_invalid"
    assert word in caught.value.message


def test_environment_variable_that_cannot_be_used_never_means_test(declare):
    with pytest.raises(SettingsError):
        read_settings(declare(""), {"FINANCE_ENVIRONMENT": "Production"})


def test_changed_file_is_read_again(declare):
    path = declare("[finance]\nenvironment = sandbox\n")
    assert read_settings(path, {}).environment == "sandbox"
    declare("[finance]\nenvironment = production\n")
    os.utime(path, ns=(1, 1))
    assert read_settings(path, {}).environment == "production"


def test_home_is_expanded(declare, monkeypatch):
    monkeypatch.setenv("HOME", "/home/odoo")
    declared = read_settings(declare("[finance]\nkey_file = ~/ring\n"), {})
    assert declared.key_file == "/home/odoo/ring"
    assert settings.SECTION == "finance"
