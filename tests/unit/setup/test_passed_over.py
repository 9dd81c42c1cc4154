"""What Odoo's runner ran is not run again under pytest; what it passed over is, and an error stays one."""

import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SETUP = Path(__file__).parents[3] / "setup"
LINE = "2026-11-26 22:00:00,000 7 INFO db odoo.addons.money.tests.test_coin: Starting {} ...\n"
TESTS = """
import unittest

class Coin(unittest.TestCase):
    def test_heads(self):
        pass

    def test_tails(self):
        pass
"""


@pytest.fixture
def under_pytest(pytester, monkeypatch):
    """Run an addon's tests beside a log that tells of the tests ``ran``."""
    monkeypatch.setattr(sys, "path", [str(SETUP), *sys.path])
    folder = pytester.mkdir("money") / "tests"
    folder.mkdir()

    def run(tests: str, *ran: str) -> pytest.RunResult:
        (folder / "test_coin.py").write_text(tests)
        log = pytester.path / "runner.log"
        log.write_text("".join(LINE.format(name) for name in ran))
        options = ["-p", "no:odoo", "-p", "lib.passed_over", f"--ran={log}"]
        return pytester.runpytest_inprocess(*options, folder)

    return run


def test_what_the_runner_passed_over_is_run(under_pytest):
    done = under_pytest(TESTS, "Coin.test_heads")
    done.assert_outcomes(passed=1, deselected=1)
    assert done.ret == pytest.ExitCode.OK


def test_nothing_passed_over_is_no_failure(under_pytest):
    done = under_pytest(TESTS, "Coin.test_heads", "Coin.test_tails")
    done.assert_outcomes(deselected=2)
    assert done.ret == pytest.ExitCode.OK


def test_no_test_at_all_is_a_failure(under_pytest):
    assert under_pytest("").ret == pytest.ExitCode.NO_TESTS_COLLECTED
