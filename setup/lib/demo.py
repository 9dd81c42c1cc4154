"""The demo: a database, the sandbox and Odoo beside each other, with the cycle run between them."""

import contextlib
import datetime
import json
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import database, odoo, odoo_conf, postgres, progress, venv
from .paths import ROOT, RUN, SetupError
from .postgres import Cluster

#: What Odoo, the packages and the databases take, in bytes, before there is anything.
_FIRST_RUN_NEEDS = 4 * 10**9
_LATER_RUN_NEEDS = 3 * 10**8
SEED = 7


@dataclass(frozen=True)
class Context:
    """Everything the cycle works with.

    :ivar conf: the running Odoo's configuration file.
    :ivar sandbox_url: the bank's address, control API included.
    :ivar folder: where the bank drops its statement files.
    """

    python: Path
    cluster: Cluster
    database: str
    conf: Path
    odoo_url: str
    sandbox_url: str
    folder: Path
    login: str = "admin"
    password: str = "admin"  # noqa: S105 - a demo on 127.0.0.1, told on the screen

    def run_script(self, script: str) -> str:
        """Run Python with ``env`` beside the running server; the script commits for itself.

        :return: what it printed after ``===`` on a line of its own.
        """
        log = odoo.run(
            self.python,
            self.conf,
            "shell",
            "--no-http",
            "--shell-interface=python",
            log_name=f"shell-{self.database}",
            failure="A step of the demo failed.",
            stdin=f"exec({script!r})\n",
        )
        return log.read_text().rpartition("\n===\n")[2]


@contextlib.contextmanager
def running(name: str, port: int, *, fresh: bool) -> Iterator[Context]:
    """Make what is missing and start everything; end it with the block."""
    odoo.check_port(port)
    _check_disk()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    python = venv.ensure()
    with postgres.running() as cluster:
        _prepare_database(cluster, python, name, fresh=fresh)
        folder = RUN / "demo" / name
        folder.mkdir(parents=True, exist_ok=True)
        sandbox_port = odoo.free_port()
        sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        conf = odoo_conf.write(name, cluster, port=port, finance={"file_roots": str(RUN / "demo")})
        context = Context(
            python, cluster, name, conf, f"http://127.0.0.1:{port}", sandbox_url, folder
        )
        with contextlib.ExitStack() as servers:
            with progress.step("Starting the bank and Odoo"):
                servers.enter_context(_sandbox(sandbox_port, folder, _bank_day(name)))
                servers.enter_context(
                    odoo.serving(
                        odoo.command(python, conf, "server"),
                        ready_url=f"{context.odoo_url}/web/health",
                        log_name=f"{name}-odoo",
                    )
                )
            yield context


def _check_disk() -> None:
    first = not (RUN / "odoo/.complete").exists()
    needed = _FIRST_RUN_NEEDS if first else _LATER_RUN_NEEDS
    free = shutil.disk_usage(ROOT).free
    if free < needed:
        raise SetupError(
            f"The disk holding {ROOT} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB are "
            "needed: free some space and run this again."
        )


def _prepare_database(cluster: Cluster, python: Path, name: str, *, fresh: bool) -> None:
    template = database.suite_template(cluster, python)
    if fresh or database.origin(cluster, name) != template:
        shutil.rmtree(RUN / "demo" / name, ignore_errors=True)
        with progress.step("Making the demo's database"):
            database.copy(cluster, template, name)


def _bank_day(name: str) -> datetime.date:
    """The day the bank's clock starts at: the last business day but one, so that the next one is not in the future.

    The same in each run over one database, so that the bank's world is the same.
    """
    path = RUN / "demo" / name / ".bank-day"
    if not path.exists():
        day = _business_day_until(datetime.date.today())
        path.write_text(_business_day_until(day - datetime.timedelta(days=1)).isoformat())
    return datetime.date.fromisoformat(path.read_text())


def _business_day_until(day: datetime.date) -> datetime.date:
    return day - datetime.timedelta(days=max(0, day.weekday() - 4))


def _sandbox(port: int, folder: Path, day: datetime.date) -> contextlib.AbstractContextManager:
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--seed", str(SEED)]
    command += ["--base-date", day.isoformat()]
    return odoo.serving(
        [*command, "--folder", folder],
        ready_url=f"http://127.0.0.1:{port}/health",
        log_name="sandbox",
    )


def as_json(summary: dict) -> str:
    return json.dumps(summary, ensure_ascii=False, default=str)
