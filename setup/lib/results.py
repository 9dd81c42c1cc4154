"""Counts of tests, and how to read them from what the runners leave behind."""

import ast
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import odoo

_ODOO_SUMMARY = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading database")
_LOG_ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\d )", re.MULTILINE)
_BAD_ENTRY = re.compile(r"^\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) ")
_LINT_COUNT = re.compile(r" odoo\.modules\.loading: | odoo\.tests\.result: ")
_ODOO_SKIP = re.compile(r"^\S+ \S+ \d+ INFO \S+ odoo\.\S+: skipped ", re.MULTILINE)


@dataclass
class Result:
    """What one stage found.

    :ivar complaints: what a person needs to see of the failures.
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    complaints: list[str] = field(default_factory=list)

    def fail(self, complaint: str, count: int = 1) -> None:
        self.failed += count
        self.complaints.append(complaint)

    def __iadd__(self, other: "Result") -> "Result":
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.complaints += other.complaints
        return self

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def from_junit(report: Path, exit_code: int, told: str) -> Result:
    """Read pytest's report; an exit code that says more than failed tests is a failure of its own."""
    result = Result()
    if report.exists():
        for suite in ElementTree.parse(report).iter("testsuite"):  # noqa: S314 - pytest wrote it
            tests, failures, errors, skipped = (
                int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
            )
            result.failed += failures + errors
            result.skipped += skipped
            result.passed += tests - failures - errors - skipped
    if result.failed:
        result.complaints.append(told)
    elif exit_code:
        result.fail(f"pytest ended with exit code {exit_code}:\n{told}")
    return result


def from_odoo(log: Path, exit_code: int, *, at_least: int) -> Result:
    """Read the log of a run of Odoo's own test runner.

    Its exit code can be zero with tests that never ran, and its summary can say "0 failed" when it
    broke off before them; so both count, and so does the number of tests.

    :param at_least: how many tests there are.
    """
    result = Result()
    text = log.read_text(errors="replace")
    summaries = _ODOO_SUMMARY.findall(text)
    failed = sum(int(failures) + int(errors) for failures, errors, _total in summaries)
    total = sum(int(total) for _failures, _errors, total in summaries)
    result.skipped = len(_ODOO_SKIP.findall(text))
    result.passed = max(total - failed - result.skipped, 0)
    if failed:
        result.fail(odoo.what_is_bad(log), failed)
    elif exit_code:
        result.fail(f"Odoo ended with exit code {exit_code}:\n{odoo.what_is_bad(log)}")
    if total < at_least:
        result.fail(
            f"{total} tests ran and there are {at_least}: a test file is not imported in "
            f"tests/__init__.py, or Odoo broke off (see {log})."
        )
    bad = odoo.bad_lines(log)
    if bad and not failed:
        result.fail("Odoo's log has warnings:\n" + "\n".join(bad[:20]))
    return result


def from_odoo_lint(log: Path) -> Result:
    """Read the log of Odoo's ``test_lint``, which judges every installed addon: what it says of ``queue_job`` alone is
    not ours to mend.
    """
    result = Result()
    text = log.read_text(errors="replace")
    [(_failed, _errors, total)] = _ODOO_SUMMARY.findall(text) or [(0, 0, 0)]
    blocks = [block for block in _LOG_ENTRY.split(text) if _BAD_ENTRY.match(block)]
    told = [
        block for block in blocks if not _LINT_COUNT.search(block) and not _is_of_queue_job(block)
    ]
    for block in told:
        result.fail(block.strip())
    result.skipped = len(_ODOO_SKIP.findall(text))
    result.passed = max(int(total) - result.failed - result.skipped, 0)
    if not result.passed:
        result.fail(f"No linter of Odoo's ran: see {log}.")
    return result


def _is_of_queue_job(block: str) -> bool:
    named = re.findall(r"module='(\w+)'", block) + re.findall(
        r"^(\S+) \(inverse of", block, re.MULTILINE
    )
    return bool(named) and all(name.startswith(("queue_job", "queue.job")) for name in named)


def count_tests(files: Iterable[Path]) -> int:
    """:return: how many test methods the classes in ``files`` define themselves."""
    count = 0
    for path in files:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                count += sum(
                    isinstance(method, ast.FunctionDef) and method.name.startswith("test_")
                    for method in node.body
                )
    return count
