"""A pytest plugin: leaves out the tests that Odoo's own runner ran already, so that what it passed over remains."""

import re
from pathlib import Path

import pytest

_STARTED = re.compile(r" odoo\.addons\.(\w+)\.tests\.(\w+): Starting (\w+)\.(\w+) \.\.\.")
_LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser):
    parser.addoption("--ran", action="append", default=[], type=Path, help="a log of Odoo's runner")


def pytest_collection_modifyitems(config, items):
    ran = {
        found
        for log in config.getoption("ran")
        if log.exists()
        for found in _STARTED.findall(log.read_text(errors="replace"))
    }
    left_out = [item for item in items if _name(item) in ran]
    config.stash[_LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if _name(item) not in ran]


def pytest_sessionfinish(session, exitstatus):
    """That nothing was passed over is what everybody hopes for, and no failure."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.stash[_LEFT_OUT]:
        session.exitstatus = pytest.ExitCode.OK


def _name(item) -> tuple[str, str, str, str]:
    """:return: addon, module, class and method, as the runner's log says them"""
    return (item.path.parent.parent.name, item.path.stem, item.parent.name, item.name)
