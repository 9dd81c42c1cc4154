from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.errors import FinanceError
from odoo.addons.treasury_sync.tools import payees

ANSWERS = [
    (payees.MATCH, "Match"),
    (payees.CLOSE_MATCH, "Close Match"),
    (payees.NO_MATCH, "No Match"),
    (payees.NOT_POSSIBLE, "Not Possible"),
    (payees.NOT_VERIFIED, "Not Verified"),
]


class TreasuryPayeeVerification(models.Model):
    """What the bank said of the name and the account of an instruction before anybody approved it, as evidence."""

    _name = "treasury.payee.verification"
    _description = "Verification of Payee"
    _inherit = ["treasury.engine.written"]
    _order = "id"
    _rec_name = "code"

    instruction_id = fields.Many2one(
        "treasury.payment.instruction",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(related="instruction_id.company_id", store=True, index=True)
    code = fields.Selection(ANSWERS, string="Answer", required=True, readonly=True)
    matched_name = fields.Char(string="Name at the Bank", readonly=True)
    problem = fields.Char(readonly=True, help="Why it is not verified.")

    def _why_fixed(self):
        return self.env._("What the bank said of a payee is never changed.")

    @api.model
    def _ask(self, item):
        """Ask the bank of an instruction; an error or silence is no answer, and never a match.

        :param item: ``treasury.payment.instruction``
        :return: values of the answer
        :rtype: dict
        """
        if not item.is_iban:
            return _not_verified(self.env._("the account has no IBAN"))
        connection = item.order_id.channel_id.interface_id.connection_id
        try:
            with connection._call("verify_payee"):
                found = connection._adapter()._verify_payee(
                    connection, item.beneficiary_name, item.account_number, item.bic
                )
        except FinanceError as error:
            return _not_verified(error.message)
        return {"code": found.code, "matched_name": found.name or False}


def _not_verified(problem):
    return {"code": payees.NOT_VERIFIED, "problem": problem}
