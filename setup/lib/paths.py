"""Where things are, and the one error type a command shows as a sentence."""

import ast
import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDONS = ROOT / "addons"
RUN = ROOT / ".run"
LOGS = RUN / "logs"
DATA = RUN / "data"
KEYS = RUN / "keys"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "finance-suite"

#: Tells two clones on one machine apart wherever a name must live outside the clone.
CLONE_ID = hashlib.sha256(str(ROOT).encode()).hexdigest()[:10]


class SetupError(Exception):
    """Something a person must put right; the message is one sentence saying what and how."""


def suite_addons(*, tests: bool = False) -> list[str]:
    """The technical names of the addons in this repository, dependencies first.

    :param tests: those that only tests need (``test_...``) as well.
    """
    manifests = {
        path.parent.name: ast.literal_eval(path.read_text())
        for path in sorted(ADDONS.glob("*/__manifest__.py"))
        if tests or not path.parent.name.startswith("test_")
    }
    ordered: list[str] = []

    def add(name: str) -> None:
        if name in manifests and name not in ordered:
            for dependency in manifests[name].get("depends", []):
                add(dependency)
            ordered.append(name)

    for name in manifests:
        add(name)
    return ordered
