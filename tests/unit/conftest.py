"""Makes the pure layer of the addons importable without Odoo; a model imported from here fails."""

import sys
import types
from pathlib import Path

ADDONS = Path(__file__).resolve().parents[2] / "addons"


def _bare_package(name, path=None):
    module = types.ModuleType(name)
    module.__path__ = [str(path)] if path else []
    sys.modules[name] = module


_bare_package("odoo")
_bare_package("odoo.addons")
for _manifest in ADDONS.glob("*/__manifest__.py"):
    _bare_package(f"odoo.addons.{_manifest.parent.name}", _manifest.parent)
