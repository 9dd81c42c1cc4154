"""Lets a pure module be imported by its full name without Odoo, and anything above it not at all.

``odoo`` and the addons become empty packages, so ``odoo.addons.<addon>.tools.<module>`` loads the
file alone; an import of ``odoo.api`` or of a model fails, which keeps the pure layer pure.
"""

import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _bare_package(name: str, folder: Path | None = None) -> None:
    package = types.ModuleType(name)
    package.__path__ = [str(folder)] if folder else []
    sys.modules[name] = package


_bare_package("odoo")
_bare_package("odoo.addons")
for _addon in sorted((ROOT / "addons").iterdir()):
    if (_addon / "tools").is_dir():
        _bare_package(f"odoo.addons.{_addon.name}", _addon)
sys.path.insert(0, str(ROOT))


def pytest_make_parametrize_id(config, val, argname):
    """Bytes and long texts are named by their argument: made by chance, they would be another test in each process."""
    long = isinstance(val, bytes) or (isinstance(val, str) and len(val) > 40)
    return argname if long else None
