"""Lets a pure module be imported by its full name without Odoo, and anything above it not at all.

``odoo`` and the addons become empty packages, so ``odoo.addons.<addon>.tools.<module>`` loads the
file alone; an import of ``odoo.api`` or of a model fails, which keeps the pure layer pure.
"""

import gc
import sys
import types
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from effort import examples


def _bare_package(name: str, folder: Path | None = None) -> None:
    if name in sys.modules:
        # A test of a bench has imported this once more.
        return
    package = types.ModuleType(name)
    package.__path__ = [str(folder)] if folder else []
    sys.modules[name] = package


_bare_package("odoo")
_bare_package("odoo.addons")
for _addon in sorted((ROOT / "addons").iterdir()):
    if (_addon / "tools").is_dir():
        _bare_package(f"odoo.addons.{_addon.name}", _addon)
# No deadline: a slow machine is no defect. No database: a run leaves nothing behind.
settings.register_profile("unit", max_examples=examples(100), deadline=None, database=None)
settings.load_profile("unit")


def pytest_collection_finish():
    """What was imported by now stays to the end: the garbage collector need not look it through at every turn."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(config, val, argname):
    """Bytes and long texts are named by their argument: made by chance, they would be another test in each run."""
    long = isinstance(val, bytes) or (isinstance(val, str) and len(val) > 40)
    return argname if long else None
