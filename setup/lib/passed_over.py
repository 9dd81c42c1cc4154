"""A pytest plugin: leaves out the tests that Odoo's own runner ran already, so that what it passed over remains."""

import re
from pathlib import Path

_STARTED = re.compile(r" odoo\.addons\.(\w+)\.tests\.(\w+): Starting (\w+)\.(\w+) \.\.\.")


def pytest_addoption(parser):
    parser.addoption("--ran", action="append", default=[], type=Path, help="a log of Odoo's runner")


def pytest_collection_modifyitems(config, items):
    ran = {
        found
        for log in config.getoption("ran")
        if log.exists()
        for found in _STARTED.findall(log.read_text(errors="replace"))
    }
    chosen = [item for item in items if _name(item) not in ran]
    config.hook.pytest_deselected(items=[item for item in items if _name(item) in ran])
    items[:] = chosen


def _name(item) -> tuple[str, str, str, str]:
    """:return: addon, module, class and method, as the runner's log says them"""
    return (item.path.parent.parent.name, item.path.stem, item.parent.name, item.name)
