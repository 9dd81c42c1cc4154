"""The ``odoo.conf`` of one database: the suite's addons, the queue, and section ``[finance]``."""

import base64
import configparser
import datetime
import io
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from .paths import ADDONS, DATA, KEYS, RUN
from .postgres import Cluster

#: ``rpc`` is kept: naming this option replaces Odoo's own list, and without it there is no RPC. The base addon is there
#: to tell senders of webhooks to come again while the database is away.
SERVER_WIDE = "base,rpc,web,queue_job,finance_connector_base"
#: Fetching and matching go on while payments and exports are busy, and the other way round.
CHANNELS = (
    "root:4,root.finance:4,root.finance.inbound:2,root.finance.match:1,"
    "root.finance.outbound:1,root.finance.export:1"
)


def write(
    database: str,
    cluster: Cluster,
    *,
    port: int = 8069,
    queue: bool = True,
    extra: Mapping[str, str] | None = None,
    finance: Mapping[str, str] | None = None,
) -> Path:
    """Write ``.run/conf/<database>.conf``.

    :param queue: let the queue's runner work the jobs; off while addons are installed or tested.
    :param extra: more entries of section ``[options]``.
    :param finance: entries of section ``[finance]`` beside or instead of the usual ones.
    """
    parser = configparser.ConfigParser(interpolation=None)
    parser["options"] = {
        "addons_path": str(ADDONS),
        "data_dir": str(DATA),
        "db_host": str(cluster.socket),
        "db_port": "5432",
        "db_user": cluster.user,
        # No dbfilter beside it: Odoo would ask PostgreSQL for the list of databases at each webhook.
        "db_name": database,
        "list_db": "False",
        # Odoo uninstalls no module that the server itself has loaded.
        "server_wide_modules": SERVER_WIDE if queue else SERVER_WIDE.rpartition(",")[0],
        "http_interface": "127.0.0.1",
        "http_port": str(port),
        "gevent_port": str(port + 3),
        "workers": "0",
        "max_cron_threads": "1",
        "limit_time_real": "600",
        "limit_time_cpu": "600",
        "admin_passwd": secrets.token_urlsafe(24),
        **(extra or {}),
    }
    parser["queue_job"] = {
        "channels": CHANNELS if queue else "root:0",
        "host": "127.0.0.1",
        "port": str(port),
    }
    parser["finance"] = {
        "environment": "sandbox",
        "key_file": str(_key_file(database)),
        "audit_anchor": str(_anchor(database)),
        **(finance or {}),
    }
    folder = RUN / "conf"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{database}.conf"
    text = io.StringIO()
    parser.write(text)
    _write_private(path, text.getvalue())
    return path


def _key_file(database: str) -> Path:
    """A key ring of its own for each database, outside of it, readable by its owner only."""
    KEYS.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = KEYS / f"{database}.keys"
    if not path.exists():
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        _write_private(path, f"k1 {key} {datetime.date.today().isoformat()}\n")
    return path


def _anchor(database: str) -> Path:
    folder = RUN / "anchors"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{database}.log"


def _write_private(path: Path, text: str) -> None:
    """Write a file its owner alone can read, whole or not at all."""
    partial = path.with_suffix(f".{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.rename(path)
