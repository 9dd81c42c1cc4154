"""Odoo as a program: run to its end (install, test, shell) or as a server."""

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import progress
from .paths import LOGS, ROOT, RUN, SetupError

_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \S+ \d+ (?P<level>[A-Z]+) ")
_BAD_LEVELS = {"WARNING", "ERROR", "CRITICAL"}
#: What Odoo itself writes in a run where nothing is wrong, each with its reason.
_TOLERATED = [
    # Said at every call of /jsonrpc and /xmlrpc; the suite is tested through them as well.
    re.compile(r" WARNING \S+ odoo\.addons\.rpc\.controllers\.\S+: The /xmlrpc"),
    # Two transactions met in a table of Odoo's own or of the queue's; Odoo repeats the one that lost and logs its query
    # all the same. Where transactions meet in the suite's tables or in the books, the suite has locks to take.
    re.compile(
        r" ERROR \S+ odoo\.sql_db: bad query: (?:(?!\b(?:UPDATE|INTO|FROM)\b).)*\b(?:UPDATE|INTO|FROM)\s+"
        r'"?(?:ir_|res_users|res_device|bus_|discuss_|mail_presence|queue_job).*could not serialize access',
        re.DOTALL,
    ),
]


def command(python: Path, conf: Path, *arguments: str) -> list[str]:
    return [str(python), "-m", "odoo", *arguments[:1], "--config", str(conf), *arguments[1:]]


def environment() -> dict[str, str]:
    """The caller's, without what would change Odoo's or the suite's configuration; compiled code is kept out of the
    sources and, since Debian's Odoo brings none, once for all processes.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "ODOO_", "FINANCE_")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {"PYTHONPYCACHEPREFIX": str(RUN / "pycache")}


def run(
    python: Path, conf: Path, *arguments: str, log_name: str, failure: str, stdin: str | None = None
) -> Path:
    """Run ``odoo`` to its end.

    :param arguments: the sub-command first (``server``, ``shell``, ...), then its options.
    :return: the log file.
    :raise SetupError: when Odoo's exit code is not zero.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{log_name}.log"
    with log.open("wb") as output:
        done = subprocess.run(
            command(python, conf, *arguments),
            stdout=output,
            stderr=subprocess.STDOUT,
            input=(stdin or "").encode(),
            env=environment(),
            cwd=ROOT,
        )
    if done.returncode:
        raise SetupError(
            f"{failure}\n{what_is_bad(log) or progress.tail(log)}\n(the whole log: {log})"
        )
    return log


def bad_lines(log: Path) -> list[str]:
    """:return: the first line of each entry in ``log`` at WARNING or worse that is not tolerated."""
    return [
        entry.splitlines()[0]
        for entry, level in _entries(log)
        if level in _BAD_LEVELS and not any(known.search(entry) for known in _TOLERATED)
    ]


def what_is_bad(log: Path, lines: int = 60) -> str:
    """:return: the entries of ``log`` at ERROR or worse, up to ``lines`` lines of them."""
    bad = [entry for entry, level in _entries(log) if level in ("ERROR", "CRITICAL")]
    return "\n".join("\n".join(bad).splitlines()[-lines:])


def _entries(log: Path) -> Iterator[tuple[str, str]]:
    """:return: each entry, with the lines that go on with it, and its level."""
    entry: list[str] = []
    level = ""
    for line in log.read_text(errors="replace").splitlines():
        started = _ENTRY.match(line)
        if started:
            if entry:
                yield "\n".join(entry), level
            entry, level = [], started["level"]
        entry.append(line)
    if entry:
        yield "\n".join(entry), level


def free_port() -> int:
    """:return: a port nothing listens on, with the one three above it free as well.

    It is below those that the system gives to connections, so that none stands on it before its server does.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 3))
            except OSError:
                continue
            return port


def check_port(port: int) -> None:
    """:raise SetupError: when something listens on ``port`` already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SetupError(
                f"Port {port} is taken by another program: stop it, or choose another with --port."
            ) from None


@contextlib.contextmanager
def serving(
    arguments: Sequence[str | Path],
    *,
    ready_url: str,
    log_name: str,
    env: dict[str, str] | None = None,
    within: float = 180,
) -> Iterator[subprocess.Popen]:
    """A server process that answers ``ready_url``, ended with the block.

    :param within: seconds it may take until it answers.
    :raise SetupError: when it ends, or does not answer in time.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{log_name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=env or environment(),
            cwd=ROOT,
            # Ctrl-C is ours: we end the server after our own work is in order.
            start_new_session=True,
        )
        try:
            _wait_until_ready(process, ready_url, log, within)
            yield process
        finally:
            _end(process)


def _wait_until_ready(process: subprocess.Popen, url: str, log: Path, within: float) -> None:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SetupError(
                f"The server ended at its start:\n{progress.tail(log)}\n(the log: {log})"
            )
        try:
            with urllib.request.urlopen(url, timeout=30):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise SetupError(
        f"{url} does not answer after {within:.0f} s:\n{progress.tail(log)}\n(the log: {log})"
    )


def _end(process: subprocess.Popen, patience: float = 20) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
