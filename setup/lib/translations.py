"""Templates of translations, written by ``setup/dev pot`` and held against the code by ``setup/test``."""

import json
from pathlib import Path

from . import database
from .paths import ADDONS, ROOT
from .postgres import Cluster

_SCRIPT = """
import json, sys
sys.path.insert(0, {setup!r})
from lib import translations_inside
print("\\n===\\n" + json.dumps(translations_inside.{function}(env, {addons!r})))
"""


def write(cluster: Cluster, python: Path, name: str) -> list[str]:
    """Write the templates that are not true to the code, and merge them into the translations there are.

    :param name: a database with all addons installed
    :return: the files that changed
    """
    return _inside(cluster, python, name, "write")[0]


def complaints(cluster: Cluster, python: Path, name: str) -> tuple[list[str], Path]:
    """:param name: a database with all addons installed
    :return: what is not true in templates and translations, each with what to do; and Odoo's log
    """
    return _inside(cluster, python, name, "complaints")


def _inside(cluster: Cluster, python: Path, name: str, function: str) -> tuple[list[str], Path]:
    script = _SCRIPT.format(setup=str(ROOT / "setup"), function=function, addons=str(ADDONS))
    log = database.run_script(cluster, python, name, script)
    return json.loads(log.read_text().rpartition("\n===\n")[2].splitlines()[0]), log
