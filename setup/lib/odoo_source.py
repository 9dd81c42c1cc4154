"""Odoo 19: one that is already here, or Debian's package unpacked into ``.run/odoo``."""

import importlib.util
import os
import platform
import shutil
import subprocess
from pathlib import Path

from . import progress
from .lock import exclusive
from .paths import CACHE, RUN, SetupError

ODOO_HOME = "FINANCE_ODOO_HOME"
_TARGET = RUN / "odoo"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SERVER = "odoo-19"
#: Odoo's package has links to the files of these.
_ASSETS = (
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-inconsolata",
    "fonts-montserrat",
    "fonts-roboto-unhinted",
    # Odoo draws its icons with Font Awesome 4; the package of that name has moved on to 7.
    "fonts-font-awesome=5.0.10+really4.7.0*",
)
_OTHER_WAYS = (
    f"set {ODOO_HOME} to a git checkout of Odoo 19.0 (git clone --depth 1 --branch 19.0 "
    "https://github.com/odoo/odoo) and run this again"
)


def ensure() -> Path:
    """:return: the folder to put on Python's path so that ``import odoo`` finds Odoo 19.0."""
    chosen = os.environ.get(ODOO_HOME)
    if chosen:
        return _checked(Path(chosen).expanduser().resolve())
    importable = _importable()
    if importable:
        return importable
    with exclusive("odoo"):
        python_path = _TARGET / "usr/lib/python3/dist-packages"
        if not (_TARGET / ".complete").exists():
            _unpack(_download())
            _repair(python_path)
            (_TARGET / ".complete").touch()
        return python_path


def _importable() -> Path | None:
    """:return: the folder of an Odoo 19.0 this Python already finds."""
    spec = importlib.util.find_spec("odoo")
    # Addons from PyPI make folders of that name as well, so each of them is looked into.
    homes = (Path(place).parent for place in (spec and spec.submodule_search_locations) or ())
    return next((home for home in homes if _is_odoo_19(home)), None)


def _is_odoo_19(home: Path) -> bool:
    release = home / "odoo/release.py"
    return release.is_file() and "version_info = (19, 0," in release.read_text()


def _checked(home: Path) -> Path:
    release = home / "odoo/release.py"
    if not _is_odoo_19(home):
        raise SetupError(f"{ODOO_HOME}={home} is not a checkout of Odoo 19.0: {release} is wrong.")
    return home


def _download() -> list[Path]:
    folder = CACHE / "debian"
    packages = folder / "packages"
    complete = packages / ".complete"
    if complete.exists():
        return sorted(packages.glob("*.deb"))
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise SetupError(
                f"{tool} is missing, so Odoo 19 cannot come from Debian: {_OTHER_WAYS}."
            )
    if not _KEYRING.exists():
        raise SetupError(
            f"{_KEYRING} is missing: apt-get install debian-archive-keyring, or {_OTHER_WAYS}."
        )
    shutil.rmtree(packages, ignore_errors=True)
    for part in ("state/lists/partial", "archives/partial", "packages"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    config = _apt_config(folder)
    environment = {**os.environ, "APT_CONFIG": str(config)}
    with progress.step("Reading Debian's list of packages"):
        progress.run(
            ["apt-get", "update", "--error-on=any"],
            log_name="apt-update",
            failure=f"Debian's package list cannot be fetched: check the network, or {_OTHER_WAYS}.",
            env=environment,
        )
    with progress.step("Downloading Odoo 19 (about 130 MB)"):
        progress.run(
            ["apt-get", "download", _SERVER, *_ASSETS],
            log_name="apt-download",
            failure=f"Odoo 19 cannot be downloaded from Debian: check the network, or {_OTHER_WAYS}.",
            env=environment,
            cwd=packages,
        )
    complete.touch()
    return sorted(packages.glob("*.deb"))


def _apt_config(folder: Path) -> Path:
    """State, lists and sources of our own: the machine's apt is neither read nor changed.

    ``sid`` is the suite that has Odoo 19, ``stable`` still has the icon font it links to.
    """
    mirror = _mirror()
    sources = folder / "sources.list"
    sources.write_text(
        "".join(
            f"deb [signed-by={_KEYRING}] {mirror} {suite} main\n" for suite in ("sid", "stable")
        )
    )
    config = folder / "apt.conf"
    config.write_text(
        f'Dir::State "{folder / "state"}";\n'
        f'Dir::State::status "{os.devnull}";\n'
        f'Dir::Cache "{folder}";\n'
        f'Dir::Etc::sourcelist "{sources}";\n'
        'Dir::Etc::sourceparts "-";\n'
        'Acquire::Languages "none";\n'
        'Acquire::Retries "1";\n'
        'Acquire::http::Timeout "30";\n'
        # The folder belongs to whoever runs this, so apt's own account could not write there.
        'APT::Sandbox::User "root";\n'
    )
    return config


def _mirror() -> str:
    """:return: the mirror this machine already takes Debian's packages from."""
    found = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Label: Debian"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    if not found:
        raise SetupError(
            f"No Debian mirror is configured here ({platform.platform()}), and Odoo 19 is a Debian "
            f"package: {_OTHER_WAYS}."
        )
    return found[0]


def _unpack(packages: list[Path]) -> None:
    shutil.rmtree(_TARGET, ignore_errors=True)
    _TARGET.mkdir(parents=True)
    with progress.step("Unpacking Odoo 19"):
        for package in packages:
            progress.run(
                ["dpkg-deb", "--extract", package, _TARGET],
                log_name="odoo-unpack",
                failure=(
                    f"{package} cannot be unpacked: free some space, or delete {package.parent} "
                    "and run this again."
                ),
            )


def _repair(python_path: Path) -> None:
    """Debian leaves out a file that Odoo's web client asks for on every page."""
    stub = python_path / "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
    if not stub.exists():
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text("// Not part of Debian's package; only video calls would use it.\n")
