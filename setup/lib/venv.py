"""The Python environment in ``.run/venv``: Odoo on its path, every package at its pinned version."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import odoo_source, progress
from .lock import exclusive
from .paths import ROOT, RUN, SetupError

_TARGET = RUN / "venv"
#: What Odoo 19 runs on.
_PYTHONS = [(3, minor) for minor in (11, 12, 13, 10)]
REQUIREMENTS = (
    ROOT / "setup/odoo-requirements.txt",
    ROOT / "requirements.txt",
    ROOT / "requirements-dev.txt",
)


def ensure() -> Path:
    """:return: the environment's Python."""
    python_path = odoo_source.ensure()
    with exclusive("venv"):
        python = _TARGET / "bin/python"
        stamp = _TARGET / "finance-suite-stamp"
        wanted = _stamp(python_path)
        if stamp.exists() and stamp.read_text() == wanted and python.exists():
            return python
        stamp.unlink(missing_ok=True)
        _make(python)
        _link_odoo(python, python_path)
        _install(python)
        stamp.write_text(wanted)
        return python


def _stamp(python_path: Path) -> str:
    digest = hashlib.sha256(str(python_path).encode())
    for path in REQUIREMENTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _make(python: Path) -> None:
    if python.exists():
        return
    shutil.rmtree(_TARGET, ignore_errors=True)
    progress.run(
        [_interpreter(), "-m", "venv", _TARGET],
        log_name="venv-create",
        failure="The Python environment cannot be made: install python3-venv.",
    )


def _interpreter() -> str:
    if sys.version_info[:2] in _PYTHONS:
        return sys.executable
    for major, minor in _PYTHONS:
        found = shutil.which(f"python{major}.{minor}")
        if found:
            return found
    raise SetupError(
        f"Odoo 19 needs Python 3.10 to 3.13, and only {sys.version.split()[0]} is here: install one."
    )


def _link_odoo(python: Path, python_path: Path) -> None:
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    Path(folder.stdout.strip(), "odoo-19.pth").write_text(f"{python_path}\n")


def _install(python: Path) -> None:
    """The files list every package, so pip resolves nothing; it must not follow what Odoo's and the
    addons' metadata ask for either (PyPDF2, which Odoo no longer needs beside pypdf).
    """
    # Odoo looks for compiled code in a folder of its own (odoo.environment): what pip compiles is read by nobody.
    options = ["--no-deps", "--no-compile"]
    sources = [argument for path in REQUIREMENTS for argument in ("--requirement", path)]
    with progress.step("Installing the Python packages"):
        progress.run(
            [python, "-m", "pip", "install", *options, *sources],
            log_name="venv-install",
            failure="The Python packages cannot be installed: check the network and run this again.",
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )
