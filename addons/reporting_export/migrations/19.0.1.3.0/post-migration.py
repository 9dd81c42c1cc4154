from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Put the contract of the cash position in force, as a new database has it from the start."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["reporting.contract"]._activate_shipped(["reporting_export.contract_cash_position"])
