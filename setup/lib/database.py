"""Databases made by copying a prepared template, which is made anew when what it holds changes.

``core`` has Odoo's own addons below the suite, ``suite`` the suite on top, ``tests`` what only tests
need on top of that, ``pages`` what tests that open pages would wait for, ``worlds`` the companies and
people of the addons' tests. The name of a template ends in a digest of its ingredients, and it gets
that name only when it is complete.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from . import odoo, odoo_conf, progress
from .lock import exclusive
from .paths import ADDONS, DATA, ROOT, RUN, SetupError, suite_addons
from .postgres import Cluster

CORE_ADDONS = ("account", "queue_job")
_FILESTORE = DATA / "filestore"
#: Parts of an addon that leave no trace in a database.
_TRACELESS = {"tests", "static", "i18n", "readme", "__pycache__"}
_CHART = """
company = env.ref('base.main_company')
if company.chart_template != 'generic_coa':
    env['account.chart.template'].try_loading('generic_coa', company=company, install_demo=False)
env.cr.commit()
"""
_ASSETS = """
env['ir.qweb']._pregenerate_assets_bundles()
env.cr.commit()
"""

_WORLD = """
from odoo.addons.treasury_sync.tests.common import TreasuryCase
TreasuryCase.env = env
TreasuryCase.make_world()
env.cr.commit()
"""


def psql(cluster: Cluster, database: str, sql: str) -> str:
    """Run ``sql`` and return its rows, tab-separated.

    :raise SetupError: when PostgreSQL refuses it.
    """
    quiet = ["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
    done = subprocess.run(
        [cluster.programs / "psql", *quiet, "-d", database, "-c", sql],
        env=cluster.environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SetupError(f"PostgreSQL refused {sql!r}: {done.stderr.strip()}")
    return done.stdout.strip()


def names(cluster: Cluster) -> list[str]:
    return psql(cluster, "postgres", "SELECT datname FROM pg_database ORDER BY 1").splitlines()


def drop(cluster: Cluster, database: str) -> None:
    psql(cluster, "postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
    shutil.rmtree(_FILESTORE / database, ignore_errors=True)
    # A new database of that name would look like one whose audit trail was cut.
    (RUN / "anchors" / f"{database}.log").unlink(missing_ok=True)


def copy(cluster: Cluster, source: str, database: str) -> None:
    """Make ``database`` a copy of ``source``, files included, in place of what had that name."""
    drop(cluster, database)
    if (_FILESTORE / source).exists():
        # Files of the store are named by their content and never change: links will do.
        subprocess.run(["cp", "-al", _FILESTORE / source, _FILESTORE / database], check=True)
    psql(cluster, "postgres", f'CREATE DATABASE "{database}" TEMPLATE "{source}"')
    psql(cluster, "postgres", f"COMMENT ON DATABASE \"{database}\" IS '{source}'")


def origin(cluster: Cluster, database: str) -> str:
    """:return: the template ``database`` is a copy of, empty when it is none or not there."""
    return psql(
        cluster,
        "postgres",
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database "  # noqa: S608 - our name
        f"WHERE datname = '{database}'",
    )


def core_template(cluster: Cluster, python: Path) -> str:
    """:return: the name of a database with Odoo's addons and a chart of accounts, no demo data."""
    digest = _digest([ROOT / "setup/odoo-requirements.txt", ROOT / "requirements.txt"])

    def build(database: str) -> None:
        install(cluster, python, database, CORE_ADDONS)
        run_script(cluster, python, database, _CHART)

    return _template(
        cluster, f"core_{digest}", "Preparing a database with Odoo's accounting", build
    )


def suite_template(cluster: Cluster, python: Path) -> str:
    """:return: the name of a copy of the core template with every addon of the suite installed."""
    return _with_addons(cluster, python, "suite", core_template(cluster, python), suite_addons())


def test_template(cluster: Cluster, python: Path) -> str:
    """:return: the name of a copy of the suite's template with the addons that only tests need."""
    suite = suite_template(cluster, python)
    extra = [addon for addon in suite_addons(tests=True) if addon not in suite_addons()]
    return _with_addons(cluster, python, "tests", suite, extra) if extra else suite


def page_template(cluster: Cluster, python: Path) -> str:
    """:return: the name of a copy of the tests' template with the assets of all pages, made once."""
    below = test_template(cluster, python)

    def fill(database: str) -> None:
        run_script(cluster, python, database, _ASSETS)

    return _filled(cluster, "pages", "Making the assets of all pages", below, fill)


def world_template(cluster: Cluster, python: Path) -> str:
    """:return: the name of a copy of the pages' template with what each class of addon tests would make."""
    below = page_template(cluster, python)

    def fill(database: str) -> None:
        run_script(cluster, python, database, _WORLD)

    makers = sorted(ADDONS.glob("*/tests/common.py"))
    return _filled(cluster, "worlds", "Making the companies of all tests", below, fill, makers)


def filled_template(
    cluster: Cluster, below: str, fill: Callable[[str], None], ingredients: Sequence[Path]
) -> str:
    """:return: the name of a copy of ``below`` that ``fill`` has filled; ``ingredients`` are the files that say how."""
    return _filled(cluster, "filled", "Filling a database", below, fill, ingredients)


def _filled(
    cluster: Cluster,
    kind: str,
    title: str,
    below: str,
    fill: Callable[[str], None],
    ingredients: Sequence[Path] = (),
) -> str:
    def build(database: str) -> None:
        copy(cluster, below, database)
        fill(database)

    return _template(cluster, f"{kind}_{_digest(ingredients, below)}", title, build)


def _with_addons(
    cluster: Cluster, python: Path, kind: str, below: str, addons: Sequence[str]
) -> str:
    digest = _digest([], below, *(addon_digest(addon) for addon in addons))

    def build(database: str) -> None:
        copy(cluster, below, database)
        install(cluster, python, database, addons)

    return _template(cluster, f"{kind}_{digest}", f"Installing {', '.join(addons)}", build)


def install(
    cluster: Cluster,
    python: Path,
    database: str,
    addons: Sequence[str],
    *,
    update: bool = False,
    log_name: str = "",
) -> Path:
    """Install (or update) ``addons`` in ``database``, which is made if it does not exist.

    :return: Odoo's log.
    :raise SetupError: when Odoo fails.
    """
    conf = odoo_conf.write(database, cluster, queue=False)
    option = "--update" if update else "--init"
    return odoo.run(
        python,
        conf,
        "server",
        option,
        ",".join(addons),
        "--stop-after-init",
        "--no-http",
        "--max-cron-threads=0",
        log_name=log_name or f"install-{database}",
        failure=f"Odoo cannot {option[2:]} {', '.join(addons)} in {database}.",
    )


def run_script(cluster: Cluster, python: Path, database: str, script: str) -> Path:
    """Run Python with ``env`` in ``odoo shell``.

    :return: its log, with whatever it printed.
    """
    conf = odoo_conf.write(database, cluster, queue=False)
    return odoo.run(
        python,
        conf,
        "shell",
        "--no-http",
        "--shell-interface=python",
        log_name=f"shell-{database}",
        failure=f"A script failed in {database}.",
        # Odoo's shell reports what a script raises and goes on: make it end there instead.
        stdin=f"exec({script!r})\n",
    )


def addon_digest(addon: str) -> str:
    """:return: a digest of everything in ``addon`` that leaves a trace in a database."""
    folder = ADDONS / addon
    return _digest(
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _TRACELESS.intersection(path.relative_to(folder).parts)
    )


def _digest(paths, *texts: str) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    for text in texts:
        digest.update(f"{text}\0".encode())
    return digest.hexdigest()[:12]


def _template(cluster: Cluster, name: str, title: str, build: Callable[[str], None]) -> str:
    with exclusive(name.split("_")[0]):
        present = names(cluster)
        if name in present:
            return name
        making = f"making_{name}"
        drop(cluster, making)
        with progress.step(title):
            build(making)
        for old in present:
            if old.startswith(f"{name.split('_')[0]}_"):
                drop(cluster, old)
        psql(cluster, "postgres", f'ALTER DATABASE "{making}" RENAME TO "{name}"')
        if (_FILESTORE / making).exists():
            # That of a database which went with its cluster.
            shutil.rmtree(_FILESTORE / name, ignore_errors=True)
            (_FILESTORE / making).rename(_FILESTORE / name)
        return name
