from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain


class TreasuryPaymentRun(models.TransientModel):
    """Proposes what to pay: due by a day, or worth a discount, as far as the cash goes. A person decides."""

    _name = "treasury.payment.run"
    _description = "Payment Run"
    _rec_name = "channel_id"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    channel_id = fields.Many2one(
        "treasury.payment.channel",
        required=True,
        domain="[('company_id', '=', company_id), ('kind', '=', 'credit_transfer')]",
        default=lambda self: self._default_channel(),
    )
    journal_id = fields.Many2one(related="channel_id.journal_id")
    pay_on = fields.Date(required=True, default=fields.Date.context_today)
    due_until = fields.Date(
        required=True,
        default=lambda self: fields.Date.context_today(self) + timedelta(days=7),
        help="Bills due by then are proposed.",
    )
    take_discounts = fields.Boolean(
        default=True,
        help="Also propose what still gets an early payment discount on the day of payment.",
    )
    partner_ids = fields.Many2many("res.partner", string="Vendors", help="Empty: all.")
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    cash_currency_id = fields.Many2one("res.currency", compute="_compute_cash")
    cash_available = fields.Monetary(
        currency_field="cash_currency_id",
        compute="_compute_cash",
        help="Balance of the account in the books, less what is on its way to the bank.",
    )
    selected_total = fields.Monetary(compute="_compute_selected_total", string="Selected")
    line_ids = fields.One2many("treasury.payment.run.line", "run_id")

    # === DEFAULT METHODS === #

    @api.model
    def _default_channel(self):
        return self.env["treasury.payment.channel"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )

    # === COMPUTE METHODS === #

    @api.depends("channel_id")
    def _compute_cash(self):
        for run in self:
            journal = run.journal_id
            run.cash_currency_id = journal.currency_id or run.company_id.currency_id
            run.cash_available = journal and run._find_cash(journal)

    @api.depends("line_ids.selected", "line_ids.amount")
    def _compute_selected_total(self):
        for run in self:
            run.selected_total = sum(run.line_ids.filtered("selected").mapped("amount"))

    # === ACTION METHODS === #

    def action_propose(self):
        """Fill the list anew.

        :return: action that shows it
        """
        self._check_preparer()
        self.ensure_one()
        self.line_ids.unlink()
        cash = self.cash_available if self.currency_id == self.cash_currency_id else None
        vals_list = []
        for item in self._find_items():
            amount = self._amount_of(item)
            problem = self._problem_of(item)
            affordable = cash is None or amount <= cash
            if not problem and affordable and cash is not None:
                cash -= amount
            vals_list.append(
                {
                    "run_id": self.id,
                    "item_id": item.id,
                    "amount": amount,
                    "discount": abs(item.amount_residual_currency) - abs(amount),
                    "selected": not problem and affordable,
                    "remark": problem
                    or ("" if affordable else self.env._("More than the cash that is left.")),
                }
            )
        self.env["treasury.payment.run.line"].create(vals_list)
        return self._show()

    def action_create_order(self):
        """Register the payments of what is selected, one for each account that is paid to, and put them into an order.

        :return: action that opens the order
        :raise UserError: nothing is selected
        """
        self._check_preparer()
        self.ensure_one()
        items = self.line_ids.filtered("selected").item_id
        if not items:
            raise UserError(self.env._("Select what is to be paid."))
        payments = self._make_payments(items)
        order = self.env["treasury.payment.order"].create(
            {
                "channel_id": self.channel_id.id,
                "requested_date": self.pay_on,
                "payment_ids": [Command.set(payments.ids)],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": order._name,
            "res_id": order.id,
            "views": [(False, "form")],
        }

    # === BUSINESS METHODS === #

    def _check_preparer(self):
        if not self.env.user.has_group("treasury_sync.group_treasury_preparer"):
            raise AccessError(self.env._("Only payment preparers propose payments."))

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Payment Run"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def _find_items(self):
        """:return: open items of vendors that are due or worth a discount, and their credit notes, by due date
        :rtype: account.move.line
        """
        domain = Domain(
            [
                ("company_id", "=", self.company_id.id),
                ("account_type", "=", "liability_payable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("currency_id", "=", self.currency_id.id),
                ("move_id.move_type", "in", ("in_invoice", "in_refund", "in_receipt")),
                ("move_id.payment_state", "!=", "blocked"),
            ]
        )
        wanted = Domain("date_maturity", "<=", self.due_until) | Domain(
            "move_id.move_type", "=", "in_refund"
        )
        if self.take_discounts:
            wanted |= Domain("discount_date", ">=", self.pay_on)
        if self.partner_ids:
            domain &= Domain("partner_id", "child_of", self.partner_ids.ids)
        items = self.env["account.move.line"].search(domain & wanted, order="date_maturity, id")
        paid = items.filtered(lambda item: item.amount_residual_currency < 0).partner_id
        # A credit note alone is nothing to pay.
        return items.filtered(
            lambda item: item.amount_residual_currency < 0 or item.partner_id in paid
        )

    def _amount_of(self, item):
        """:return: what paying ``item`` on the day takes from the account; negative for a credit note"""
        if (
            self.take_discounts
            and item.discount_date
            and item.move_id._is_eligible_for_early_payment_discount(self.currency_id, self.pay_on)
        ):
            return -item.discount_amount_currency
        return -item.amount_residual_currency

    def _problem_of(self, item):
        bank = item.move_id.partner_bank_id or item.partner_id.bank_ids[:1]
        if not bank:
            return self.env._("The vendor has no bank account.")
        if not bank.allow_out_payment:
            return self.env._("The vendor's account is not trusted yet.")
        return ""

    def _find_cash(self, journal):
        """:return: what is on the account by the books, less payments that the bank has not booked yet"""
        account = journal.default_account_id
        by_currency = journal.currency_id and journal.currency_id != self.company_id.currency_id
        field = "amount_currency" if by_currency else "balance"
        [(booked,)] = self.env["account.move.line"]._read_group(
            [("account_id", "=", account.id), ("parent_state", "=", "posted")],
            aggregates=[f"{field}:sum"],
        )
        under_way = self.env["account.payment"].search(
            [
                ("journal_id", "=", journal.id),
                ("payment_type", "=", "outbound"),
                ("state", "=", "in_process"),
                ("is_matched", "=", False),
            ]
        )
        currency = journal.currency_id or self.company_id.currency_id
        on_its_way = sum(
            payment.currency_id._convert(
                payment.amount, currency, self.company_id, fields.Date.context_today(self)
            )
            for payment in under_way
        )
        return booked - on_its_way

    def _make_payments(self, items):
        """Register with Odoo's own wizard, which knows discounts, credit notes and outstanding accounts.

        :rtype: account.payment
        """
        payments = self.env["account.payment"]
        for _key, group in items.grouped(self._recipient_of).items():
            if sum(group.mapped("amount_residual_currency")) >= 0:
                raise UserError(
                    self.env._(
                        "The credit notes of %s are more than its bills.", group.partner_id[:1].name
                    )
                )
            wizard = (
                self.env["account.payment.register"]
                .with_company(self.company_id)
                .with_context(active_model="account.move.line", active_ids=group.ids)
                .create(
                    {
                        "journal_id": self.journal_id.id,
                        "payment_date": self.pay_on,
                        "group_payment": True,
                    }
                )
            )
            payments |= wizard._create_payments()
        return payments

    def _recipient_of(self, item):
        return (
            item.partner_id,
            item.account_id,
            item.move_id.partner_bank_id or item.partner_id.bank_ids[:1],
        )


class TreasuryPaymentRunLine(models.TransientModel):
    """One open item that a payment run proposes."""

    _name = "treasury.payment.run.line"
    _description = "Proposed Payment"
    _order = "due_date, id"

    run_id = fields.Many2one("treasury.payment.run", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="run_id.company_id")
    item_id = fields.Many2one("account.move.line", required=True, readonly=True)
    move_id = fields.Many2one(related="item_id.move_id", string="Bill")
    partner_id = fields.Many2one(related="item_id.partner_id")
    due_date = fields.Date(related="item_id.date_maturity", store=True)
    discount_date = fields.Date(related="item_id.discount_date")
    currency_id = fields.Many2one(related="run_id.currency_id")
    amount = fields.Monetary(readonly=True)
    discount = fields.Monetary(readonly=True)
    selected = fields.Boolean()
    remark = fields.Char(readonly=True)
