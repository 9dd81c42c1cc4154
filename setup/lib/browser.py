"""Chromium, for tours, JavaScript tests and the browser tests."""

import os
import shutil
from pathlib import Path

from . import progress
from .lock import exclusive
from .paths import SetupError

#: Odoo looks for the same names.
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_HINT = "install Chromium (apt-get install chromium) for the browser tests."


def ensure() -> Path:
    """:return: the browser's program, installed first if it is missing and we may."""
    found = _find()
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError(f"No browser here: {_HINT}")
    with exclusive("browser"), progress.step("Installing Chromium"):
        for command in (
            ["apt-get", "update"],
            ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"],
        ):
            progress.run(
                command,
                log_name="browser-install",
                failure=f"Chromium cannot be installed: check the network, or {_HINT}",
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
    found = _find()
    if not found:
        raise SetupError(f"Chromium was installed and is not found: {_HINT}")
    return found


def _find() -> Path | None:
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None
