"""Every static check, each a program of its own with a name."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .paths import ADDONS, ROOT


@dataclass(frozen=True)
class Check:
    """:ivar fix: the command that puts right what a program can, if there is one."""

    name: str
    command: tuple[str, ...]
    fix: tuple[str, ...] = ()


def checks(python: Path) -> list[Check]:
    programs = python.parent
    ruff = str(programs / "ruff")
    addons = tuple(str(path.parent) for path in sorted(ADDONS.glob("*/__manifest__.py")))
    return [
        Check("ruff", (ruff, "check", "."), (ruff, "check", "--fix", ".")),
        Check("ruff-format", (ruff, "format", "--check", "."), (ruff, "format", ".")),
        Check("structure", (str(python), str(Path(__file__).with_name("structure.py")))),
        Check("pylint-odoo", (str(programs / "pylint"), "--rcfile=.pylintrc", *addons)),
        Check("oca-checks", (str(programs / "oca-checks-odoo-module"), *addons)),
    ]


def run(check: Check) -> tuple[bool, str]:
    """:return: whether all is well, and what the program said."""
    done = subprocess.run(check.command, cwd=ROOT, capture_output=True, text=True)
    return done.returncode == 0, f"{done.stdout}{done.stderr}".strip()


def fix(python: Path) -> None:
    for check in checks(python):
        if check.fix:
            subprocess.run(check.fix, cwd=ROOT)
