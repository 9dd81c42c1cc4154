from odoo import fields, models


class AccountJournal(models.Model):
    """What a cash position expects of a bank account."""

    _inherit = "account.journal"

    cash_expected = fields.Selection(
        [
            ("auto", "When it has an account number"),
            ("yes", "Always"),
            ("no", "Never"),
        ],
        string="Expected in the Cash Position",
        required=True,
        default="auto",
        help="A position without the balance of an expected account is not complete, and says so.",
    )
    cash_max_age = fields.Integer(
        string="Balance at Most (bank days) Old",
        default=1,
        help="How many bank days the last balance may lag behind before the position is not complete.",
    )
    cash_kept_by_id = fields.Many2one(
        "res.company",
        string="In-house Account Kept by",
        index="btree_not_null",
        help="The company of the group that keeps this account, for an in-house bank or a cash pool:"
        " for the group as a whole it is no cash.",
    )

    _cash_max_age_known = models.Constraint(
        "CHECK(cash_max_age >= 0)", "A balance cannot be less than 0 days old."
    )
