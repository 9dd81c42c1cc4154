"""Rules of the architecture that no linter knows.

Run as a program, it names each file that breaks one.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

_ROOT = Path(__file__).resolve().parents[2]
_PURE_IMPORT = re.compile(r"odoo\.addons\.(\w+)\.tools(\.|$)")
#: A longer file has more than one subject.
_LONGEST = 500
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl)a?\(")
#: A sheet that begins so has text and ground of its own, readable whatever is around them.
_FIXED_PAIRS = "// Fixed pairs of text and ground"
_CODE = ("addons", "sandbox", "setup", "tests")


def violations(root: Path = _ROOT) -> Iterator[str]:
    """:return: one line for each broken rule: ``path:line: what``."""
    dependencies = _dependencies(root / "addons")
    for path in sorted(root.glob("addons/*/tools/**/*.py")):
        allowed = dependencies.get(path.relative_to(root).parts[1], set())
        for line, what in impure_imports(path, root, allowed):
            yield f"{path.relative_to(root)}:{line}: {what}"
    for folder in _CODE:
        for path in sorted((root / folder).rglob("*.py")):
            length = len(path.read_text().splitlines())
            if length > _LONGEST:
                yield (
                    f"{path.relative_to(root)}:{_LONGEST}: "
                    f"{length} lines; split it by subject at {_LONGEST}"
                )
    for path in sorted((*root.glob("addons/*/views/*.xml"), *root.glob("addons/*/wizards/*.xml"))):
        for line, what in silent_screens(path.read_bytes()):
            yield f"{path.relative_to(root)}:{line}: {what}"
    for path in sorted(root.glob("addons/*/static/src/**/*.scss")):
        for line in own_colours(path.read_text()):
            yield (
                f"{path.relative_to(root)}:{line}: a colour of its own; take a variable of Bootstrap's "
                "(var(--warning-bg-subtle)), which a dark theme changes"
            )


def silent_screens(views: bytes) -> Iterator[tuple[int, str]]:
    """:return: line and complaint of each place of a data file where a screen leaves a person without words"""
    for record in etree.fromstring(views).iter("record"):
        if record.get("model") == "ir.actions.act_window":
            modes = record.findtext("field[@name='view_mode']") or "list,form"
            words = record.find("field[@name='help']")
            if modes != "form" and len(words if words is not None else ()) < 2:
                yield (
                    record.sourceline,
                    "help: a list without rows says what is not there, and what to do",
                )
        for button in record.iter("button"):
            inside = any(one.tag != "attribute" for one in button) or (button.text or "").strip()
            if not inside and not (button.get("string") or button.get("title")):
                yield button.sourceline, "a button has words, or a title"


def own_colours(sheet: str) -> Iterator[int]:
    """:return: the lines of a style sheet that a dark theme would leave as they are"""
    if not sheet.startswith(_FIXED_PAIRS):
        for number, line in enumerate(sheet.splitlines(), 1):
            if _COLOUR.search(line):
                yield number


def impure_imports(path: Path, root: Path, allowed: set[str]) -> Iterator[tuple[int, str]]:
    """The pure layer runs without Odoo, and sees the pure layer of addons below it only.

    :param allowed: the addons whose ``tools`` may be imported.
    :return: line and complaint of each import in ``path`` that leaves the pure layer.
    """
    depth = len(path.relative_to(root).parts) - 3
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level > depth:
                yield node.lineno, "tools/ imports from outside of itself"
            names = [] if node.level else [node.module]
            if node.module in ("odoo", "odoo.addons"):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] != "odoo":
                continue
            pure = _PURE_IMPORT.match(name)
            if not pure:
                yield node.lineno, f"tools/ is pure and imports {name}"
            elif pure[1] not in allowed:
                yield node.lineno, f"{pure[1]} is not an addon below this one"


def _dependencies(addons: Path) -> dict[str, set[str]]:
    """:return: for each addon itself and all addons of the suite below it."""
    direct = {
        path.parent.name: set(ast.literal_eval(path.read_text()).get("depends", ()))
        for path in addons.glob("*/__manifest__.py")
    }

    def closure(name: str) -> set[str]:
        return {name}.union(*(closure(below) for below in direct[name] if below in direct))

    return {name: closure(name) for name in direct}


if __name__ == "__main__":
    found = list(violations())
    print("\n".join(found))
    sys.exit(bool(found))
