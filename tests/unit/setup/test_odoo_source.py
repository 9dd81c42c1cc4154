"""An Odoo that is already here is used, if it is the right one."""

import sys

import pytest

from lib import odoo_source
from lib.paths import SetupError


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder to hold an ``odoo`` that this Python finds, and no bare one of the other tests."""
    monkeypatch.delitem(sys.modules, "odoo", raising=False)
    monkeypatch.delenv(odoo_source.ODOO_HOME, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "odoo").mkdir()
    return tmp_path


def _release(home, version):
    (home / "odoo/release.py").write_text(f"version_info = ({version}, 0, 0, FINAL, 0, '')\n")


def test_importable_odoo_19_is_used(home):
    _release(home, "19, 0")
    assert odoo_source.ensure() == home


def test_importable_odoo_of_another_version_is_not(home):
    _release(home, "18, 0")
    assert odoo_source._importable() != home


def test_named_checkout_of_another_version_is_refused(home, monkeypatch):
    _release(home, "18, 0")
    monkeypatch.setenv(odoo_source.ODOO_HOME, str(home))
    with pytest.raises(SetupError, match="is not a checkout"):
        odoo_source.ensure()
