"""The stages of ``setup/test``: each runs one kind of test and returns its counts."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import browser, database, lifecycle, lint, odoo, odoo_conf, progress, results
from .paths import ADDONS, LOGS, ROOT, SetupError, suite_addons
from .postgres import Cluster
from .results import Result

UNIT_TESTS = ROOT / "tests/unit"
E2E_TESTS = ROOT / "tests/e2e"
#: Parts of about the length of the longest other stage.
_E2E_PARTS = 4


@dataclass(frozen=True)
class Bench:
    """What a stage works with: the Python of the environment and a running cluster."""

    python: Path
    cluster: Cluster


def run_lint(bench: Bench) -> Result:
    result = Result()
    for check in lint.checks(bench.python):
        fine, told = lint.run(check)
        if fine:
            result.passed += 1
        else:
            result.fail(f"{check.name}:\n{told}")
    return result


def run_unit(python: Path, arguments: Sequence[str] = (), *, thorough: bool = False) -> Result:
    """Tests of the pure layer, of the sandbox and of this set-up: no Odoo, no database.

    :param thorough: property tests try ten times as many examples
    """
    effort = {"FINANCE_TEST_THOROUGH": "1"} if thorough else {}

    def run(name: str, *options: str) -> Result:
        return _pytest(python, name, ["-p", "no:odoo", *options], env=effort)

    if arguments:
        return run("unit", "tests/unit", *arguments)
    # A process each, two at a time: it imports what its folder is about, and works while another waits for a server.
    folders = sorted({path.parent for path in UNIT_TESTS.glob("*/test_*.py")})
    result = Result()
    with ThreadPoolExecutor(max_workers=2) as pool:
        for found in pool.map(lambda folder: run(f"unit-{folder.name}", str(folder)), folders):
            result += found
    return result


def run_packages(bench: Bench) -> Result:
    return _pytest(bench.python, "packages", ["-p", "no:odoo", "tests/packages"])


def run_odoo(bench: Bench, addon: str) -> Result:
    """Odoo's own runner on one addon, whose tests run after installation; one tagged to run at it is left to pytest."""
    name = f"test_{addon}"
    database.copy(bench.cluster, database.world_template(bench.cluster, bench.python), name)
    browser.ensure()
    tests = results.count_tests(_test_files(addon))
    log, code = _odoo_tests(bench, name, f"/{addon}")
    return results.from_odoo(log, code, at_least=tests)


def run_odoo_lint(bench: Bench) -> Result:
    """The linters Odoo's own developers use, which need a database."""
    database.copy(
        bench.cluster, database.test_template(bench.cluster, bench.python), "test_odoo_lint"
    )
    # Its pylint reads the whole of Odoo, for a quarter of an hour; ours is read by `setup/lint`.
    tags = "/test_lint,-/test_lint:TestESLint,-/test_lint:TestPyLint"
    log, _code = _odoo_tests(bench, "test_odoo_lint", tags, "--init", "test_lint")
    return results.from_odoo_lint(log)


def run_pytest_odoo(bench: Bench, ran: Sequence[Path] = ()) -> Result:
    """The same test files under pytest, which also runs what Odoo's loader silently passes over:
    plain ``unittest`` classes and inherited test methods.

    :param ran: logs of Odoo's own runner; the tests they tell of are not run a second time
    """
    name = "test_pytest"
    database.copy(bench.cluster, database.world_template(bench.cluster, bench.python), name)
    paths = [str(path) for path in sorted(ADDONS.glob("*/tests"))]
    return pytest_on(bench, name, paths, ran)


def pytest_on(
    bench: Bench, name: str, arguments: Sequence[str], ran: Sequence[Path] = ()
) -> Result:
    """pytest-odoo on the database ``name`` as it is."""
    conf = odoo_conf.write(name, bench.cluster, port=odoo.free_port(), queue=False)
    options = [f"--odoo-config={conf}", f"--odoo-database={name}", *arguments]
    options += ["-p", "lib.passed_over", *(f"--ran={log}" for log in ran)]
    return _pytest(bench.python, "pytest-odoo", options, env={"PYTHONPATH": str(ROOT / "setup")})


def run_e2e(bench: Bench, part: int = 0, parts: int = 1) -> Result:
    """Real processes: servers, the queue's runner, RPC clients, the browser, ``kill -9``.

    :param part: which of ``parts`` to run, from 0
    """
    browser.ensure()
    template = database.page_template(bench.cluster, bench.python)
    files = shares(sorted(E2E_TESTS.glob("test_*.py")), parts)[part]
    return _pytest(
        bench.python,
        f"e2e-{part}" if parts > 1 else "e2e",
        ["-p", "no:odoo", *map(str, files)],
        env={"FINANCE_TEST_TEMPLATE": template},
    )


def shares(files: Sequence[Path], parts: int) -> list[list[Path]]:
    """:return: the files dealt out so that each share has as much test code, which tells roughly how long it takes."""
    shares: list[list[Path]] = [[] for _part in range(parts)]
    for path in sorted(files, key=lambda path: -path.stat().st_size):
        min(shares, key=lambda share: sum(file.stat().st_size for file in share)).append(path)
    return shares


def run_lifecycle(bench: Bench) -> Result:
    return lifecycle.check(bench.cluster, bench.python)


def run_demo(bench: Bench) -> Result:
    """``setup/demo --once --json`` from nothing, its checks and its summary."""
    log = LOGS / "test-demo.log"
    with log.open("wb") as errors:
        options = ["--once", "--json", "--fresh", "--database", "test_demo"]
        done = subprocess.run(
            [sys.executable, ROOT / "setup/demo", *options, "--port", str(odoo.free_port())],
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
        )
    result = Result()
    summary = done.stdout.decode().strip().rpartition("\n")[2]
    try:
        failed = [name for name, held in json.loads(summary)["checks"].items() if not held]
    except (ValueError, KeyError, AttributeError):
        failed = ["a summary as JSON on the last line"]
    if done.returncode or failed:
        told = "\n".join([*failed, summary])
        result.fail(f"setup/demo ended with {done.returncode}:\n{told}\n{progress.tail(log)}")
    else:
        result.passed += len(json.loads(summary)["checks"])
    return result


def everything(bench: Bench) -> list[tuple[str, Callable[[], Result]]]:
    """:return: every stage CI runs with its title, in the order in which a few at a time work them off in the shortest
    time: what can do without the databases that the first test in a browser makes, then the long ones.
    """
    # The tests of an addon are in files whose number tells how long they take.
    addons = sorted(suite_addons(tests=True), key=lambda addon: -len(_test_files(addon)))
    ran = {addon: threading.Event() for addon in addons}

    def with_odoo(addon: str) -> Result:
        try:
            return run_odoo(bench, addon)
        finally:
            ran[addon].set()

    def with_pytest() -> Result:
        # All of these began before this one, which asks their logs what is left to do.
        for ended in ran.values():
            ended.wait()
        return run_pytest_odoo(bench, [_log_of(f"test_{addon}") for addon in addons])

    def with_browser(part: int) -> tuple[str, Callable[[], Result]]:
        title = f"browser, RPC and crash tests, part {part + 1} of {_E2E_PARTS}"
        return title, lambda: run_e2e(bench, part, _E2E_PARTS)

    return [
        with_browser(0),
        ("lint", lambda: run_lint(bench)),
        ("unit tests", lambda: run_unit(bench.python, thorough=True)),
        ("packages", lambda: run_packages(bench)),
        ("install, upgrade, uninstall", lambda: run_lifecycle(bench)),
        ("demo", lambda: run_demo(bench)),
        *(with_browser(part) for part in range(1, _E2E_PARTS)),
        *((f"Odoo's runner: {addon}", lambda addon=addon: with_odoo(addon)) for addon in addons),
        ("Odoo's linters", lambda: run_odoo_lint(bench)),
        ("pytest-odoo", with_pytest),
    ]


def _test_files(addon: str) -> list[Path]:
    return list((ADDONS / addon).glob("tests/test_*.py"))


def guarded(stage: Callable[[], Result]) -> Result:
    """A stage that cannot run is a failure, and the next ones still run."""
    try:
        return stage()
    except SetupError as error:
        return Result(failed=1, complaints=[str(error)])


def _log_of(name: str) -> Path:
    return LOGS / f"odoo-tests-{name}.log"


def _odoo_tests(bench: Bench, name: str, tags: str, *arguments: str) -> tuple[Path, int]:
    conf = odoo_conf.write(name, bench.cluster, port=odoo.free_port(), queue=False)
    log = _log_of(name)
    LOGS.mkdir(parents=True, exist_ok=True)
    options = ["--test-tags", tags, "--stop-after-init", "--max-cron-threads=0", *arguments]
    with log.open("wb") as output:
        done = subprocess.run(
            odoo.command(bench.python, conf, "server", *options),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=odoo.environment(),
            cwd=ROOT,
        )
    return log, done.returncode


def _pytest(
    python: Path, name: str, arguments: Sequence[str], env: dict[str, str] | None = None
) -> Result:
    LOGS.mkdir(parents=True, exist_ok=True)
    report = LOGS / f"{name}.xml"
    report.unlink(missing_ok=True)
    log = LOGS / f"{name}.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [str(python), "-m", "pytest", "-q", "-rfEs", f"--junitxml={report}", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=odoo.environment() | {"PATH": os.environ["PATH"]} | (env or {}),
            cwd=ROOT,
        )
    return results.from_junit(report, done.returncode, progress.tail(log, 80))
