import sys
from pathlib import Path

from odoo import SUPERUSER_ID
from odoo.api import Environment
from odoo.cli.command import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class FinanceAuditVerify(Command):
    """Verify the audit trail of a database"""

    name = "finance_audit_verify"
    epilog = """
        Names the first row that does not fit. Exit code: 0 the trail verifies, 1 it does not.
        Nothing is written to the database. An archive is verified again, without Odoo, by
        `python finance_connector_base/tools/audit_chain.py ARCHIVE [ANCHOR]`.
    """

    def __init__(self):
        super().__init__()
        self.parser.add_argument("-c", "--config", help="configuration file of Odoo")
        self.parser.add_argument("-d", "--database", required=True)
        self.parser.add_argument(
            "--archive", type=Path, help="also write all events and seals to this new file"
        )

    def run(self, cmdargs):
        arguments = self.parser.parse_args(cmdargs)
        options = ["--no-http", "-d", arguments.database]
        if arguments.config:
            options += ["-c", arguments.config]
        config.parse_config(options, setup_logging=True)
        registry = Registry(arguments.database)
        if "finance.audit.seal" not in registry:
            sys.exit(
                f"finance_connector_base is not installed in the database {arguments.database}."
            )
        with registry.cursor() as cr:
            seals = Environment(cr, SUPERUSER_ID, {})["finance.audit.seal"]
            if arguments.archive:
                with arguments.archive.open("x", encoding="utf-8") as stream:
                    print(f"{seals._export(stream)} events written to {arguments.archive}")
            result = seals._verify()
        if result.finding:
            sys.exit(result.finding.message)
        print(
            f"{result.sealed} events verify, {result.unsealed} wait for their seal"
            f" (the oldest {result.lag_seconds:.0f} s), {result.anchored or 'no'} anchored."
            f" Last hash: {result.chain_hash}"
        )
