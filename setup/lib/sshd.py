"""OpenSSH's server, for the tests of SFTP: a private instance on a loopback port, in a folder of its own."""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from . import progress
from .lock import exclusive
from .odoo import free_port
from .paths import SetupError

_PLACES = "/usr/sbin:/usr/local/sbin:/usr/lib/openssh"
_HINT = "install OpenSSH's server (apt-get install openssh-server) for the tests of SFTP."


def ensure() -> Path:
    """:return: the server's program, installed first if it is missing and we may."""
    found = _find()
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError(f"No SSH server here: {_HINT}")
    with exclusive("sshd"), progress.step("Installing OpenSSH's server"):
        for command in (
            ["apt-get", "update"],
            ["apt-get", "install", "--yes", "--no-install-recommends", "openssh-server"],
        ):
            progress.run(
                command,
                log_name="sshd-install",
                failure=f"OpenSSH's server cannot be installed: check the network, or {_HINT}",
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"},
            )
    found = _find()
    if not found:
        raise SetupError(f"OpenSSH's server was installed and is not found: {_HINT}")
    return found


def _find() -> Path | None:
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:{_PLACES}")
    return Path(found) if found else None


class SshServer:
    """A private OpenSSH server for the user that runs it; the login is by key only.

    :ivar folder: what the login sees as its drop; anywhere below the given folder.
    :ivar private_key: text of the key that may log in.
    """

    def __init__(self, folder: Path):
        self.base = folder / "sshd"
        self.folder = folder / "drop"
        self.port = free_port()
        self.process = None
        for path in (self.base, self.folder):
            path.mkdir(parents=True, exist_ok=True)
        self._make_key(self.base / "client")
        self.private_key = (self.base / "client").read_text()
        self.new_host_key()

    @property
    def address(self) -> str:
        return f"sftp://{getpass.getuser()}@127.0.0.1:{self.port}{self.folder}"

    @property
    def fingerprint(self) -> str:
        """:return: the fingerprint of its key, as OpenSSH's own tool prints it."""
        shown = subprocess.run(
            ["ssh-keygen", "-l", "-f", self.base / "host.pub"],
            check=True,
            capture_output=True,
            text=True,
        )
        return shown.stdout.split()[1]

    def new_host_key(self) -> None:
        for path in self.base.glob("host*"):
            path.unlink()
        self._make_key(self.base / "host")

    def _make_key(self, path: Path) -> None:
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path],
            check=True,
            stdin=subprocess.DEVNULL,
        )

    def start(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        settings = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": self.base / "host",
            "PidFile": "none",
            "AuthorizedKeysFile": self.base / "client.pub",
            "StrictModes": "no",
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "PermitRootLogin": "prohibit-password",
            "Subsystem": "sftp internal-sftp",
        }
        config = self.base / "sshd_config"
        config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        with (self.base / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [ensure(), "-D", "-e", "-f", config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SetupError(f"The SSH server does not start: see {self.base / 'log'}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it and the sessions it serves."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc_info):
        self.stop()
