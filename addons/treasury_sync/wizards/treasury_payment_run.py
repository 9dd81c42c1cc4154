from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

_DOCUMENTS = ("invoice", "refund", "receipt")


class TreasuryPaymentRun(models.TransientModel):
    """Proposes what to pay, or over a channel of direct debits what to collect. A person decides.

    Proposed is what is due by a day, or worth a discount, as far as the cash goes; who is collected from has a mandate.
    """

    _name = "treasury.payment.run"
    _description = "Payment Run"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    channel_id = fields.Many2one(
        "treasury.payment.channel",
        required=True,
        domain="[('company_id', '=', company_id)]",
        default=lambda self: self._default_channel(),
    )
    journal_id = fields.Many2one(related="channel_id.journal_id")
    collects = fields.Boolean(compute="_compute_collects")
    pay_on = fields.Date(required=True, default=fields.Date.context_today)
    due_until = fields.Date(
        required=True,
        default=lambda self: fields.Date.context_today(self) + timedelta(days=7),
        help="What is due by then is proposed.",
    )
    take_discounts = fields.Boolean(
        default=True,
        help="Give and take early payment discounts: what still gets one on the day is proposed as well.",
    )
    partner_ids = fields.Many2many("res.partner", string="Partners", help="Empty: all.")
    move_ids = fields.Many2many(
        "account.move", string="Only These Documents", help="Proposed whenever they are due."
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        help="That of the account, if not chosen: bills in other currencies are not proposed.",
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
            [("company_id", "=", self.env.company.id)], order="kind, sequence, name, id", limit=1
        )

    # === COMPUTE METHODS === #

    @api.depends("channel_id")
    def _compute_display_name(self):
        for run in self:
            channel = run.channel_id.name
            run.display_name = (
                self.env._("Payment Run, %s", channel) if channel else self.env._("Payment Run")
            )

    @api.depends("channel_id")
    def _compute_collects(self):
        for run in self:
            run.collects = run.channel_id.kind == "direct_debit"

    @api.depends("channel_id")
    def _compute_currency_id(self):
        for run in self:
            run.currency_id = run.journal_id.currency_id or run.company_id.currency_id

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
        limited = not self.collects and self.currency_id == self.cash_currency_id
        cash = self.cash_available if limited else None
        vals_list = []
        items = self._find_items()
        refused = self._find_refused(items)
        for item in items:
            amount = self._amount_of(item)
            problem = self._problem_of(item)
            remark = self._refusal_of(item, refused)
            if not self.move_ids:
                # Whoever asks for these very documents wants them paid.
                problem = problem or remark
            affordable = cash is None or amount <= cash
            if not problem and affordable and cash is not None:
                cash -= amount
            vals_list.append(
                {
                    "run_id": self.id,
                    "item_id": item.id,
                    "amount": amount,
                    "discount": self._owed(item) - amount,
                    "selected": not problem and affordable,
                    "remark": problem
                    or ("" if affordable else self.env._("More than the cash that is left."))
                    or remark,
                }
            )
        self.env["treasury.payment.run.line"].create(vals_list)
        return self._show()

    def action_create_order(self):
        """Register the payments of what is selected, one for each account that is paid to, and put them into an order.

        :return: action that opens the order
        :raise UserError: nothing is selected, or it is not what it was when it was proposed
        """
        self._check_preparer()
        self.ensure_one()
        lines = self.line_ids.filtered("selected")
        if not lines:
            raise UserError(self.env._("Select what is to be paid."))
        self._check_proposed(lines)
        payments = self._make_payments(lines)
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

    def _check_proposed(self, lines):
        """Refuse what was paid, credited or changed since somebody looked at it."""
        changed = lines.filtered(
            lambda line: self.currency_id.compare_amounts(
                line.amount, self._amount_of(line.item_id)
            )
        )
        if changed:
            raise UserError(
                self.env._(
                    "No longer open as it was proposed: %s. Propose anew.",
                    ", ".join(changed.move_id.mapped("name")),
                )
            )

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
            # In place of the run as it was before.
            "target": "main",
        }

    def _find_items(self):
        """:return: open items of partners that are due or worth a discount, and their credit notes, by due date
        :rtype: account.move.line
        """
        account_type, prefix = (
            ("asset_receivable", "out") if self.collects else ("liability_payable", "in")
        )
        domain = Domain(
            [
                ("company_id", "in", self._find_companies().ids),
                ("account_type", "=", account_type),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("currency_id", "=", self.currency_id.id),
                ("move_id.move_type", "in", [f"{prefix}_{kind}" for kind in _DOCUMENTS]),
                ("move_id.payment_state", "!=", "blocked"),
            ]
        )
        wanted = Domain("date_maturity", "<=", self.due_until) | Domain(
            "move_id.move_type", "=", f"{prefix}_refund"
        )
        if self.move_ids:
            wanted = Domain("move_id", "in", self.move_ids.ids)
        elif self.take_discounts:
            wanted |= Domain("discount_date", ">=", self.pay_on)
        if self.partner_ids:
            domain &= Domain("partner_id", "child_of", self.partner_ids.ids)
        items = self.env["account.move.line"].search(domain & wanted, order="date_maturity, id")
        owing = items.filtered(lambda item: self._owed(item) > 0).partner_id
        # A credit note alone is nothing to pay.
        return items.filtered(lambda item: self._owed(item) > 0 or item.partner_id in owing)

    def _find_companies(self):
        """:return: the company of the account and its branches, but for those that pay from accounts of their own"""
        company = self.company_id
        branches = self.env["res.company"].search([("id", "child_of", company.id)]) - company
        own = (
            self.env["treasury.payment.channel"]
            .sudo()
            .search([("company_id", "in", branches.ids), ("kind", "=", self.channel_id.kind)])
        )
        return company | (branches - own.company_id)

    def _owed(self, item):
        """:return: what is open of ``item`` in its currency; negative for a credit note"""
        return self._signed(item.amount_residual_currency)

    def _signed(self, amount):
        return amount if self.collects else -amount

    def _amount_of(self, item):
        """:return: what paying ``item`` on the day moves; negative for a credit note"""
        if (
            self.take_discounts
            and item.discount_date
            and item.move_id._is_eligible_for_early_payment_discount(self.currency_id, self.pay_on)
        ):
            return self._signed(item.discount_amount_currency)
        return self._owed(item)

    def _problem_of(self, item):
        if self.collects:
            mandate = self._mandate_of(item)
            return "" if mandate else self.env._("The customer has no mandate in force for this.")
        bank = self._bank_of(item)
        if not bank:
            return self.env._("The vendor has no bank account.")
        if not bank.allow_out_payment:
            return self.env._("The vendor's account is not trusted yet.")
        method = item.move_id.preferred_payment_method_line_id
        if method and (method.journal_id != self.journal_id or method.code == "check_printing"):
            return self.env._("It is to be paid by %s.", method.display_name)
        return ""

    def _find_refused(self, items):
        """:return: the last payment of each document that the bank refused or sent back
        :rtype: dict[account.move, treasury.payment.instruction]
        """
        found = (
            self.env["treasury.payment.instruction"]
            .sudo()
            .search(
                [
                    ("payment_id.invoice_ids", "in", items.move_id.ids),
                    ("state", "in", ("rejected", "returned")),
                ],
                order="id",
            )
        )
        return {move.id: item for item in found for move in item.payment_id.invoice_ids}

    def _refusal_of(self, item, refused):
        """:return: why the bank would refuse ``item`` again, as far as nobody has corrected the account since"""
        last = refused.get(item.move_id.id)
        bank = self._other_side_of(item)[2]
        if self.collects:
            bank = bank.partner_bank_id
        if not last or last.account_number != bank.sudo().sanitized_acc_number:
            return ""
        return self.env._(
            "Not executed before: %s", last.status_reason or last.status_code or last.order_id.name
        )

    def _bank_of(self, item):
        """:return: the vendor's account that ``item`` is paid to: its own, else the vendor's first"""
        bank = item.move_id.partner_bank_id
        # A credit note names our own account: money would come in.
        ours = self._owed(item) < 0 and bank.partner_id == item.company_id.partner_id
        return (bank if not ours else bank.browse()) or item.partner_id.bank_ids[:1]

    def _mandate_of(self, item):
        return self.env["treasury.mandate"]._find(
            self.company_id, item.partner_id, self.channel_id.local_instrument or "CORE"
        )

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

    def _make_payments(self, lines):
        """Register with Odoo's own wizard, which knows discounts, credit notes and outstanding accounts, exactly the
        amounts that were looked at.

        :param lines: ``treasury.payment.run.line``
        :rtype: account.payment
        """
        alone, together = [], []
        for group in self._group_by_other_side(lines).values():
            if self.currency_id.compare_amounts(sum(group.mapped("amount")), 0) <= 0:
                raise UserError(
                    self.env._(
                        "The credit notes of %s are more than what is owed.",
                        group.partner_id[:1].name,
                    )
                )
            self._check_one_purpose(group)
            (together if self._is_simple(group) else alone).append(group)
        if len(together) == 1:
            alone, together = [*alone, *together], []
        payments = self.env["account.payment"]
        for group in alone:
            payments |= self._register_payments(group, amount=sum(group.mapped("amount")))
        if together:
            payments |= self._register_together(together)
        self._check_registered(payments, lines)
        self._set_purposes(payments, lines)
        return payments

    def _check_one_purpose(self, group):
        if len(set(group.mapped("purpose"))) > 1:
            raise UserError(
                self.env._(
                    "%s gets one payment, which has one purpose: pay bills of another in a run of their own.",
                    group.partner_id[:1].name,
                )
            )

    def _set_purposes(self, payments, lines):
        by_document = lines.grouped("move_id")
        for payment in payments:
            purpose = next(
                by_document[move][:1].purpose for move in payment.invoice_ids if move in by_document
            )
            if payment.treasury_purpose != purpose:
                payment.treasury_purpose = purpose

    def _group_by_other_side(self, lines):
        """One payment goes to each account; what a credit note takes off, it takes off what most is paid to.

        :return: the lines of each payment, by its other side
        :rtype: dict
        """
        bills = lines.filtered(lambda line: line.amount > 0)
        groups = dict(bills.grouped(lambda line: self._other_side_of(line.item_id)))
        totals = {side: sum(group.mapped("amount")) for side, group in groups.items()}
        for line in lines - bills:
            side = self._other_side_of(line.item_id)
            if side not in totals:
                same = [other for other in totals if other[:2] == side[:2]]
                side = max(same, key=totals.get, default=side)
            groups[side] = groups.get(side, lines.browse()) | line
        return groups

    def _check_registered(self, payments, lines):
        """Odoo's wizard has a mind of its own about discounts and instalments: only what was looked at is paid."""
        paid, wanted = sum(payments.mapped("amount")), sum(lines.mapped("amount"))
        if payments.currency_id != self.currency_id or self.currency_id.compare_amounts(
            paid, wanted
        ):
            raise UserError(
                self.env._(
                    "Odoo would pay %(paid)s, and %(wanted)s was proposed. Pay these bills in runs of their own.",
                    paid=payments.currency_id[:1].format(paid),
                    wanted=self.currency_id.format(wanted),
                )
            )

    def _register_together(self, groups):
        lines = self.env["treasury.payment.run.line"].union(*groups)
        payments = self.with_context(treasury_together=True)._register_payments(lines)
        # Odoo leaves out, without a word, whose account is not trusted.
        if len(payments) != len(groups):
            left_out = lines.partner_id - payments.partner_id
            raise UserError(
                self.env._(
                    "Accounts of these vendors are not trusted yet: %s. Have them checked, or take the bills out.",
                    ", ".join((left_out or lines.partner_id).mapped("name")),
                )
            )
        return payments

    def _is_simple(self, group):
        """:return: whether Odoo makes the same payment of these lines when it registers those of others with them"""
        return (
            not self.collects
            and self.currency_id == self.cash_currency_id
            and all(line.amount > 0 and not line.discount_date for line in group)
        )

    def _register_payments(self, lines, **values):
        accounts = {
            line.item_id.id: side[2].id
            for side, group in self._group_by_other_side(lines).items()
            for line in group
            if not self.collects
        }
        return (
            self.env["account.payment.register"]
            .with_company(self.company_id)
            .with_context(
                active_model="account.move.line",
                active_ids=lines.item_id.ids,
                treasury_accounts=accounts,
                treasury_company=self.company_id.id,
            )
            .create(
                {
                    "journal_id": self.journal_id.id,
                    "payment_date": self.pay_on,
                    "group_payment": True,
                    **values,
                }
            )
            ._create_payments()
        )

    def _other_side_of(self, item):
        where = self._mandate_of(item) if self.collects else self._bank_of(item)
        return item.partner_id, item.account_id, where
