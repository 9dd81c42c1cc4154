from odoo import Command, api, fields, models

from .engine import as_engine, is_engine

# Where the money goes: another value is another recipient.
_IDENTITY = frozenset(
    {
        "acc_number",
        "acc_holder_name",
        "active",
        "allow_out_payment",
        "bank_id",
        "clearing_number",
        "currency_id",
        "partner_id",
        "sanitized_acc_number",
    }
)
_MACHINE = frozenset({"treasury_editor_id", "treasury_editor_ids", "treasury_edited_at"})


class ResPartnerBank(models.Model):
    """Who changed an account last is written down: they approve no payment to it; what waits loses its approvals."""

    _inherit = "res.partner.bank"

    treasury_editor_id = fields.Many2one(
        "res.users", string="Last Changed By", readonly=True, copy=False
    )
    treasury_editor_ids = fields.Many2many(
        "res.users",
        "treasury_account_editor_rel",
        "account_id",
        "user_id",
        string="Changed By",
        readonly=True,
        copy=False,
        help="Who gave the account its number and owner, and whoever changed or trusted it since.",
    )
    treasury_edited_at = fields.Datetime(string="Last Changed", readonly=True, copy=False)

    @api.model_create_multi
    def create(self, vals_list):
        if not is_engine(self.env):
            vals_list = [
                {name: value for name, value in vals.items() if name not in _MACHINE}
                for vals in vals_list
            ]
        accounts = super().create(vals_list)
        accounts._note_change(Command.set([self.env.uid]))
        return accounts

    def write(self, vals):
        if not is_engine(self.env):
            vals = {name: value for name, value in vals.items() if name not in _MACHINE}
        touched = _IDENTITY & vals.keys()
        changed = self.filtered(
            lambda account: any(
                account[name]
                != account._fields[name].convert_to_record(
                    account._fields[name].convert_to_cache(vals[name], account), account
                )
                for name in touched
            )
        )
        before = {account: account._destination() for account in changed}
        result = super().write(vals)
        if changed and not is_engine(self.env):
            # Another number or owner is another account: nobody has had a hand in that before.
            other = changed.filtered(lambda account: account._destination() != before[account])
            other._note_change(Command.set([self.env.uid]))
            (changed - other)._note_change(Command.link(self.env.uid))
        return result

    def _destination(self):
        self.ensure_one()
        return self.sanitized_acc_number, self.partner_id

    def _editors(self):
        """:return: who may not approve payments to these accounts
        :rtype: res.users
        """
        return self.treasury_editor_id | self.treasury_editor_ids

    def _note_change(self, editors):
        if not self:
            return
        as_engine(self).write(
            {
                "treasury_editor_id": self.env.uid,
                "treasury_editor_ids": [editors],
                "treasury_edited_at": fields.Datetime.now(),
            }
        )
        waiting = (
            self.env["treasury.payment.instruction"]
            .sudo()
            .search(
                [
                    ("partner_bank_id", "in", self.ids),
                    ("state", "in", ("generated", "approved")),
                ]
            )
            .order_id
        )
        # The account that pays is as much a part of what was approved.
        waiting |= waiting.search(
            [
                ("journal_id.bank_account_id", "in", self.ids),
                ("state", "in", ("to_approve", "approved")),
            ]
        )
        for order in waiting:
            order._on_account_changed(self)
