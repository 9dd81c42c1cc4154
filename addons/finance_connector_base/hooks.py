import logging
import uuid
from pathlib import Path

from odoo import fields
from odoo.tools import config

_logger = logging.getLogger(__name__)


def uninstall_hook(env):
    """Write the audit trail to a file before its tables are dropped."""
    folder = Path(config["data_dir"]) / "finance_audit" / env.cr.dbname
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{fields.Datetime.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}.jsonl"
    with path.open("x", encoding="utf-8") as stream:
        path.chmod(0o640)
        count = env["finance.audit.seal"]._export(stream)
    _logger.info(
        "The audit trail (%s events) was archived to %s before it is removed from the database.",
        count,
        path,
    )
    # The tables take their triggers along; the functions would stay behind.
    env.cr.execute("DROP FUNCTION IF EXISTS finance_audit_refuse() CASCADE")
    env.cr.execute("DROP FUNCTION IF EXISTS finance_audit_stamp() CASCADE")
