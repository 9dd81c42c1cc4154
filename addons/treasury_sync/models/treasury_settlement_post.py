from odoo import Command, fields, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError

# What each is when its money has moved, and when it came back afterwards.
_MOVED = {
    "refund": ("succeeded", "failed"),
    "dispute": ("withdrawn", "lost", "reinstated"),
}
_CAME_BACK = {"refund": ("failed", "cancelled"), "dispute": ("reinstated",)}


class TreasurySettlement(models.Model):
    """What the books have of payments, refunds and chargebacks: gross amounts on the clearing account."""

    _inherit = "treasury.settlement"

    receivable_key = fields.Char(
        readonly=True, copy=False, help="What its receivable items were last reconciled for."
    )

    # === PAYMENTS === #

    def _apply_payment(self):
        if self.state != "succeeded":
            return
        transaction = self._payment_transaction()
        invoices = self.invoice_ids if self.assigned_by_id else self._invoices_meant(transaction)
        if invoices != self.invoice_ids:
            self.write({"invoice_ids": [Command.set(invoices.ids)]})
        partner = invoices.commercial_partner_id[:1] or self._customer(transaction)
        if not self.payment_id:
            known = transaction and transaction.payment_id
            payment = known or self._create_payment(partner)
            self.write({"payment_id": payment.id})
            if transaction and not known:
                # From now on Odoo's own post-processing has nothing left to make.
                transaction.payment_id = payment
                payment.payment_transaction_id = transaction
        elif partner and self.payment_id.partner_id.commercial_partner_id != partner:
            self._rebook(partner)
        if self.partner_id != partner:
            self.write({"partner_id": partner.id})

    def _create_payment(self, partner):
        gateway = self.gateway_id
        self._check_date(self.occurred_on)
        self._in_company_currency(self.amount, self.currency_id, self.occurred_on)
        vals = {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": partner.id,
            "amount": self.amount,
            "currency_id": self.currency_id.id,
            "date": self.occurred_on,
            "memo": self.reference or self.external_id,
            "journal_id": gateway.journal_id.id,
            "company_id": gateway.company_id.id,
            "payment_method_line_id": gateway.journal_id.inbound_payment_method_line_ids[:1].id,
        }
        if account := self._receivable_account():
            vals["destination_account_id"] = account.id
        payment = self.env["account.payment"].create(vals)
        payment.action_post()
        return payment

    def _rebook(self, partner):
        """Book the payment for another customer; what was tied to its entry is tied anew afterwards."""
        payment = self.payment_id
        payment.action_draft()
        vals = {"partner_id": partner.id}
        if account := self._receivable_account():
            vals["destination_account_id"] = account.id
        payment.write(vals)
        payment.action_post()
        self.write({"receivable_key": False})
        for child in self.child_ids:
            receivable = (child.move_id | child.reversal_id).line_ids - child._clearing_items_of(
                child.move_id | child.reversal_id
            )
            receivable.write({"partner_id": partner.id})
        self.subject_row_ids.payout_id.filtered("statement_line_id")._reconcile_clearing()

    def _receivable_account(self):
        lines = self.invoice_ids.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        return lines.account_id[:1]

    # === REFUNDS AND CHARGEBACKS === #

    def _apply_refund(self):
        self._apply_withdrawal()

    def _apply_dispute(self):
        self._apply_withdrawal()

    def _apply_withdrawal(self):
        """Money that went back to the customer, and perhaps came back from there."""
        moved = self.state in _MOVED[self.kind] or bool(self.subject_row_ids)
        if not moved or not self.parent_id.payment_id:
            return
        if not self.move_id:
            self.write({"move_id": self._create_withdrawal(self.occurred_on).id})
        if self.state in _CAME_BACK[self.kind] and not self.reversal_id:
            reversal = self._create_withdrawal(self._came_back_on(), sign=-1)
            self.write({"reversal_id": reversal.id})

    def _came_back_on(self):
        return max(self.occurred_on, self._life().last.as_of.date())

    def _create_withdrawal(self, date, sign=1):
        payment = self.parent_id.payment_id
        self._check_date(date)
        # Both directions at the rate of the day it happened: nothing was earned meanwhile.
        balance = self._in_company_currency(self.amount, self.currency_id, self.occurred_on)
        labels = {
            "refund": self.env._("Refund"),
            "dispute": self.env._("Chargeback"),
        }
        label = self.env._(
            "%(what)s %(id)s of %(payment)s",
            what=labels[self.kind],
            id=self.external_id,
            payment=self.parent_id.external_id,
        )
        return self._post_entry(
            date,
            label,
            [
                {
                    "account_id": account.id,
                    "partner_id": payment.partner_id.id,
                    "currency_id": self.currency_id.id,
                    "amount_currency": sign * direction * self.amount,
                    "balance": sign * direction * balance,
                    "name": label,
                }
                for account, direction in (
                    (payment.destination_account_id, 1),
                    (payment.outstanding_account_id, -1),
                )
            ],
        )

    # === RECEIVABLES === #

    def _settle_receivables(self):
        """Tie payments to what they pay: refunds and chargebacks first, so that these open the invoice again.

        Payments of one invoice take it in the order of their dates, whichever became known first.
        """
        payments = self.filtered("payment_id")
        if not payments:
            return
        stale = payments.filtered(lambda item: item.receivable_key != item._receivable_state())
        while True:
            sharing = stale | self.search(
                [
                    ("kind", "=", "payment"),
                    ("payment_id", "!=", False),
                    ("invoice_ids", "in", stale.invoice_ids.ids),
                ]
            )
            if sharing <= stale:
                break
            stale = sharing
        ordered = stale.sorted(lambda item: (item.occurred_on, item.external_id))
        for settlement in ordered:
            settlement._receivable_items().remove_move_reconcile()
        for settlement in ordered:
            settlement._reconcile_receivable()
            settlement.write({"receivable_key": settlement._receivable_state()})
        for settlement in ordered:
            settlement._tell_unsettled()

    def _receivable_state(self):
        return ":".join(
            str(part)
            for part in (
                self.payment_id.id,
                self.payment_id.partner_id.id,
                sorted(self.invoice_ids.ids),
                sorted((self.child_ids.move_id | self.child_ids.reversal_id).ids),
            )
        )

    def _own_receivable(self):
        _liquidity, counterpart, _writeoff = self.payment_id._seek_for_lines()
        return counterpart

    def _receivable_items(self):
        account = self.payment_id.destination_account_id
        return self._own_receivable() | (
            self.child_ids.move_id | self.child_ids.reversal_id
        ).line_ids.filtered(lambda line: line.account_id == account)

    def _reconcile_receivable(self):
        own = self._own_receivable()
        for child in self.child_ids.sorted("external_id"):
            taken, back = (
                move.line_ids.filtered(lambda line: line.account_id == own.account_id)
                for move in (child.move_id, child.reversal_id)
            )
            pair = taken | (back or own)
            if taken and not any(line.reconciled for line in pair):
                pair.reconcile()
        owed = self.invoice_ids.line_ids.filtered(
            lambda line: line.account_id == own.account_id and not line.reconciled
        ).sorted(lambda line: (line.date_maturity or line.date, line.id))
        for line in owed:
            if not own.reconciled:
                (own | line).reconcile()

    # === ENTRIES === #

    def _clearing_account(self):
        if self.kind == "payout":
            return self.gateway_id.clearing_account_id
        payment = self.payment_id or self.parent_id.payment_id
        return payment.outstanding_account_id

    def _clearing_items_of(self, moves):
        account = self._clearing_account()
        return moves.filtered(lambda move: move.state == "posted").line_ids.filtered(
            lambda line: line.account_id == account
        )

    def _post_entry(self, date, label, lines):
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.gateway_id.journal_id.id,
                "company_id": self.company_id.id,
                "date": date,
                "ref": label,
                "line_ids": [Command.create(line) for line in lines],
            }
        )
        move.action_post()
        return move

    def _check_date(self, date):
        """:raise BusinessError: the day is in a locked period; Odoo would silently book on another one"""
        gateway = self.gateway_id
        if locks := gateway.company_id._get_violated_lock_dates(date, False, gateway.journal_id):
            raise BusinessError(
                "settlement_date_locked",
                self.env._(
                    "%(name)s happened on %(date)s, in a period that is locked until %(lock)s.",
                    name=self.display_name,
                    date=date,
                    lock=locks[-1][0],
                ),
                evidence={"date": date.isoformat()},
            )

    def _in_company_currency(self, amount, currency, date):
        """:raise BusinessError: no rate is known for the day, which never means a rate of one"""
        company = self.gateway_id.company_id
        if currency == company.currency_id:
            return amount
        known = self.env["res.currency.rate"].search_count(
            [
                ("currency_id", "=", currency.id),
                ("name", "<=", date),
                ("company_id", "in", [False, company.root_id.id]),
            ],
            limit=1,
        )
        if not known:
            raise BusinessError(
                "settlement_rate_missing",
                self.env._(
                    "%(name)s is in %(currency)s, and no rate is known for %(date)s.",
                    name=self.display_name,
                    currency=currency.name,
                    date=date,
                ),
                evidence={"currency": currency.name, "date": date.isoformat()},
            )
        return currency._convert(amount, company.currency_id, company, date)
